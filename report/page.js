"use strict";
// A page with texts in Spanish is so at page.html?language=es.
const translated = document.querySelectorAll("[data-spanish]");
if (translated.length && new URLSearchParams(location.search).get("language") === "es") {
  document.documentElement.lang = "es";
  for (const part of translated) part.textContent = part.dataset.spanish;
}
// Pointing at a picture of an embedding map shows it large, with its name.
const preview = document.getElementById("preview");
const show = event => {
  const target = event.target.closest(".map image");
  preview.hidden = !target;
  if (!target) return;
  const picture = document.createElement("img");
  picture.src = target.getAttribute("href");
  picture.alt = "";
  preview.replaceChildren(picture, target.dataset.name || "");
  const space = 16, box = preview.getBoundingClientRect();
  const left = event.clientX + space + box.width > innerWidth ? event.clientX - space - box.width : event.clientX + space;
  preview.style.left = Math.max(left, 0) + "px";
  preview.style.top = Math.max(Math.min(event.clientY + space, innerHeight - box.height - space), 0) + "px";
};
document.addEventListener("pointermove", show);
document.addEventListener("pointerdown", show); // a finger points without moving
document.addEventListener("pointerleave", () => { preview.hidden = true; });
// What is wider than a narrow screen says so.
const tellOfScrolling = () => document.querySelectorAll(".across, .table").forEach(part => {
  part.classList.toggle("scrolls", part.scrollWidth > part.clientWidth + 1);
});
addEventListener("load", tellOfScrolling);
addEventListener("resize", tellOfScrolling);

"use strict";
const $ = id => document.getElementById(id);
let language = "en", session = null, settings = [];

// say is a text of the page in its language. Where it has a form for one thing, it is chosen by the first number among things.
function say(word, ...things) {
  const [one, more = one] = words[language][word].split("|"), n = things.find(t => typeof t === "number");
  return (n === 1 ? one : more).replace(/\{(\d)\}/g, (_, i) => typeof things[i] === "number" ? things[i].toLocaleString(language) : things[i]);
}

// reason is an element with what the server says, in the language of the page if it has it.
function reason(text) {
  const [seen, said] = (reasons[language] || []).find(([seen]) => seen.test(text)) || [];
  return make("span", seen ? text.replace(seen, said) : text, { lang: seen ? language : "en" });
}
const why = (text, before, className) => make("p", [before, reason(text)], { className });

// make is an element with a text, or with children; nothing that came from elsewhere is ever read as HTML.
function make(tag, inside, options = {}) {
  const e = Object.assign(document.createElement(tag), options);
  e.append(...[inside].flat());
  return e;
}

function trouble(what) {
  $("trouble").hidden = !what;
  $("trouble").replaceChildren(what || "");
}

// Refusal is what the server says in place of an answer.
class Refusal extends Error {}

// ask sends a request; what the server refuses is thrown.
async function ask(method, path, body) {
  const options = { method, body };
  if (body && !(body instanceof FormData)) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options).catch(() => { throw new Refusal("the server cannot be reached"); });
  const answer = await response.json();
  if (response.ok) return answer;
  if (response.status === 401 && session) { session = null; show(); }
  throw new Refusal(answer.detail || response.statusText);
}

// attempt does something and shows what went wrong with it.
async function attempt(what) {
  trouble("");
  document.body.setAttribute("aria-busy", "true");
  try { return await what(); } catch (e) { trouble(e instanceof Refusal ? reason(e.message) : e.message); } finally { document.body.removeAttribute("aria-busy"); }
}

const may = role => session && session.roles.includes(role);
const inGallery = what => "/v1/galleries/" + encodeURIComponent($("galleries").value) + "/" + what;
const percent = share => (100 * share).toLocaleString(language, { maximumSignificantDigits: share < 0.1 ? 2 : 3 }) + "\u00a0%";
const decimal = (x, digits) => x.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const significant = (x, least, most = least) => x.toLocaleString(language, { minimumSignificantDigits: least, maximumSignificantDigits: most });
const chosen = () => settings.find(s => s.name === $("galleries").value);

function form(fields, files) {
  const f = new FormData();
  for (const [name, value] of Object.entries(fields)) f.append(name, value);
  for (const file of files) f.append("image", file);
  return f;
}

// Sessions.
$("login").addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => { session = await ask("POST", "/v1/session", { key: $("key").value.trim() }); $("key").value = ""; await begin(); });
});
$("leave").addEventListener("click", () => attempt(async () => { await ask("DELETE", "/v1/session"); session = null; location.hash = ""; show(); }));

async function begin() {
  settings = (await ask("GET", "/v1/galleries")).galleries;
  $("galleries").replaceChildren(...settings.map(s => make("option", s.name, { value: s.name })));
  if (!settings.length) trouble(say("noGallery"));
  show();
}

// pages are what there is to see: which of the roles lets somebody see it, whether the key must be for all galleries, and what is done when it is opened and left.
const pages = {
  gate: { roles: ["identify"] },
  gallery: { roles: ["enroll", "review"] },
  review: { roles: ["review"] },
  compare: { roles: ["identify"] },
  calibration: { roles: ["admin"] },
  map: { roles: ["enroll", "review"] },
  training: { roles: ["admin"], all: true },
  tracks: { roles: ["admin"], all: true },
  masks: { roles: ["identify"] },
};
const mayOpen = name => pages[name].roles.some(may) && !(pages[name].all && session.galleries);
let opened = "";

// show makes visible what there is to see now.
function show() {
  document.documentElement.lang = language;
  for (const e of document.querySelectorAll("[data-word]")) e.textContent = say(e.dataset.word);
  const allowed = Object.keys(pages).filter(mayOpen), wanted = location.hash.slice(1);
  const at = allowed.includes(wanted) ? wanted : allowed[0];
  $("login").hidden = Boolean(session);
  $("tabs").hidden = $("leave").hidden = !session;
  $("galleries").closest("label").hidden = !session;
  for (const name of Object.keys(pages)) $(name).hidden = !session || name !== at;
  for (const a of document.querySelectorAll("nav a")) {
    const name = a.hash.slice(1);
    a.hidden = !allowed.includes(name);
    name === at ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current");
    if (session && name === at) a.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  document.title = session && at ? say(at) + " – siam" : "siam";
  if (opened !== at && pages[opened] && pages[opened].leave) pages[opened].leave();
  opened = session ? at : "";
  if (session && pages[at] && pages[at].open) attempt(pages[at].open);
}
addEventListener("hashchange", () => { trouble(""); show(); });
$("galleries").addEventListener("change", () => { $("verdicts").replaceChildren(); $("enrolled").replaceChildren(); show(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
$("language").addEventListener("change", () => { language = $("language").value; localStorage.setItem("language", language); $("verdicts").replaceChildren(); show(); });

// Dropping files, and saying which were dropped or chosen where that is not seen otherwise.
function dropped(zone, taken) {
  zone.querySelector("input").addEventListener("change", () => sayChosen(zone));
  zone.addEventListener("dragover", e => { e.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", e => { e.preventDefault(); zone.classList.remove("over"); taken(e.dataTransfer); sayChosen(zone); });
}

function sayChosen(zone) {
  const says = zone.querySelector(".chosen");
  if (says) says.textContent = [...zone.querySelector("input").files].map(f => f.name).join(", ");
}

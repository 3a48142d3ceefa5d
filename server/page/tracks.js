"use strict";
// Tracks: videos that siam track has followed things through. Their pages run in a sandbox of their own.
async function openTracks() {
  const list = (await ask("GET", "/v1/tracks")).tracks, before = $("videos").value;
  $("videos").replaceChildren(...list.map(t => make("option", t.name, { value: t.file })));
  if (list.some(t => t.file === before)) $("videos").value = before;
  $("videos").closest("label").hidden = $("player").hidden = !list.length;
  $("no-tracks").hidden = Boolean(list.length);
  $("no-tracks").textContent = say("noTracks");
  await play();
}

// play shows a video, and waits until its page is there.
async function play() {
  const file = $("videos").value, address = "/v1/tracks/" + encodeURIComponent(file) + "?language=" + language;
  if (!file) return $("player").removeAttribute("src");
  $("player").title = $("videos").selectedOptions[0].textContent;
  if ($("player").getAttribute("src") === address) return;
  const loaded = new Promise(done => $("player").addEventListener("load", done, { once: true }));
  $("player").src = address;
  await loaded;
}
$("videos").addEventListener("change", play);
Object.assign(pages.tracks, { open: openTracks, leave: () => $("player").removeAttribute("src") });

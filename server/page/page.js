"use strict";
const $ = id => document.getElementById(id);
let language = "en", session = null, settings = [], people = [], stream = null;

// say is a text of the page in its language.
function say(word, ...things) {
  return words[language][word].replace(/\{(\d)\}/g, (_, i) => things[i]);
}

// make is an element with a text, or with children; nothing that came from elsewhere is ever read as HTML.
function make(tag, inside, options = {}) {
  const e = Object.assign(document.createElement(tag), options);
  e.append(...[inside].flat());
  return e;
}

function trouble(text) {
  $("trouble").hidden = !text;
  $("trouble").textContent = text || "";
}

// ask sends a request; what the server refuses is shown, and thrown.
async function ask(method, path, body) {
  const options = { method, body };
  if (body && !(body instanceof FormData)) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (response.ok) return answer;
  if (response.status === 401 && session) { session = null; show(); }
  throw new Error(answer.detail || response.statusText);
}

// attempt does something and shows what went wrong with it.
async function attempt(what) {
  trouble("");
  document.body.setAttribute("aria-busy", "true");
  try { return await what(); } catch (e) { trouble(e.message); } finally { document.body.removeAttribute("aria-busy"); }
}

const may = role => session && session.roles.includes(role);
const inGallery = what => "/v1/galleries/" + encodeURIComponent($("galleries").value) + "/" + what;
const chosen = () => settings.find(s => s.name === $("galleries").value);

function form(fields, files) {
  const f = new FormData();
  for (const [name, value] of Object.entries(fields)) f.append(name, value);
  for (const file of files) f.append("image", file, file.name || "camera.jpg");
  return f;
}

// Sessions.
$("login").addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => { session = await ask("POST", "/v1/session", { key: $("key").value.trim() }); $("key").value = ""; await begin(); });
});
$("leave").addEventListener("click", () => attempt(async () => { await ask("DELETE", "/v1/session"); session = null; stopCamera(); show(); }));

async function begin() {
  settings = (await ask("GET", "/v1/galleries")).galleries;
  $("galleries").replaceChildren(...settings.map(s => make("option", s.name, { value: s.name })));
  if (!settings.length) trouble(say("noGallery"));
  show();
}

// show makes visible what there is to see now.
function show() {
  document.documentElement.lang = language;
  for (const e of document.querySelectorAll("[data-word]")) e.textContent = say(e.dataset.word);
  const at = ["gate", "gallery", "review"].find(name => "#" + name === location.hash) || "gate";
  $("login").hidden = Boolean(session);
  $("tabs").hidden = $("leave").hidden = !session;
  $("galleries").closest("label").hidden = !session;
  for (const name of ["gate", "gallery", "review"]) $(name).hidden = !session || name !== at;
  for (const a of document.querySelectorAll("nav a")) a.hash === "#" + at ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current");
  $("camera").textContent = say(stream ? "cameraOff" : "camera");
  if (!session || !settings.length) return;
  $("enroll").hidden = !may("enroll");
  if (at === "gallery") attempt(loadPeople);
  if (at === "review") attempt(loadQueue);
}
addEventListener("hashchange", () => { trouble(""); show(); });
$("galleries").addEventListener("change", () => { $("verdicts").replaceChildren(); $("enrolled").replaceChildren(); show(); });
$("language").addEventListener("change", () => { language = $("language").value; localStorage.setItem("language", language); $("verdicts").replaceChildren(); show(); });

// Gate.
async function identify(files) {
  if (!files.length) return;
  if (!may("identify")) throw new Error(say("noRole"));
  $("probes").replaceChildren(...files.map(f => make("img", [], { src: URL.createObjectURL(f), alt: say("probe") })));
  $("verdicts").replaceChildren(make("p", say("working")));
  try {
    const answer = await ask("POST", inGallery(files.length > 1 ? "identify/burst" : "identify"), form({}, files));
    $("verdicts").replaceChildren(...answer.results.map(r => verdict(r, files)));
    if (!answer.results.length) $("verdicts").append(make("p", say("faceless")));
  } catch (e) { $("verdicts").replaceChildren(); throw e; }
}

function verdict(r, files) {
  const title = r.verdict === "match" ? say("match", r.id) : r.verdict === "refer" && r.id ? say("referLike", r.id) : say(r.verdict);
  const box = make("article", [make("h3", title), make("p", say(r.action), { className: "do" }), make("p", r.reason, { className: "quiet", lang: "en" })], { className: "verdict " + r.verdict });
  if (r.distance !== undefined) box.append(make("p", say("distance", r.distance.toFixed(3))));
  if (r.thresholds) box.append(ruler(r.distance, r.thresholds));
  else box.append(make("p", say("uncalibrated"), { className: "quiet" }));
  if (r.candidates) {
    const near = r.candidates.map(c => make("li", (c.stranger ? say("stranger") : c.id) + " — " + c.distance.toFixed(3)));
    box.append(make("h4", say("nearest")), make("ol", near));
  }
  if (r.id && files.length === 1 && (may("review") || may("enroll"))) box.append(rejecter(r.id, files));
  return box;
}

function rejecter(id, files) {
  const button = make("button", say("notHim", id), { type: "button" });
  button.addEventListener("click", () => attempt(async () => {
    await ask("POST", inGallery("reject"), form({ id }, files));
    button.replaceWith(make("p", say("rejected"), { role: "status" }));
  }));
  return button;
}

// ruler draws where a distance lies between the thresholds.
function ruler(distance, t) {
  const svg = (name, attributes, text) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (text) e.textContent = text;
    return e;
  };
  const most = Math.max(t.refer * 1.5, (distance || 0) * 1.1, 1e-6), x = d => 400 * Math.min(d / most, 1);
  const label = (distance === undefined ? "" : say("distance", distance.toFixed(3)) + ", ") + say("matchUpTo", t.match.toFixed(3)) + ", " + say("referUpTo", t.refer.toFixed(3));
  const drawn = svg("svg", { viewBox: "0 0 400 70", preserveAspectRatio: "xMinYMid", class: "ruler", role: "img", "aria-label": label });
  const zone = (name, from, to) => drawn.append(svg("rect", { class: "zone-" + name, x: x(from), y: 24, width: Math.max(0, x(to) - x(from)), height: 16 }));
  zone("match", 0, t.match); zone("refer", t.match, t.refer); zone("none", t.refer, most);
  drawn.append(svg("text", { x: Math.min(x(t.match), 280), y: 56, "text-anchor": x(t.match) < 60 ? "start" : "end" }, say("matchUpTo", t.match.toFixed(2))));
  drawn.append(svg("text", { x: x(t.refer), y: 69 }, say("referUpTo", t.refer.toFixed(2))));
  if (distance !== undefined) {
    drawn.append(svg("path", { d: `M${x(distance)} 24 l-6 -9 h12 z` }));
    drawn.append(svg("text", { class: "own", x: x(distance), y: 11, "text-anchor": x(distance) < 40 ? "start" : x(distance) > 360 ? "end" : "middle" }, distance.toFixed(3)));
  }
  return drawn;
}

// Camera.
if (!navigator.mediaDevices) { $("camera").disabled = true; $("no-camera").dataset.word = "noCamera"; $("no-camera").hidden = false; }
$("camera").addEventListener("click", async () => {
  if (stream) { stopCamera(); return show(); }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" }, audio: false });
    $("video").srcObject = stream;
    $("video").hidden = $("shoot").hidden = false;
    await $("video").play();
  } catch (e) { trouble(say("cameraFailed", e.message)); }
  show();
});
$("shoot").addEventListener("click", () => attempt(async () => {
  const frames = [];
  for (let i = 0; i < 4; i++) {
    frames.push(await frame());
    await new Promise(done => setTimeout(done, 150));
  }
  await identify(frames);
}));

function stopCamera() {
  if (stream) stream.getTracks().forEach(t => t.stop());
  stream = null;
  $("video").hidden = $("shoot").hidden = true;
}

// frame is what the camera sees now.
function frame() {
  const canvas = document.createElement("canvas"), video = $("video");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise(done => canvas.toBlob(done, "image/jpeg", 0.92));
}

// Dropping files.
function dropped(zone, taken) {
  zone.addEventListener("dragover", e => { e.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", e => { e.preventDefault(); zone.classList.remove("over"); taken(e.dataTransfer); });
}
dropped($("gate-drop"), from => attempt(() => identify([...from.files])));
$("gate-file").addEventListener("change", () => attempt(() => identify([...$("gate-file").files])));
dropped($("enroll-drop"), from => { $("enroll-file").files = from.files; });

// Gallery.
$("enroll").addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => {
    const id = $("enroll-id").value, done = await ask("POST", inGallery("enroll"), form({ id }, $("enroll-file").files));
    const lines = [make("p", say("enrolledN", done.images[0].id, done.enrolled), { role: "status" })];
    for (const image of done.images) {
      if (image.already) lines.push(make("p", say("already", image.file)));
      for (const warning of image.warnings || []) lines.push(make("p", image.file + ": " + warning, { className: "warn", lang: "en" }));
    }
    $("enrolled").replaceChildren(...lines);
    $("enroll").reset();
    await loadPeople();
  });
});

async function loadPeople() {
  people = [];
  if (may("enroll") || may("review")) people = (await ask("GET", inGallery("ids"))).ids;
  else throw new Error(say("noRole"));
  listPeople();
}

function listPeople() {
  const wanted = $("search").value.toLocaleLowerCase(), found = people.filter(p => p.id.toLocaleLowerCase().includes(wanted));
  $("count").textContent = say("countIDs", people.length);
  $("ids").replaceChildren(...found.slice(0, 200).map(p => {
    const line = make("li", [make("span", [p.id + " ", make("span", say("images", p.images), { className: "quiet" })])]);
    if (may("enroll")) {
      const button = make("button", say("remove"), { type: "button", ariaLabel: say("remove") + " " + p.id });
      button.addEventListener("click", () => { if (confirm(say("sure", p.id))) attempt(async () => { await ask("POST", inGallery("remove"), { ids: [p.id] }); await loadPeople(); }); });
      line.append(button);
    }
    return line;
  }));
}
$("search").addEventListener("input", listPeople);

// Review.
async function loadQueue() {
  if (!may("review")) throw new Error(say("noRole"));
  showQueue(await ask("GET", inGallery("review")));
}

function showQueue(answer) {
  $("queue").replaceChildren(...answer.groups.map(waiting));
  if (!answer.groups.length) $("queue").append(make("p", say("nothing")));
}

function waiting(group) {
  const choices = group.faces.map(f => make("input", [], { type: "checkbox", checked: true, value: f.key, ariaLabel: say("waits") + ", " + f.file }));
  const keys = () => choices.filter(c => c.checked).map(c => c.value);
  const settle = decision => attempt(async () => { if (keys().length) showQueue(await ask("POST", inGallery("review"), decision)); });
  const name = make("input", [], { value: group.like || "", required: true, maxLength: 512, ariaLabel: say("id"), placeholder: say("id") });
  const enroll = make("form", [name, make("button", say("enroll"))], { className: "row" });
  enroll.addEventListener("submit", e => { e.preventDefault(); settle({ enroll: keys(), id: name.value }); });
  const stranger = make("button", say("keepStranger"), { type: "button" }), dismiss = make("button", say("dismiss"), { type: "button" });
  stranger.addEventListener("click", () => settle({ stranger: keys() }));
  dismiss.addEventListener("click", () => settle({ dismiss: keys() }));
  const pictures = group.faces.map((f, i) => make("label", [choices[i], make("img", [], { src: inGallery("review/" + encodeURIComponent(f.key) + "/crop"), alt: "", loading: "lazy" })]));
  const box = make("article", [
    make("h3", group.like ? say("like", group.like) : say("likeNobody")), make("div", pictures, { className: "pictures" }),
    make("p", group.faces[0].reason + ", " + new Date(group.faces[0].when).toLocaleString(language), { className: "quiet" }),
    enroll, make("div", [stranger, dismiss], { className: "row" }),
  ], { className: "group", tabIndex: 0 });
  box.addEventListener("keydown", e => { if (e.key === "Delete" && e.target === box) settle({ dismiss: keys() }); });
  return box;
}

language = localStorage.getItem("language") || (navigator.language.startsWith("es") ? "es" : "en");
$("language").value = language;
attempt(async () => {
  const known = await ask("GET", "/v1/session");
  if (known.name) { session = known; await begin(); } else show();
});

"use strict";
// Gallery: who is enrolled. Review: what waits for a person.
let people = [], news = null, unseen = 0;

$("enroll").addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => {
    const id = $("enroll-id").value, done = await ask("POST", inGallery("enroll"), form({ id }, $("enroll-file").files));
    const lines = [make("p", say("enrolledN", done.images[0].id, done.enrolled), { role: "status" })];
    for (const image of done.images) {
      if (image.already) lines.push(make("p", say("already", image.file)));
      for (const warning of image.warnings || []) lines.push(why(warning, image.file + ": ", "warn"));
    }
    $("enrolled").replaceChildren(...lines);
    $("enroll").reset();
    sayChosen($("enroll-drop"));
    await loadPeople();
  });
});

async function loadPeople() {
  $("enroll").hidden = !may("enroll");
  people = settings.length ? (await ask("GET", inGallery("ids"))).ids : [];
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
  if (found.length > 200) $("ids").append(make("li", say("andMore", found.length - 200)));
}
$("search").addEventListener("input", listPeople);
dropped($("enroll-drop"), from => { $("enroll-file").files = from.files; });
pages.gallery.open = loadPeople;

// Review.
async function loadQueue() {
  if (!settings.length) return;
  await listen(); // before the queue is read, so that no face comes in between unseen
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
    waitsFor(group.faces[0]),
    enroll, make("div", [stranger, dismiss], { className: "row" }),
  ], { className: "group", tabIndex: 0 });
  box.addEventListener("keydown", e => { if (e.key === "Delete" && e.target === box) settle({ dismiss: keys() }); });
  return box;
}

// waitsFor is since when a face waits, and the verdict on it with its reason.
function waitsFor(f) {
  const [, verdict, reason] = /^(no_match|refer): (.*)$/s.exec(f.reason) || [, "", f.reason];
  return why(reason, new Date(f.when).toLocaleString(language) + " – " + (verdict ? say(verdict) + ": " : ""), "quiet");
}

// listen hears of verdicts as they are given, and says how many faces have come since the queue was shown. It waits until it hears, or
// will not.
function listen() {
  stopListening();
  news = new EventSource(inGallery("verdicts"));
  news.addEventListener("verdict", e => {
    if (JSON.parse(e.data).result.verdict === "match") return;
    unseen++;
    $("more").hidden = false;
    $("more").textContent = say("moreWait", unseen);
  });
  return new Promise(done => { news.onopen = news.onerror = done; });
}

function stopListening() {
  if (news) { news.close(); news.onerror(); }
  news = null;
  unseen = 0;
  $("more").hidden = true;
}
$("more").addEventListener("click", () => attempt(loadQueue));
Object.assign(pages.review, { open: loadQueue, leave: stopListening });

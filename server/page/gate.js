"use strict";
// Gate: who is it?
let stream = null;
async function identify(files) {
  if (!files.length) return;
  if (!may("identify")) throw new Error(say("noRole"));
  $("probes").replaceChildren(...files.map(f => make("img", [], { src: URL.createObjectURL(f), alt: say("probe") })));
  $("verdicts").replaceChildren(make("p", say("working")));
  try {
    const answer = await ask("POST", inGallery(files.length > 1 ? "identify/burst" : "identify"), form({}, files));
    $("verdicts").replaceChildren(...answer.results.map(r => verdict(r, files, answer.results.length > 1)));
    if (!answer.results.length) $("verdicts").append(make("p", say("faceless")));
  } catch (e) { $("verdicts").replaceChildren(); throw e; }
}

// verdict shows one, with the face that it is about where there are others.
function verdict(r, files, others) {
  const title = r.verdict === "match" ? say("match", r.id) : r.verdict === "refer" && r.id ? say("referLike", r.id) : say(r.verdict);
  const box = make("article", [make("h3", title), make("p", say(r.action), { className: "do" }), why(r.reason, "", "quiet")], { className: "verdict " + r.verdict });
  if (others && r.box) box.prepend(portrait(files[0], r));
  if (r.distance !== undefined) box.append(make("p", say("distance", decimal(r.distance, 3))));
  if (r.thresholds) box.append(ruler(r.distance, r.thresholds));
  else box.append(make("p", say("uncalibrated"), { className: "quiet" }));
  if (r.candidates) {
    const near = r.candidates.map(candidate);
    box.append(make("h4", say("nearest")), make("ol", near));
  }
  if (r.id && (may("review") || may("enroll"))) box.append(rejecter(r, files));
  return box;
}

// portrait is the face in a photograph that a verdict is about.
function portrait(file, r) {
  const canvas = make("canvas", [], { width: 96, height: 96, className: "face", role: "img", ariaLabel: say("faceN", r.face) });
  const [left, top, width, height] = r.box, side = 1.3 * Math.max(width, height);
  createImageBitmap(file).then(photo => canvas.getContext("2d").drawImage(photo, left - (side - width) / 2, top - (side - height) / 2, side, side, 0, 0, 96, 96));
  return canvas;
}

// candidate is a candidate, with its picture for those who may see it.
function candidate(c) {
  const line = make("li", (c.stranger ? say("stranger") : c.id) + " — " + decimal(c.distance, 3));
  if (!c.stranger && (may("enroll") || may("review"))) {
    const picture = make("img", [], { src: inGallery("face?id=" + encodeURIComponent(c.id)), alt: "", loading: "lazy", className: "face" });
    picture.addEventListener("error", () => picture.remove());
    line.prepend(picture);
  }
  return line;
}

// rejecter keeps the face that was judged as a stranger: of several images the one that weighs most.
function rejecter(r, files) {
  const button = make("button", say("notHim", r.id), { type: "button" });
  const best = r.frames && r.frames.reduce((a, b) => b.weight > a.weight ? b : a);
  const fields = best ? { id: r.id } : { id: r.id, face: r.face }, file = best && files.find(f => f.name === best.file) || files[0];
  button.addEventListener("click", () => attempt(async () => {
    await ask("POST", inGallery("reject"), form(fields, [file]));
    button.replaceWith(make("p", say("rejected"), { role: "status" }));
  }));
  return button;
}

// Camera.
if (!navigator.mediaDevices) { $("camera").disabled = true; $("no-camera").dataset.word = "noCamera"; $("no-camera").hidden = false; }
$("camera").addEventListener("click", async () => {
  if (stream) return stopCamera();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" }, audio: false });
    $("video").srcObject = stream;
    $("video").hidden = $("shoot").hidden = false;
    await $("video").play();
  } catch (e) { trouble(say("cameraFailed", e.message)); }
  sayCamera();
});
const sayCamera = () => { $("camera").textContent = say(stream ? "cameraOff" : "camera"); };
$("shoot").addEventListener("click", () => attempt(async () => {
  const frames = [];
  for (let i = 0; i < 4; i++) {
    frames.push(new File([await frame()], `camera ${i + 1}.jpg`));
    await new Promise(done => setTimeout(done, 150));
  }
  await identify(frames);
}));

function stopCamera() {
  if (stream) stream.getTracks().forEach(t => t.stop());
  stream = null;
  $("video").hidden = $("shoot").hidden = true;
  sayCamera();
}

// frame is what the camera sees now.
function frame() {
  const canvas = document.createElement("canvas"), video = $("video");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise(done => canvas.toBlob(done, "image/jpeg", 0.92));
}

dropped($("gate-drop"), from => attempt(() => identify([...from.files])));
$("gate-file").addEventListener("change", () => attempt(async () => {
  const files = [...$("gate-file").files];
  $("gate-file").value = ""; // so that the same may be chosen again
  await identify(files);
}));
Object.assign(pages.gate, { open: sayCamera, leave: () => { if (stream) stopCamera(); } });

"use strict";
// Compare: are two images the same?
let held = [];

async function openCompare() {
  held = (await ask("GET", "/v1/models")).models;
  $("models").replaceChildren(...held.map(m => make("option", m.file, { value: m.hash })));
  $("models").closest("label").hidden = held.length < 2;
  offerFaces();
}

// offerFaces lets faces be found where the model can.
function offerFaces() {
  const m = held.find(m => m.hash === $("models").value);
  $("find-faces").hidden = !(m && m.faces);
  $("faces").checked = Boolean(m && m.faces);
}
$("models").addEventListener("change", offerFaces);
dropped($("drop-a"), from => { $("file-a").files = from.files; });
dropped($("drop-b"), from => { $("file-b").files = from.files; });

$("comparing").addEventListener("submit", event => {
  event.preventDefault();
  attempt(async () => {
    const f = new FormData(), files = [$("file-a").files[0], $("file-b").files[0]];
    f.append("a", files[0]); f.append("b", files[1]);
    if ($("models").value) f.append("model", $("models").value);
    if ($("faces").checked) f.append("faces", "true");
    $("compare-verdict").replaceChildren(make("p", say("working")));
    $("compared").replaceChildren(...files.map((file, i) => make("img", [], { src: URL.createObjectURL(file), alt: say(i ? "second" : "first") })));
    try {
      const v = await ask("POST", "/v1/compare", f);
      $("compare-verdict").replaceChildren(make("article", [
        make("h3", say(v.same ? "same" : "different")), make("p", say("distance", decimal(v.distance, 3)) + ", " + say("threshold", decimal(v.threshold, 3))),
        ruler(v.distance, { match: v.threshold, refer: v.threshold }, say("sameUpTo", decimal(v.threshold, 3))),
      ], { className: "verdict " + (v.same ? "match" : "no_match") }));
    } catch (e) { $("compare-verdict").replaceChildren(); throw e; }
  });
});
pages.compare.open = openCompare;

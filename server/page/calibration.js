"use strict";
// Calibration: what thresholds cost.
let study = null;

// Sliders go from a rate of 0.1 % to one of 33 %, by equal factors.
const rateOf = slider => 0.001 * Math.pow(330, slider.value / 60);

async function openCalibration() {
  $("study").hidden = true;
  if (!settings.length) return;
  const now = await ask("GET", "/v1/galleries/" + encodeURIComponent(chosen().name));
  Object.assign(chosen(), now);
  sayCalibrated(now.calibration);
  study = await ask("POST", inGallery("calibrate"), { fpir: 0.34, miss: 0.34, try: true });
  $("study").hidden = false;
  showCost();
}

function sayCalibrated(c) {
  const rate = r => percent(r.value) + " (" + percent(r.ci95[0]) + " – " + percent(r.ci95[1]) + ")";
  $("calibrated").textContent = !c ? say("uncalibrated") :
    say("calibratedTo", decimal(c.thresholds.match, 3), decimal(c.thresholds.refer, 3)) + (c.fpir ? " " + say("ratesAre", rate(c.fpir), c.miss && c.miss.n ? rate(c.miss) : say("unknown")) : "");
}

// thresholdsFor are those at which the curve keeps two rates.
function thresholdsFor(fpir, miss) {
  const curve = study.curve;
  let match = 0, refer = curve.length - 1;
  curve.forEach((c, i) => { if (c.fpir <= fpir) match = i; });
  while (refer > match && 1 - curve[refer - 1].enrolled_within <= miss) refer--;
  if (!study.miss.n) refer = match;
  return [curve[match], curve[refer]];
}

// showCost says what becomes of a thousand strangers and a thousand enrolled people.
function showCost() {
  if (!study || !study.curve.length) return;
  const fpir = rateOf($("fpir")), miss = rateOf($("miss")), [m, r] = thresholdsFor(fpir, miss), known = study.miss.n > 0;
  $("fpir-says").textContent = percent(fpir);
  $("miss-says").textContent = percent(miss);
  const watch = chosen().kind === "watch", n = share => Math.round(1000 * Math.max(share, 0));
  const strangers = [m.fpir, Math.max(r.strangers_within - m.fpir, 0)], enrolled = [1 - m.fnir, Math.max(r.enrolled_within - (1 - m.fnir), 0)];
  for (const of of [strangers, enrolled]) of.push(1 - of[0] - of[1]);
  const desk = of => watch ? of[0] + of[1] : of[1] + of[2];
  const cell = share => make("td", n(share).toLocaleString(language)), unknown = () => make("td", "?");
  const row = (word, i) => make("tr", [make("th", say(word), { scope: "row" }), cell(strangers[i]), known ? cell(enrolled[i]) : unknown()]);
  const [head, body] = [$("cost").tHead, $("cost").tBodies[0]];
  head.replaceChildren(make("tr", [make("th", say("perThousand"), { scope: "col" }), make("th", say("ofStrangers"), { scope: "col" }), make("th", say("ofEnrolled"), { scope: "col" })]));
  body.replaceChildren(row("answeredMatch", 0), row("answeredRefer", 1), row("no_match", 2),
    make("tr", [make("th", say("atDesk"), { scope: "row" }), cell(desk(strangers)), known ? cell(desk(enrolled)) : unknown()], { className: "sum" }));
  $("cost-says").textContent = watch ? say("watchCost", n(desk(strangers)), known ? n(enrolled[2]) : "?") : say("accessCost", known ? n(desk(enrolled)) : "?", n(strangers[0]));
  const doubts = study.doubts.filter(d => d.distance <= r.match);
  $("doubts").replaceChildren(...doubts.slice(0, 50).map(d => make("li", d.id + " – " + d.other + " (" + decimal(d.distance, 3) + ")")));
  if (!doubts.length) $("doubts").append(make("li", say("noDoubts")));
  charted($("curve"), study.curve.map(c => c.match), [
    { label: say("fpirLine"), colour: "wrong", values: study.curve.map(c => c.fpir) },
    ...(known ? [{ label: say("fnirLine"), colour: "link", values: study.curve.map(c => c.fnir) }] : []),
  ], { across: say("thresholdAxis"), percent: true, range: [0, 1], marks: [{ at: m.match, colour: "match" }, { at: r.match, colour: "refer" }],
    label: say("curveLabel", decimal(m.match, 3), percent(m.fpir), known ? percent(m.fnir) : "?", decimal(r.match, 3)) });
}
$("fpir").addEventListener("input", showCost);
$("miss").addEventListener("input", showCost);

$("calibrate").addEventListener("click", () => attempt(async () => {
  const done = await ask("POST", inGallery("calibrate"), { fpir: rateOf($("fpir")), miss: rateOf($("miss")) });
  chosen().calibration = done;
  sayCalibrated(done);
}));
pages.calibration.open = openCalibration;

"use strict";
// Training: how far those are that run.
let asking = 0;

async function openTraining() {
  clearTimeout(asking);
  const answer = await ask("GET", "/v1/trainings");
  showTrainings(answer.trainings);
  if (opened === "training") asking = setTimeout(() => attempt(openTraining), 2000);
}

function showTrainings(all) {
  const where = $("trainings");
  if (!all.length) return where.replaceChildren(make("p", say("noTraining")));
  for (const e of [...where.children]) if (!all.some(t => t.model === e.dataset.model)) e.remove();
  for (const t of all) {
    let box = [...where.children].find(e => e.dataset.model === t.model);
    if (!box) {
      box = make("article", [make("h3", t.model), make("p", [], { className: "says" }), make("progress", [], { max: 1, ariaLabel: t.model }),
        make("div", [make("div", [], { className: "loss" }), make("div", [], { className: "validation" })], { className: "two" }),
        make("div", [], { className: "examples" })], { className: "group" });
      box.dataset.model = t.model;
      where.append(box);
    }
    showTraining(box, t);
  }
}

function showTraining(box, t) {
  const done = t.step - t.first, took = (new Date(t.updated) - new Date(t.started)) / 1000, left = done > 0 ? Math.round(took / done * (t.steps - t.step) / 60) : 0;
  const silent = t.state === "running" && Date.now() - new Date(t.updated) > 120000;
  box.querySelector(".says").textContent = say("trainingSays", t.recipe, t.data, t.step, t.steps) + ", " + say(silent ? "silent" : t.state, left) + (t.note ? ". " + t.note : "");
  box.querySelector("progress").value = t.step / t.steps;
  const points = t.loss.length + " " + t.validation.length + " " + language + " " + box.clientWidth + " " + colour("ink") + t.step;
  if (box.dataset.points === points) return;
  box.dataset.points = points;
  const draw = (name, list, options) => {
    const where = box.querySelector("." + name);
    where.hidden = !list.length;
    if (list.length) charted(where, list.map(p => p[0]), [{ label: options.label, colour: options.colour, values: list.map(p => p[1]) }], { across: say("step"), ...options, label: options.label + ": " + significant(list.at(-1)[1], 3) });
  };
  draw("loss", t.loss, { label: say("loss"), colour: "wrong" });
  const jaccard = t.measure === "jaccard";
  draw("validation", t.validation, { label: say(jaccard ? "validationJaccard" : "validation"), colour: "link", percent: !jaccard });
  if (t.masks) return showMasked(box.querySelector(".examples"), t.masks);
  showExamples(box.querySelector(".examples"), (t.examples || []).filter(e => e.answers));
}

// showMasked shows what the network masks: each image, the one beside it, what was found and what is right.
function showMasked(where, masks) {
  const one = (src, text) => make("li", [make("img", [], { src, alt: "" }), make("span", text)]);
  where.replaceChildren(make("h4", say("maskExamples")), make("p", say("maskExamplesHelp"), { className: "quiet" }), make("ul", masks.map(m => make("li", [
    make("ol", [one(m.picture, say("maskAsked")), one(m.beside, say("maskBeside")), one(m.found, say("maskFound", decimal(m.jaccard, 2))), one(m.truth, say("maskTruth"))])], { className: "masked" }))));
}

// showExamples shows what the network answers: each image asked about, and those to choose from.
function showExamples(where, examples) {
  const shown = examples.map(e => make("li", [make("img", [], { src: e.picture, alt: say("askedAbout") }),
    make("ol", e.answers.map((a, i) => make("li", [make("img", [], { src: a.picture, alt: "" }), make("span", (a.same ? "✓ " : i ? "" : "✗ ") + significant(a.distance, 2)),
      make("span", say(a.same ? "same" : "different"), { className: "unseen" })], { className: a.same ? "right" : i ? "" : "wrong" })))]));
  const right = examples.filter(e => e.answers[0]?.same).length;
  where.replaceChildren(...shown.length ? [make("h4", say("examples", right, shown.length)), make("p", say("examplesHelp"), { className: "quiet" }), make("ul", shown)] : []);
}
Object.assign(pages.training, { open: openTraining, leave: () => clearTimeout(asking) });

"use strict";
// Drawings of numbers.

// svg is an element of a drawing.
function svg(name, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text) e.textContent = text;
  return e;
}

// ruler draws where a distance lies between the thresholds; where they are one, only says what that is.
function ruler(distance, t, only) {
  const most = Math.max(t.refer * 1.5, (distance || 0) * 1.1, 1e-6), x = d => 400 * Math.min(d / most, 1);
  const label = (distance === undefined ? "" : say("distance", decimal(distance, 3)) + ", ") + (only || say("matchUpTo", decimal(t.match, 3)) + ", " + say("referUpTo", decimal(t.refer, 3)));
  const drawn = svg("svg", { viewBox: "0 0 400 70", preserveAspectRatio: "xMinYMid", class: "ruler", role: "img", "aria-label": label });
  const zone = (name, from, to) => drawn.append(svg("rect", { class: "zone-" + name, x: x(from), y: 24, width: Math.max(0, x(to) - x(from)), height: 16 }));
  zone("match", 0, t.match); zone("refer", t.match, t.refer); zone("none", t.refer, most);
  drawn.append(svg("text", { x: Math.min(x(t.match), 280), y: 56, "text-anchor": x(t.match) < 60 ? "start" : "end" }, only || say("matchUpTo", decimal(t.match, 2))));
  if (!only) drawn.append(svg("text", { x: x(t.refer), y: 69 }, say("referUpTo", decimal(t.refer, 2))));
  if (distance !== undefined) {
    drawn.append(svg("path", { d: `M${x(distance)} 24 l-6 -9 h12 z` }));
    drawn.append(svg("text", { class: "own", x: x(distance), y: 11, "text-anchor": x(distance) < 40 ? "start" : x(distance) > 360 ? "end" : "middle" }, decimal(distance, 3)));
  }
  return drawn;
}

const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// chart draws curves in an element: lines are {label, colour, values}, marks are {at, colour} on the horizontal axis.
function chart(where, x, lines, options = {}) {
  const said = (v, percents) => v === null || v === undefined ? "–" : percents ? percent(v) : significant(v, 1, 4);
  const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, values: (u, all) => all.map(v => said(v)) };
  const plot = new uPlot({
    width: Math.max(where.clientWidth, 200), height: 260, cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { range: options.range || ((u, low, high) => uPlot.rangeNum(low, high, 0.1, true)) } },
    axes: [{ ...axis, label: options.across, labelSize: 20 }, { ...axis, size: 60, values: (u, all) => all.map(v => said(v, options.percent)) }],
    series: [{ label: options.across, value: (u, v) => said(v) },
      ...lines.map(l => ({ label: l.label, stroke: colour(l.colour), width: 2, points: { show: x.length < 40 }, spanGaps: true, value: (u, v) => said(v, options.percent) }))],
    hooks: { draw: [u => (options.marks || []).forEach(m => mark(u, m))] },
  }, [x, ...lines.map(l => l.values)], where);
  plot.root.setAttribute("role", "img");
  plot.root.setAttribute("aria-label", options.label || "");
  return plot;
}

// mark draws an upright line.
function mark(u, m) {
  const x = Math.round(u.valToPos(m.at, "x", true));
  if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
  u.ctx.save();
  u.ctx.strokeStyle = colour(m.colour);
  u.ctx.lineWidth = 2 * devicePixelRatio;
  u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(x, u.bbox.top);
  u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
  u.ctx.stroke();
  u.ctx.restore();
}
addEventListener("resize", () => { for (const e of document.querySelectorAll(".charted")) if (e.plot) e.plot.setSize({ width: Math.max(e.clientWidth, 200), height: 260 }); });

// charted draws a chart in place of the one that is in an element.
function charted(where, ...what) {
  if (where.plot) where.plot.destroy();
  where.classList.add("charted");
  where.plot = chart(where, ...what);
}

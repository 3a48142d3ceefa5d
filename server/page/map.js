"use strict";
// Map: where the embeddings of a gallery lie.
let places = null;

async function openMap() {
  if (!settings.length) return;
  $("map-says").textContent = say("working");
  places = await ask("GET", inGallery("map?method=" + $("method").value));
  $("known").replaceChildren(...[...new Set(places.points.map(p => p.id).filter(Boolean))].sort().map(id => make("option", [], { value: id })));
  drawMap();
}

// hue is the same for one id every time.
const hue = id => [...id].reduce((h, c) => (h * 31 + c.codePointAt(0)) % 9973, 7) * 137.5 % 360;

function drawMap() {
  const all = places.points, ids = new Set(all.filter(p => p.id).map(p => p.id)), wanted = $("find").value.trim().toLocaleLowerCase();
  const found = wanted ? all.filter(p => p.id.toLocaleLowerCase().includes(wanted)) : [];
  let says = say("mapOf", all.length, places.of, ids.size);
  if (places.method === "pca" && all.length) says += " " + say("explained", percent(places.explained[0]), percent(places.explained[1]));
  if (wanted) says += " " + say("foundOnMap", found.length);
  $("map-says").textContent = says;
  if (!all.length) return $("points").replaceChildren();
  const xs = all.map(p => p.x), ys = all.map(p => p.y), low = [Math.min(...xs), Math.min(...ys)];
  const side = Math.min(Math.max($("points").clientWidth, 320), 800), inside = side - 40; // pixels as they are seen, so that a telephone shows dots and names as large
  const wide = Math.max(Math.max(...xs) - low[0], Math.max(...ys) - low[1], 1e-9), at = p => [20 + inside * (p.x - low[0]) / wide, 20 + inside * (p.y - low[1]) / wide];
  const height = 40 + inside * (Math.max(...ys) - low[1]) / wide;
  const drawn = svg("svg", { viewBox: `0 0 ${side} ${Math.max(height, 120)}`, class: "map", role: "img", "aria-label": says });
  for (const p of [...all].sort((a, b) => found.includes(a) - found.includes(b))) {
    const [x, y] = at(p), chosen = found.includes(p);
    const dot = p.stranger ? svg("path", { d: `M${x - 5} ${y - 5} l10 10 m0 -10 l-10 10`, class: "stranger" }) : svg("circle", { cx: x, cy: y, r: chosen ? 10 : 6, fill: `hsl(${hue(p.id)} 65% 50%)` });
    if (chosen) dot.setAttribute("class", "found"); else if (wanted) dot.setAttribute("opacity", "0.25");
    dot.append(svg("title", {}, p.stranger ? say("stranger") : p.id));
    drawn.append(dot);
  }
  const named = wanted ? new Set(found.map(p => p.id)) : ids;
  if (named.size <= 40) for (const id of named) {
    const own = all.filter(p => p.id === id).map(at), x = own.reduce((s, p) => s + p[0], 0) / own.length, y = Math.min(...own.map(p => p[1]));
    drawn.append(svg("text", { x, y: y - 10, "text-anchor": x > side - 100 ? "end" : x < 100 ? "start" : "middle" }, id.length > 24 ? id.slice(0, 23) + "…" : id));
  }
  $("points").replaceChildren(drawn);
}
$("method").addEventListener("change", () => attempt(openMap));
$("find").addEventListener("input", () => { if (places) drawMap(); });
pages.map.open = openMap;

"use strict";
// The matrix of what a tracker weighed in a frame, and the two crops behind a cell: see FilmMatrix in package report. It returns what shows a frame.
function filmMatrix(film, data, images, index, known) {
  const part = film.querySelector(".matrix"), table = part.querySelector("table"), find = name => part.querySelector(name);
  const make = (name, text, kind) => { const e = document.createElement(name); e.textContent = text ?? ""; if (kind) e.className = kind; return e; };
  const number = x => x === null ? filmSay("none") : x.toFixed(2);
  let frame = 0, matrix = null, rows = [], order = [], cells = [], at = { row: 0, col: 0 };
  const read = (row, col) => {
    const c = matrix.cells[row * matrix.detections.length + col];
    if (c === 0) return { outcome: "unweighed" };
    if (typeof c === "number") return { outcome: "forbidden", stage: c - 1 };
    const [outcome, stage, cost, motion, looks] = c;
    return { outcome, stage, cost, motion, looks };
  };
  const chosenIn = row => matrix.detections.findIndex((_, col) => read(row, col).outcome === "chosen");
  const rowOf = col => matrix.tracks.findIndex((_, row) => read(row, col).outcome === "chosen");
  const called = track => track.id ? filmSay("track", track.id) : filmSay("aNew");
  const stage = cell => filmSay("stage", cell.stage + 1);
  // unweighed says why no stage took both: one of them went in an earlier one.
  const unweighed = (row, col) => {
    const other = rowOf(col), taken = chosenIn(row), when = (r, c) => r < 0 || c < 0 || read(r, c).stage < 0 ? Infinity : read(r, c).stage;
    const detection = when(other, col), track = when(row, taken);
    if (detection === Infinity && track === Infinity) return filmSay("whyNotWeighed");
    return detection < track ? filmSay("whyDetectionWent", called(matrix.tracks[other]), stage(read(other, col)))
      : filmSay("whyTrackGot", matrix.detections[taken].index + 1, stage(read(row, taken)));
  };
  const why = (row, col) => {
    const cell = read(row, col), gate = cell.stage >= 0 ? number(data.gates[cell.stage]) : "";
    switch (cell.outcome) {
      case "chosen": return cell.stage < 0 ? filmSay("whyFilled") : filmSay("whyChosen", stage(cell), number(cell.cost), gate);
      case "outbid": return filmSay("whyOutbid", stage(cell), number(cell.cost), gate);
      case "gated": return filmSay("whyGated", stage(cell), number(cell.cost), gate);
      case "forbidden": return filmSay("whyForbidden", stage(cell));
    }
    return unweighed(row, col);
  };
  const pieces = cell => {
    if (cell.cost === undefined || cell.stage < 0) return [];
    const looks = cell.looks === null ? filmSay("noLooks") : filmSay("distance", number(cell.looks));
    const adds = cell.looks === null || cell.motion === null ? "" : `${cell.cost < cell.motion ? "−" : "+"}${Math.abs(cell.cost - cell.motion).toFixed(3)}`;
    return [[filmSay("motion"), cell.motion === null ? filmSay("forbidden") : number(cell.motion)], [filmSay("looks"), [looks, adds && filmSay("changes", adds)].filter(Boolean).join(", ")]];
  };
  // crop draws the part of a frame's picture that a box shows, as large as the canvas lets.
  const crop = (canvas, image, box) => {
    const ratio = devicePixelRatio, w = canvas.clientWidth, h = canvas.clientHeight, pen = canvas.getContext("2d");
    canvas.width = w * ratio; canvas.height = h * ratio;
    pen.scale(ratio, ratio);
    if (!image || !(box && box[2] > 0 && box[3] > 0)) {
      pen.font = "13px system-ui, sans-serif"; pen.fillStyle = getComputedStyle(film).color; pen.textAlign = "center";
      return pen.fillText(filmSay("noPicture"), w / 2, h / 2);
    }
    if (!image.complete || !image.naturalWidth) return image.addEventListener("load", show, { once: true });
    const by = image.naturalWidth / data.width, fit = Math.min(w / box[2], h / box[3]);
    pen.drawImage(image, box[0] * by, box[1] * by, box[2] * by, box[3] * by, (w - box[2] * fit) / 2, (h - box[3] * fit) / 2, box[2] * fit, box[3] * fit);
  };
  // look is the last look at a track that the page has a picture of.
  const look = track => {
    if (images[index.get(track.seen)]) return { frame: track.seen, box: track.look };
    const past = (known.get(track.id) || []).filter(r => r.frame <= track.seen && images[index.get(r.frame)]).at(-1);
    return past || { frame: track.seen, box: null };
  };
  const show = () => {
    if (!matrix || !cells.length) return;
    const row = rows[at.row], col = order[at.col], track = matrix.tracks[row], detection = matrix.detections[col], last = look(track);
    const [left, right] = part.querySelectorAll("canvas"), [below, beside] = part.querySelectorAll("figcaption");
    crop(left, images[index.get(last.frame)], last.box);
    crop(right, images[frame], detection.box);
    below.textContent = track.id ? filmSay("trackBelow", track.id, last.frame) : filmSay("newBelow", last.frame);
    beside.textContent = filmSay("detection", detection.index + 1, number(detection.score));
    find(".why").textContent = why(row, col);
    find("dl").replaceChildren(...pieces(read(row, col)).flatMap(([name, text]) => [make("dt", name), make("dd", text)]));
  };
  const pick = (row, col) => {
    cells[at.row]?.[at.col]?.setAttribute("tabindex", "-1");
    cells[at.row]?.[at.col]?.removeAttribute("aria-selected");
    at = { row, col };
    cells[row][col].setAttribute("tabindex", "0");
    cells[row][col].setAttribute("aria-selected", "true");
    show();
  };
  // cellOf is the cell of a place in the table.
  const cellOf = (r, c) => {
    const row = rows[r], col = order[c], cell = read(row, col), text = { unweighed: "", forbidden: "∞" }[cell.outcome] ?? (cell.stage < 0 ? "✓" : number(cell.cost));
    const td = make("td", text, cell.outcome);
    td.setAttribute("role", "gridcell");
    td.setAttribute("tabindex", "-1");
    td.setAttribute("aria-label", filmSay("cell", called(matrix.tracks[row]), matrix.detections[col].index + 1, why(row, col)));
    td.onpointerenter = td.onfocus = td.onclick = () => pick(r, c);
    return td;
  };
  const head = () => {
    const row = make("tr");
    row.append(make("th", ""), ...order.map(col => {
      const th = make("th", matrix.detections[col].index + 1);
      th.append(make("small", number(matrix.detections[col].score)));
      return th;
    }));
    return row;
  };
  const line = (row, r) => {
    const track = matrix.tracks[row], tr = make("tr"), th = make("th"), name = make("b", track.id || filmSay("isNew"));
    name.style.background = track.colour || "#666";
    th.append(name, make("small", track.state === "lost" ? filmSay("lost") : ""));
    cells.push(order.map((_, c) => cellOf(r, c)));
    tr.append(th, ...cells[r]);
    return tr;
  };
  table.onkeydown = event => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move || !cells.length) return;
    event.preventDefault();
    cells[Math.min(Math.max(at.row + move[0], 0), cells.length - 1)][Math.min(Math.max(at.col + move[1], 0), order.length - 1)].focus();
  };
  // told is the line above the matrix.
  const told = () => {
    if (!matrix || matrix.over) return filmSay(matrix ? "tooMany" : "notKept");
    if (!matrix.tracks.length || !matrix.detections.length) return filmSay("nothing");
    return filmSay("told", matrix.tracks.length, matrix.detections.length);
  };
  return now => {
    if (part.hidden || now === frame && cells.length) return show();
    const focused = table.contains(document.activeElement), was = matrix?.tracks[rows[at.row]]?.id;
    frame = now; matrix = data.frames[now].matrix; cells = [];
    find(".told").textContent = told();
    const some = matrix && matrix.cells.length > 0;
    find(".weighed").hidden = find(".key").hidden = !some;
    if (!some) return table.replaceChildren();
    rows = [...matrix.tracks.keys()].sort((a, b) => (matrix.tracks[a].id || 1e9) - (matrix.tracks[b].id || 1e9) || a - b);
    const place = matrix.detections.map((_, col) => rows.indexOf(rowOf(col)));
    order = place.map((_, col) => col).sort((a, b) => (place[a] + 1 || 1e9) - (place[b] + 1 || 1e9) || a - b); // what is paired runs down the diagonal
    table.replaceChildren(head(), ...rows.map(line));
    const paired = id => rows.findIndex(row => (!id || matrix.tracks[row].id === id) && chosenIn(row) >= 0);
    const r = Math.max(paired(was) >= 0 ? paired(was) : paired(), 0);
    pick(r, Math.max(order.indexOf(chosenIn(rows[r])), 0));
    if (focused) cells[at.row][at.col].focus({ preventScroll: true });
  };
}

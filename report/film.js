"use strict";
// A player of tracks: see Film in package report.
(() => {
  const film = document.currentScript.parentElement, find = name => film.querySelector(name);
  for (const e of film.querySelectorAll("[data-word]")) e.textContent = filmSay(e.dataset.word);
  for (const e of film.querySelectorAll("[data-label]")) e.setAttribute("aria-label", filmSay(e.dataset.label));
  const data = JSON.parse(find('script[type="application/json"]').textContent);
  const picture = find(".picture"), lives = find(".lives"), range = find("input[type=range]"), play = find(".play");
  const index = new Map(data.frames.map((f, i) => [f.number, i]));
  const by = rows => {
    const frames = data.frames.map(() => []);
    for (const row of rows) { const i = index.get(row.frame); if (i !== undefined) frames[i].push(row); }
    return frames;
  };
  const tracks = by(data.tracks), wrong = by(data.wrong), known = new Map();
  data.tracks.forEach(row => { if (!known.has(row.id)) known.set(row.id, []); known.get(row.id).push(row); });
  const ids = [...known.keys()].sort((a, b) => a - b);
  const images = data.frames.map(f => { if (!f.picture) return null; const image = new Image(); image.src = f.picture; return image; });
  const scale = Math.min(1, 1280 / data.width);
  picture.width = data.width * scale; picture.height = data.height * scale;
  range.max = data.frames.length - 1;
  find(".errors-label").hidden = data.wrong.length === 0;
  find(".matrix").hidden = !data.frames.some(f => f.matrix);
  const showMatrix = filmMatrix(film, data, images, index, known);
  const pen = picture.getContext("2d");
  const label = (text, x, y, colour) => {
    pen.font = "bold 14px system-ui, sans-serif";
    const w = pen.measureText(text).width + 8;
    pen.fillStyle = colour; pen.fillRect(x, Math.max(y - 18, 0), w, 18);
    pen.fillStyle = "#fff"; pen.fillText(text, x + 4, Math.max(y - 4, 14));
  };
  const draw = () => {
    const now = Number(range.value), image = images[now];
    pen.fillStyle = "#777"; pen.fillRect(0, 0, picture.width, picture.height);
    if (image && image.complete && image.naturalWidth) pen.drawImage(image, 0, 0, picture.width, picture.height);
    else if (image) image.onload = draw;
    pen.save(); pen.scale(scale, scale);
    for (const row of tracks[now]) {
      const [x, y, w, h] = row.box;
      pen.strokeStyle = row.colour; pen.lineWidth = 3 / scale; pen.strokeRect(x, y, w, h);
      if (find(".trails").checked) {
        pen.beginPath();
        for (const past of known.get(row.id)) if (past.frame <= row.frame && past.frame > row.frame - 40) pen.lineTo(past.box[0] + past.box[2] / 2, past.box[1] + past.box[3]);
        pen.stroke();
      }
      label(String(row.id), x, y, row.colour);
    }
    if (find(".errors").checked) for (const row of wrong[now]) {
      const [x, y, w, h] = row.box;
      pen.setLineDash(row.kind === "miss" ? [6, 4] : [2, 3]);
      pen.strokeStyle = row.kind === "switch" ? "#d22" : "#fff"; pen.lineWidth = 2 / scale; pen.strokeRect(x - 3, y - 3, w + 6, h + 6);
      pen.setLineDash([]);
      label(row.kind === "switch" ? `${row.from} → ${row.id}` : filmSay(row.kind), x, y + h + 20, row.kind === "switch" ? "#d22" : "#333");
    }
    pen.restore();
    find(".where").textContent = filmSay("where", data.frames[now].number, data.frames.at(-1).number);
    const counts = {};
    for (const row of wrong[now]) counts[row.kind] = (counts[row.kind] || 0) + 1;
    find(".says").textContent = filmSay(data.wrong.length ? "saysWrong" : "says", tracks[now].length, counts.miss || 0, counts.false_positive || 0, counts.switch || 0);
    drawLives(now);
    showMatrix(now);
  };
  const drawLives = now => {
    const row = Math.max(4, Math.min(16, 360 / ids.length)), ruler = 18;
    lives.width = lives.clientWidth * devicePixelRatio; lives.height = (row * ids.length + ruler) * devicePixelRatio;
    const line = lives.getContext("2d"), ink = getComputedStyle(film).color, left = 34;
    line.scale(devicePixelRatio, devicePixelRatio);
    const width = lives.clientWidth - left - 4, at = i => left + width * i / Math.max(data.frames.length - 1, 1);
    line.font = "11px system-ui, sans-serif"; line.fillStyle = ink; line.textAlign = "right";
    ids.forEach((id, k) => {
      if (row >= 10) { line.fillStyle = ink; line.fillText(id, left - 6, row * k + row - 4); }
      for (const box of known.get(id)) {
        line.fillStyle = box.colour;
        line.fillRect(at(index.get(box.frame)), row * k + 2, Math.max(width / data.frames.length, 1) + 0.5, row - 3);
      }
    });
    line.fillStyle = "#d22";
    for (const error of data.wrong) if (error.kind === "switch") line.fillRect(at(index.get(error.frame)) - 1, row * ids.indexOf(error.id), 3, row);
    line.fillStyle = ink; line.fillRect(at(now), 0, 1, row * ids.length);
    line.textAlign = "left"; line.fillText(data.frames[0].number, left, row * ids.length + 13);
    line.textAlign = "right"; line.fillText(data.frames.at(-1).number, left + width, row * ids.length + 13);
  };
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = filmSay("play"); };
  play.onclick = () => {
    if (timer) return stop();
    play.textContent = filmSay("pause");
    timer = setInterval(() => { range.value = Number(range.value) + 1 >= data.frames.length ? 0 : Number(range.value) + 1; draw(); }, 1000 / Math.min(data.rate, 30));
  };
  range.oninput = () => { stop(); draw(); };
  find(".trails").onchange = find(".errors").onchange = draw;
  lives.onclick = event => { range.value = Math.round((event.offsetX - 34) / (lives.clientWidth - 38) * (data.frames.length - 1)); stop(); draw(); };
  addEventListener("resize", draw);
  if (data.frames.length) draw();
})();

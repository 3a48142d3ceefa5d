"use strict";
// Masks of a group of images: see Group in package report.
// showGroup shows it in an element that has its controls; words are what the buttons of an image say.
function showGroup(group, data, words) {
  const find = name => group.querySelector(name);
  const range = find("input[type=range]"), masked = find(".masked");
  const alike = data.alike.map(row => row.map(text => Uint8Array.from(atob(text), c => c.charCodeAt(0))));
  range.value = Math.round(100 * data.threshold);
  find(".hint").hidden = alike.length === 0;

  const loaded = source => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => failed(new Error("a picture of this page is damaged"));
    image.src = source;
  });
  const pixels = (image, w, h) => {
    const canvas = document.createElement("canvas");
    canvas.width = w; canvas.height = h;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0, w, h);
    return pen.getImageData(0, 0, w, h);
  };

  // on says of each pixel whether the mask covers it.
  const on = view => {
    const level = 255 * range.value / 100, bits = new Uint8Array(view.w * view.h);
    if (view.present) for (let i = 0; i < bits.length; i++) bits[i] = view.mask.data[4 * i] > level ? 1 : 0;
    return bits;
  };
  const draw = view => {
    const out = new ImageData(new Uint8ClampedArray(view.picture.data), view.w, view.h);
    if (masked.checked) {
      const bits = on(view), w = view.w;
      for (let i = 0; i < bits.length; i++) {
        const x = i % w;
        if (!bits[i]) for (let c = 0; c < 3; c++) out.data[4 * i + c] /= 3;
        else if ((x > 0 && !bits[i - 1]) || (x + 1 < w && !bits[i + 1]) || (i >= w && !bits[i - w]) || (i + w < bits.length && !bits[i + w])) out.data.set([255, 64, 32], 4 * i);
      }
    }
    view.pen.putImageData(out, 0, 0);
  };

  // heat paints how like each place of a picture is to one of another.
  const heat = (view, cosines) => {
    const small = document.createElement("canvas");
    small.width = view.columns; small.height = view.rows;
    const picture = new ImageData(view.columns, view.rows);
    let most = 1, least = 255;
    for (const v of cosines) { most = Math.max(most, v); least = Math.min(least, v); }
    cosines.forEach((v, i) => {
      const t = Math.max(0, (v - 128) / Math.max(most - 128, 24));
      picture.data.set([255 * Math.min(1, 2 * t), 255 * Math.max(0, 2 * t - 1), 70 * (1 - t), 40 + 180 * t], 4 * i);
    });
    small.getContext("2d").putImageData(picture, 0, 0);
    const [left, top, right, bottom] = view.seen;
    view.pen.drawImage(small, left * view.columns, top * view.rows, (right - left) * view.columns, (bottom - top) * view.rows, 0, 0, view.w, view.h);
  };
  const place = (view, event) => {
    const box = view.canvas.getBoundingClientRect(), scale = Math.min(box.width / view.w, box.height / view.h);
    const x = (event.clientX - box.left - (box.width - scale * view.w) / 2) / scale / view.w, y = (event.clientY - box.top - (box.height - scale * view.h) / 2) / scale / view.h;
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return -1;
    const [left, top, right, bottom] = view.seen;
    const column = Math.floor((left + x * (right - left)) * view.columns), row = Math.floor((top + y * (bottom - top)) * view.rows);
    return Math.min(row, view.rows - 1) * view.columns + Math.min(column, view.columns - 1);
  };
  const mark = (view, at) => {
    const [left, top, right, bottom] = view.seen, column = at % view.columns, row = Math.floor(at / view.columns);
    const x = ((column + 0.5) / view.columns - left) / (right - left) * view.w, y = ((row + 0.5) / view.rows - top) / (bottom - top) * view.h;
    view.pen.lineWidth = Math.max(2, view.w / 120);
    for (const [colour, grow] of [["#000", view.pen.lineWidth], ["#fff", 0]]) {
      view.pen.strokeStyle = colour;
      view.pen.beginPath(); view.pen.arc(x, y, view.w / 28 + grow, 0, 7); view.pen.stroke();
    }
  };

  const save = (canvas, name) => canvas.toBlob(blob => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob); link.download = name; link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  const saved = (view, cut) => {
    const bits = on(view), out = new ImageData(view.w, view.h);
    bits.forEach((bit, i) => {
      if (cut) { out.data.set(view.picture.data.subarray(4 * i, 4 * i + 3), 4 * i); out.data[4 * i + 3] = 255 * bit; }
      else out.data.set([255 * bit, 255 * bit, 255 * bit, 255], 4 * i);
    });
    const canvas = document.createElement("canvas");
    canvas.width = view.w; canvas.height = view.h;
    canvas.getContext("2d").putImageData(out, 0, 0);
    const stem = view.name.split(/[\\/]/).pop().replace(/\.[^.]*$/, "");
    save(canvas, `${stem}-${cut ? "cutout" : "mask"}.png`);
  };

  const views = [];
  const all = () => { find("output").textContent = (range.value / 100).toLocaleString(document.documentElement.lang || "en", { minimumFractionDigits: 2 }); views.forEach(draw); };
  const point = (i, at) => {
    views.forEach((view, j) => { draw(view); if (at >= 0 && i !== j && alike.length) heat(view, alike[i][j].subarray(at * view.rows * view.columns, (at + 1) * view.rows * view.columns)); });
    if (at >= 0 && alike.length) mark(views[i], at);
  };
  // keyed lets the arrow keys point, from the middle on.
  const keyed = (view, i) => {
    let column = view.columns >> 1, row = view.rows >> 1;
    view.canvas.tabIndex = 0;
    view.canvas.onkeydown = event => {
      const move = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
      if (!move) return;
      event.preventDefault();
      column = Math.min(Math.max(column + move[0], 0), view.columns - 1); row = Math.min(Math.max(row + move[1], 0), view.rows - 1);
      point(i, row * view.columns + column);
    };
  };
  const add = async (entry, i) => {
    const figure = document.createElement("figure"), canvas = document.createElement("canvas"), caption = document.createElement("figcaption"), says = document.createElement("span");
    const picture = await loaded(entry.picture), mask = await loaded(entry.mask);
    canvas.width = picture.naturalWidth; canvas.height = picture.naturalHeight;
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `${entry.name}: ${entry.says}`);
    caption.textContent = entry.name; says.className = "says"; says.textContent = entry.says; caption.append(says);
    const view = { ...entry, canvas, w: canvas.width, h: canvas.height, pen: canvas.getContext("2d") };
    view.picture = pixels(picture, view.w, view.h); view.mask = pixels(mask, view.w, view.h);
    figure.append(canvas, caption);
    for (const [text, cut] of [[words[0], false], [words[1], true]]) {
      const button = document.createElement("button");
      button.type = "button"; button.textContent = text; button.onclick = () => saved(view, cut);
      figure.append(button);
    }
    canvas.onpointermove = canvas.onpointerdown = event => point(i, place(view, event));
    canvas.onpointerleave = canvas.onblur = () => point(i, -1);
    if (alike.length) keyed(view, i);
    return [figure, view];
  };
  range.oninput = masked.onchange = all;
  Promise.all(data.images.map(add)).then(made => {
    for (const [figure, view] of made) { find(".pictures").append(figure); views.push(view); }
    all();
  }, error => { find(".pictures").textContent = error.message; });
}

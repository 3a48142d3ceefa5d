"use strict";
// Masks: what do images share?
async function openMasks() {
  const names = (await ask("GET", "/v1/models")).masks, before = $("masks-model").value;
  $("masks-model").replaceChildren(...names.map(name => make("option", name)));
  if (names.includes(before)) $("masks-model").value = before;
  $("masks-model").closest(".row").hidden = names.length < 2;
  $("no-masks").hidden = Boolean(names.length);
  $("no-masks").textContent = say("noMasks");
  $("masks-drop").hidden = !names.length;
}

async function mask(files) {
  if (files.length < 2) throw new Error(say("twoImages"));
  $("shared").hidden = true;
  $("masks-say").textContent = say("working");
  try {
    const shared = await ask("POST", "/v1/masks", form({ model: $("masks-model").value }, files));
    const there = shared.found.filter(f => f.present).length;
    $("masks-say").textContent = there ? say("sharedBy", there, shared.found.length) : say("nothingShared");
    shared.images.forEach((image, i) => {
      const f = shared.found[i];
      image.says = f.present ? say("covers", percent(f.area), decimal(f.presence, 2)) : say("absent", decimal(f.presence, 2), decimal(shared.presence_threshold, 2));
    });
    $("shared").querySelector(".pictures").replaceChildren();
    showGroup($("shared"), shared, [say("saveMask"), say("saveCutout")]);
    $("shared").hidden = false;
  } catch (e) { $("masks-say").textContent = ""; throw e; }
}
pages.masks.open = openMasks;
dropped($("masks-drop"), from => attempt(() => mask([...from.files])));
$("masks-file").addEventListener("change", () => attempt(async () => {
  const files = [...$("masks-file").files];
  $("masks-file").value = ""; // so that the same may be chosen again
  await mask(files);
}));

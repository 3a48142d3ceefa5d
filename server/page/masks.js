"use strict";
// Masks: what do images share?
async function mask(files) {
  if (files.length < 2) throw new Error(say("twoImages"));
  $("shared").hidden = true;
  $("masks-say").textContent = say("working");
  try {
    const shared = await ask("POST", "/v1/masks", form({}, files));
    const there = shared.found.filter(f => f.present).length;
    $("masks-say").textContent = there ? say("sharedBy", there, shared.found.length) : say("nothingShared");
    shared.images.forEach((image, i) => {
      const f = shared.found[i];
      image.says = f.present ? say("covers", percent(f.area), f.presence.toFixed(2)) : say("absent", f.presence.toFixed(2), shared.presence_threshold.toFixed(2));
    });
    $("shared").querySelector(".pictures").replaceChildren();
    showGroup($("shared"), shared, [say("saveMask"), say("saveCutout")]);
    $("shared").hidden = false;
  } catch (e) { $("masks-say").textContent = ""; throw e; }
}
dropped($("masks-drop"), from => attempt(() => mask([...from.files])));
$("masks-file").addEventListener("change", () => attempt(async () => {
  const files = [...$("masks-file").files];
  $("masks-file").value = ""; // so that the same may be chosen again
  await mask(files);
}));

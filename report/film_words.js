"use strict";
// filmSay is a text of the player of tracks in the language that the page's address asks for, as in page.html?language=es; {0} stands for something.
function filmSay(word, ...things) {
  const words = {
    en: {
      play: "Play", pause: "Pause", frame: "frame", trails: "trails", errors: "errors", lives: "when each track lived", where: "frame {0} of {1}",
      says: "{0} tracks", saysWrong: "{0} tracks; in this frame {1} missed, {2} that show nobody, {3} switched", miss: "missed", false_positive: "shows nobody",
      title: "Who goes with whom in this frame", costs: "costs of tracks and detections",
      chosen: "paired", outbid: "passes the gate, others cost less in all", gated: "does not pass the gate", forbidden: "forbidden", unweighed: "not weighed",
      track: "track {0}", aNew: "a new track", stage: "stage {0}", none: "none", noPicture: "no picture", isNew: "new", lost: "lost",
      whyNotWeighed: "Not weighed: no stage takes a detection of such a score with such a track.",
      whyDetectionWent: "Not weighed: the detection went to {0} in {1}, before its turn with this track.", whyTrackGot: "Not weighed: the track got detection {0} in {1}, before its turn with this detection.",
      whyFilled: "Paired without a cost: there can be no more objects, and this lost track is the nearest.", whyChosen: "Paired in {0} at cost {1}; its gate is {2}.",
      whyOutbid: "Not paired: cost {1} passes the gate of {0}, {2}, but other pairs cost less in all.", whyGated: "Gated out: cost {1} does not pass the gate of {0}, {2}.",
      whyForbidden: "Gated out: the cost of {0} forbids the pair, as too far apart or, where looks are needed, without any.",
      motion: "By motion alone", looks: "Looks", noLooks: "not compared: one of the two was hidden, or has none", distance: "distance {0}", changes: "changes the cost by {0}",
      trackBelow: "Track {0}, frame {1}", newBelow: "A new track, frame {0}", detection: "Detection {0}, score {1}", cell: "{0}, detection {1}: {2}",
      tooMany: "There are too many tracks and detections in this frame to show.", notKept: "This frame's costs are not on the page, which has those of every few frames.",
      nothing: "Nothing to pair: there were no tracks before this frame, or there are no detections in it.",
      told: "{0} tracks down, {1} detections across with their scores. Point at a cell, or go with the arrow keys, to see the pair.",
    },
    es: {
      play: "Reproducir", pause: "Pausa", frame: "fotograma", trails: "estelas", errors: "errores", lives: "cuándo vivió cada trayectoria", where: "fotograma {0} de {1}",
      says: "{0} trayectorias", saysWrong: "{0} trayectorias; en este fotograma {1} sin ver, {2} que no muestran a nadie, {3} cambiadas", miss: "sin ver", false_positive: "no muestra a nadie",
      title: "Quién va con quién en este fotograma", costs: "costes de trayectorias y detecciones",
      chosen: "emparejadas", outbid: "bajo el límite, pero otras cuestan menos en total", gated: "sobre el límite", forbidden: "prohibido", unweighed: "sin sopesar",
      track: "trayectoria {0}", aNew: "una trayectoria nueva", stage: "etapa {0}", none: "ninguno", noPicture: "sin imagen", isNew: "nueva", lost: "perdida",
      whyNotWeighed: "Sin sopesar: ninguna etapa une una detección de tal puntuación con tal trayectoria.",
      whyDetectionWent: "Sin sopesar: la detección fue para {0} en la {1}, antes de que le tocara con esta trayectoria.", whyTrackGot: "Sin sopesar: la trayectoria recibió la detección {0} en la {1}, antes de que le tocara con esta.",
      whyFilled: "Emparejadas sin coste: no puede haber más objetos, y esta trayectoria perdida es la más cercana.", whyChosen: "Emparejadas en la {0} con coste {1}; su límite es {2}.",
      whyOutbid: "Sin emparejar: el coste {1} no pasa del límite de la {0}, {2}, pero otras parejas cuestan menos en total.", whyGated: "Excluidas: el coste {1} pasa del límite de la {0}, {2}.",
      whyForbidden: "Excluidas: el coste de la {0} prohíbe la pareja, por estar demasiado lejos o por no tener aspecto donde hace falta.",
      motion: "Solo por movimiento", looks: "Aspecto", noLooks: "sin comparar: una de las dos estaba oculta o no lo tiene", distance: "distancia {0}", changes: "cambia el coste en {0}",
      trackBelow: "Trayectoria {0}, fotograma {1}", newBelow: "Una trayectoria nueva, fotograma {0}", detection: "Detección {0}, puntuación {1}", cell: "{0}, detección {1}: {2}",
      tooMany: "En este fotograma hay demasiadas trayectorias y detecciones para mostrarlas.", notKept: "Los costes de este fotograma no están en la página, que tiene los de cada pocos fotogramas.",
      nothing: "Nada que emparejar: no había trayectorias antes de este fotograma, o no hay detecciones en él.",
      told: "{0} trayectorias hacia abajo, {1} detecciones a lo ancho con sus puntuaciones. Señale una celda, o vaya a ella con las flechas, para ver la pareja.",
    },
  };
  const asked = new URLSearchParams(location.search).get("language");
  return (Object.hasOwn(words, asked) ? words[asked] : words.en)[word].replace(/\{(\d)\}/g, (_, i) => things[i]);
}

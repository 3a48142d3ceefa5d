"use strict";
// What the page says. {0} stands for something.
const words = {
  en: {
    gate: "Gate", gallery: "Gallery", review: "Review", in: "Gallery:", language: "Language:", leave: "Log out",
    who: "Who are you?", keyHelp: "This server wants a key. Whoever runs it makes one with: siam serve key add NAME --role ROLE", key: "Key", enter: "Log in",
    dropProbe: "Drop or choose images: several are taken as one person", dropEnroll: "Drop or choose images of this person",
    camera: "Camera", cameraOff: "Turn camera off", shoot: "Who is this?", noCamera: "The camera is off: a browser gives it only to https or localhost. Start siam serve with --tls-self-signed or with a certificate.",
    cameraFailed: "The camera cannot be used: {0}",
    match: "Match: {0}", no_match: "No match", refer: "A person has to decide", referLike: "A person has to decide: like {0}",
    pass: "Let pass", desk: "To the desk", distance: "Distance {0}", matchUpTo: "match ≤ {0}", referUpTo: "refer ≤ {0}", uncalibrated: "This gallery is not calibrated: it never says match.",
    nearest: "Nearest", stranger: "a stranger who was rejected", notHim: "This is not {0}", rejected: "Kept as a stranger.",
    id: "Name or id", enroll: "Enroll", enrolledN: "{0} enrolled: {1} image(s) added.", already: "{0}: was enrolled before", search: "Search", countIDs: "{0} enrolled",
    images: "{0} image(s)", remove: "Remove", sure: "Erase {0} with all images?", faceless: "No face was found.", noRole: "Your key has not the role for this.",
    reviewHelp: "Faces that were referred or not matched. Those that look alike are together: tick the ones that you decide about. The Delete key dismisses what is ticked.", nothing: "Nothing waits.", like: "like {0}", likeNobody: "like nobody enrolled",
    dismiss: "Dismiss", keepStranger: "Keep as stranger", noGallery: "There is no gallery for this key.", working: "Working …", probe: "image to identify", waits: "face that waits",
  },
  es: {
    gate: "Puerta", gallery: "Galería", review: "Revisión", in: "Galería:", language: "Idioma:", leave: "Salir",
    who: "¿Quién es usted?", keyHelp: "Este servidor pide una clave. Quien lo administra la crea con: siam serve key add NOMBRE --role ROL", key: "Clave", enter: "Entrar",
    dropProbe: "Suelte o elija imágenes: varias se toman como una sola persona", dropEnroll: "Suelte o elija imágenes de esta persona",
    camera: "Cámara", cameraOff: "Apagar la cámara", shoot: "¿Quién es?", noCamera: "La cámara está apagada: el navegador solo la da a https o localhost. Inicie siam serve con --tls-self-signed o con un certificado.",
    cameraFailed: "No se puede usar la cámara: {0}",
    match: "Coincide: {0}", no_match: "No coincide", refer: "Debe decidir una persona", referLike: "Debe decidir una persona: parecido a {0}",
    pass: "Dejar pasar", desk: "Al mostrador", distance: "Distancia {0}", matchUpTo: "coincide ≤ {0}", referUpTo: "decidir ≤ {0}", uncalibrated: "Esta galería no está calibrada: nunca dice que coincide.",
    nearest: "Más cercanos", stranger: "un desconocido rechazado", notHim: "No es {0}", rejected: "Guardado como desconocido.",
    id: "Nombre o id", enroll: "Inscribir", enrolledN: "{0} inscrito: {1} imagen(es) añadida(s).", already: "{0}: ya estaba inscrita", search: "Buscar", countIDs: "{0} inscritos",
    images: "{0} imagen(es)", remove: "Quitar", sure: "¿Borrar a {0} con todas sus imágenes?", faceless: "No se encontró ninguna cara.", noRole: "Su clave no tiene el rol para esto.",
    reviewHelp: "Caras que no coincidieron o que debe decidir una persona. Las parecidas van juntas: marque aquellas sobre las que decide. La tecla Supr descarta lo marcado.", nothing: "No espera nada.", like: "parecido a {0}", likeNobody: "no se parece a nadie inscrito",
    dismiss: "Descartar", keepStranger: "Guardar como desconocido", noGallery: "No hay galería para esta clave.", working: "Trabajando …", probe: "imagen por identificar", waits: "cara que espera",
  },
};

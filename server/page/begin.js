"use strict";
language = localStorage.getItem("language") || (navigator.language.startsWith("es") ? "es" : "en");
$("language").value = language;
attempt(async () => {
  const known = await ask("GET", "/v1/session");
  if (known.name) { session = known; await begin(); } else show();
});

// @ts-check
// Says what an instant is in the reader's own time zone. The server does not know it and does
// not ask; without scripts the named zone beside it is enough.

// Dates are written as the pages write them: English ones with the day first.
const LOCALE = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

/** @param {HTMLElement} place */
function tell(place) {
  const instant = new Date(place.dataset.instant ?? "");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (Number.isNaN(instant.getTime()) || !zone || zone === place.dataset.zone) return;
  const when = new Intl.DateTimeFormat(LOCALE, {
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(instant);
  const city = (zone.split("/").pop() ?? zone).replaceAll("_", " ");
  place.textContent = (place.dataset.words ?? "").replace("{when}", when).replace("{zone}", city);
  place.hidden = false;
}

for (const place of document.querySelectorAll("[data-instant]")) {
  if (place instanceof HTMLElement) tell(place);
}

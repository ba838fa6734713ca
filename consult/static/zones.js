// @ts-check
// Says what an instant is in the reader's own time zone. The server knows it of accounts only and
// does not ask; without scripts the named zone beside it is enough.

// Dates are written as the pages write them: English ones with the day first.
const LOCALE = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

/**
 * @param {Date} instant
 * @param {string | undefined} timeZone
 */
function inWords(instant, timeZone) {
  const weekday = instant.toLocaleDateString(LOCALE, { weekday: "long", timeZone });
  const day = instant.toLocaleDateString(LOCALE, {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone,
  });
  const hour = instant.toLocaleTimeString(LOCALE, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
  });
  return `${weekday} ${day}, ${hour}`;
}

/** @param {HTMLElement} place */
function tell(place) {
  const instant = new Date(place.dataset.instant ?? "");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (Number.isNaN(instant.getTime()) || !zone) return;
  const when = inWords(instant, zone);
  // In Toronto it is as late as in New York: nothing to say.
  if (when === inWords(instant, place.dataset.zone)) return;
  const city = (zone.split("/").pop() ?? zone).replaceAll("_", " ");
  const [before, after] = (place.dataset.words ?? "").replace("{zone}", city).split("{when}");
  const time = document.createElement("time");
  time.dateTime = place.dataset.instant ?? "";
  time.textContent = when;
  place.replaceChildren(before, time, after ?? "");
  place.hidden = false;
}

for (const place of document.querySelectorAll("[data-instant]")) {
  if (place instanceof HTMLElement) tell(place);
}

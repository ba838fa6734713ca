// @ts-check
// Counts the words of a text while it is written. It tells, it never stops anybody.

/**
 * Count words as a word processor does: what stands between spaces.
 * @param {string} text
 */
export function countWords(text) {
  return text.split(/\s+/u).filter(Boolean).length;
}

/** @param {HTMLElement} output */
function follow(output) {
  const field = document.getElementById(output.dataset.counts ?? "");
  if (!(field instanceof HTMLTextAreaElement)) return;
  const locale = document.documentElement.lang || "en";
  const plural = new Intl.PluralRules(locale);
  const number = new Intl.NumberFormat(locale);
  const show = () => {
    const count = countWords(field.value);
    const words = plural.select(count) === "one" ? output.dataset.one : output.dataset.many;
    output.textContent = (words ?? "").replace(/\{n\}|\d+/u, number.format(count));
    output.hidden = false;
  };
  field.addEventListener("input", show);
  show();
}

for (const output of document.querySelectorAll("[data-counts]")) {
  if (output instanceof HTMLElement) follow(output);
}

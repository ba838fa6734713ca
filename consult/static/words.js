// @ts-check
// Counts the words of a text while it is written. It tells, it never stops anybody.

/**
 * Count words as a word processor does: what stands between spaces.
 * @param {string} text
 */
export function countWords(text) {
  return text.split(/\s+/u).filter(Boolean).length;
}

/**
 * Say how many characters are left once it gets close, or by how many the text is too long.
 * @param {string} text
 * @param {DOMStringMap} words `most`, and the sentences `left` and `over`.
 * @param {Intl.NumberFormat} number
 */
function room(text, words, number) {
  const most = Number(words.most ?? 0);
  if (!most || text.length < most * 0.9) return "";
  // The server counts characters, not the halves of which a browser makes emoji.
  const left = most - [...text].length;
  if (left >= most / 10) return "";
  const sentence = left < 0 ? words.over : words.left;
  return ` · ${(sentence ?? "").replace("{n}", number.format(Math.abs(left)))}`;
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
    const counted = (words ?? "").replace(/\{n\}|\d+/u, number.format(count));
    output.textContent = counted + room(field.value, output.dataset, number);
    output.hidden = false;
  };
  field.addEventListener("input", show);
  show();
}

for (const output of document.querySelectorAll("[data-counts]")) {
  if (output instanceof HTMLElement) follow(output);
}

// @ts-check
// Buttons and keys that write Markdown into a text: around what is selected, or at the beginning
// of its lines. Pressed again, they take it away.

import { replace } from "./editing.js";

/** @type {Record<string, string>} */
const AROUND = { bold: "**", italic: "*" };
/** @type {Record<string, string>} */
const KEYS = { b: "bold", i: "italic", k: "link" };
/** @type {Record<string, RegExp>} */
const BEGUN = {
  bullets: /^[-*+] +/u,
  numbers: /^\d{1,9}[.)] +/u,
  quote: /^> ?/u,
  heading: /^#{1,6} +/u,
};
const ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/iu;

/**
 * Tell how many asterisks stand on both sides.
 * @param {string | undefined} left
 * @param {string | undefined} right
 */
function both(left = "", right = "") {
  return Math.min(left.length, right.length);
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {string} sign
 */
function toggleAround(field, sign) {
  const { value } = field;
  let { selectionStart: start, selectionEnd: end } = field;
  while (start < end && /\s/u.test(value[start] ?? "")) start += 1;
  while (end > start && /\s/u.test(value[end - 1] ?? "")) end -= 1;
  const wide = sign.length;
  const isOn = (/** @type {number} */ count) =>
    wide === 2 ? count >= 2 : count === 1 || count >= 3;
  const words = value.slice(start, end);
  const left = /\**$/u.exec(value.slice(0, start))?.[0];
  if (isOn(both(left, /^\**/u.exec(value.slice(end))?.[0]))) {
    replace(field, words, start - wide, end + wide);
    field.setSelectionRange(start - wide, end - wide);
  } else if (
    words.length > 2 * wide &&
    isOn(both(/^\**/u.exec(words)?.[0], /\**$/u.exec(words)?.[0]))
  ) {
    replace(field, words.slice(wide, -wide), start, end);
    field.setSelectionRange(start, end - 2 * wide);
  } else {
    replace(field, sign + words + sign, start, end);
    field.setSelectionRange(start + wide, end + wide);
  }
}

/** @param {HTMLTextAreaElement} field */
function addLink(field) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const words = value.slice(start, end);
  const link = /^\[([^\]]*)\]\([^)]*\)$/u.exec(words);
  if (link) {
    replace(field, link[1] ?? "", start, end);
    field.setSelectionRange(start, start + (link[1] ?? "").length);
  } else if (ADDRESS.test(words)) {
    replace(field, `[](${words})`, start, end);
    field.setSelectionRange(start + 1, start + 1);
  } else {
    replace(field, `[${words}](https://)`, start, end);
    // What is missing is selected: the words, or else the address.
    const place = words ? end + 3 : start + 1;
    field.setSelectionRange(place, words ? place + "https://".length : place);
  }
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {string} kind
 */
function toggleLines(field, kind) {
  const { value } = field;
  const pattern = /** @type {RegExp} */ (BEGUN[kind]);
  const start = value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const next = value.indexOf("\n", Math.max(field.selectionStart, field.selectionEnd - 1));
  const end = next < 0 ? value.length : next;
  const lines = value.slice(start, end).split("\n");
  const written = lines.filter((one) => one.trim());
  const isOn = written.length > 0 && written.every((one) => pattern.test(one));
  let number = 0;
  const changed = lines.map((one) => {
    if (!one.trim() && lines.length > 1) return one;
    if (isOn) return one.replace(pattern, "");
    number += 1;
    return begin(kind, number) + bare(one, kind);
  });
  // A list or a heading right under a paragraph would be read as a part of it by the eye.
  const above = value.slice(0, start);
  const isGap = isOn || !above.trim() || /\n\n$/u.test(above) || pattern.test(lineAbove(above));
  const text = (isGap ? "" : "\n") + changed.join("\n");
  replace(field, text, start, end);
  const last = start + text.length;
  field.setSelectionRange(lines.length > 1 ? start + (isGap ? 0 : 1) : last, last);
}

/** @param {string} above */
function lineAbove(above) {
  return above.slice(0, -1).split("\n").at(-1) ?? "";
}

/**
 * @param {string} kind
 * @param {number} number
 */
function begin(kind, number) {
  if (kind === "numbers") return `${number}. `;
  return { bullets: "- ", quote: "> ", heading: "## " }[kind] ?? "";
}

/**
 * Take away what the new beginning stands in for: a list becomes another list.
 * @param {string} one
 * @param {string} kind
 */
function bare(one, kind) {
  if (kind === "quote") return one;
  return one.replace(/^(?:[-*+]|\d{1,9}[.)]|#{1,6}) +/u, "");
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {string} syntax
 */
function write(field, syntax) {
  const sign = AROUND[syntax];
  if (sign) toggleAround(field, sign);
  else if (syntax === "link") addLink(field);
  else toggleLines(field, syntax);
}

/**
 * One button is in the tab order; arrows lead to the others (ARIA's toolbar pattern).
 * @param {HTMLElement} bar
 * @param {HTMLElement[]} buttons
 */
function rove(bar, buttons) {
  const focus = (/** @type {number} */ place) => {
    const next = buttons.at(place % buttons.length);
    for (const one of buttons) one.tabIndex = one === next ? 0 : -1;
    next?.focus();
  };
  buttons.forEach((one, i) => {
    one.tabIndex = i ? -1 : 0;
  });
  bar.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: -1 };
    const next = to[event.key];
    if (next === undefined || place < 0) return;
    event.preventDefault();
    focus(next);
  });
}

/** @param {HTMLElement} bar */
function set(bar) {
  const field = document.getElementById(bar.getAttribute("aria-controls") ?? "");
  if (!(field instanceof HTMLTextAreaElement)) return;
  /** @type {HTMLElement[]} */
  const buttons = [...bar.querySelectorAll("button")];
  rove(bar, buttons);
  bar.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-syntax]") : null;
    if (button instanceof HTMLElement) write(field, button.dataset.syntax ?? "");
  });
  field.addEventListener("keydown", (event) => {
    const syntax = KEYS[event.key.toLowerCase()];
    const isOurs = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!syntax || !isOurs || field.readOnly) return;
    event.preventDefault();
    write(field, syntax);
  });
  field.before(bar);
  bar.hidden = false;
}

for (const bar of document.querySelectorAll(".toolbar[aria-controls]")) {
  if (bar instanceof HTMLElement) set(bar);
}

// @ts-check
// Pasting from a word processor keeps paragraphs, headings, lists, emphasis, links, tables and
// footnote marks, as Markdown. What has none of these is pasted by the browser as ever.

import { replace } from "./editing.js";
import { write } from "./markdown.js";
import { parse, tidy } from "./processors.js";

const MOST = 2_000_000;
const GOOGLE = "application/x-vnd.google-docs-document-slice-clip+wrapped";

/** @param {string} text */
function paragraphs(text) {
  return text.split(/\n\s*\n/u).filter((one) => one.trim()).length;
}

/**
 * Return a clipboard's content as Markdown, or nothing where the plain text says as much.
 * @param {DataTransfer} clipboard
 */
function markdownOf(clipboard) {
  const html = clipboard.getData("text/html");
  if (!html || html.length > MOST) return "";
  const parsed = parse(html);
  const marks = tidy(parsed, clipboard.getData(GOOGLE));
  const { text, isRich } = write(parsed.body);
  const plain = clipboard.getData("text/plain").replace(/\r\n?/gu, "\n");
  if (!isRich && !marks && paragraphs(text) <= paragraphs(plain)) return "";
  return paragraphs(text) > 1 ? text : withSpaces(text, plain);
}

/**
 * Give words that were cut out of a sentence the spaces around them again.
 * @param {string} text
 * @param {string} plain
 */
function withSpaces(text, plain) {
  if (!text || text.includes("\n")) return text;
  return (/^[ \u00a0]/u.test(plain) ? " " : "") + text + (/[ \u00a0]$/u.test(plain) ? " " : "");
}

/**
 * Part what is pasted from its surroundings where it is more than words of a sentence.
 * @param {string} text
 * @param {string} before
 * @param {string} after
 */
function parted(text, before, after) {
  const isBlock = /^(?:[-*] |\d+[.)] |#|>|\|)/u.test(text);
  const first = isBlock && before ? gap(/\n*$/u.exec(before)?.[0] ?? "") : "";
  const isLong = isBlock || paragraphs(text) > 1;
  const last = isLong && after ? gap(/^\n*/u.exec(after)?.[0] ?? "") : "";
  return first + text + last;
}

/** @param {string} breaks */
function gap(breaks) {
  return "\n".repeat(Math.max(0, 2 - breaks.length));
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {ClipboardEvent} event
 */
function paste(field, event) {
  if (!event.clipboardData || field.readOnly) return;
  const text = markdownOf(event.clipboardData);
  if (!text) return;
  event.preventDefault();
  const before = field.value.slice(0, field.selectionStart);
  const after = field.value.slice(field.selectionEnd);
  replace(field, parted(text, before, after));
}

for (const field of document.querySelectorAll("textarea[name=body]")) {
  if (!(field instanceof HTMLTextAreaElement)) continue;
  let isPlain = false;
  field.addEventListener("keydown", (event) => {
    // Ctrl+Shift+V asks for the words alone.
    isPlain = event.shiftKey && (event.ctrlKey || event.metaKey);
  });
  field.addEventListener("keyup", () => {
    isPlain = false;
  });
  field.addEventListener("paste", (event) => {
    if (!isPlain) paste(field, event);
  });
}

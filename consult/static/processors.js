// @ts-check
// Makes plain HTML of what word processors put on the clipboard: real lists, footnote marks in
// brackets, nothing that the author does not see. It works on a document that is never shown.

import { mark } from "./footnotes.js";

// Reviewers' remarks, deleted and hidden words, controls: nobody means to publish these.
const UNWANTED =
  "head, style, script, noscript, template, svg, button, select, textarea, xml, del[cite]," +
  " del[datetime], .msocomanchor, .msocomoff, .MsoCommentReference, [hidden]," +
  ' [data-style*="mso-element:comment"], [data-style*="mso-hide:all"], [data-style*="display:none"],' +
  ' [data-style*="display: none"]';
const SPACES =
  '[data-style*="mso-tab-count"], [data-style*="mso-spacerun"], .Apple-converted-space, .Apple-tab-span';
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";

/**
 * Parse HTML into a document that is never shown. Its styles are only read, so they move out of
 * the way of the content security policy, which would refuse and report each of them.
 * @param {string} html
 */
export function parse(html) {
  const inert = html
    .replace(/<style[\s>][^]*?<\/style>/giu, "")
    .replace(/<[a-z](?:[^"'>]|"[^"]*"|'[^']*')*>/giu, (tag) =>
      tag.replace(/([\s"'])(style|on[a-z]+)(?=\s*=)/giu, "$1data-$2"),
    );
  return new DOMParser().parseFromString(inert, "text/html");
}

/**
 * Tidy a parsed document in place; return how many footnote marks it has.
 * @param {Document} parsed
 * @param {string} slice What Google Docs says beside its HTML, or nothing.
 */
export function tidy(parsed, slice = "") {
  for (const one of parsed.querySelectorAll(UNWANTED)) one.remove();
  for (const one of parsed.querySelectorAll(SPACES)) one.textContent = " ";
  const marks = mark(parsed, slice);
  raise(parsed);
  renameStyles(parsed);
  makeLists(parsed);
  return marks;
}

/**
 * @param {Element} old
 * @param {string} name
 */
function rename(old, name) {
  const fresh = old.ownerDocument.createElement(name);
  fresh.append(...old.childNodes);
  old.replaceWith(fresh);
  return fresh;
}

/**
 * Keep m² and CO₂, which Markdown has no signs for.
 * @param {Document} parsed
 */
function raise(parsed) {
  for (const one of parsed.querySelectorAll("sup, sub")) {
    const digits = one.localName === "sup" ? RAISED : LOWERED;
    const text = one.textContent ?? "";
    if (/^\d+$/u.test(text)) one.replaceWith(text.replace(/\d/gu, (digit) => digits[+digit] ?? ""));
  }
}

/**
 * Titles and quotations are styles of a paragraph in Word, headings are roles in its web edition.
 * @param {Document} parsed
 */
function renameStyles(parsed) {
  for (const one of parsed.querySelectorAll("p.MsoTitle")) rename(one, "h1");
  for (const one of parsed.querySelectorAll("[role=heading][aria-level]:not(h1, h2, h3, h4)")) {
    rename(one, `h${Math.min(6, Number(one.getAttribute("aria-level")) || 2)}`);
  }
  for (const one of parsed.querySelectorAll("p.MsoQuote, p.MsoIntenseQuote")) {
    const quote = parsed.createElement("blockquote");
    one.before(quote);
    quote.append(one);
  }
}

/**
 * @typedef {{element: Element, level: number, isOrdered: boolean, start: number}} Item
 */

/**
 * Word writes the items of a list as paragraphs that begin with their sign.
 * @param {Element} paragraph
 * @returns {Item | null}
 */
function wordItem(paragraph) {
  const style = paragraph.getAttribute("data-style") ?? "";
  const sign = paragraph.querySelector('[data-style*="mso-list:Ignore" i]');
  const own = /mso-list:[^;]*level(\d)/iu.exec(style);
  if (!own && !sign) return null;
  const level = Number(own?.[1] ?? /(\d)$/u.exec(paragraph.className)?.[1] ?? 1);
  const marker = (sign?.textContent ?? "").replace(/[\s\u00a0]/gu, "");
  if (/^h\d$/u.test(paragraph.localName)) return null;
  sign?.remove();
  const number = /^\(?(?:\d+\.)*(\d+)[.)]*$/u.exec(marker)?.[1];
  const letter = /^\(?([a-z]{1,5})[.)]+$/iu.exec(marker)?.[1]?.toLowerCase();
  // An i may be a ninth letter or a first Roman number; it begins a list far more often.
  const place = letter && /^[a-hj-uw-z]$/u.test(letter) ? letter.charCodeAt(0) - 96 : 1;
  return {
    element: paragraph,
    level,
    isOrdered: Boolean(number || letter),
    start: Number(number ?? place),
  };
}

/**
 * The web edition of Word writes a list of its own for each item.
 * @param {Element} wrapper
 * @returns {Item | null}
 */
function onlineItem(wrapper) {
  const list = wrapper.querySelector("ul, ol");
  const item = list?.querySelector("li");
  if (!list || !item) return null;
  return {
    element: wrapper,
    level: Number(item.getAttribute("aria-level") ?? 1),
    isOrdered: list.localName === "ol",
    start: Number(list.getAttribute("start") ?? 1),
  };
}

/** @param {Document} parsed */
function makeLists(parsed) {
  /** @type {Item[]} */
  let run = [];
  for (const one of parsed.querySelectorAll("p, h1, h2, h3, h4, .ListContainerWrapper")) {
    if (one.closest("li")) continue;
    const item = one.matches("p, h1, h2, h3, h4") ? wordItem(one) : onlineItem(one);
    if (!item) continue;
    if (run.length && run.at(-1)?.element !== one.previousElementSibling) nest(run.splice(0));
    run.push(item);
  }
  nest(run);
}

/**
 * Put items that follow each other into lists inside lists.
 * @param {Item[]} run
 */
function nest(run) {
  /** @type {{level: number, list: Element, isOrdered: boolean}[]} */
  const open = [];
  for (const { element, level, isOrdered, start } of run) {
    while (open.length && (open.at(-1)?.level ?? 0) > level) open.pop();
    let top = open.at(-1);
    if (top && top.level === level && top.isOrdered !== isOrdered) {
      open.pop();
      top = open.at(-1);
    }
    if (!top || top.level < level) {
      const list = element.ownerDocument.createElement(isOrdered ? "ol" : "ul");
      if (isOrdered) list.setAttribute("start", String(start));
      if (top) top.list.lastElementChild?.append(list);
      else element.before(list);
      open.push({ level, list, isOrdered });
    }
    const item = element.ownerDocument.createElement("li");
    item.append(...(element.querySelector("li") ?? element).childNodes);
    open.at(-1)?.list.append(item);
  }
  for (const { element } of run) element.remove();
}

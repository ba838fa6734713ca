// @ts-check
// Footnotes of a pasted text: their marks become `[1]`, in the text and before each note.

const RETURN =
  /#(?:_(?:ftn|edn)ref\w+|sd(?:foot|end)note\w+anc|ftnt_ref\w+|(?:fnref|cite_ref)[-:_.]?\w+)/iu;
const MARK =
  /#(?:_(?:ftn|edn)\w+|sd(?:foot|end)note\w+sym|ftnt\w+|(?:fn|footnote|cite_note)[-:_.]?\w+)/iu;
const BLOCK = "p, li, td, th, div, h1, h2, h3, h4, h5, h6, blockquote";

/**
 * Put all marks of a document into brackets; return how many there are.
 * @param {Document} parsed
 * @param {string} slice What Google Docs says beside its HTML, or nothing.
 */
export function mark(parsed, slice) {
  return bracketLinks(parsed) + bracketRaised(parsed) + addGoogleNotes(parsed.body, slice);
}

/** @param {Element} one */
function label(one) {
  return (one.textContent ?? "").replace(/[\s[\]()\u00a0]/gu, "");
}

/**
 * Tell whether nothing stands before an element in its paragraph.
 * @param {Element} one
 */
function isFirst(one) {
  const block = one.closest(BLOCK);
  if (!block) return false;
  const range = one.ownerDocument.createRange();
  range.setStart(block, 0);
  range.setEndBefore(one);
  return !range.toString().trim();
}

/**
 * @param {Element} one
 * @param {string} name
 * @param {boolean} isNote
 */
function bracket(one, name, isNote) {
  const raised = one.parentElement?.closest("sup");
  const whole = raised && label(raised) === label(one) ? raised : one;
  whole.replaceWith(`[${name}]${isNote ? " " : ""}`);
}

/**
 * Write `[1]` for links between a mark in the text and its note.
 * @param {Document} parsed
 */
function bracketLinks(parsed) {
  // The line above the notes parts nothing once they have their marks.
  for (const line of parsed.querySelectorAll("hr")) {
    const links = [...(line.nextElementSibling?.querySelectorAll("a[href]") ?? [])];
    if (links.some((one) => RETURN.test(one.getAttribute("href") ?? ""))) line.remove();
  }
  let marks = 0;
  for (const link of parsed.querySelectorAll("a[href]")) {
    const href = link.getAttribute("href") ?? "";
    const isNear = /^(?:#|file:)/iu.test(href) || link.closest("sup") || link.querySelector("sup");
    const isNote = RETURN.test(href);
    if (!isNear || (!isNote && !MARK.test(href))) continue;
    const name = label(link) || /\d+/u.exec(href)?.[0];
    if (!name || name.length > 6) continue;
    // Web pages lead back from a note by an arrow behind it, which is no mark.
    if (isNote && !/^[\w*†‡§]+$/u.test(name)) link.remove();
    else bracket(link, name, isNote);
    marks += 1;
  }
  return marks;
}

/**
 * Write `[1]` for a raised 1 where a paragraph begins with another raised 1: its note.
 * @param {Document} parsed
 */
function bracketRaised(parsed) {
  const raised = [...parsed.querySelectorAll('sup, [data-style*="vertical-align:super"]')].filter(
    (one) => /^(?:\d{1,3}|\*{1,3})$/u.test(label(one)) && !one.querySelector("sup"),
  );
  const notes = new Set(raised.filter(isFirst));
  const named = new Set([...notes].map(label));
  const others = raised.filter((one) => !notes.has(one) && named.has(label(one)));
  const used = new Set(others.map(label));
  for (const one of others) bracket(one, label(one), false);
  for (const one of notes) if (used.has(label(one))) bracket(one, label(one), true);
  return others.length;
}

/**
 * Google Docs leaves footnotes out of its HTML and tells them beside it: in a copy of the text
 * that has a # for each mark, and in one such text for each note. The form is not documented, so
 * whatever does not fit is left alone.
 * @param {HTMLElement} body
 * @param {string} slice
 */
function addGoogleNotes(body, slice) {
  try {
    const {
      dsl_spacers: text,
      dsl_styleslices: styles,
      dsl_relateddocslices: related,
    } = JSON.parse(JSON.parse(slice).data).resolved;
    const found = styles.find((/** @type {any} */ one) => one.stsl_type === "footnote");
    const ids = found.stsl_styles.flatMap((/** @type {any} */ one) => one?.fs_id ?? []);
    /** @type {string[]} */
    const notes = ids.map((/** @type {string} */ id) => bare(related[id].dsl_spacers));
    const marked = markGoogle(body, text, notes.length);
    notes.forEach((note, i) => {
      const paragraph = body.ownerDocument.createElement("p");
      paragraph.textContent = `[${i + 1}] ${note}`;
      body.append(paragraph);
    });
    return marked;
  } catch {
    return 0;
  }
}

/** @param {string} text */
function bare(text) {
  return text.replace(/\p{Cc}+/gu, " ").trim();
}

/**
 * Walk through the text and its copy side by side and put a mark wherever only the copy has a #.
 * @param {HTMLElement} body
 * @param {string} copy
 * @param {number} most
 */
function markGoogle(body, copy, most) {
  const signs = [...copy.replace(/[\s\p{Cc}]+/gu, "")];
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  let next = 0;
  let marked = 0;
  /** @type {Text | null} */
  let last = null;
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode);
    let text = "";
    for (const sign of node.data) {
      const isBlank = /[\s\p{Cc}]/u.test(sign);
      while (!isBlank && signs[next] === "#" && sign !== "#" && marked < most) {
        marked += 1;
        next += 1;
        // A mark belongs to the word before it, which may end another paragraph.
        if (text.trim()) text = `${text.trimEnd()}[${marked}]${/\s*$/u.exec(text)?.[0] ?? ""}`;
        else if (last) last.data = `${last.data.trimEnd()}[${marked}]`;
      }
      if (!isBlank && signs[next++] !== sign) return marked;
      text += sign;
    }
    node.data = text;
    if (text.trim()) last = node;
  }
  while (last && signs[next++] === "#" && marked < most) last.data += `[${(marked += 1)}]`;
  return marked;
}

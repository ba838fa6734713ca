// @ts-check
// Writes a tidy document as the Markdown that the server understands.

import { line } from "./phrases.js";

/**
 * @typedef {import("./phrases.js").Run} Run
 * @typedef {Omit<Run, "text">} Look
 * @typedef {{kind: string, text: string, marker?: string}} Block `kind` is `gap` for a blank line.
 * @typedef {{blocks: Block[], runs: Run[], isFlat: boolean}} Flow
 */

const PLAIN = /** @type {Look} */ ({
  href: "",
  strike: false,
  bold: false,
  italic: false,
  code: false,
});
const LINES = new Set(
  (
    "div section article header footer main aside nav address figure figcaption dl dt dd details" +
    " summary fieldset legend form center"
  ).split(" "),
);
const LINK = /^(?:https?:\/\/|mailto:)\S/iu;

/**
 * @param {Element} root
 * @returns {{text: string, isRich: boolean}} `isRich`: it says more than its words and paragraphs.
 */
export function write(root) {
  const flow = newFlow();
  walk(root, PLAIN, flow);
  end(flow, "line");
  const text = joined(flow.blocks);
  return { text, isRich: isRich(flow.blocks) };
}

/** @param {Block[]} blocks */
function isRich(blocks) {
  return blocks.some((one) => !["p", "line", "gap"].includes(one.kind) || one.marker === "rich");
}

/** @returns {Flow} */
function newFlow(isFlat = false) {
  return { blocks: [], runs: [], isFlat };
}

/**
 * Finish the paragraph that is being read.
 * @param {Flow} flow
 * @param {string} kind
 */
function end(flow, kind) {
  const lines = [[]];
  for (const run of flow.runs.splice(0)) {
    if (run.text === "\n") lines.push([]);
    else /** @type {Run[]} */ (lines.at(-1)).push(run);
  }
  const written = lines.map((one) => line(one, kind));
  // A break at the very end of a paragraph shows nothing.
  const isBroken = written.length > 1 && Boolean(written.at(-1)?.text || written.pop());
  /** @type {typeof written} */
  let paragraph = [];
  const close = () => {
    if (!paragraph.length) return;
    const isRich = paragraph.length > 1 || paragraph.some((one) => one.isRich);
    const text = paragraph.map((one) => one.text).join("\\\n");
    flow.blocks.push({ kind, text, marker: isRich ? "rich" : "" });
    paragraph = [];
  };
  for (const one of written) {
    if (one.text) paragraph.push(one);
    else {
      close();
      if (isBroken) flow.blocks.push({ kind: "gap", text: "" });
    }
  }
  close();
}

/**
 * Join blocks: lines of an address or a chat follow each other, everything else is parted.
 * @param {Block[]} blocks
 */
function joined(blocks) {
  let text = "";
  /** @type {Block | null} */
  let last = null;
  for (const block of blocks) {
    if (block.kind !== "gap") {
      const isLine = block.kind === "line" && last?.kind === "line";
      text += (text ? (isLine ? "\\\n" : "\n\n") : "") + block.text;
    }
    last = block;
  }
  return text;
}

// --- Reading ------------------------------------------------------------------------------------

/**
 * @param {Node} parent
 * @param {Look} look
 * @param {Flow} flow
 */
function walk(parent, look, flow) {
  for (const node of parent.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      flow.runs.push({ ...look, text: (node.textContent ?? "").replace(/[ \t\n\r\f]+/gu, " ") });
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      read(/** @type {Element} */ (node), look, flow);
    }
  }
}

/**
 * @param {Element} element
 * @param {Look} look
 * @param {Flow} flow
 */
function read(element, look, flow) {
  const name = element.localName;
  if (name === "br") flow.runs.push({ ...PLAIN, text: flow.isFlat ? " " : "\n" });
  else if (!isBlock(name)) walk(element, styled(element, name, look), flow);
  else if (flow.isFlat) {
    flow.runs.push({ ...PLAIN, text: name === "li" ? "; " : " " });
    walk(element, look, flow);
  } else {
    end(flow, "line");
    readBlock(element, name, look, flow);
  }
}

/** @param {string} name */
function isBlock(name) {
  return (
    /^(?:p|h[1-6]|[ou]l|li|blockquote|pre|hr|table|tbody|thead|tfoot|tr|t[dh]|body|html)$/u.test(
      name,
    ) || LINES.has(name)
  );
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {Look} look
 * @param {Flow} flow
 */
function readBlock(element, name, look, flow) {
  const { blocks } = flow;
  if (name === "ul" || name === "ol") blocks.push(...list(element, look, blocks.at(-1)));
  else if (name === "hr") blocks.push({ kind: "rule", text: "---" });
  else if (name === "pre") blocks.push(...fenced(element));
  else if (name === "blockquote") blocks.push(...quoted(element, look));
  else if (name === "table" && isGrid(element))
    blocks.push({ kind: "table", text: table(element) });
  else {
    const kind = /^h[1-6]$/u.test(name) ? "heading" : name === "p" ? "p" : "line";
    const start = blocks.length;
    walk(element, kind === "heading" ? PLAIN : styled(element, name, look), flow);
    end(flow, kind);
    if (kind === "heading") head(blocks.slice(start), Number(name[1]));
  }
}

/**
 * @param {Block[]} blocks
 * @param {number} rank
 */
function head(blocks, rank) {
  for (const one of blocks) {
    if (one.kind === "heading") one.text = `${"#".repeat(rank)} ${one.text.replace(/\\\n/gu, " ")}`;
  }
}

/**
 * What an element makes of the letters in it. The property must be CSS's own, not `mso-bidi-…`.
 * @param {Element} element
 * @param {string} name
 * @param {Look} look
 * @returns {Look}
 */
function styled(element, name, look) {
  const style = element.getAttribute("data-style") ?? "";
  const weight = /(?:^|;)\s*font-weight\s*:\s*(\w+)/iu.exec(style)?.[1]?.toLowerCase();
  const slant = /(?:^|;)\s*font-style\s*:\s*(\w+)/iu.exec(style)?.[1]?.toLowerCase();
  const isStruck = /(?:^|;)\s*text-decoration[\w-]*\s*:[^;]*line-through/iu.test(style);
  const href = name === "a" ? (element.getAttribute("href") ?? "").trim() : "";
  const is = { ...look };
  if (["b", "strong"].includes(name)) is.bold = true;
  if (["i", "em", "cite", "dfn", "var"].includes(name)) is.italic = true;
  if (["s", "strike", "del"].includes(name) || isStruck) is.strike = true;
  if (["code", "kbd", "samp", "tt"].includes(name)) is.code = true;
  if (weight) is.bold = /^bold/u.test(weight) || Number(weight) >= 600;
  if (slant) is.italic = slant === "italic" || slant === "oblique";
  if (LINK.test(href)) is.href = href;
  return is;
}

// --- Lists, quotations, tables ------------------------------------------------------------------

/**
 * @param {string} text
 * @param {string} first
 * @param {string} rest
 */
function prefixed(text, first, rest) {
  return text
    .split("\n")
    .map((one, i) => (i ? rest : first) + one)
    .map((one) => one.trimEnd())
    .join("\n");
}

/**
 * @param {Element} element
 * @param {Look} look
 * @param {Block | undefined} before
 * @returns {Block[]}
 */
function list(element, look, before) {
  const kind = element.localName;
  const signs = kind === "ol" ? [".", ")"] : ["-", "*"];
  // Another sign begins another list where one follows the other.
  const marker = signs[before?.kind === kind && before.marker === signs[0] ? 1 : 0] ?? "";
  /** @type {Block[][]} */
  const items = [];
  for (const child of element.children) {
    const flow = newFlow();
    const isNested = child.localName === "ul" || child.localName === "ol";
    if (isNested) flow.blocks.push(...list(child, look, undefined));
    else walk(child, styled(child, "li", look), flow);
    end(flow, "p");
    if (isNested && items.length) items.at(-1)?.push(...flow.blocks);
    else if (flow.blocks.some((one) => one.text)) items.push(flow.blocks);
  }
  let number = Math.max(0, Number(element.getAttribute("start") ?? 1) || 0);
  const texts = items.map((blocks) => {
    const sign = kind === "ol" ? `${number++}${marker} ` : `${marker} `;
    return prefixed(itemText(blocks), sign, " ".repeat(sign.length));
  });
  return texts.length ? [{ kind, text: texts.join("\n"), marker }] : [];
}

/** @param {Block[]} blocks */
function itemText(blocks) {
  const kept = blocks.filter((one) => one.text);
  const isTight = kept.slice(1).every((one) => one.kind === "ul" || one.kind === "ol");
  return isTight ? kept.map((one) => one.text).join("\n") : joined(kept);
}

/**
 * @param {Element} element
 * @param {Look} look
 * @returns {Block[]}
 */
function quoted(element, look) {
  const flow = newFlow();
  walk(element, look, flow);
  end(flow, "line");
  const text = joined(flow.blocks);
  return text ? [{ kind: "quote", text: prefixed(text, "> ", "> ") }] : [];
}

/**
 * @param {Element} element
 * @returns {Block[]}
 */
function fenced(element) {
  const text = (element.textContent ?? "").replace(/^\n|\s+$/gu, "");
  const longest = Math.max(2, ...[...text.matchAll(/`+/gu)].map((one) => one[0].length));
  const fence = "`".repeat(longest + 1);
  return text ? [{ kind: "code", text: `${fence}\n${text}\n${fence}` }] : [];
}

/**
 * Tell a table of words from a frame that only places things on a page.
 * @param {Element} element
 */
function isGrid(element) {
  const rows = [.../** @type {HTMLTableElement} */ (element).rows];
  return (
    rows.length > 1 && rows.some((row) => row.cells.length > 1) && !element.querySelector("table")
  );
}

/** @param {Element} element */
function table(element) {
  const rows = [.../** @type {HTMLTableElement} */ (element).rows].map((row, i) =>
    cells(row, i ? "cell" : "head"),
  );
  const wide = Math.max(...rows.map((row) => row.length));
  const lines = rows.map((row) => {
    const filled = [...row, ...Array(wide - row.length).fill("")];
    return `| ${filled.join(" | ")} |`;
  });
  lines.splice(1, 0, `|${" --- |".repeat(wide)}`);
  return lines.join("\n");
}

/**
 * @param {HTMLTableRowElement} row
 * @param {string} kind
 */
function cells(row, kind) {
  return [...row.cells].flatMap((cell) => {
    const flow = newFlow(true);
    walk(cell, PLAIN, flow);
    const { text } = line(flow.runs, kind);
    return [text.replace(/^; /u, ""), ...Array(Math.min(cell.colSpan, 50) - 1).fill("")];
  });
}

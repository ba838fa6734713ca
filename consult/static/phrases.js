// @ts-check
// Writes one line of words with their emphasis and links as Markdown, and escapes no more of it
// than would otherwise mean something else.

/**
 * @typedef {{text: string, href: string, strike: boolean, bold: boolean, italic: boolean,
 *   code: boolean}} Run
 * @typedef {{text: string, isLiteral: boolean, isLinked?: boolean}} Piece
 */

const MARKS = /** @type {const} */ ({ strike: "~~", bold: "**", italic: "*" });
const PUNCTUATION = /[\p{P}\p{S}]/u;
const BLANK = /[\s\u00a0]/u;
const ADDRESS = /(https?:\/\/[^\s<>]+)/giu;

/**
 * @param {Run[]} runs
 * @param {string} kind Of the block: `heading`, `head` or `cell` of a table, or another.
 * @returns {{text: string, isRich: boolean}}
 */
export function line(runs, kind) {
  let neat = spaced(runs);
  // Headings are bold as it is.
  if (kind.startsWith("head")) neat = neat.map((run) => ({ ...run, bold: false }));
  neat = marked(marked(marked(neat, "bold"), "italic"), "strike");
  const pieces = linked(merged(neat));
  const text = pieces.map((piece, i) => shown(piece, pieces, i)).join("");
  const isCell = kind === "cell" || kind === "head";
  const begun = pieces[0]?.isLiteral && !isCell ? begin(text) : text;
  return {
    text: isCell ? begun.replace(/\|/gu, "\\|") : begun,
    isRich: pieces.some((one) => !one.isLiteral && !/^https?:/iu.test(one.text)),
  };
}

/**
 * Leave single spaces, and none at either end.
 * @param {Run[]} runs
 */
function spaced(runs) {
  let before = " ";
  const kept = runs.map((run) => {
    let text = run.text.replace(/[\u200b\ufeff]/gu, "").replace(/[ \u00a0]{2,}/gu, " ");
    if (before === " ") text = text.replace(/^[ \u00a0]+/u, "");
    before = text.at(-1) ?? before;
    return { ...run, text };
  });
  for (const run of [...kept].reverse()) {
    run.text = run.text.replace(/[ \u00a0]+$/u, "");
    if (run.text) break;
  }
  return kept.filter((run) => run.text);
}

/**
 * @param {Run} one
 * @param {Run} other
 */
function looksLike(one, other) {
  return ["href", "strike", "bold", "italic", "code"].every(
    (name) => one[/** @type {"href"} */ (name)] === other[/** @type {"href"} */ (name)],
  );
}

/** @param {Run[]} runs */
function merged(runs) {
  /** @type {Run[]} */
  const kept = [];
  for (const run of runs) {
    const last = kept.at(-1);
    if (last && looksLike(last, run)) last.text += run.text;
    else kept.push({ ...run });
  }
  return kept;
}

/**
 * Take a mark from the spaces at the ends of what it covers, and from signs that would keep it
 * from working: `**l’**interprète` is bold nowhere.
 * @param {Run[]} runs
 * @param {"bold" | "italic" | "strike"} kind
 */
function marked(runs, kind) {
  if (!runs.some((run) => run[kind])) return runs;
  const letters = runs.flatMap((run) => [...run.text].map((text) => ({ ...run, text })));
  const isIn = (/** @type {number} */ i, /** @type {Run} */ first) =>
    letters[i]?.[kind] && letters[i]?.href === first.href;
  for (let start = 0; start < letters.length; start += 1) {
    const first = /** @type {Run} */ (letters[start]);
    if (!first[kind]) continue;
    let end = start;
    while (isIn(end, first)) end += 1;
    const next = end;
    while (end > start && mustLose(letters[end - 1], letters[end])) unmark(letters[--end], kind);
    let begin = start;
    while (begin < end && mustLose(letters[begin], letters[begin - 1]))
      unmark(letters[begin++], kind);
    start = next - 1;
  }
  return merged(letters);
}

/**
 * @param {Run | undefined} edge
 * @param {Run | undefined} neighbour
 */
function mustLose(edge, neighbour) {
  if (!edge || BLANK.test(edge.text)) return true;
  if (edge.code || !PUNCTUATION.test(edge.text) || !neighbour) return false;
  if (neighbour.href !== edge.href) return false;
  return !BLANK.test(neighbour.text) && !PUNCTUATION.test(neighbour.text);
}

/**
 * @param {Run | undefined} run
 * @param {"bold" | "italic" | "strike"} kind
 */
function unmark(run, kind) {
  if (run) run[kind] = false;
}

/**
 * Group what follows each other by what it shares.
 * @template {keyof Run} K
 * @param {Run[]} runs
 * @param {K} kind
 * @returns {Run[][]}
 */
function groups(runs, kind) {
  /** @type {Run[][]} */
  const found = [];
  for (const run of runs) {
    const last = found.at(-1);
    if (last?.[0]?.[kind] === run[kind]) last?.push(run);
    else found.push([run]);
  }
  return found;
}

/**
 * @param {Run[]} runs
 * @returns {Piece[]}
 */
function linked(runs) {
  return groups(runs, "href").flatMap((group) => {
    const href = group[0]?.href ?? "";
    if (!href) return wrapped(group, ["bold", "italic", "strike"], false);
    const words = group.map((run) => run.text).join("");
    const address = href.replace(/^mailto:/iu, "");
    if (words === address || `${words}/` === address) {
      // The server makes a link of a web address by itself.
      return [{ text: address === href ? words : `<${words}>`, isLiteral: false }];
    }
    return [
      { text: "[", isLiteral: false },
      ...wrapped(group, ["bold", "italic", "strike"], true),
      { text: `](${encoded(href)})`, isLiteral: false },
    ];
  });
}

/** @param {string} href */
function encoded(href) {
  return href.replace(
    /[\s()<>\\]/gu,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * @param {Run[]} runs
 * @param {("bold" | "italic" | "strike")[]} kinds
 * @param {boolean} isLinked
 * @returns {Piece[]}
 */
function wrapped(runs, kinds, isLinked) {
  const [kind, ...rest] = kinds;
  if (!kind)
    return runs.map((run) =>
      run.code ? code(run) : { text: run.text, isLiteral: true, isLinked },
    );
  return groups(runs, kind).flatMap((group) => {
    const inner = wrapped(group, rest, isLinked);
    const sign = { text: MARKS[kind], isLiteral: false };
    return group[0]?.[kind] ? [sign, ...inner, sign] : inner;
  });
}

/**
 * @param {Run} run
 * @returns {Piece}
 */
function code(run) {
  const longest = Math.max(0, ...[...run.text.matchAll(/`+/gu)].map((one) => one[0].length));
  const fence = "`".repeat(longest + 1);
  const space = longest ? " " : "";
  return { text: fence + space + run.text + space + fence, isLiteral: false };
}

/**
 * @param {Piece} piece
 * @param {Piece[]} pieces
 * @param {number} place
 */
function shown(piece, pieces, place) {
  if (!piece.isLiteral) return piece.text;
  const before = pieces[place - 1]?.text.at(-1) ?? "";
  const after = pieces[place + 1]?.text[0] ?? "";
  const parts = piece.text.split(ADDRESS);
  return parts
    .map((part, i) => {
      if (i % 2) return part;
      const left = i ? (parts[i - 1]?.at(-1) ?? "") : before;
      return escaped(part, left, i < parts.length - 1 ? "h" : after, piece.isLinked ?? false);
    })
    .join("");
}

/**
 * Escape what would be emphasis, a link, code, a character reference or struck out.
 * @param {string} text
 * @param {string} before
 * @param {string} after
 * @param {boolean} isLinked
 */
function escaped(text, before, after, isLinked) {
  return text.replace(/[\\`*_[\]<&~(]/gu, (sign, place) => {
    const left = text[place - 1] ?? (place ? "" : before);
    const right = text[place + 1] ?? after;
    const rest = text.slice(place);
    return means(sign, left, right, rest, isLinked) ? `\\${sign}` : sign;
  });
}

/**
 * Tell whether a sign would mean something in Markdown where it stands.
 * @param {string} sign
 * @param {string} left
 * @param {string} right
 * @param {string} rest
 * @param {boolean} isLinked
 */
function means(sign, left, right, rest, isLinked) {
  const isBlank = (/** @type {string} */ one) => !one || BLANK.test(one);
  const isWord = (/** @type {string} */ one) => /[\p{L}\p{N}]/u.test(one);
  if (sign === "`") return true;
  if (sign === "*") return !(isBlank(left) && isBlank(right));
  if (sign === "_") return !(isBlank(left) && isBlank(right)) && !(isWord(left) && isWord(right));
  if (sign === "~") return left === "~" || right === "~";
  if (sign === "(") return left === "]";
  if (sign === "[" || sign === "]") return isLinked;
  if (sign === "&") return /^&(?:#\w{1,8}|\w{2,32});/u.test(rest);
  if (sign === "<") return /[a-z!/?]/iu.test(right);
  return !right || /[!-/:-@[-`{-~]/u.test(right);
}

/**
 * Keep the beginning of a line from making it a heading, a list, a quotation or a rule.
 * @param {string} text
 */
function begin(text) {
  return text
    .replace(/^(?:[-*_=][ \t]*){3,}$|^[-=]+$/u, "\\$&")
    .replace(/^(?:#{1,6}(?=\s|$)|[-+*](?=\s|$)|>)/u, "\\$&")
    .replace(/^(\d{1,9})([.)])(?=\s|$)/u, "$1\\$2")
    .replace(/^(\[[^\]]*\]):/u, "$1\\:");
}

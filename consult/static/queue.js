// @ts-check
// Keys of the desk: j and k move, a, r and x choose a verdict, s ticks the line of the queue, n goes
// on without deciding, c goes to the button that keeps the item, ? lists the keys. They can be
// switched off (WCAG 2.1.4), and never act while somebody types or holds another key. A key only
// chooses; sending takes the button, so that a slip decides nothing.

const STORED = "keys-off";
const VERDICTS = /** @type {Record<string, string>} */ ({ a: "approve", r: "return", x: "reject" });

function areOff() {
  try {
    return localStorage.getItem(STORED) === "1";
  } catch {
    return false;
  }
}

/** @param {boolean} off */
function switchOff(off) {
  try {
    if (off) localStorage.setItem(STORED, "1");
    else localStorage.removeItem(STORED);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("textarea, select, input:not([type=radio], [type=checkbox])"))
  );
}

/** @param {number} step */
function move(step) {
  const items = [...document.querySelectorAll("a.queue-item")];
  if (!items.length) return;
  const line = document.activeElement?.closest(".queue > li")?.querySelector("a.queue-item");
  const focused = line ? items.indexOf(line) : -1;
  const current = items.findIndex((item) => item.hasAttribute("aria-current"));
  const from = focused >= 0 ? focused : current;
  const next = items[Math.max(0, Math.min(items.length - 1, from + step))];
  if (next instanceof HTMLElement) next.focus();
}

/** @param {string} verdict */
function choose(verdict) {
  const box = document.querySelector(`input[name="verdict"][value="${verdict}"]`);
  if (!(box instanceof HTMLInputElement)) return;
  box.checked = true;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  box.focus();
}

function tick() {
  const line = document.activeElement?.closest(".queue > li");
  const box = line?.querySelector('input[name="items"]');
  if (box instanceof HTMLInputElement && !box.disabled) box.click();
}

/** @param {string} selector */
function focusOn(selector) {
  const found = document.querySelector(selector);
  if (found instanceof HTMLElement) found.focus();
}

function goOn() {
  const next = document.querySelector("a[data-next]");
  if (next instanceof HTMLAnchorElement) next.click();
}

function showKeys() {
  const keys = document.getElementById("keys");
  if (!keys) return;
  keys.closest("details")?.setAttribute("open", "");
  keys.tabIndex = -1;
  keys.focus();
}

/** @type {Record<string, () => void>} */
const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  s: tick,
  n: goOn,
  c: () => focusOn("[data-keep]"),
  "?": showKeys,
};
for (const [key, verdict] of Object.entries(VERDICTS)) ACTS[key] = () => choose(verdict);

let isOff = areOff();

document.addEventListener("keydown", (event) => {
  if (isOff || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const toggle = document.querySelector("[data-keys-off]");
if (toggle instanceof HTMLButtonElement) {
  const show = () => {
    toggle.textContent = (isOff ? toggle.dataset.keysOn : toggle.dataset.keysOff) ?? "";
  };
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    isOff = !isOff;
    switchOff(isOff);
    show();
    document.dispatchEvent(new CustomEvent("announce", { detail: toggle.dataset[isOff ? "offDone" : "onDone"] ?? "" }));
  });
  show();
}

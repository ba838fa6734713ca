// @ts-check
// Keeps what is being written in this browser until it is sent, and offers to bring it back. The
// server keeps it too where the form allows that; this one survives a dead line.

import { Autosave } from "./autosave.js";
import { replace } from "./editing.js";

const PAUSE = 800;
/** For how long a form that is sent waits for a draft that is on its way. */
const PATIENCE = 3_000;
const LOCALE = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
/** Windows on the same form beside each other, each of which has a place of its own. */
const PLACES = ["", "~2", "~3"];

/**
 * @typedef {{value: string, label: string}} Passage
 * @typedef {{language: string, objectives: string[], passages: Passage[]}} Choices
 * @typedef {{text: string, saved: number, sent: boolean} & Partial<Choices>} Draft
 * `sent` says that the form left with this text; whether it arrived, the next page says.
 */

/**
 * @param {string | null} kept
 * @returns {Draft | null}
 */
function read(kept) {
  try {
    const draft = JSON.parse(kept ?? "null");
    return draft && typeof draft.text === "string" ? draft : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @returns {Draft | null}
 */
function load(key) {
  try {
    return read(localStorage.getItem(key));
  } catch {
    return null;
  }
}

/** @param {string} key */
function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage is switched off: there is nothing to forget.
  }
}

// --- What was chosen beside the text ------------------------------------------------------------

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function boxes(form, name) {
  /** @type {NodeListOf<HTMLInputElement>} */
  const found = form.querySelectorAll(`input[type=checkbox][name="${name}"]`);
  return [...found];
}

/** @param {HTMLFormElement} form */
function languages(form) {
  const select = form.elements.namedItem("language");
  return select instanceof HTMLSelectElement ? select : null;
}

/**
 * @param {HTMLFormElement} form
 * @returns {Choices}
 */
function choices(form) {
  const chosen = (/** @type {string} */ name) => boxes(form, name).filter((one) => one.checked);
  return {
    language: languages(form)?.value ?? "",
    objectives: chosen("objectives").map((one) => one.value),
    passages: chosen("passages").map((one) => ({
      value: one.value,
      label: one.closest("label")?.textContent?.trim() ?? "",
    })),
  };
}

/**
 * Choose again what was chosen with a text.
 * @param {HTMLFormElement} form
 * @param {Draft} draft
 */
function choose(form, draft) {
  const select = languages(form);
  if (select && draft.language !== undefined) select.value = draft.language;
  if (draft.objectives) {
    for (const one of boxes(form, "objectives")) one.checked = draft.objectives.includes(one.value);
  }
  for (const detail of draft.passages ?? []) {
    const box = boxes(form, "passages").find((one) => one.value === detail.value);
    if (box) box.checked = true;
    else form.dispatchEvent(new CustomEvent("passage", { detail }));
  }
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

// --- Bringing back ------------------------------------------------------------------------------

/**
 * @param {string} words
 * @param {string} look
 * @param {() => void} act
 */
function button(words, look, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = look;
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLTextAreaElement} field
 * @param {Draft} draft
 * @param {string} key
 */
function offer(form, field, draft, key) {
  const { dataset } = form;
  const bar = document.createElement("p");
  bar.className = "notice row";
  const when = new Intl.DateTimeFormat(LOCALE, {
    dateStyle: "long",
    timeStyle: "short",
  }).format(draft.saved);
  const sentence = document.createElement("span");
  sentence.textContent = (dataset.found ?? "").replace("{when}", when);
  const end = (/** @type {() => void} */ act) => () => {
    act();
    bar.remove();
    field.focus();
  };
  const restore = end(() => {
    replace(field, draft.text, 0, field.value.length);
    choose(form, draft);
  });
  const discard = end(() => forget(key));
  bar.append(
    sentence,
    button(dataset.restore ?? "", "button small", restore),
    button(dataset.discard ?? "", "button quiet small", discard),
  );
  field.closest(".field")?.before(bar);
}

// --- Keeping ------------------------------------------------------------------------------------

/** One form's text in this browser. */
class Keeper {
  #form;
  #field;
  #keys;
  #first;

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLTextAreaElement} field
   */
  constructor(form, field) {
    this.#form = form;
    this.#field = field;
    this.#first = field.value;
    this.#keys = PLACES.map((place) => `draft:${form.dataset.draft}${place}`);
    for (const key of this.#keys) {
      const draft = load(key);
      const text = draft?.text.trim();
      if (draft && text && text !== field.value.trim()) offer(form, field, draft, key);
    }
    // Another window wrote its text over ours: from now on ours has a place of its own.
    window.addEventListener("storage", ({ key, newValue }) => {
      if (key !== this.#keys[0] || !this.isChanged || this.#keys.length < 2) return;
      const theirs = read(newValue)?.text;
      if (theirs === undefined || theirs === field.value) return;
      this.#keys.shift();
      this.keep();
    });
  }

  /** Whether there is something that could be lost. */
  get isChanged() {
    return this.#field.value !== this.#first && this.#field.value.trim() !== "";
  }

  /**
   * Keep the text; a browser that refuses storage is no reason to disturb anybody.
   * @param {boolean} sent
   */
  keep(sent = false) {
    const key = this.#keys[0] ?? "";
    const text = this.#field.value;
    try {
      const draft = { text, saved: Date.now(), sent, ...choices(this.#form) };
      if (text.trim()) localStorage.setItem(key, JSON.stringify(draft));
      else localStorage.removeItem(key);
      return true;
    } catch {
      return false;
    }
  }

  /** Forget the text: its author threw it away. */
  discard() {
    forget(this.#keys[0] ?? "");
  }
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const field = form.elements.namedItem("body");
  if (!(field instanceof HTMLTextAreaElement)) return;
  const note = document.createElement("span");
  note.className = "meta";
  field.after(note);
  const keeper = new Keeper(form, field);
  const saver = "autosave" in form.dataset ? new Autosave(form, field, tell) : null;
  let timer = 0;
  let isSending = false;
  let isWaiting = false;
  let hasWaited = false;

  /**
   * @param {string} sentence
   * @param {boolean} isLoud
   */
  function tell(sentence, isLoud) {
    note.textContent = sentence;
    if (isLoud) document.dispatchEvent(new CustomEvent("announce", { detail: sentence }));
  }

  /**
   * Send the form once the draft is kept, but do not let a slow line hold it up.
   * @param {Promise<void>} underway
   * @param {HTMLElement | null} submitter
   */
  async function wait(underway, submitter) {
    await Promise.race([underway, new Promise((end) => setTimeout(end, PATIENCE))]);
    hasWaited = true;
    form.requestSubmit(submitter);
  }

  const change = () => {
    clearTimeout(timer);
    saver?.change();
    timer = window.setTimeout(() => {
      if (keeper.keep() && !saver?.isKept) note.textContent = form.dataset.kept ?? "";
    }, PAUSE);
  };
  form.addEventListener("input", change);
  form.addEventListener("change", change);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const { submitter } = event;
    const action = submitter instanceof HTMLButtonElement ? submitter.value : "send";
    clearTimeout(timer);
    saver?.stop();
    if (action === "discard") keeper.discard();
    else keeper.keep(action === "send");
    if (saver?.underway && !hasWaited) {
      // The form must know which draft it continues: what is on its way may make another of it.
      event.preventDefault();
      if (isWaiting) return;
      isWaiting = true;
      if (action === "send") tell(form.dataset.waiting ?? "", true);
      wait(saver.underway, submitter);
      return;
    }
    isSending = true;
  });
  window.addEventListener("pageshow", () => {
    isSending = isWaiting = hasWaited = false;
    saver?.resume();
  });
  window.addEventListener("beforeunload", (event) => {
    if (isSending || !keeper.isChanged) return;
    if (!keeper.keep() && !saver?.isKept) event.preventDefault();
  });
}

for (const form of document.querySelectorAll("form[data-draft]")) {
  if (form instanceof HTMLFormElement) watch(form);
}
// A page that confirms a sending names the drafts that are no longer needed. What was typed since
// then is not among them.
for (const done of document.querySelectorAll("[data-draft-done]")) {
  if (!(done instanceof HTMLElement)) continue;
  for (const name of (done.dataset.draftDone ?? "").split(" ")) {
    for (const place of PLACES) {
      if (load(`draft:${name}${place}`)?.sent) forget(`draft:${name}${place}`);
    }
  }
}

// @ts-check
// Keeps what is being written in this browser until it is sent, offers to bring it back, and
// warns before a text would be lost. The server keeps drafts too; this one survives a dead line.

const PAUSE = 800;
const LOCALE = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

/**
 * @typedef {{text: string, saved: number, sent: boolean}} Draft
 * `sent` says that the form left with this text; whether it arrived, the next page says.
 */

/**
 * @param {string} key
 * @returns {Draft | null}
 */
function load(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key) ?? "null");
    return draft && typeof draft.text === "string" ? draft : null;
  } catch {
    return null;
  }
}

/**
 * Keep a text; a browser that refuses storage is no reason to disturb anybody.
 * @param {string} key
 * @param {string} text
 * @param {boolean} sent
 */
function keep(key, text, sent = false) {
  try {
    if (text.trim()) localStorage.setItem(key, JSON.stringify({ text, saved: Date.now(), sent }));
    else localStorage.removeItem(key);
    return true;
  } catch {
    return false;
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

/**
 * @param {HTMLFormElement} form
 * @param {HTMLTextAreaElement} field
 * @param {Draft} draft
 * @param {string} key
 */
function offer(form, field, draft, key) {
  const bar = document.createElement("p");
  bar.className = "notice row";
  const when = new Intl.DateTimeFormat(LOCALE, {
    dateStyle: "long",
    timeStyle: "short",
  }).format(draft.saved);
  const sentence = document.createElement("span");
  sentence.textContent = (form.dataset.found ?? "").replace("{when}", when);
  const restore = document.createElement("button");
  const discard = document.createElement("button");
  restore.type = discard.type = "button";
  restore.className = "button small";
  discard.className = "button quiet small";
  restore.textContent = form.dataset.restore ?? "";
  discard.textContent = form.dataset.discard ?? "";
  restore.addEventListener("click", () => {
    field.value = draft.text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    bar.remove();
    field.focus();
  });
  discard.addEventListener("click", () => {
    forget(key);
    bar.remove();
    field.focus();
  });
  bar.append(sentence, restore, discard);
  field.closest(".field")?.before(bar);
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const field = form.elements.namedItem("body");
  const key = `draft:${form.dataset.draft}`;
  if (!(field instanceof HTMLTextAreaElement)) return;
  const first = field.value;
  let timer = 0;
  let isSending = false;
  const draft = load(key);
  if (draft && draft.text.trim() && draft.text !== first) offer(form, field, draft, key);
  const note = document.createElement("span");
  note.className = "meta";
  field.after(note);
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (keep(key, field.value)) note.textContent = form.dataset.kept ?? "";
    }, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    const action = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "send";
    clearTimeout(timer);
    if (action === "discard") forget(key);
    else keep(key, field.value, action === "send");
    isSending = true;
  });
  window.addEventListener("pageshow", () => {
    isSending = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isSending && field.value !== first && field.value.trim()) event.preventDefault();
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
    if (load(`draft:${name}`)?.sent) forget(`draft:${name}`);
  }
}

// @ts-check
// Keeps a form's text on the server while it is written: after a rest, not too often, and before
// the page is left. What cannot be kept there stays in the browser and is tried again.

const REST = 3_000;
const EVERY = 15_000;
/** A server that does not answer within this time is as good as none. */
const PATIENCE = 10_000;
const MOST_WAIT = 300_000;
/** Browsers let a page that is left send 64 kB. */
const MOST_LEAVING = 60_000;
const IGNORED = new Set(["csrf_token", "idempotency_key", "draft", "action", "window"]);

/**
 * Say something beside the field. `isLoud`: also to those who listen.
 * @typedef {(sentence: string, isLoud: boolean) => void} Tell
 */

export class Autosave {
  #form;
  #field;
  #tell;
  #timer = 0;
  #kept;
  #last = -Infinity;
  /** When the oldest change that is not kept was made, or 0. */
  #since = 0;
  #failures = 0;
  #isStopped = false;
  /** @type {Promise<void> | null} */
  #underway = null;

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLTextAreaElement} field
   * @param {Tell} tell
   */
  constructor(form, field, tell) {
    this.#form = form;
    this.#field = field;
    this.#tell = tell;
    this.#kept = this.#content();
    this.#nameWindow();
    window.addEventListener("online", () => {
      this.#failures = 0;
      this.#send(false);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#send(true);
    });
  }

  /** Tell the server which window this is: where an answer is lost, it knows its own saves. */
  #nameWindow() {
    const named = document.createElement("input");
    named.type = "hidden";
    named.name = "window";
    named.value = [...crypto.getRandomValues(new Uint8Array(16))]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
    this.#form.append(named);
  }

  /** Whether the server has what the form says now. */
  get isKept() {
    return this.#content() === this.#kept;
  }

  /** The saving that is on its way, or nothing. */
  get underway() {
    return this.#underway;
  }

  /** Take note of a change. */
  change() {
    if (this.#isStopped || this.isKept) return;
    const now = Date.now();
    this.#since ||= now;
    const pause = Math.min(EVERY * 2 ** this.#failures, MOST_WAIT);
    const due = Math.max(Math.min(now + REST, this.#since + EVERY), this.#last + pause);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#send(false), Math.max(0, due - now));
  }

  /** Save no more: the form is being sent, or another window is ahead. */
  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Save again: the page came back. */
  resume() {
    this.#isStopped = false;
  }

  #entries() {
    const entries = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) {
      if (typeof value === "string") entries.append(name, value);
    }
    entries.set("action", "save");
    return entries;
  }

  #content() {
    return JSON.stringify([...this.#entries()].filter(([name]) => !IGNORED.has(name)));
  }

  /** @param {boolean} isLeaving */
  #send(isLeaving) {
    if (this.#isStopped || this.#underway || !this.#field.value.trim() || this.isKept) return;
    clearTimeout(this.#timer);
    const content = this.#content();
    this.#last = Date.now();
    this.#since = 0;
    this.#underway = this.#post(isLeaving).then((isDone) => {
      this.#underway = null;
      if (isDone) this.#kept = content;
      if (!isDone || this.#content() !== content) this.#since ||= this.#last;
      if (isDone) this.change();
    });
  }

  /**
   * Send the form; return whether the server keeps it.
   * @param {boolean} isLeaving
   */
  async #post(isLeaving) {
    const body = this.#entries();
    try {
      // Asking would only fill the console of somebody who knows that the line is dead.
      if (!navigator.onLine) throw new TypeError("offline");
      const answer = await fetch(this.#form.getAttribute("action") ?? "", {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        keepalive: isLeaving && String(body).length < MOST_LEAVING,
        signal: AbortSignal.timeout(PATIENCE),
      });
      const isJson = answer.headers.get("Content-Type")?.includes("json") ?? false;
      return this.#settle(answer.status, isJson ? await answer.json() : {});
    } catch {
      return this.#fail();
    }
  }

  /**
   * @param {number} status
   * @param {{draft?: string, saved?: string, message?: string}} told
   */
  #settle(status, told) {
    if (status === 429 || status >= 500) return this.#fail();
    this.#failures = 0;
    if (status === 200 && told.draft) {
      this.#hidden().value = told.draft;
      this.#tell(told.saved ?? "", false);
      return true;
    }
    // No sentence came: a page for signing in, for example. The browser has the text.
    this.#tell(told.message || (this.#form.dataset.kept ?? ""), Boolean(told.message));
    if (status === 409) this.stop();
    return false;
  }

  #fail() {
    this.#failures += 1;
    this.#tell(this.#form.dataset.offline ?? "", this.#failures === 1);
    return false;
  }

  /** The field that says which draft the form shows. */
  #hidden() {
    const found = this.#form.elements.namedItem("draft");
    if (found instanceof HTMLInputElement) return found;
    const made = document.createElement("input");
    made.type = "hidden";
    made.name = "draft";
    this.#form.append(made);
    return made;
  }
}

// @ts-check
// Asks the server what a text being written seems to be: its language, and the objectives of its
// paragraphs. It only proposes; nothing is ticked without a click.

const REST = 1_000;
const SHORTEST = 20;
const PATIENCE = 30_000;

/**
 * @typedef {{value: string, sentence: string, objective: number, label: string}} Suggestion
 * @typedef {{sentence?: string, suggestions?: Suggestion[], remarks?: string[]}} Answer
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} look
 * @param {string} words
 */
function make(name, look = "", words = "") {
  const made = document.createElement(name);
  if (look) made.className = look;
  made.textContent = words;
  return made;
}

/** A mark is `place.digest.objective`. @param {string} value */
function parts(value) {
  const [place = "", digest = "", objective = ""] = value.split(".");
  return { place, digest, objective };
}

/**
 * Tell whether two marks mean the same passage, which was edited or moved in the meantime.
 * @param {string} one
 * @param {string} other
 */
function isSame(one, other) {
  const a = parts(one);
  const b = parts(other);
  return a.objective === b.objective && (a.place === b.place || a.digest === b.digest);
}

class Proposals {
  #form;
  #field;
  #box;
  #select;
  #list = make("ul", "bare");
  #chips = make("div", "choices");
  #title;
  #looksLike = make("p", "hint");
  /** @type {string[]} */
  #refused = [];
  #asked = "";
  #timer = 0;
  #notBefore = 0;
  #asking = new AbortController();

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLTextAreaElement} field
   * @param {HTMLElement} box
   * @param {HTMLSelectElement} select
   */
  constructor(form, field, box, select) {
    this.#form = form;
    this.#field = field;
    this.#box = box;
    this.#select = select;
    this.#title = make("strong", "", box.dataset.title);
    this.#build();
    field.addEventListener("input", () => this.#wait());
    select.addEventListener("change", () => {
      this.#looksLike.hidden = Boolean(select.value);
      this.#wait();
    });
    form.addEventListener("passage", (event) => {
      if (event instanceof CustomEvent) this.#addChip(event.detail.value, event.detail.label);
    });
    this.#wait();
  }

  #build() {
    this.#list.id = "suggestions";
    this.#looksLike.id = "language-proposal";
    for (const one of [this.#list, this.#looksLike]) one.setAttribute("aria-live", "polite");
    this.#select.after(this.#looksLike);
    const described = this.#select.getAttribute("aria-describedby");
    this.#select.setAttribute("aria-describedby", `${described ?? ""} language-proposal`.trim());
    this.#title.hidden = true;
    this.#box.append(this.#title, this.#list, this.#chips);
    // Beside the language, what is empty takes no room of its own.
    this.#looksLike.after(this.#box);
    this.#box.hidden = false;
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(
      () => this.#ask(),
      Math.max(REST, this.#notBefore - Date.now()),
    );
  }

  async #ask() {
    const body = this.#field.value;
    const language = this.#select.value;
    const question = `${language} ${body}`;
    if (body.trim().length < SHORTEST || question === this.#asked || !navigator.onLine) return;
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#asked = question;
    const token = this.#form.elements.namedItem("csrf_token");
    const csrf_token = token instanceof HTMLInputElement ? token.value : "";
    try {
      const answer = await fetch(this.#form.dataset.proposals ?? "", {
        method: "POST",
        body: new URLSearchParams({ csrf_token, body, language }),
        headers: { Accept: "application/json" },
        signal: this.#asking.signal,
      });
      if (!answer.ok) throw new TypeError(answer.statusText);
      this.#show(await answer.json());
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      // Proposals are a help: without them everything can still be chosen by hand.
      this.#notBefore = Date.now() + PATIENCE;
      this.#asked = "";
    }
  }

  /** @param {Answer} answer */
  #show({ sentence = "", suggestions = [], remarks = [] }) {
    if (this.#looksLike.textContent !== sentence) this.#looksLike.textContent = sentence;
    this.#looksLike.hidden = Boolean(this.#select.value);
    const open = suggestions.filter((one) => this.#isOpen(one));
    const shown = [...this.#list.children].map((one) => one.getAttribute("data-key"));
    const wanted = [...open.map((one) => one.value), ...remarks];
    // What has not changed stays, and with it the focus of somebody who is about to answer.
    if (shown.join("\n") === wanted.join("\n")) return;
    const items = open.map((one) => this.#item(one));
    this.#list.replaceChildren(...items, ...remarks.map((one) => this.#remark(one)));
    this.#title.hidden = !open.length;
  }

  /**
   * Tell whether a proposal still waits for an answer; follow a paragraph that was edited.
   * @param {Suggestion} one
   */
  #isOpen({ value, objective }) {
    if (this.#refused.some((other) => isSame(other, value))) return false;
    if (this.#objective(objective)?.checked) return false;
    const chip = [...this.#chips.querySelectorAll("input")].find((box) => isSame(box.value, value));
    if (chip) chip.value = value;
    return !chip && !this.#passage(value)?.checked;
  }

  /** @param {number} number */
  #objective(number) {
    return this.#input(`input[name=objectives][value="${number}"]`);
  }

  /** @param {string} value */
  #passage(value) {
    return this.#input(`input[name=passages][value="${value}"]`);
  }

  /** @param {string} selector */
  #input(selector) {
    const found = this.#form.querySelector(selector);
    return found instanceof HTMLInputElement ? found : null;
  }

  /** @param {string} words */
  #remark(words) {
    const item = make("li", "hint", words);
    item.dataset.key = words;
    return item;
  }

  /** @param {Suggestion} suggestion */
  #item({ value, sentence, objective, label }) {
    const item = make("li");
    item.dataset.key = value;
    const answers = make("span", "row");
    const { paragraph, whole, no } = this.#box.dataset;
    const answer = (/** @type {string | undefined} */ words, /** @type {() => void} */ act) => {
      const button = make("button", "button quiet small", words);
      button.type = "button";
      button.append(make("span", "visually-hidden", ` – ${sentence}`));
      button.addEventListener("click", () => {
        act();
        this.#close(item);
      });
      answers.append(button, " ");
    };
    answer(paragraph, () => this.#addChip(value, this.#words(value, objective, label)));
    if (this.#objective(objective)) {
      answer(whole, () => {
        const box = this.#objective(objective);
        if (box) box.checked = true;
        this.#changed();
      });
    }
    answer(no, () => this.#refused.push(value));
    item.append(make("span", "", sentence), answers);
    return item;
  }

  /**
   * @param {string} value
   * @param {number} objective
   * @param {string} label
   */
  #words(value, objective, label) {
    return (this.#box.dataset.chosen ?? "")
      .replace("{number}", String(Number(parts(value).place) + 1))
      .replace("{objective}", label)
      .replace("{n}", String(objective));
  }

  /**
   * Take an answered proposal away, and the focus to the next one.
   * @param {HTMLElement} item
   */
  #close(item) {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    const open = this.#list.querySelector("button");
    this.#title.hidden = !open;
    const target =
      next?.querySelector("button") ?? open ?? this.#chips.querySelector("input") ?? this.#field;
    target.focus();
  }

  /**
   * Show what was said of a paragraph as a ticked box, which can be unticked.
   * @param {string} value
   * @param {string} words
   */
  #addChip(value, words) {
    const known = this.#passage(value);
    if (known) {
      known.checked = true;
    } else {
      const label = make("label");
      const box = make("input");
      box.type = "checkbox";
      box.name = "passages";
      box.value = value;
      box.checked = true;
      label.append(box, " ", make("span", "", words));
      this.#chips.append(label);
    }
    this.#changed();
  }

  #changed() {
    this.#form.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

for (const form of document.querySelectorAll("form[data-proposals]")) {
  const box = document.getElementById("proposals");
  if (!(form instanceof HTMLFormElement) || !box || !form.contains(box)) continue;
  const field = form.elements.namedItem("body");
  const select = form.elements.namedItem("language");
  if (field instanceof HTMLTextAreaElement && select instanceof HTMLSelectElement) {
    new Proposals(form, field, box, select);
  }
}

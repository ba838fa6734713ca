// @ts-check
// Adds “Copy link” beside the reference of each contribution. Without scripts the reference
// itself is the link that lasts.

const list = document.querySelector("[data-copy]");

/**
 * @param {HTMLAnchorElement} link
 * @param {DOMStringMap} words
 */
function addButton(link, words) {
  const button = document.createElement("button");
  const hidden = document.createElement("span");
  button.type = "button";
  button.className = "link";
  // A receipt's link copies its code and says so in words of its own.
  button.dataset.link = link.dataset.text ?? link.href;
  button.dataset.label = link.dataset.label ?? words.copy ?? "";
  button.dataset.done = link.dataset.done ?? words.copied ?? "";
  hidden.className = "visually-hidden";
  hidden.textContent = link.dataset.label ? "" : ` ${link.textContent ?? ""}`;
  button.append(button.dataset.label, hidden);
  link.parentElement?.append(button);
}

/**
 * @param {string} sentence
 */
function announce(sentence) {
  document.dispatchEvent(new CustomEvent("announce", { detail: sentence }));
}

if (list instanceof HTMLElement && navigator.clipboard) {
  for (const link of document.querySelectorAll(".actions > a.ref")) {
    if (link instanceof HTMLAnchorElement) addButton(link, list.dataset);
  }
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-link]") : null;
    if (!(button instanceof HTMLElement)) return;
    await navigator.clipboard.writeText(button.dataset.link ?? "");
    const label = button.firstChild;
    if (label) label.textContent = button.dataset.done ?? "";
    announce(button.dataset.done ?? "");
    setTimeout(() => {
      if (label) label.textContent = button.dataset.label ?? "";
    }, 4000);
  });
}

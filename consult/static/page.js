// @ts-check
// On every page: speak into the status region, and put the focus where the work goes on.

/**
 * Say a sentence to those who listen to the page. Other modules send it as an event, so that
 * none of them needs to import another.
 * @param {string} sentence
 */
function announce(sentence) {
  const region = document.getElementById("status");
  if (region) region.textContent = sentence;
}

/**
 * Focus an element that is no control; it stays out of the tab order.
 * @param {Element | null} element
 */
function focusOn(element) {
  if (!(element instanceof HTMLElement)) return;
  if (!element.hasAttribute("tabindex")) element.tabIndex = -1;
  element.focus();
}

/** Focus what the address names: of a contribution its heading. */
function focusOnPlace() {
  const target = document.getElementById(location.hash.slice(1));
  target?.closest("details")?.setAttribute("open", "");
  focusOn(target?.matches("article") ? target.querySelector("h3") : target);
}

document.addEventListener("announce", (event) => {
  if (event instanceof CustomEvent) announce(String(event.detail));
});

// A link to something inside a closed <details> opens it, as people expect.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
  const target = link && document.getElementById(link.getAttribute("href")?.slice(1) ?? "");
  if (!target) return;
  target.closest("details")?.setAttribute("open", "");
  if (link.closest(".summary")) {
    event.preventDefault();
    target.scrollIntoView({ block: "center" });
    target.focus();
  }
});

const summary = document.getElementById("errors");
const marked = document.querySelector("[data-focus]");
const notice = document.querySelector(".notices .notice");

if (summary) {
  focusOn(summary);
} else if (marked) {
  focusOn(marked);
  if (notice) setTimeout(() => announce(notice.textContent ?? ""), 200);
} else if (location.hash.length > 1) {
  // A browser that scrolls to the place takes the focus from whatever had it, so ours comes after.
  if (document.readyState === "complete") focusOnPlace();
  else window.addEventListener("load", () => setTimeout(focusOnPlace));
} else if (notice) {
  setTimeout(() => announce(notice.textContent ?? ""), 200);
}

// @ts-check
// The form that decides several texts of the queue: how many are chosen, all of them, none.

/** @returns {HTMLInputElement[]} */
function boxes() {
  return /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name="items"]')]);
}

const says = document.getElementById("items");
const hint = says?.textContent ?? "";

function count() {
  const n = boxes().filter((box) => box.checked).length;
  if (!says) return "";
  const { one, many } = says.dataset;
  return n === 0 ? hint : n === 1 ? (one ?? "") : (many ?? "").replace("{n}", String(n));
}

function show() {
  if (says) says.textContent = count();
}

/** @param {boolean} checked */
function chooseAll(checked) {
  for (const box of boxes()) box.checked = checked;
  show();
  const sentence = checked ? count() : (says?.dataset.none ?? "");
  document.dispatchEvent(new CustomEvent("announce", { detail: sentence }));
}

const row = document.querySelector("[data-choose-all]");
if (row instanceof HTMLElement && boxes().length) {
  row.hidden = false;
  const [all, none] = row.querySelectorAll("button");
  all?.addEventListener("click", () => chooseAll(true));
  none?.addEventListener("click", () => chooseAll(false));
}
document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === "items") show();
});
// Whoever comes back by the button of the browser finds the boxes as they left them.
addEventListener("pageshow", show);

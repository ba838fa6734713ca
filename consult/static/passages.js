// @ts-check
// Puts the words selected in a text into a field, one passage a line.

for (const button of document.querySelectorAll("[data-takes]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  const text = document.getElementById(button.dataset.takes ?? "");
  const field = document.getElementById(button.dataset.into ?? "");
  const says = button.parentElement?.querySelector("[data-says]");
  if (!text || !(field instanceof HTMLTextAreaElement) || !says) continue;
  let words = "";
  // Pressing the button may end the selection, so it is kept while it lasts.
  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !text.contains(selection.anchorNode)) return;
    if (text.contains(selection.focusNode)) words = selection.toString();
  });
  button.hidden = false;
  button.addEventListener("click", () => {
    const line = words.replace(/\s+/g, " ").trim();
    says.textContent = line ? "" : (button.dataset.none ?? "");
    if (!line) return;
    const typed = field.value.trimEnd();
    field.value = typed ? `${typed}\n${line}` : line;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    words = "";
  });
}

// @ts-check
// Changes the text of a field as if it had been typed, so that Ctrl+Z takes it back.

/**
 * Put a text in the place of a part of the field, or of what is selected.
 * @param {HTMLTextAreaElement} field
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
export function replace(field, text, start = field.selectionStart, end = field.selectionEnd) {
  if (!text && start === end) return;
  field.focus();
  field.setSelectionRange(start, end);
  // Deprecated, and the only way that a browser's own undo knows about.
  const isDone = text
    ? document.execCommand("insertText", false, text)
    : document.execCommand("delete");
  if (isDone) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

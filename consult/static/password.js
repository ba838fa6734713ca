// @ts-check
// Adds a button that shows what is typed into a password field.

for (const box of document.querySelectorAll(".secret[data-show]")) {
  const field = box.querySelector("input");
  if (!(box instanceof HTMLElement) || !field) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small";
  button.textContent = box.dataset.show ?? "";
  button.setAttribute("aria-controls", field.id);
  button.addEventListener("click", () => {
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.textContent = (isShown ? box.dataset.show : box.dataset.hide) ?? "";
  });
  // Browsers offer to keep a password only where the field is one when the form leaves.
  field.form?.addEventListener("submit", () => {
    field.type = "password";
  });
  box.append(button);
}

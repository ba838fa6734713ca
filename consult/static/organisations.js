// @ts-check
// Proposes organisations of the registry while a name is typed; any other name can be typed too.

const PAUSE = 200;
const FEWEST = 2;

for (const field of document.querySelectorAll(":is(input[name=organisation], input[name=into]):not([type=hidden])")) {
  if (!(field instanceof HTMLInputElement)) continue;
  const list = document.createElement("datalist");
  list.id = `${field.id}-known`;
  field.after(list);
  field.setAttribute("list", list.id);
  field.autocomplete = "off";
  let timer = 0;
  let asked = "";
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      const words = field.value.trim();
      if (words.length < FEWEST || words === asked) return;
      asked = words;
      const address = `/${document.documentElement.lang}/organisations?q=${encodeURIComponent(words)}`;
      const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok || field.value.trim() !== words) return;
      const { names } = await answer.json();
      list.replaceChildren(
        ...names.map((/** @type {string} */ name) => {
          const option = document.createElement("option");
          option.value = name;
          return option;
        }),
      );
    }, PAUSE);
  });
}

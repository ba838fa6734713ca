// @ts-check
// Renews a claim while somebody has its page before them: every four minutes, so that one that was
// missed does no harm. A page that nobody looks at, or at which nobody did anything for half an
// hour, lets it lapse. Taking a claim is the button's affair; this only keeps what was taken.

const EVERY = 4 * 60_000;
const HIDDEN_AT_MOST = 5 * 60_000;
const IDLE_AT_MOST = 30 * 60_000;

const form = document.querySelector("form[data-claim]");

if (form instanceof HTMLFormElement) {
  const address = form.dataset.claim ?? "";
  const sentence = form.querySelector("span");
  let until = Date.parse(form.dataset.until ?? "");
  let hiddenSince = document.hidden ? Date.now() : 0;
  let active = Date.now();
  /** @type {number | undefined} */
  let timer = setInterval(tick, EVERY);

  const noteActivity = () => {
    active = Date.now();
  };
  for (const kind of ["keydown", "pointerdown", "scroll"]) {
    addEventListener(kind, noteActivity, { passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    hiddenSince = document.hidden ? Date.now() : 0;
    if (!document.hidden) {
      noteActivity();
      void tick();
    }
  });

  async function tick() {
    if (timer === undefined) return;
    if (Date.now() > until) {
      // It lapsed while nobody was here; a colleague may have begun.
      lose();
      return;
    }
    const isAway = hiddenSince > 0 && Date.now() - hiddenSince > HIDDEN_AT_MOST;
    if (isAway || Date.now() - active > IDLE_AT_MOST) return;
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams({ csrf_token: new FormData(form).get("csrf_token")?.toString() ?? "" }),
      });
    } catch {
      return; // The network is away for a moment; the lease outlasts it.
    }
    if (answer.ok) {
      const renewed = await answer.json();
      until = Date.parse(renewed.until);
      if (sentence) sentence.textContent = renewed.says;
    } else if (answer.status < 500 && answer.status !== 429) {
      lose();
    }
  }

  function lose() {
    clearInterval(timer);
    timer = undefined;
    const lost = form.dataset.lost ?? "";
    form.classList.add("wait");
    form.querySelector("button")?.remove();
    if (sentence) sentence.textContent = lost;
    document.dispatchEvent(new CustomEvent("announce", { detail: lost }));
  }
}

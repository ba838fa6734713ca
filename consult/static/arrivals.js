// @ts-check
// Tells what has come to the desk while somebody looks at its queue, and offers to show it. Nothing
// moves by itself: the list stays as it is until the link is used. It asks every half minute while
// the page is looked at and somebody is there, more rarely after a failure, and gives up in the end.

const EVERY = 30_000;
const FAILURES_AT_MOST = 5;
const IDLE_AT_MOST = 30 * 60_000;

const notice = document.getElementById("arrivals");

if (notice) {
  const sentence = document.createElement("span");
  notice.prepend(sentence, " ");
  const address = notice.dataset.from ?? "";
  let told = 0;
  let failures = 0;
  let active = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const later = () => {
    clearTimeout(timer);
    if (failures < FAILURES_AT_MOST && !document.hidden) timer = setTimeout(ask, EVERY * 2 ** failures);
  };

  /** @param {{newer: number, says: string}} arrived */
  const tell = (arrived) => {
    if (arrived.newer === told) return;
    const hasMore = arrived.newer > told;
    told = arrived.newer;
    sentence.textContent = arrived.says;
    notice.hidden = told === 0;
    if (hasMore) document.dispatchEvent(new CustomEvent("announce", { detail: arrived.says }));
  };

  async function ask() {
    // Whoever has left the desk is not kept signed in by a page that asks for them.
    if (Date.now() - active > IDLE_AT_MOST) return;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) {
        failures = 0;
        tell(await answer.json());
      } else {
        // Signed out, or no longer a moderator: asking again changes nothing.
        failures = answer.status < 500 && answer.status !== 429 ? FAILURES_AT_MOST : failures + 1;
      }
    } catch {
      failures += 1;
    }
    later();
  }

  const back = () => {
    const wasIdle = Date.now() - active > IDLE_AT_MOST;
    active = Date.now();
    if (wasIdle) later();
  };
  for (const kind of ["keydown", "pointerdown", "scroll"]) addEventListener(kind, back, { passive: true });
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) return;
    active = Date.now();
    if (failures < FAILURES_AT_MOST) void ask();
  });
  later();
}

"""Every page, for every role, in every language: axe finds nothing, and nothing overflows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from consult.core.i18n import LOCALES
from tests.browser.conftest import PageAs

Visit = tuple[str, Any]
"""A page's name and what is done to get there; nothing where its name is its address."""

AXE = """async (options) => {
  const results = await axe.run({ resultTypes: ["violations"], preload: false, ...options });
  return results.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.html.slice(0, 160)} (${node.failureSummary.slice(0, 240)})`));
}"""
EVERYTHING = {"rules": {"target-size": {"enabled": True}}}
WORDS = {"rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}}}
"""Colours are the same in every language, and measuring them takes longest."""
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
SHAPE = """() => ({
  lang: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
  title: document.title.trim(),
  leaps: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .map((heading) => Number(heading.tagName[1]))
    .filter((level, i, all) => i > 0 && level > all[i - 1] + 1).length,
  twins: Object.values(Object.groupBy(document.querySelectorAll("[id]"), (one) => one.id))
    .filter((all) => all.length > 1).map((all) => all[0].id),
})"""
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > wide + 1 && !one.closest(".scroll"))
    .map((one) => one.outerHTML.slice(0, 120)).slice(0, 3);
}"""
SENTENCES = r"""async ([paths, locales]) => {
  // What people wrote, and the names of people and institutions, stay in their own language.
  const KEPT = "body [lang], bdi, dd, cite, option, script, a[href^=mailto]";
  const sentences = async (address) => {
    const answer = await fetch(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
    const found = new Set();
    while (texts.nextNode()) {
      const words = texts.currentNode.textContent.trim().replace(/\s+/g, " ");
      const is_ours = !texts.currentNode.parentElement.closest(KEPT);
      if (is_ours && words.split(" ").length >= 4) found.add(words);
    }
    return found;
  };
  const twice = [];
  for (const path of paths) {
    const said = await Promise.all(locales.map((locale) => sentences(`/${locale}${path}`)));
    said.forEach((one, i) => said.slice(i + 1).forEach((other, j) => {
      for (const words of one) {
        const pair = `${locales[i]}, ${locales[i + j + 1]}`;
        if (other.has(words)) twice.push(`${path} (${pair}): ${words}`);
      }
    }));
  }
  return twice;
}"""

SPACES = "/spaces/round-table-"
VISITOR = (
    "/",
    f"{SPACES}1",
    f"{SPACES}2",
    f"{SPACES}3",
    f"{SPACES}4",
    f"{SPACES}1/questions/1",
    f"{SPACES}3/questions/1",
    f"{SPACES}3/questions/2?sort=discussed&language=es",
    f"{SPACES}3/questions/4",
    f"{SPACES}4/questions/1",
    "/contributions/RT3-Q1-0001",
    "/search",
    "/search?q=remesas",
    "/search?q=ciudad&language=es&objective=15",
    "/search?q=zzzzzz",
    "/search?q=remittances+cost+families&sort=thread",
    "/glossary?q=salud",
    "/sign-in",
    "/register",
    "/reset",
    "/about/accessibility",
    "/about/privacy",
    "/about/disclaimer",
)


def press(page: Page, selector: str) -> None:
    """Press a button that leads to another page, and wait until it is there."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def follow(page: Page, address: str, selector: str) -> None:
    """Open a page and follow the first link that fits."""
    page.goto(address)
    page.goto(page.locator(selector).first.get_attribute("href") or "")


def send_wrong(page: Page, address: str, button: str = "main .form .button[type=submit]") -> None:
    """Send a form as it came, with nothing filled in."""
    page.goto(address)
    press(page, button)


def write(page: Page, address: str, action: str, words: str) -> None:
    """Write an answer and press one of the buttons under it."""
    page.goto(address)
    page.evaluate("() => { document.querySelector('details.write').open = true; }")
    page.locator("#body").fill(words)
    press(page, f"button[name=action][value={action}]")


def answer(page: Page, address: str) -> None:
    """Send an empty answer, so that the form comes back with the mistake."""
    page.goto(address)
    page.evaluate("() => { document.querySelector('details.write').open = true; }")
    page.locator("#body").fill("")
    press(page, "button[name=action][value=send]")


def decide(page: Page, address: str, verdict: str) -> None:
    """Choose a verdict on the oldest item and send it without a reason."""
    follow(page, address, "a.queue-item")
    page.locator(f"input[name=verdict][value={verdict}]").check()
    press(page, "form:has([name=verdict]) .button[type=submit]:not([name])")


def decide_together(page: Page, address: str, verdict: str, action: str = "") -> None:
    """Choose two texts of the queue and decide them, or ask what their authors will read."""
    page.goto(address)
    for place in range(min(2, page.locator("input[name=items]").count())):
        page.locator("input[name=items]").nth(place).check()
    if verdict:
        page.locator(f"#bulk input[name=verdict][value={verdict}]").check()
    if verdict == "return":
        page.locator("#bulk select[name=reason]").select_option(index=1)
    name = f"[value={action}]" if action else ":not([name])"
    press(page, f"#bulk .button[type=submit]{name}")


def beside(page: Page, address: str, selector: str, part: str) -> None:
    """Open a page that stands beside the one of the first item that fits."""
    page.goto(address)
    item = (page.locator(selector).first.get_attribute("href") or "").partition("?")[0]
    page.goto(f"{item}/{part}")


def visitor(root: str) -> Iterable[Visit]:
    """Pages of somebody who reads."""
    yield from ((f"{root}{path}", None) for path in (*VISITOR, "/nowhere"))
    for path in ("/sign-in", "/register", "/reset"):
        yield f"{root}{path} with mistakes", partial(send_wrong, address=f"{root}{path}")


def stakeholder(root: str) -> Iterable[Visit]:
    """Pages of somebody who writes."""
    question = f"{root}{SPACES}3/questions/2"
    own = partial(follow, address=f"{root}/account")
    for path in ("/", f"{SPACES}3", f"{SPACES}3/ask", "/account"):
        yield f"{root}{path}", None
    for path in ("/account/settings", "/account/security", "/account/affiliation", "/sign-out"):
        yield f"{root}{path}", None
    yield f"{root}/contributions/RT3-Q1-0002/reply?quote=1", None
    yield (
        "settings with mistakes",
        partial(send_wrong, address=f"{root}/account/security", button="button[value=password]"),
    )
    yield "answer with mistakes", partial(answer, address=question)
    yield "preview", partial(write, address=question, action="preview", words="**Una** prueba.")
    yield "kept draft", partial(write, address=question, action="save", words="Una prueba.")
    yield "own published text", partial(own, selector=".items li:has(.good) h2 a")
    yield "own waiting text", partial(own, selector='.items li:has(.wait) a[href$="/edit"]')
    yield "withdrawing", partial(withdraw, address=f"{root}/account")
    yield "receipt", partial(resend, address=question)
    yield "own waiting contribution", partial(resend_and_see, address=question)


def withdraw(page: Page, address: str) -> None:
    """Open the question whether an own published text is to be withdrawn."""
    follow(page, address, ".items li:has(.good) h2 a")
    page.goto(page.locator('main a[href$="/withdraw"]').first.get_attribute("href") or "")


def resend(page: Page, address: str) -> None:
    """Send the draft that was kept."""
    page.goto(address)
    page.locator("#body").fill("Una prueba de la página que confirma el envío.")
    press(page, "button[name=action][value=send]")


def resend_and_see(page: Page, address: str) -> None:
    """Look at the own text in its thread, right after it was sent."""
    page.goto(address)
    page.goto(page.locator(".contribution.mine .ref").last.get_attribute("href") or "")


def moderator(root: str) -> Iterable[Visit]:
    """Pages of somebody who decides."""
    queue = f"{root}/moderation"
    yield queue, None
    yield f"{queue}?language=fr", None
    yield f"{queue}?kind=question&language=en&space=round-table-3", None
    yield "item", partial(follow, address=queue, selector="a.queue-item")
    yield (
        "edit of a public text",
        partial(follow, address=f"{queue}?kind=edit", selector="a.queue-item"),
    )
    yield "item with mistakes", partial(decide, address=queue, verdict="reject")
    yield (
        "mails to several",
        partial(decide_together, address=queue, verdict="return", action="preview"),
    )
    yield "several with mistakes", partial(decide_together, address=queue, verdict="")
    for part in ("public", "move"):
        yield part, partial(beside, address=f"{queue}?kind=new", selector="a.queue-item", part=part)
    for path in ("/log", "/guide"):
        yield f"{queue}{path}", None
    yield f"{root}{SPACES}3/statistics", None
    yield "next item, with undo", partial(decide, address=queue, verdict="approve")
    yield "several decided", partial(decide_together, address=queue, verdict="approve")
    for part in ("redact", "move", "public"):
        yield f"{queue}/RT3-Q1-0001/{part}", None
    yield f"{root}/contributions/RT3-Q1-0001", None


def drafter(root: str) -> Iterable[Visit]:
    """Pages of somebody who drafts."""
    yield f"{root}/drafting", None
    yield f"{root}/drafting/round-table-3", None
    yield f"{root}/drafting/round-table-3/export?format=odt", None


def organiser(root: str) -> Iterable[Visit]:
    """Pages of somebody who runs the forum."""
    for path in ("/", "/moderation", "/drafting", "/drafting/round-table-1"):
        yield f"{root}{path}", None
    for path in ("/people/roles", "/people/organisations", "/moderation/settings"):
        yield f"{root}{path}", None
    for path in ("/glossary?objective=20", "/people/glossary/new", "/people/glossary/table"):
        yield f"{root}{path}", None
    entry = "a[href*='/people/glossary/one']"
    yield "an entry of the glossary", partial(follow, address=f"{root}/glossary", selector=entry)
    registry = f"{root}/people/organisations"
    yield f"{root}/moderation/settings/round-table-3", None
    yield f"{root}/moderation/reasons", None
    yield "an organisation", partial(follow, address=registry, selector=".entry a")


ROLES = {
    "visitor": visitor,
    "stakeholder": stakeholder,
    "moderator": moderator,
    "drafter": drafter,
    "organiser": organiser,
}
SEATS = [
    *(("visitor", locale) for locale in LOCALES),
    ("stakeholder", "es"),
    ("moderator", "fr"),
    ("drafter", "en"),
    ("organiser", "es"),
]


def faults(page: Page, locale: str, *, in_colour: bool) -> Iterator[str]:
    """Yield what is wrong with the page that is open, in light and dark, wide and narrow."""
    shape = page.evaluate(SHAPE)
    if shape["lang"] != locale:
        yield f"its language is {shape['lang']!r}"
    if shape["headings"] != 1:
        yield f"{shape['headings']} headings of level one"
    if shape["leaps"]:
        yield "a level of headings is left out"
    if not shape["title"] or shape["title"].startswith("–"):
        yield f"its title is {shape['title']!r}"
    yield from (f"the id {name!r} stands there twice" for name in shape["twins"])
    page.evaluate(AXE_SCRIPT)
    yield from page.evaluate(AXE, EVERYTHING if in_colour else WORDS)
    if in_colour:
        page.emulate_media(color_scheme="dark")
        yield from (f"dark: {rule}" for rule in page.evaluate(AXE, CONTRAST))
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 900})
    yield from (f"wider than 320 pixels: {part}" for part in page.evaluate(WIDER))
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize(("role", "locale"), SEATS)
def test_pages_of_a_role_have_no_barrier(page_as: PageAs, role: str, locale: str) -> None:
    """Visit every page once and collect everything that is wrong with any of them."""
    page, found = page_as(role, locale), []
    in_colour = role != "visitor" or locale == "en"
    for name, go in ROLES[role](f"/{locale}"):
        if go is None:
            page.goto(name)
        else:
            go(page)
        found += [f"{name}: {fault}" for fault in faults(page, locale, in_colour=in_colour)]
    assert not found, "\n".join(found)


def test_no_sentence_stands_in_two_languages(page_as: PageAs) -> None:
    """A page in French has no sentence that the English one has, and so on."""
    page = page_as()
    page.goto("/en/")
    mixed = page.evaluate(SENTENCES, [VISITOR, LOCALES])
    assert not mixed, "\n".join(mixed)


@pytest.mark.parametrize("width", [320, 768])
def test_a_thread_is_readable_on_a_narrow_screen(page_as: PageAs, width: int) -> None:
    """The deepest reply keeps half of the width for its words."""
    page = page_as(width=width)
    page.goto(f"/en{SPACES}3/questions/1")
    narrowest = page.evaluate(
        "() => Math.min(...[...document.querySelectorAll('.thread .prose')]"
        ".map((one) => one.getBoundingClientRect().width).filter(Boolean))"
    )
    assert narrowest > width / 2


def test_text_can_be_enlarged_to_two_hundred_percent(page_as: PageAs) -> None:
    """WCAG 1.4.4: at twice the size of letters nothing is cut off or pushed out of the window."""
    page = page_as()
    for path in VISITOR[:8]:
        page.goto(f"/en{path}")
        page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        assert page.evaluate(WIDER) == [], path

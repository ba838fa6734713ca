"""People at their browsers: without scripts, without a mouse, leaving before they have sent.

Each test has the window of everybody who takes part in it.
"""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import EMAILS, PASSWORD, PageAs

QUESTION = "/spaces/round-table-3/questions/2"
ANSWER = (
    "Las cooperativas de ahorro bajaron el costo de las remesas a la mitad en catorce meses.\n\n"
    "- abrieron **431 cuentas** nuevas\n"
    "- publican cada mes el tipo de cambio"
)
DECIDE = "form:has([name=verdict]) .button[type=submit]:not([name])"
KEPT = "Six words that nobody sent yet."
MOST_TABS = 400
"""Presses of the tabulator after which somebody gives up looking for something."""


def found_by(page: Page, words: str, *, address: str) -> Locator:
    """Search until the worker has indexed the text; return its result."""
    result = page.locator(".result").filter(has_text=words)
    for _attempt in range(40):
        page.goto(address)
        if result.count():
            return result
        time.sleep(0.5)
    raise AssertionError(f"{words!r} is not found at {address}")


def test_an_answer_is_sent_approved_and_found_without_scripts(page_as: PageAs) -> None:
    """Forms and links are enough for everybody."""
    marta = page_as("stakeholder", "es", scripts=False)
    marta.goto("/es/")
    marta.locator('.spaces a[href$="/round-table-3"]').click()
    marta.locator(f'.questions a[href$="{QUESTION}"]').first.click()
    marta.locator("details.write > summary").click()
    marta.locator("#body").fill(ANSWER)
    marta.locator("#language").select_option("es")
    marta.locator('input[name=objectives][value="20"]').check()
    marta.locator("button[name=action][value=preview]").click()
    expect(marta.locator("article .prose strong")).to_have_text("431 cuentas")
    expect(marta.locator('input[name=objectives][value="20"]')).to_be_checked()
    marta.locator("button[name=action][value=send]").click()
    receipt = marta.locator(".receipt .code").inner_text()
    assert len(receipt.replace("-", "")) == 16

    reader = page_as("visitor", "es", scripts=False)
    reader.goto(f"/es{QUESTION}")
    expect(reader.locator("main")).not_to_contain_text("431 cuentas")

    omar = page_as("moderator", "fr", scripts=False)
    omar.goto("/fr/moderation")
    omar.locator(f'a.queue-item[href*="/moderation/{receipt}"]').click()
    expect(omar.locator(".diff .prose strong")).to_have_text("431 cuentas")
    omar.locator("input[name=verdict][value=approve]").check()
    omar.locator(DECIDE).click()
    expect(omar.locator(".notice.good", has_text=receipt)).to_be_visible()
    expect(omar.locator(f'a.queue-item[href*="/moderation/{receipt}"]')).to_have_count(0)

    result = found_by(
        reader, "431 cuentas", address="/es/search?q=remesas&objective=20&language=es"
    )
    expect(result.locator("mark").first).to_have_text("remesas")
    result.locator("h3 a").click()
    expect(reader.locator("article .prose strong")).to_have_text("431 cuentas")
    expect(reader.locator("h1")).to_contain_text("RT3-Q2-")


def tab_to(page: Page, target: Locator) -> None:
    """Press the tabulator until the focus is there, and see that it can be seen."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        if target.evaluate("(one) => one === document.activeElement"):
            break
    else:
        raise AssertionError(f"the keyboard does not reach {target}")
    outline = target.evaluate("(one) => parseFloat(getComputedStyle(one).outlineWidth)")
    assert outline >= 3, f"the focus on {target} cannot be seen"


def focused(page: Page) -> str:
    """Return the id of what has the focus, or the name of its element."""
    return str(page.evaluate("() => document.activeElement.id || document.activeElement.localName"))


def enter(page: Page, target: Locator) -> None:
    """Go to a link or button and press Enter, and wait for the page it leads to."""
    tab_to(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in_by_keyboard(page: Page, email: str) -> None:
    """Sign in from the first page of the forum."""
    page.goto("/en/")
    enter(page, page.locator('.account a[href$="/sign-in"]'))
    tab_to(page, page.locator("#email"))
    page.keyboard.type(email)
    tab_to(page, page.locator("#password"))
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_answer_is_sent_and_approved_without_a_mouse(page_as: PageAs) -> None:
    """Tab, Enter and Space do for the author; j, k and a for the moderator."""
    ana = page_as(locale="en")
    sign_in_by_keyboard(ana, EMAILS["another stakeholder"])
    ana.goto(f"/en{QUESTION}")
    ana.keyboard.press("Tab")
    assert ana.evaluate("() => document.activeElement.matches('.skip')")
    tab_to(ana, ana.locator("details.write > summary"))
    ana.keyboard.press("Space")
    tab_to(ana, ana.locator("#body"))
    ana.keyboard.type("A phone line that answers at night, in nine languages.")
    box = ana.locator('input[name=objectives][value="15"]')
    tab_to(ana, box)
    ana.keyboard.press("Space")
    expect(box).to_be_checked()
    enter(ana, ana.locator("button[name=action][value=send]"))
    receipt = ana.locator(".receipt .code").inner_text()
    expect(ana.locator("h1")).to_be_focused()

    omar = page_as(locale="en")
    sign_in_by_keyboard(omar, EMAILS["moderator"])
    omar.goto("/en/moderation")
    links = omar.locator("a.queue-item")
    names = links.evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    place = next(i for i, href in enumerate(names) if receipt in href)
    for _step in range(place + 2):
        omar.keyboard.press("j")
    if place + 1 < len(names):
        omar.keyboard.press("k")
    expect(links.nth(place)).to_be_focused()
    with omar.expect_navigation():
        omar.keyboard.press("Enter")
    expect(omar.locator("#item")).to_be_focused()
    omar.keyboard.press("a")
    approve = omar.locator("input[name=verdict][value=approve]")
    expect(approve).to_be_checked()
    expect(approve).to_be_focused()
    enter(omar, omar.locator(DECIDE))
    expect(omar.locator(".notice.good", has_text=receipt)).to_be_visible()
    assert focused(omar) in {"item", "queue"}


def test_keys_of_the_queue_do_nothing_while_somebody_types(page_as: PageAs) -> None:
    """A sentence with an a in it approves nothing; the keys can be switched off as well."""
    page = page_as("moderator")
    page.goto("/en/moderation")
    page.goto(page.locator("a.queue-item").first.get_attribute("href") or "")
    page.locator("#message").press_sequentially("a jar")
    expect(page.locator("#message")).to_have_value("a jar")
    approve = page.locator("input[name=verdict][value=approve]")
    expect(approve).not_to_be_checked()
    page.locator("details:has(#keys) > summary").click()
    page.locator("button[data-keys-off]").click()
    page.keyboard.press("a")
    expect(approve).not_to_be_checked()
    page.locator("button[data-keys-off]").click()
    page.keyboard.press("a")
    expect(approve).to_be_checked()


def open_form(page: Page) -> Locator:
    """Open the answer form, empty, and return its field."""
    page.goto(f"/en{QUESTION}")
    # A form with a draft is open already: the page keeps what an earlier test typed.
    page.evaluate("() => { document.querySelector('details.write').open = true; }")
    page.locator("#body").fill("")
    return page.locator("#body")


def test_words_are_counted_while_they_are_typed(page_as: PageAs) -> None:
    """The counter follows, and says one word in the singular."""
    page = page_as("stakeholder")
    field, counter = open_form(page), page.locator("#body-count")
    field.fill("One")
    expect(counter).to_have_text("1 word")
    field.fill(KEPT)
    expect(counter).to_have_text("6 words")
    field.fill("word " * 1234)
    expect(counter).to_have_text("1,234 words")


def test_a_mistake_takes_the_focus_and_loses_nothing(page_as: PageAs) -> None:
    """The summary is focused, its link leads to the field, and what was chosen is still chosen."""
    page = page_as("stakeholder")
    open_form(page)
    page.locator('input[name=objectives][value="22"]').check()
    with page.expect_navigation():
        page.locator("button[name=action][value=send]").click()
    assert focused(page) == "errors"
    assert page.title().startswith("Error:")
    expect(page.locator('input[name=objectives][value="22"]')).to_be_checked()
    expect(page.locator("#body")).to_have_attribute("aria-invalid", "true")
    page.locator('#errors a[href="#body"]').press("Enter")
    expect(page.locator("#body")).to_be_focused()


def colours(page: Page) -> tuple[str, str]:
    """Return the colours of paper and ink."""
    paper, ink = page.evaluate(
        "() => { const style = getComputedStyle(document.documentElement);"
        " return [style.backgroundColor, style.color]; }"
    )
    return paper, ink


def test_a_thread_is_drawn_in_the_dark_and_in_forced_colours(page_as: PageAs) -> None:
    """Paper and ink change places in the dark; a state keeps its sign where colours are forced."""
    page = page_as()
    page.goto(f"/en{QUESTION}")
    light, drawn = colours(page), page.screenshot()
    page.emulate_media(color_scheme="dark")
    assert set(colours(page)).isdisjoint(light)
    assert page.screenshot() != drawn
    page.emulate_media(color_scheme="light", forced_colors="active")
    sign = page.locator(".state").first.evaluate(
        "(one) => getComputedStyle(one, '::before').backgroundColor"
    )
    assert sign not in {"rgba(0, 0, 0, 0)", colours(page)[0]}
    assert page.screenshot() != drawn


def test_a_printed_thread_has_all_words_and_no_controls(page_as: PageAs) -> None:
    """On paper nothing is folded away, and nothing waits to be clicked."""
    page = page_as(width=720)
    page.goto("/en/spaces/round-table-3/questions/1")
    folded = page.locator(".fold .prose").first
    expect(folded).not_to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    expect(folded).to_be_visible()
    assert colours(page) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    for control in (".nav", ".langs-bar", ".account", ".filters", ".pager", ".button"):
        for one in page.locator(control).all():
            expect(one).not_to_be_visible()
    assert page.pdf().startswith(b"%PDF")


def test_a_place_in_a_thread_is_shown_and_focused(page_as: PageAs) -> None:
    """The permalink leads to the contribution's place, heading first."""
    page = page_as()
    page.goto("/en/contributions/RT3-Q1-0004")
    page.locator(".actions a:not(.ref)").first.click()
    page.wait_for_url(lambda url: "#" in url)
    expect(page.locator("#rt3-q1-0004 h3")).to_be_focused()
    assert page.locator("#rt3-q1-0004").evaluate(
        "(one) => { const box = one.getBoundingClientRect();"
        " return box.top >= 0 && box.top < innerHeight; }"
    )

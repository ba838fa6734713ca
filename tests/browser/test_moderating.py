"""A moderator's work without a mouse: keys, several texts at once, and a claim that is kept."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAs
from tests.browser.test_journey import DECIDE, enter, focused, tab_to

BULK = "#bulk .button[type=submit]:not([name])"


def open_new_one(page: Page, place: int = 0) -> str:
    """Go by keys to a text that was not decided before, and open it; return its address."""
    page.goto("/en/moderation?kind=new")
    for _press in range(place + 1):
        page.keyboard.press("j")
    link = page.locator("a.queue-item").nth(place)
    expect(link).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()
    return page.url.partition("?")[0]


def press(page: Page, key: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_moderators_work_goes_without_a_mouse(page_as: PageAs) -> None:
    """Approve, go on, return with a reason, undo, and decide several: all by keys."""
    page = page_as("moderator")
    first = open_new_one(page)
    page.keyboard.press("a")
    expect(page.locator("input[name=verdict][value=approve]")).to_be_focused()
    enter(page, page.locator(DECIDE))
    assert focused(page) in {"item", "queue"}
    approved = page.locator(".notice.good", has_text=first.rsplit("/", 1)[1])
    expect(approved).to_be_visible()

    here = page.url
    press(page, "n")
    assert page.url != here
    assert focused(page) in {"item", "queue"}
    open_new_one(page)
    page.keyboard.press("r")
    expect(page.locator("input[name=verdict][value=return]")).to_be_checked()
    tab_to(page, page.locator("#reason"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.locator("#message"))
    page.keyboard.type("Say in jokes, axioms and xeroxes what r means.")
    enter(page, page.locator(DECIDE))

    done = page.locator(".notices .notice.good")
    expect(done).to_have_count(2)
    for left in (1, 0):
        page.goto("/en/moderation")
        enter(page, done.first.locator("button"))
        page.goto("/en/moderation")
        expect(done).to_have_count(left)

    page.goto("/en/moderation?kind=new")
    boxes = page.locator("input[name=items]")
    chosen = min(3, boxes.count())
    for _item in range(chosen):
        page.keyboard.press("j")
        page.keyboard.press("s")
    expect(page.locator("input[name=items]:checked")).to_have_count(chosen)
    expect(page.locator("#items")).to_contain_text(f"{chosen} texts are chosen.")
    page.keyboard.press("a")
    enter(page, page.locator(BULK))
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("h1")).to_have_text(f"You approved {chosen} texts.")
    enter(page, page.locator("main form button"))
    expect(page.locator(".notice.good")).to_contain_text(f"{chosen} decisions are taken back.")


def test_every_text_of_a_page_is_chosen_and_left_again(page_as: PageAs) -> None:
    """The buttons say how many; whoever listens hears it."""
    page = page_as("moderator")
    page.goto("/en/moderation")
    boxes = page.locator("input[name=items]")
    buttons = page.locator("[data-choose-all] button")
    buttons.first.click()
    expect(page.locator("input[name=items]:checked")).to_have_count(boxes.count())
    expect(page.locator("#status")).to_contain_text(f"{boxes.count()} texts are chosen.")
    buttons.last.click()
    expect(page.locator("input[name=items]:checked")).to_have_count(0)
    expect(page.locator("#status")).to_have_text("Nothing is chosen yet.")


def test_without_scripts_nothing_is_offered_that_needs_them(page_as: PageAs) -> None:
    """The boxes and the form do; choosing all and the switch of the keys are not shown."""
    page = page_as("moderator", scripts=False)
    page.goto("/en/moderation")
    expect(page.locator("[data-choose-all]")).to_be_hidden()
    page.locator("details:has(#keys) > summary").click()
    expect(page.locator("[data-keys-off]")).to_be_hidden()
    page.locator("input[name=items]").first.check()
    page.locator(BULK).click()
    expect(page.locator("#errors")).to_contain_text("Please choose a decision.")
    expect(page.locator("input[name=items]").first).to_be_checked()


def test_keys_are_listed_and_switched_off_on_the_queue_as_well(page_as: PageAs) -> None:
    """The switch holds for every page of the desk; no key acts with Ctrl, Alt or Meta."""
    page = page_as("moderator")
    page.goto("/en/moderation")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_focused()
    for modifier in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{modifier}+x")
        expect(page.locator("input[name=verdict]:checked")).to_have_count(0)
    page.locator("button[data-keys-off]").click()
    expect(page.locator("#status")).to_have_text("The keys are off.")
    page.keyboard.press("x")
    expect(page.locator("input[name=verdict]:checked")).to_have_count(0)
    page.goto(page.locator("a.queue-item").first.get_attribute("href") or "")
    page.keyboard.press("a")
    expect(page.locator("input[name=verdict]:checked")).to_have_count(0)


def test_a_claim_is_renewed_and_its_loss_is_told(page_as: PageAs) -> None:
    """The page asks again while somebody is there; whoever loses the text is told aloud."""
    page = page_as("moderator")
    page.clock.install()
    page.goto("/en/moderation?kind=new")
    page.goto(page.locator("a.queue-item").last.get_attribute("href") or "")
    page.locator("#message").fill("Kept beside the claim.")
    page.keyboard.press("Escape")
    page.locator("[data-keep]").click()
    notice = page.locator("form[data-claim]")
    expect(notice).to_be_focused()
    expect(page.locator("#message")).to_have_value("Kept beside the claim.")
    with page.expect_response(lambda answer: answer.url.endswith("/claim")) as renewed:
        page.clock.run_for(241_000)
    assert renewed.value.status == 200
    # Somebody else has it meanwhile: the form is the way to give it back.
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("form[data-claim] button").click()
    other.close()
    rival = page_as("another moderator")
    rival.goto(page.url)
    rival.locator("[data-keep]").click()
    with page.expect_response(lambda answer: answer.url.endswith("/claim")) as lost:
        page.clock.run_for(241_000)
    assert lost.value.status == 409
    expect(page.locator("#status")).to_have_text("Your claim on this text has ended.")
    expect(page.locator("#message")).to_have_value("Kept beside the claim.")
    rival.locator("form[data-claim] button").click()

"""Writing with the scripts of the form: pasting, the toolbar, drafts that keep themselves.

What a word processor leaves on the clipboard lies in `clipboard/`. It is pasted for a real: a page
copies it as it is, then the keys paste it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    Locator,
    Page,
    Route,
    StorageState,
    expect,
)

from tests.browser.conftest import EMAILS, PageAs, sign_in
from tests.conftest import Served

QUESTION = "/spaces/round-table-3/questions/2"
CLIPBOARD = Path(__file__).parent / "clipboard"
COPY = """(kinds) => {
  const copy = (event) => {
    for (const [kind, text] of Object.entries(kinds)) event.clipboardData.setData(kind, text);
    event.preventDefault();
  };
  document.addEventListener("copy", copy, { once: true });
  document.activeElement?.blur();
}"""
SLICE = "application/x-vnd.google-docs-document-slice-clip+wrapped"
SHAPE = """(prose) => {
  const words = (one) => one.textContent.trim().replace(/\\s+/g, " ");
  const all = (selector) => [...prose.querySelectorAll(selector)].map(words);
  return {
    headings: all("h4, h5, h6"),
    bold: all("strong"),
    italic: all("em"),
    links: [...prose.querySelectorAll("a")].map((one) => [words(one), one.getAttribute("href")]),
    bullets: all(":scope > ul > li"),
    nested: all("ul ul > li"),
    numbered: all(":scope > ol > li"),
    quotes: all("blockquote"),
    cells: all("th, td"),
    paragraphs: all(":scope > p"),
  };
}"""
NO_AUTOSAVE = """document.addEventListener("readystatechange", () =>
  document.querySelector("form[data-autosave]")?.removeAttribute("data-autosave"));"""
"""Comes before the scripts of the page. A route would not do: what a page sends while it is left
passes by it, and the real server would keep it for the next test."""
Shape = dict[str, Any]


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Served) -> StorageState:
    """Return the cookies of somebody who signed in once for all tests here."""
    context = browser.new_context(base_url=site.url)
    sign_in(context.new_page(), EMAILS["stakeholder"], "en")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(page_as: PageAs, signed_in: StorageState) -> Page:
    """Return the window of somebody about to answer whose drafts stay in the browser."""
    page = page_as(storage_state=signed_in)
    page.add_init_script(NO_AUTOSAVE)
    page.route("**/proposals", lambda route: route.fulfill(json={}))
    open_form(page)
    return page


def open_form(page: Page) -> Locator:
    """Open the answer form, empty, and return its field."""
    page.goto(f"/en{QUESTION}")
    # A form with a draft is open already.
    page.evaluate("() => { document.querySelector('details.write').open = true; }")
    page.locator("#body").fill("")
    page.locator("#language").select_option("")
    return page.locator("#body")


def paste(page: Page, html: str, plain: str = "", *, keys: str = "Control+V", **more: str) -> str:
    """Copy something as it is, press the keys in the field and return its text."""
    page.evaluate(COPY, {"text/html": html, "text/plain": plain, **more})
    page.keyboard.press("Control+C")
    page.locator("#body").focus()
    page.keyboard.press(keys)
    return page.locator("#body").input_value()


def previewed(page: Page) -> Shape:
    """Press “Preview” and return what readers would see."""
    with page.expect_navigation():
        page.locator("button[name=action][value=preview]").click()
    shape: Shape = page.locator("article .prose").first.evaluate(SHAPE)
    return shape


# --- Pasting ------------------------------------------------------------------------------------


def test_a_text_from_word_keeps_what_its_author_made_of_it(page: Page) -> None:
    text = paste(page, (CLIPBOARD / "word.html").read_text("utf-8"), "Objective 16\n…")
    assert "5\\*4 = 20 m² for case_file_7" in text
    shape = previewed(page)
    assert shape["headings"] == ["Objective 16: what our town learnt"]
    assert shape["bold"] == ["free of charge", "named"]
    assert shape["italic"] == ["anonymous"]
    assert shape["links"] == [["the town’s site", "https://harbourtown.example/desk_2024"]]
    assert shape["bullets"] == [
        "language courses in the evening with a crèche",
        "a named contact[2]",
    ]
    assert shape["nested"] == ["with a crèche"]
    assert shape["numbered"] == ["Count who comes.", "Publish how long it takes."]
    assert shape["quotes"] == ["“Somebody answered within two days.”"]
    assert shape["cells"] == ["Year", "Cases", "2025", "118 of 120"]
    assert shape["paragraphs"] == [
        (
            "We opened a “one-stop desk” in 2024[1]. It is free of charge, anonymous and"
            " described on the town’s site. Twelve people work there."
        ),
        "What people ask for:",
        "How to begin:",
        "Rates are 5*4 = 20 m² for case_file_7. Harbourtown council",
        "[1] Annual report of Harbourtown, 2024, p. 12.",
        "[2] With the association Bridge House.",
    ]


def test_reviewers_remarks_and_deleted_words_are_not_pasted(page: Page) -> None:
    text = paste(page, (CLIPBOARD / "word.html").read_text("utf-8"))
    for unwanted in ("Is this number public?", "A1", "from the old office", "mso", "Symbol"):
        assert unwanted not in text


def test_a_text_from_libreoffice_keeps_what_its_author_made_of_it(page: Page) -> None:
    paste(page, (CLIPBOARD / "libreoffice.html").read_text("utf-8"), "Objectif 16")
    shape = previewed(page)
    assert shape["headings"] == ["Objectif 16 : des communes qui accueillent"]
    assert shape["bold"] == ["guichet unique", "interprète"]
    assert shape["italic"] == ["gratuit"]
    assert shape["links"] == [
        ["le site de la commune", "https://valbrune.example/guichet"],
        ["son site", "https://pontneuf.example/"],
    ]
    assert len(shape["bullets"]) == 3
    assert shape["nested"] == ["deux niveaux,", "une garde d’enfants ;"]
    assert shape["numbered"] == [
        "nommer une personne ;",
        "publier les délais ;",
        "mesurer chaque année.",
    ]
    assert shape["quotes"] == ["« On m’a répondu en deux jours. »"]
    assert shape["cells"] == ["Année", "Dossiers", "2023", "118"]
    assert shape["paragraphs"][0].startswith("Notre commune a ouvert un guichet unique en 2024[1].")
    assert shape["paragraphs"][-2:] == [
        "[1] Rapport annuel de la commune de Valbrune, 2024, p. 12.",
        "[2] Avec l’association Pont-Neuf ; voir son site.",
    ]


def google_slice(copy: str, *notes: str) -> str:
    """Return what Google Docs tells beside its HTML: the text with a # for each footnote."""
    ids = [f"kix.note{i}" for i in range(len(notes))]
    styles = [{"stsl_type": "footnote", "stsl_styles": [None, *({"fs_id": one} for one in ids)]}]
    related = {one: {"dsl_spacers": note} for one, note in zip(ids, notes, strict=True)}
    resolved = {
        "dsl_spacers": copy,
        "dsl_styleslices": styles,
        "dsl_relateddocslices": related,
    }
    return json.dumps({"dih": 1, "data": json.dumps({"resolved": resolved})})


def test_a_text_from_google_docs_keeps_what_its_author_made_of_it(page: Page) -> None:
    copied = (
        "Objetivo 20: remesas más baratas\nLas cooperativas publican cada mes el tipo de cambio#,"
        " sin comisión, en su página.\ncuentas sin mínimo\n431 abiertas en catorce meses\natención"
        " por teléfono#\n¿Qué falta?\nUn tope a la comisión.\nDatos abiertos.\nCooperativa"
        " Altavista\x0bCalle 12 #4\n"
    )
    notes = google_slice(copied, " Boletín de marzo de 2026.\n", "\x03 De lunes a sábado.")
    html = (CLIPBOARD / "googledocs.html").read_text("utf-8")
    paste(page, html, "Objetivo 20", **{SLICE: notes})
    shape = previewed(page)
    assert shape["headings"] == ["Objetivo 20: remesas más baratas"]
    assert shape["bold"] == ["publican cada mes", "431 abiertas"]
    assert shape["italic"] == ["sin comisión"]
    assert shape["links"] == [["su página", "https://cooperativa-altavista.example/tipos?mes=3"]]
    assert shape["nested"] == ["431 abiertas en catorce meses"]
    assert shape["bullets"][1] == "atención por teléfono[2]"
    assert shape["numbered"] == ["Un tope a la comisión.", "Datos abiertos."]
    assert shape["paragraphs"] == [
        "Las cooperativas publican cada mes el tipo de cambio[1], sin comisión, en su página.",
        "¿Qué falta?",
        "Cooperativa Altavista Calle 12 #4",
        "[1] Boletín de marzo de 2026.",
        "[2] De lunes a sábado.",
    ]


def test_footnotes_of_a_google_page_keep_their_marks(page: Page) -> None:
    paste(page, (CLIPBOARD / "googledocs-page.html").read_text("utf-8"))
    assert previewed(page)["paragraphs"] == [
        "Los consulados móviles acortan la espera[1].",
        "También ayudan los documentos digitales[2].",
        "[1] Informe del consulado de Valdeluna, 2025.",
        "[2] Véase el anexo.",
    ]


def test_signs_of_a_pasted_text_mean_nothing_new(page: Page) -> None:
    lines = [
        "# no heading",
        "1. no list",
        "- no list",
        "[1]: no definition",
        "> no quotation",
        "---",
        "*a* _b_ `c` ~~d~~ [e](f) &amp; 5 * 4, snake_case, https://x.example/_a_b_",
    ]
    html = "<p><b>Signs</b></p>" + "".join(
        f"<p>{line.replace('&', '&amp;').replace('>', '&gt;')}</p>" for line in lines
    )
    text = paste(page, html)
    assert "5 * 4, snake_case, https://x.example/_a_b_" in text
    shape = previewed(page)
    assert shape["paragraphs"] == ["Signs", *lines]
    assert shape["bold"] == ["Signs"]
    assert shape["links"] == [["https://x.example/_a_b_", "https://x.example/_a_b_"]]


def test_a_link_that_is_none_leaves_its_words(page: Page) -> None:
    html = "<p><b>See</b> <a href='javascript:alert(1)'>this</a> and <a href='#x'>that</a></p>"
    assert paste(page, html) == "**See** this and that"


def test_words_of_a_web_page_are_pasted_as_ever(page: Page) -> None:
    html = '<meta charset="utf-8"><span style="color: red">two * words </span>'
    assert paste(page, html, "two * words ") == "two * words "


def test_paragraphs_are_kept_where_the_plain_text_has_only_lines(page: Page) -> None:
    html = "<p class=MsoNormal>One.<o:p></o:p></p>\n<p class=MsoNormal>Two.<o:p></o:p></p>"
    assert paste(page, html, "One.\r\nTwo.\r\n") == "One.\n\nTwo."


def test_pasting_without_format_takes_the_words_alone(page: Page) -> None:
    assert paste(page, "<p><b>Bold</b></p>", "Bold", keys="Control+Shift+V") == "Bold"


def test_what_was_pasted_can_be_undone(page: Page) -> None:
    field = page.locator("#body")
    field.press_sequentially("Before ")
    assert paste(page, "<p>some <b>bold</b> words</p>", "x") == "Before some **bold** words"
    field.press("Control+Z")
    expect(field).to_have_value("Before ")


def test_a_pasted_list_stands_apart_from_the_words_around_it(page: Page) -> None:
    field = page.locator("#body")
    field.fill("Before. After.")
    field.evaluate("(one) => one.setSelectionRange(7, 8)")
    text = paste(page, "<ul><li>a</li><li>b</li></ul>", "a\nb")
    assert text == "Before.\n\n- a\n- b\n\nAfter."


# --- The toolbar --------------------------------------------------------------------------------


def select(page: Page, text: str, words: str) -> Locator:
    """Fill the field, select some words of it and return it."""
    field = page.locator("#body")
    field.fill(text)
    start = text.index(words)
    field.evaluate("(one, [a, b]) => one.setSelectionRange(a, b)", [start, start + len(words)])
    return field


def press(page: Page, syntax: str) -> None:
    """Press a button of the toolbar."""
    page.locator(f"[data-syntax={syntax}]").click()


def selected(field: Locator) -> str:
    """Return what is selected in a field."""
    return str(
        field.evaluate("(one) => one.value.slice(one.selectionStart, one.selectionEnd)"),
    )


def test_a_button_writes_its_syntax_and_takes_it_away_again(page: Page) -> None:
    field = select(page, "a few words here", "few words")
    press(page, "bold")
    expect(field).to_have_value("a **few words** here")
    assert selected(field) == "few words"
    press(page, "italic")
    expect(field).to_have_value("a ***few words*** here")
    press(page, "bold")
    expect(field).to_have_value("a *few words* here")
    press(page, "italic")
    expect(field).to_have_value("a few words here")
    field.press("Control+Z")
    expect(field).to_have_value("a *few words* here")


def test_a_list_button_writes_before_each_line(page: Page) -> None:
    field = select(page, "one\ntwo\n\nthree", "one\ntwo\n\nthree")
    press(page, "bullets")
    expect(field).to_have_value("- one\n- two\n\n- three")
    press(page, "numbers")
    expect(field).to_have_value("1. one\n2. two\n\n3. three")
    press(page, "numbers")
    expect(field).to_have_value("one\ntwo\n\nthree")
    select(page, "Intro\nlast", "last")
    press(page, "quote")
    expect(field).to_have_value("Intro\n\n> last")
    press(page, "heading")
    expect(field).to_have_value("Intro\n\n## > last")


def test_keys_write_syntax_while_somebody_types(page: Page) -> None:
    field = select(page, "see the report", "the report")
    field.press("Control+k")
    expect(field).to_have_value("see [the report](https://)")
    assert selected(field) == "https://"
    field = select(page, "strong", "strong")
    field.press("Control+b")
    expect(field).to_have_value("**strong**")
    field.press("Control+i")
    expect(field).to_have_value("***strong***")


def test_the_toolbar_takes_one_stop_of_the_tabulator(page: Page) -> None:
    bar = page.get_by_role("toolbar")
    buttons = bar.get_by_role("button")
    expect(bar.locator("[tabindex='0']")).to_have_count(1)
    buttons.first.focus()
    page.keyboard.press("ArrowRight")
    expect(buttons.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(buttons.last).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(buttons.first).to_be_focused()
    for box in buttons.all():
        size = box.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 24


def test_nobody_without_scripts_sees_buttons_that_do_nothing(
    page_as: PageAs, signed_in: StorageState
) -> None:
    page = page_as(scripts=False, storage_state=signed_in)
    page.goto(f"/en{QUESTION}")
    expect(page.locator(".toolbar")).to_be_hidden()
    expect(page.locator("#proposals")).to_be_hidden()


# --- Drafts -------------------------------------------------------------------------------------

Sent = dict[str, list[str]]


class Saving:
    """A server that keeps drafts as it is told to, and remembers what it was sent."""

    def __init__(self, page: Page) -> None:
        self.sent: list[Sent] = []
        self.status = 200
        self.message = "Another window has kept a newer text."
        page.route(f"**/en{QUESTION}", self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.method != "POST" or request.headers.get("accept") != "application/json":
            route.fallback()
            return
        self.sent.append(parse_qs(request.post_data or "", keep_blank_values=True))
        number = len(self.sent)
        told = {"draft": f"a-draft:{number}", "saved": f"Draft kept, number {number}."}
        if self.status != 200:
            told = {"message": self.message}
        route.fulfill(status=self.status, json=told)


def note(page: Page) -> Locator:
    """Return what is said beside the field."""
    return page.locator("#body + .meta")


def pass_time(page: Page, seconds: int) -> None:
    """Let the page's own clock run on."""
    page.clock.run_for(seconds * 1000)


def wait_for(page: Page, requests: list[Sent], number: int) -> None:
    """Wait until so many requests have come."""
    for _attempt in range(100):
        if len(requests) >= number:
            break
        page.wait_for_timeout(50)
    assert len(requests) == number


@pytest.fixture
def clocked(page_as: PageAs, signed_in: StorageState) -> Page:
    """Return a window on the form whose clock the test moves."""
    page = page_as(storage_state=signed_in)
    page.route("**/proposals", lambda route: route.fulfill(json={}))
    page.clock.install()
    open_form(page)
    return page


def test_a_text_is_kept_on_the_server_while_it_is_written(clocked: Page) -> None:
    server = Saving(clocked)
    clocked.locator("#body").fill("Nobody presses a button.")
    clocked.locator("input[name=objectives]").first.check()
    pass_time(clocked, 4)
    expect(note(clocked)).to_have_text("Draft kept, number 1.")
    assert server.sent[0]["body"] == ["Nobody presses a button."]
    assert server.sent[0]["action"] == ["save"]
    assert "objectives" in server.sent[0]
    expect(clocked.locator("input[name=draft]")).to_have_value("a-draft:1")
    clocked.locator("#body").fill("And again.")
    pass_time(clocked, 4)
    assert len(server.sent) == 1
    pass_time(clocked, 12)
    expect(note(clocked)).to_have_text("Draft kept, number 2.")
    assert server.sent[1]["draft"] == ["a-draft:1"]
    expect(clocked.locator("#status")).to_have_text("")


def test_the_real_server_keeps_the_draft(page_as: PageAs) -> None:
    page = page_as("another stakeholder")
    page.clock.install()
    field = open_form(page)
    field.fill("Kept without a button, and shown again.")
    pass_time(page, 4)
    expect(note(page)).to_contain_text("Draft kept on")
    token = page.locator("input[name=draft]").input_value()
    field.fill("Kept twice without a button.")
    pass_time(page, 16)
    expect(page.locator("input[name=draft]")).not_to_have_value(token)
    page.evaluate("() => localStorage.clear()")
    page.goto(f"/en{QUESTION}")
    expect(page.locator("#body")).to_have_value("Kept twice without a button.")
    with page.expect_navigation():
        page.locator("button[name=action][value=discard]").click()
    expect(page.locator("#body")).to_have_value("")


def test_an_empty_text_is_not_kept(clocked: Page) -> None:
    server = Saving(clocked)
    clocked.locator("#body").fill("   ")
    pass_time(clocked, 20)
    assert server.sent == []


def test_another_windows_newer_text_is_not_overwritten(clocked: Page) -> None:
    server = Saving(clocked)
    server.status = 409
    clocked.locator("#body").fill("An older window types.")
    pass_time(clocked, 4)
    expect(note(clocked)).to_have_text(server.message)
    expect(clocked.locator("#status")).to_have_text(server.message)
    clocked.locator("#body").fill("It types on.")
    pass_time(clocked, 60)
    assert len(server.sent) == 1
    expect(clocked.locator("#body")).to_have_value("It types on.")


def stored(page: Page) -> list[str]:
    """Return the texts that this browser keeps."""
    texts: list[str] = page.evaluate(
        "() => Object.entries(localStorage).filter(([key]) => key.startsWith('draft:'))"
        ".map(([, draft]) => JSON.parse(draft).text).sort()"
    )
    return texts


def test_a_refused_text_stays_in_the_browser(clocked: Page) -> None:
    server = Saving(clocked)
    server.status, server.message = 422, "Please shorten your text."
    clocked.locator("#body").fill("Far too long.")
    pass_time(clocked, 4)
    expect(note(clocked)).to_have_text("Please shorten your text.")
    assert stored(clocked) == ["Far too long."]


def test_without_a_line_the_text_waits_in_the_browser(clocked: Page) -> None:
    server = Saving(clocked)
    context: BrowserContext = clocked.context
    context.set_offline(True)
    clocked.locator("#body").fill("Written in a tunnel.")
    pass_time(clocked, 5)
    expect(note(clocked)).to_contain_text("No connection")
    assert stored(clocked) == ["Written in a tunnel."]
    assert server.sent == []
    context.set_offline(False)
    expect(note(clocked)).to_have_text("Draft kept, number 1.")
    assert server.sent[0]["body"] == ["Written in a tunnel."]


def test_a_busy_server_is_asked_less_and_less_often(clocked: Page) -> None:
    server = Saving(clocked)
    server.status = 429
    clocked.locator("#body").fill("One")
    pass_time(clocked, 4)
    expect(note(clocked)).to_contain_text("kept in this browser")
    clocked.locator("#body").fill("Two")
    pass_time(clocked, 20)
    assert len(server.sent) == 1
    pass_time(clocked, 12)
    wait_for(clocked, server.sent, 2)


def test_sending_waits_for_the_draft_that_is_on_its_way(clocked: Page) -> None:
    held: list[Route] = []
    sent: list[str] = []

    def hold(route: Route) -> None:
        request = route.request
        if request.method != "POST":
            route.fallback()
        elif request.headers.get("accept") == "application/json":
            held.append(route)
        else:
            sent.append(request.post_data or "")
            route.fulfill(body="<!DOCTYPE html><title>Sent</title>", content_type="text/html")

    clocked.route(f"**/en{QUESTION}", hold)
    clocked.locator("#body").fill("Sent while a draft is being kept.")
    pass_time(clocked, 4)
    send = clocked.locator("button[name=action][value=send]")
    send.click(no_wait_after=True)
    send.click(no_wait_after=True)
    assert sent == []
    with clocked.expect_navigation():
        held[0].fulfill(json={"draft": "a-draft:7", "saved": "Draft kept."})
    assert len(sent) == 1
    assert "a-draft:7" in sent[0]


def test_a_form_that_is_sent_waits_no_longer_than_three_seconds_for_its_draft(
    clocked: Page,
) -> None:
    held: list[Route] = []
    sent: list[str] = []

    def hang(route: Route) -> None:
        request = route.request
        if request.method != "POST":
            route.fallback()
        elif request.headers.get("accept") == "application/json":
            held.append(route)
        else:
            sent.append(request.post_data or "")
            route.fulfill(body="<!DOCTYPE html><title>Sent</title>", content_type="text/html")

    clocked.route(f"**/en{QUESTION}", hang)
    clocked.locator("#body").fill("Sent over a line that hangs.")
    pass_time(clocked, 4)
    clocked.locator("button[name=action][value=send]").click(no_wait_after=True)
    waiting = "Sending as soon as the draft is kept."
    expect(note(clocked)).to_have_text(waiting)
    expect(clocked.locator("#status")).to_have_text(waiting)
    pass_time(clocked, 2)
    assert sent == []
    with clocked.expect_navigation():
        pass_time(clocked, 2)
    assert len(held) == 1
    assert len(sent) == 1
    assert "Sent over a line that hangs." in sent[0]


def test_a_draft_that_hangs_is_given_up_and_kept_in_the_browser(clocked: Page) -> None:
    # The browser's own time-outs do not follow the clock of the test.
    clocked.evaluate(
        """() => { AbortSignal.timeout = (time) => {
          const one = new AbortController();
          setTimeout(() => one.abort(new DOMException("over", "TimeoutError")), time);
          return one.signal;
        }; }"""
    )
    clocked.route(
        f"**/en{QUESTION}",
        lambda route: None if route.request.method == "POST" else route.fallback(),
    )
    clocked.locator("#body").fill("Nobody answers.")
    pass_time(clocked, 4)
    expect(note(clocked)).to_have_text("Kept in this browser.")
    pass_time(clocked, 11)
    expect(note(clocked)).to_contain_text("No connection")


def test_a_draft_is_kept_without_the_files_that_were_chosen(clocked: Page) -> None:
    server = Saving(clocked)
    clocked.locator("#files").set_input_files(
        {"name": "Paper.txt", "mimeType": "text/plain", "buffer": b"What the paper says."}
    )
    clocked.locator("#body").fill("The paper comes with the sending.")
    pass_time(clocked, 4)
    expect(note(clocked)).to_have_text("Draft kept, number 1.")
    assert server.sent[0]["body"] == ["The paper comes with the sending."]
    assert "files" not in server.sent[0]
    assert "What the paper says." not in str(server.sent)


def test_a_double_click_sends_one_contribution(page_as: PageAs, signed_in: StorageState) -> None:
    page = page_as(storage_state=signed_in)
    words = "Said once, clicked twice, in one breath."
    open_form(page).fill(words)
    page.locator("button[name=action][value=send]").dblclick()
    expect(page.locator(".receipt .code")).to_be_visible()
    page.wait_for_load_state()  # the script that forgets the draft runs after the page is there
    assert stored(page) == []
    page.goto("/en/account")
    expect(page.locator("main").get_by_text(words)).to_have_count(1)


def test_choices_come_back_with_the_text(page: Page) -> None:
    page.locator("#body").fill("Chosen with care.")
    page.locator("#language").select_option("fr")
    page.locator('input[name=objectives][value="22"]').check()
    page.wait_for_function(
        "() => Object.values(localStorage).some((one) => one.includes('\"22\"'))"
    )
    open_form(page)
    expect(page.locator("#language")).to_have_value("")
    offer = page.locator("form[data-draft] .notice", has_text="that you did not send")
    offer.locator("button").first.click()
    expect(page.locator("#body")).to_have_value("Chosen with care.")
    expect(page.locator("#body")).to_be_focused()
    expect(offer).to_have_count(0)
    expect(page.locator("#language")).to_have_value("fr")
    expect(page.locator('input[name=objectives][value="22"]')).to_be_checked()


def test_two_windows_keep_two_texts(page_as: PageAs, signed_in: StorageState) -> None:
    page = page_as(storage_state=signed_in)
    page.context.add_init_script(NO_AUTOSAVE)
    page.context.route("**/proposals", lambda route: route.fulfill(json={}))
    other = page.context.new_page()
    for one in (page, other):
        open_form(one)
    page.locator("#body").fill("Of the first window.")
    expect(note(page)).not_to_be_empty()
    other.locator("#body").fill("Of the second window.")
    page.wait_for_function("() => Object.keys(localStorage).some((key) => key.endsWith('~2'))")
    expect(page.locator("#body")).to_have_value("Of the first window.")
    expect(other.locator("#body")).to_have_value("Of the second window.")
    assert stored(page) == ["Of the first window.", "Of the second window."]


def leave(page: Page) -> list[str]:
    """Go to another page at once; return which questions were asked on the way."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto("/en/about/privacy")
    return asked


def test_whoever_leaves_at_once_loses_nothing(page: Page) -> None:
    page.locator("#body").press_sequentially("Not even a second.")
    assert leave(page) == []
    assert stored(page) == ["Not even a second."]


def test_whoever_would_lose_a_text_is_warned(page: Page) -> None:
    page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('full'); }; }"
    )
    page.locator("#body").press_sequentially("Kept nowhere.")
    assert leave(page) == ["beforeunload"]


# --- Proposals ----------------------------------------------------------------------------------

TEXT = "Cities hold many programmes.\n\nObjectif 16 is where we would begin."


class Proposing:
    """A server that proposes what it is told to."""

    def __init__(self, page: Page) -> None:
        self.asked: list[Sent] = []
        self.suggestions = [self.suggestion("1.ab12cd34.16")]
        page.route("**/proposals", self._answer)

    @staticmethod
    def suggestion(value: str) -> dict[str, object]:
        sentence = "Paragraph 2 says “Objectif 16”. Is it about objective 16?"
        return {"value": value, "sentence": sentence, "objective": 16, "label": "Objective 16"}

    def _answer(self, route: Route) -> None:
        self.asked.append(parse_qs(route.request.post_data or "", keep_blank_values=True))
        route.fulfill(
            json={
                "language": "en",
                "language_label": "English",
                "sentence": "This looks like English.",
                "suggestions": self.suggestions,
                "remarks": [],
            }
        )


@pytest.fixture
def proposing(page: Page) -> Proposing:
    """Return the server behind the page, asked about a text."""
    server = Proposing(page)
    page.locator("#body").fill(TEXT)
    expect(page.locator("#suggestions li")).to_have_count(1)
    return server


def answer(page: Page, words: str) -> None:
    """Press a button of the only proposal."""
    page.locator("#suggestions li").get_by_role("button", name=re.compile(words)).click()


def test_nothing_is_ticked_before_it_is_clicked(page: Page, proposing: Proposing) -> None:
    assert proposing.asked[0]["body"] == [TEXT]
    expect(page.locator("#language-proposal")).to_have_text("This looks like English.")
    expect(page.locator("#language")).to_have_value("")
    expect(page.locator("form[data-draft] input[type=checkbox]:checked")).to_have_count(0)


def test_a_proposal_is_taken_for_a_paragraph(page: Page, proposing: Proposing) -> None:
    answer(page, "For this paragraph")
    chip = page.locator("input[name=passages]:checked")
    expect(chip).to_have_value("1.ab12cd34.16")
    expect(chip).to_be_focused()
    expect(page.locator("#suggestions li")).to_have_count(0)
    proposing.suggestions = [Proposing.suggestion("1.ffff0000.16")]
    page.locator("#body").press("End")
    page.locator("#body").press_sequentially(" Indeed.")
    expect(chip).to_have_value("1.ffff0000.16")
    expect(page.locator("#suggestions li")).to_have_count(0)
    chip.uncheck()
    expect(page.locator("input[name=passages]:checked")).to_have_count(0)


def test_a_proposal_is_taken_for_the_whole_text(page: Page, proposing: Proposing) -> None:
    answer(page, "For the whole text")
    expect(page.locator('input[name=objectives][value="16"]')).to_be_checked()
    expect(page.locator("#suggestions li")).to_have_count(0)


def test_a_refused_proposal_does_not_come_back(page: Page, proposing: Proposing) -> None:
    answer(page, "No")
    expect(page.locator("#body")).to_be_focused()
    page.locator("#body").press_sequentially(" More.")
    expect(page.locator("#suggestions li")).to_have_count(0)
    wait_for(page, proposing.asked, 2)
    expect(page.locator("#suggestions li")).to_have_count(0)


def test_a_chosen_language_is_not_argued_with(page: Page, proposing: Proposing) -> None:
    page.locator("#language").select_option("es")
    expect(page.locator("#language-proposal")).not_to_be_visible()

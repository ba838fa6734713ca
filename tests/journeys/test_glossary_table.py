"""The glossary as a spreadsheet: an organiser sends a table, sees what it changes, applies it."""

from __future__ import annotations

import html
import io
import re

import pytest

from consult.core.authz import Role
from tests import factories as make
from tests.journeys.test_glossary import TABLE, add, browser_of, keys, part, send, words_of
from tests.signing_in import token_of

HEAD = "key,en,fr,es,objectives,note\n"


@pytest.fixture
def olga(app, session):
    """The organiser's browser."""
    return browser_of(app, session, make.make_space(session), Role.ORGANISER)


def upload(browser, text, **fields):
    token = token_of(browser.get(TABLE).text)
    file = (io.BytesIO(text.encode("utf-8-sig")), "terms.csv")
    data = {"file": file, "act": "check", "csrf_token": token} | fields
    return browser.post(TABLE, data=data, content_type="multipart/form-data")


def confirm(browser, page, **fields):
    edition = part(r'name="edition" value="(\w*)"', page)
    table = part(r'<textarea name="table" hidden>\n(.*?)</textarea>', page)
    data = {
        "act": "apply",
        "edition": edition,
        "table": html.unescape(table),
        "csrf_token": token_of(page),
    }
    return browser.post(TABLE, data=data | fields)


def test_a_long_glossary_comes_in_pages(olga, client, session):
    lines = "".join(f",term {number:03},,,," + "\n" for number in range(60))
    assert confirm(olga, upload(olga, HEAD + lines).text).status_code == 303
    assert len(keys(session)) == 60
    first, second = client.get("/en/glossary"), client.get("/en/glossary?page=2")
    assert "term 049" in first.text
    assert "term 050" not in first.text
    assert 'rel="next" href="/en/glossary?page=2"' in first.text
    assert "term 059" in second.text


def test_a_table_is_shown_before_it_is_applied(olga, session):
    add(olga, en="return", fr="retour")
    add(olga, en="diaspora")
    page = upload(olga, f"{HEAD}return,return,retour,retorno,16,\n,visa | permit,,,,\n")
    assert page.status_code == 200
    told = words_of(page)
    assert "1 entry is new" in told
    assert "1 entry changes" in told
    assert "terms.csv" in told
    assert "visa · permit" in told
    assert keys(session) == {"return", "diaspora"}
    done = confirm(olga, page.text)
    assert done.status_code == 303
    assert "New: 1, changed: 1, taken out: 0." in words_of(olga.get(done.location))
    assert keys(session) == {"return", "diaspora", "visa"}


def test_what_is_not_in_the_table_goes_only_where_it_is_ticked(olga, session):
    for term in ("return", "diaspora", "visa"):
        add(olga, en=term)
    page = upload(olga, f"{HEAD}visa,visa,,,,\n").text
    assert "1 entry stays as it is" in " ".join(re.sub(r"<[^>]+>", " ", page).split())
    confirm(olga, page, remove="diaspora")
    assert keys(session) == {"return", "visa"}


def test_a_broken_table_changes_nothing_and_can_be_mended_on_the_page(olga, session):
    answer = upload(olga, f"{HEAD},visa,,,,\n,,,,99,\n")
    assert answer.status_code == 422
    told = words_of(answer)
    assert "Line 3, column “en”: Please enter a term in at least one language." in told
    assert "Line 3, column “objectives”:" in told
    assert ",visa,,,," in answer.text
    assert keys(session) == set()
    mended = olga.post(
        TABLE,
        data={
            "act": "check",
            "table": f"{HEAD},visa,,,,\n,asylum,,,16,\n",
            "csrf_token": token_of(answer.text),
        },
    )
    assert "2 entries are new" in words_of(mended)


def test_a_table_for_an_older_glossary_is_shown_again(olga, session):
    page = upload(olga, f"{HEAD},visa,,,,\n").text
    add(olga, en="visa")
    answer = confirm(olga, page)
    assert answer.status_code == 409
    assert "The glossary has changed meanwhile" in words_of(answer)
    assert "already" in words_of(answer)


def test_no_file_is_a_mistake_with_words(olga):
    answer = send(olga, TABLE, act="check")
    assert answer.status_code == 422
    assert "Please choose a file." in words_of(answer)


def test_the_download_goes_through_a_spreadsheet_and_back(olga, client):
    add(olga, en="=return", fr="étranger", note="Line one\nand two.")
    answer = client.get("/en/glossary.csv")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert '"\'=return"' in answer.text
    page = upload(olga, answer.data.decode("utf-8-sig"))
    assert "The table says what the glossary says already." in words_of(page)


def test_a_table_that_came_too_late_is_kept(olga):
    answer = olga.post(TABLE, data={"table": f"{HEAD},visa,,,,\n", "csrf_token": "old"})
    assert answer.status_code == 400
    assert ",visa,,,," in answer.text

"""Texts that nobody expects: each is kept, or refused in words beside what was typed."""

from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.discussion.models import Contribution, Revision
from tests import factories as make
from tests.journeys.test_stakeholder import Amina, only, publish

SECOND = dt.timedelta(seconds=1)
ARABIC = "يجب أن تُسمع أصوات المهاجرين في مدننا."
GERMAN = (
    "Die Gemeinden brauchen verlässliche Mittel, damit sie Neuankömmlinge beraten können."
    " Ohne diese Beratung bleiben viele Menschen jahrelang ohne Arbeit und ohne Wohnung."
)
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
MARKS = "\u0301\u0300\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b" * 3
"""Thirty accents."""


@pytest.fixture
def amina(app, session, client):
    space = make.make_space(session)
    session.commit()
    return Amina(app, session, space)


def typed(page):
    """Return what stands in the field of the text."""
    found = re.search(r'<textarea id="body"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def problems(page):
    """Return the sentences in the list of mistakes."""
    found = re.search(r'id="errors".*?</ul>', page, re.DOTALL)
    return html.unescape(re.sub("<[^>]+>", " ", found[0])) if found else ""


def sources(session):
    return session.scalars(select(Revision.source).order_by(Revision.id)).all()


@pytest.mark.parametrize("letter", ["a", "é", "字"])
def test_200_000_characters_are_too_many_and_all_of_them_come_back(amina, session, letter):
    body = f"{letter * 9} " * 20_000
    assert len(body) == 200_000
    response = amina.answer(body)
    assert response.status_code == 422
    assert typed(response.text).strip() == body.strip()
    assert "50,000 characters" in problems(response.text)
    assert sources(session) == []


@pytest.mark.parametrize("body", ["😀", "👍🏽👍🏽 🎉", "1️⃣ ❤️", "🇫🇷🇪🇸\n\n👩‍👩‍👧"])
def test_emoji_alone_are_no_text(amina, session, body):
    response = amina.answer(body)
    assert response.status_code == 422
    assert typed(response.text) == body
    assert "no words" in problems(response.text)
    assert sources(session) == []


def test_an_emoji_beside_words_is_kept(amina, session):
    assert amina.answer("Agreed 👩‍👩‍👧 with all of it.").status_code == 303
    assert sources(session) == ["Agreed 👩‍👩‍👧 with all of it."]


def test_right_to_left_words_are_kept_and_shown_in_their_direction(amina, session, client):
    body = f"Our slogan in Arabic: {ARABIC}"
    assert amina.answer(body).status_code == 303
    assert sources(session) == [body]
    publish(session, only(session))
    page = client.get(amina.question).text
    article = page[page.index("<article") :]
    assert ARABIC in article
    assert re.search(r'<div class="prose"[^>]* dir="auto"', article)


@pytest.mark.parametrize("body", [ZERO_WIDTH, f" {ZERO_WIDTH}\n\n{ZERO_WIDTH} "])
def test_characters_without_width_are_no_text(amina, session, body):
    response = amina.answer(body)
    assert response.status_code == 422
    assert problems(response.text)
    assert sources(session) == []


def test_of_thirty_marks_on_a_letter_eight_are_kept_and_the_page_says_so(amina, session):
    response = amina.answer(f"A letter that fl{'o' + MARKS}ws over.")
    assert response.status_code == 303
    (source,) = sources(session)
    decomposed = unicodedata.normalize("NFD", source)
    assert sum(map(bool, map(unicodedata.combining, decomposed))) == 8
    assert "the first eight were kept" in amina.browser.get(response.headers["Location"]).text


def test_the_preview_says_which_marks_will_go(amina, session):
    response = amina.answer(f"A letter that fl{'o' + MARKS}ws over.", action="preview")
    assert response.status_code == 200
    assert "the first eight were kept" in response.text
    assert sources(session) == []


def test_a_text_in_a_fourth_language_is_refused_in_words_that_help(amina, session):
    response = amina.answer(GERMAN, language="")
    assert response.status_code == 422
    assert typed(response.text) == GERMAN
    told = problems(response.text)
    assert all(language in told for language in ("English", "French", "Spanish"))
    assert "choose it" in told
    assert sources(session) == []


def test_a_text_in_a_fourth_language_is_taken_once_a_language_is_chosen(amina, session):
    assert amina.answer(GERMAN, language="en").status_code == 303
    assert session.scalars(select(Revision.language)).all() == ["en"]
    assert sources(session) == [GERMAN]


def test_a_nul_and_half_a_character_are_replaced_and_the_page_says_so(amina, session):
    page = amina.browser.get(amina.question).text
    fields = amina.hidden(page) | {"language": "en", "action": "send"}
    # Half of a surrogate pair cannot be written in UTF-8; this is what sloppy programs send.
    body = b"Before\x00after, half \xed\xa0\xbd here"
    parts = {name: value.encode() for name, value in fields.items()} | {"body": body}
    lines = b"".join(
        b'--parts\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), value)
        for name, value in parts.items()
    )
    response = amina.browser.post(
        amina.question,
        data=lines + b"--parts--\r\n",
        content_type="multipart/form-data; boundary=parts",
    )
    assert response.status_code == 303
    (source,) = sources(session)
    assert source.startswith("Before\ufffdafter, half \ufffd")
    assert source.endswith(" here")
    assert "no page can show" in amina.browser.get(response.headers["Location"]).text


def test_bytes_that_are_no_text_at_all_lose_nothing_around_them(amina, session):
    page = amina.browser.get(amina.question).text
    fields = amina.hidden(page) | {"language": "en", "action": "send"}
    response = amina.browser.post(
        amina.question,
        data=urlencode(fields).encode() + b"&body=Before+%ED%A0%BD%FF+after",
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 303
    (source,) = sources(session)
    assert source.startswith("Before ")
    assert source.endswith(" after")


@pytest.fixture
def closing(amina, session):
    """Return when the space closes; its form was opened five minutes before."""
    closes_at = clock.now().replace(microsecond=0) + dt.timedelta(minutes=5)
    amina.space.closes_at = closes_at
    session.commit()
    return closes_at


@pytest.mark.parametrize("late", [-SECOND, dt.timedelta(0), 59 * SECOND])
def test_a_form_opened_before_is_taken_until_a_minute_after_the_closing(
    amina, session, closing, late
):
    page = amina.browser.get(amina.question).text
    with clock.stopped_at(closing + late):
        response = amina.send(amina.question, page, body="In the last second.")
    assert response.status_code == 303
    assert only(session).sent_at == closing + late


def test_a_minute_and_a_second_after_the_closing_words_say_so_and_the_text_is_kept(
    amina, session, closing
):
    page = amina.browser.get(amina.question).text
    with clock.stopped_at(closing + 61 * SECOND):
        response = amina.send(amina.question, page, body="A second too late.")
    assert response.status_code == 403
    assert "has closed" in problems(response.text)
    assert typed(response.text) == "A second too late."
    assert session.scalar(select(func.count()).select_from(Contribution)) == 0


def test_after_the_closing_the_page_offers_no_form(amina, closing):
    with clock.stopped_at(closing + SECOND):
        page = amina.browser.get(amina.question).text
    assert 'id="body"' not in page

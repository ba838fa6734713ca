"""A moderator reads an item: copies, notes for colleagues, the words of files, readers' view."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.core.outbox import plant_timetable
from consult.core.worker import drain
from consult.discussion.models import Contribution
from consult.moderation.handlers.fingerprints import FINGERPRINT
from consult.spaces.notions import new_edition
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.moderation.desk import Desk, make_desk
from tests.integration.moderation.test_fingerprinting import copy
from tests.integration.test_budgets import counted
from tests.signing_in import sign_in, token_of

LOOK = "moderation.fingerprints-lacking"
MOST = 44
"""Statements of an item's page, its queue included."""


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def browsers(
    client: FlaskClient, app: Flask, session: Any, desk: Desk
) -> tuple[FlaskClient, FlaskClient]:
    """Two moderators, each signed in with a browser of their own."""
    second = app.test_client()
    sign_in(client, session, desk.users[0])
    sign_in(second, session, desk.users[1])
    return client, second


def at(contribution: Contribution) -> str:
    return f"/en/moderation/{contribution.receipt}"


def key_of(page: str) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def note(browser: FlaskClient, contribution: Contribution, words: str, **over: str) -> Any:
    page = browser.get(at(contribution)).text
    fields = {"words": words, "idempotency_key": key_of(page), "csrf_token": token_of(page)}
    return browser.post(f"{at(contribution)}/notes", data=fields | over)


def test_a_note_is_read_by_a_colleague_and_taken_away_by_its_writer(
    desk: Desk, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    made = desk.pending()
    session.commit()
    first, second = browsers
    sent = note(first, made, "I asked the secretariat.\nThey answer tomorrow.")
    assert sent.status_code == 303
    assert sent.location.endswith(f"{at(made)}#notes")
    page = second.get(at(made)).text
    assert "I asked the secretariat." in page
    assert "Moderator One" in page
    assert "Take the note away" not in page
    page = first.get(at(made)).text
    number = re.search(r'name="note" value="(\d+)"', page)
    assert number is not None
    fields = {"note": number[1], "csrf_token": token_of(page)}
    assert second.post(f"{at(made)}/notes/remove", data=fields).status_code in {400, 403}
    assert first.post(f"{at(made)}/notes/remove", data=fields).status_code == 303
    assert "I asked the secretariat." not in second.get(at(made)).text


def test_a_note_that_is_sent_twice_is_kept_once(
    desk: Desk, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    made = desk.pending()
    session.commit()
    browser = browsers[0]
    for _ in range(2):
        sent = note(browser, made, "Only once.", idempotency_key="a-key-of-this-form")
        assert sent.status_code == 303
    assert browser.get(at(made)).text.count("Only once.") == 1
    other = note(browser, made, "Something else.", idempotency_key="a-key-of-this-form")
    assert other.status_code == 422
    assert "Something else." in other.text


def test_too_long_a_note_comes_back_with_every_word(
    desk: Desk, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    made = desk.pending()
    session.commit()
    long = "word " * 401
    answer = note(browsers[0], made, long)
    assert answer.status_code == 422
    assert long.strip() in answer.text
    assert "A note can have at most 2,000 characters." in answer.text
    assert "<title>Error:" in answer.text


def test_an_author_and_readers_never_read_a_note(
    desk: Desk, app: Flask, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    made = desk.published()
    session.commit()
    assert note(browsers[0], made, "Among ourselves.").status_code == 303
    author, reader = app.test_client(), app.test_client()
    sign_in(author, session, desk.writer)
    for browser in (author, reader):
        for address in (f"/en/contributions/{made.reference}", at(made), f"{at(made)}/public"):
            assert "Among ourselves." not in browser.get(address).text


def test_copies_find_each_other_once_the_worker_has_run(
    desk: Desk, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    here, near = desk.pending(source=copy(1)), desk.pending(source=copy(2))
    plant_timetable(session, now=clock.now(), only=[LOOK])
    session.commit()
    drain(only=[LOOK, FINGERPRINT])
    page = browsers[0].get(at(here)).text
    assert near.receipt is not None
    assert f'href="/en/moderation/{near.receipt}"' in page
    assert f'href="/en/moderation?like={here.receipt}"' in page
    assert "nearly the same:" in page
    assert browsers[0].get(f"/en/moderation?like={here.receipt}").status_code == 200


def test_the_beginning_of_a_file_is_read_beside_the_text(
    desk: Desk, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    made = desk.pending()
    file = make_attachment(
        session,
        revision_id=desk.text(made).id,
        name="paper.pdf",
        paragraphs=[[1, "What the town asks for."], [2, "many words " * 500]],
    )
    session.commit()
    page = browsers[0].get(at(made)).text
    assert "What the town asks for." in page
    assert "This is the beginning." in page
    assert f"/en/files/{file.token}/text" in page


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_readers_view_is_for_the_desk_only_and_kept_nowhere(
    desk: Desk,
    app: Flask,
    session: Any,
    browsers: tuple[FlaskClient, FlaskClient],
    lang: str,
) -> None:
    made = desk.pending(source="Words that wait.", parent=desk.published(source="What it answers."))
    session.commit()
    address = f"/{lang}/moderation/{made.receipt}/public"
    answer = browsers[0].get(address)
    assert answer.status_code == 200
    assert "Words that wait." in answer.text
    assert "What it answers." in answer.text
    assert '<meta name="robots" content="noindex">' in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    author = app.test_client()
    sign_in(author, session, desk.writer)
    assert author.get(address).status_code in {403, 404}
    assert app.test_client().get(address).status_code != 200


def test_the_page_of_an_item_costs_the_same_few_statements_whatever_its_length(
    desk: Desk, session: Any, browsers: tuple[FlaskClient, FlaskClient]
) -> None:
    # As of a forum that a definition was loaded into: what is made from its glossary is kept.
    desk.forum.glossary_edition = new_edition()
    top = desk.published()
    made = desk.pending(source=copy(0), parent=top)
    twin = desk.pending(source=copy(1))
    session.commit()
    costs = []
    for number in range(2):
        plant_timetable(session, now=clock.now(), only=[LOOK])
        session.commit()
        drain(only=[LOOK, FINGERPRINT])
        browsers[0].get(at(made))
        session.expire_all()
        with counted() as statements:
            assert browsers[0].get(at(made)).status_code == 200
        costs.append(len(statements))
        if not number:
            for more in range(2, 14):
                desk.pending(source=copy(more))
                make.make_contribution(session, space=desk.space, author=desk.author, parent=top)
            session.commit()
    assert twin.receipt
    assert costs[1] <= costs[0] + 1
    assert max(costs) <= MOST, "\n".join(statements)

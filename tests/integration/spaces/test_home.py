"""The home page of a forum."""

from __future__ import annotations

import datetime as dt

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from consult.core import clock
from consult.spaces.states import SpaceVisibility
from tests.factories import make_forum, make_space, question_of, said

DAY = dt.timedelta(days=1)


def test_open_consultations_stand_first_then_upcoming_then_closed(
    client: FlaskClient, session: Session
) -> None:
    now, forum = clock.now(), make_forum(session)
    for title, opens, closes in (
        ("Closed one", -9, -1),
        ("Coming one", 1, 9),
        ("Open one", -1, 9),
    ):
        make_space(
            session,
            forum=forum,
            title=said(title),
            opens_at=now + opens * DAY,
            closes_at=now + closes * DAY,
        )
    page = client.get("/en/").text
    places = [page.index(title) for title in ("Open one", "Coming one", "Closed one")]
    assert places == sorted(places)


def test_contributions_of_all_questions_are_added_up(client: FlaskClient, session: Session) -> None:
    space = make_space(session, forum=make_forum(session))
    question_of(session, space, 1).public_count = 2
    question_of(session, space, 2).public_count = 3
    assert "5 contributions" in client.get("/en/").text


def test_a_space_that_is_not_announced_is_not_named(client: FlaskClient, session: Session) -> None:
    make_space(
        session,
        forum=make_forum(session),
        title=said("Secret one"),
        visibility=SpaceVisibility.UNANNOUNCED,
    )
    assert "Secret one" not in client.get("/en/").text


def test_without_a_forum_the_page_says_so(client: FlaskClient) -> None:
    assert "No consultation has been announced yet" in client.get("/en/").text


def test_a_reader_who_has_the_page_gets_304_until_a_space_changes(
    client: FlaskClient, session: Session
) -> None:
    space = make_space(session, forum=make_forum(session))
    tag = client.get("/en/").headers["ETag"]
    assert client.get("/en/", headers={"If-None-Match": tag}).status_code == 304
    space.public_version += 1
    assert client.get("/en/", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("page", ["accessibility", "privacy", "disclaimer"])
def test_the_pages_about_the_site_are_there_in_three_languages(
    client: FlaskClient, page: str
) -> None:
    for lang in ("en", "fr", "es"):
        assert f'lang="{lang}"' in client.get(f"/{lang}/about/{page}").text


def test_an_unknown_page_about_the_site_is_not_found(client: FlaskClient) -> None:
    assert client.get("/en/about/nothing").status_code == 404

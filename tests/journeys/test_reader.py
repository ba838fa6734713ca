"""Lena reads a question again and again; Kofi marks the answer of the drafting agencies."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.core.authz import Role
from consult.core.paging import PER_PAGE
from consult.discussion.models import Contribution
from consult.discussion.services.threads import public_change
from consult.discussion.states import ContributionKind
from consult.spaces.models import Author, Forum, Space
from consult.spaces.states import QuestionKind
from tests import factories as make
from tests.factories import AnySession
from tests.signing_in import sign_in, token_of

MORNING = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ARTICLE = re.compile(r'<article class="(?:contribution|tombstone)[^"]*" id="([^"]+)"')


@pytest.fixture
def space(session: AnySession) -> Space:
    with clock.stopped_at(MORNING):
        return make.make_space(session, slug="read-space", code="L1")


@pytest.fixture
def author(session: AnySession, space: Space) -> Author:
    return make.make_author(session, forum=session.get_one(Forum, space.forum_id))


def publish(session: AnySession, space: Space, author: Author, **over: Any) -> Contribution:
    made = make.make_contribution(session, space=space, author=author, **over)
    public_change(session, made, was_public=False, now=clock.now())  # type: ignore[arg-type]
    session.commit()
    session.expire_all()
    return made


def somebody(app: Flask, session: AnySession, space: Space, *roles: Role) -> FlaskClient:
    user = make.make_user(session)
    for role in roles:
        make.grant(session, user=user, role=role, space=space)
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


def test_lena_sees_what_is_new_and_goes_there(
    app: Flask, session: AnySession, space: Space, author: Author
) -> None:
    path = f"/en/spaces/{space.slug}/questions/1?per_page=20"
    with clock.stopped_at(MORNING):
        lena = somebody(app, session, space)
        for _ in range(25):
            publish(session, space, author)
        assert "since your last visit" not in lena.get(path).text
    with clock.stopped_at(MORNING + HOUR):
        new = publish(session, space, author)
    with clock.stopped_at(MORNING + 2 * HOUR):
        page = lena.get(path).text
        assert (
            "1 contribution is new or has changed since your last visit on "
            "20 November 2026, 09:05." in page
        )
        link = re.search(r'<a href="([^"]+)">Go to the first one', page)
        assert link
        there = lena.get(link.group(1).replace("&amp;", "&"), follow_redirects=True)
    anchor = (new.reference or "").lower()
    assert there.request.path == path.partition("?")[0]
    assert f'<strong class="tag news">New</strong><article class="contribution" id="{anchor}"' in (
        there.text
    )


def test_every_place_is_reached_by_next_and_left_by_previous(
    client: FlaskClient, session: AnySession, space: Space, author: Author
) -> None:
    for _ in range(25):
        root = publish(session, space, author)
        publish(session, space, author, parent=root)
    for sort in ("oldest", "newest", "discussed"):
        first = f"/en/spaces/{space.slug}/questions/1?per_page=20&sort={sort}"
        pages = [first]
        while following := _link(client, pages[-1], "next"):
            pages.append(following)
        assert len(pages) == 3
        shown = [ARTICLE.findall(client.get(page).text) for page in pages]
        second = _link(client, pages[2], "prev")
        assert second is not None
        assert ARTICLE.findall(client.get(second).text) == shown[1]
        back = _link(client, second, "prev")
        assert back is not None
        assert ARTICLE.findall(client.get(back).text) == shown[0]
        assert _link(client, back, "prev") is None


def test_a_way_back_that_ends_early_shows_the_whole_first_page(
    client: FlaskClient, session: AnySession, space: Space, author: Author
) -> None:
    names = [publish(session, space, author).reference or "" for _ in range(25)]
    path = f"/en/spaces/{space.slug}/questions/1?per_page=20"
    first = ARTICLE.findall(client.get(path).text)
    assert ARTICLE.findall(client.get(f"{path}&before={names[5]}").text) == first
    assert ARTICLE.findall(client.get(f"{path}&before=NOBODY").text) == first


def _link(browser: FlaskClient, path: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"#]+)', browser.get(path).text)
    return found.group(1).replace("&amp;", "&") if found else None


def test_a_permalink_leads_to_the_page_on_which_it_stands(
    client: FlaskClient, session: AnySession, space: Space, author: Author
) -> None:
    for _ in range(6):
        root = publish(session, space, author)
        replies = [publish(session, space, author, parent=root) for _ in range(14)]
    last = replies[-1].reference
    permalink = client.get(f"/en/contributions/{last}").text
    link = re.search(r'<a href="([^"]+)">Show it in its thread', permalink)
    assert link
    in_thread, _, anchor = link.group(1).replace("&amp;", "&").partition("#")
    for per_page in PER_PAGE:
        named = f"/en/spaces/{space.slug}/questions/1?per_page={per_page}&at={last}"
        for path in (named, f"{in_thread}&per_page={per_page}"):
            shown = ARTICLE.findall(client.get(path).text)
            assert anchor in shown
            # The text that its thread begins with, or ten places above it, stand there too.
            assert shown.index(anchor) == 10


def test_kofi_marks_an_answer_and_the_question_is_answered(
    app: Flask, client: FlaskClient, session: AnySession, space: Space, author: Author
) -> None:
    answer = _asked(session, space, author)
    kofi = somebody(app, session, space, Role.DRAFTER)
    at = f"/en/contributions/{answer.reference}"
    question = f"/en/spaces/{space.slug}/questions/4"
    assert "The drafting agencies have not answered yet." in client.get(question).text
    page = kofi.get(at).text
    fields = {"csrf_token": token_of(page), "seen": answer.public_version, "official": "1"}
    done = kofi.post(f"{at}/official", data=fields)
    assert (done.status_code, done.location) == (303, at)
    assert "This is now an official answer of the drafting agencies." in kofi.get(at).text
    seen = client.get(question).text
    assert "Read the answer of the drafting agencies" in seen
    assert "Official answer</span>" in seen
    again = kofi.post(f"{at}/official", data=fields)
    assert again.status_code == 409
    page = kofi.get(at).text
    taken = {"csrf_token": token_of(page), "seen": answer.public_version, "official": "0"}
    assert kofi.post(f"{at}/official", data=taken).status_code == 303
    assert "The drafting agencies have not answered yet." in client.get(question).text


@pytest.mark.parametrize("role", [None, Role.MODERATOR, Role.ORGANISER])
def test_nobody_else_marks_it(
    app: Flask, session: AnySession, space: Space, author: Author, role: Role | None
) -> None:
    answer = _asked(session, space, author)
    other = somebody(app, session, space, *([role] if role else []))
    at = f"/en/contributions/{answer.reference}"
    assert "official" not in other.get(at).text
    token = token_of(other.get("/en/sign-out").text)
    fields = {"csrf_token": token, "seen": answer.public_version, "official": "1"}
    assert other.post(f"{at}/official", data=fields).status_code == 404
    session.expire_all()
    assert answer.official_at is None


def test_a_drafter_of_another_space_is_refused(
    app: Flask, session: AnySession, space: Space, author: Author
) -> None:
    answer = _asked(session, space, author)
    elsewhere = make.make_space(session, forum=session.get_one(Forum, space.forum_id))
    other = somebody(app, session, elsewhere, Role.DRAFTER)
    at = f"/en/contributions/{answer.reference}"
    token = token_of(other.get("/en/sign-out").text)
    fields = {"csrf_token": token, "seen": answer.public_version, "official": "1"}
    assert other.post(f"{at}/official", data=fields).status_code == 403


@pytest.mark.parametrize("wrong", [{"official": "2"}, {"seen": "x"}, {"seen": "9" * 12}, {}])
def test_a_broken_form_is_refused(
    app: Flask, session: AnySession, space: Space, author: Author, wrong: dict[str, str]
) -> None:
    answer = _asked(session, space, author)
    kofi = somebody(app, session, space, Role.DRAFTER)
    at = f"/en/contributions/{answer.reference}"
    fields = {"csrf_token": token_of(kofi.get(at).text)}
    if wrong:
        fields |= {"seen": str(answer.public_version), "official": "1"} | wrong
    assert kofi.post(f"{at}/official", data=fields).status_code == 400


def _asked(session: AnySession, space: Space, author: Author) -> Contribution:
    """Return a public answer to a participant's question."""
    question = make.make_question(
        session, space=space, number=4, kind=QuestionKind.PARTICIPANT, text=None
    )
    make.make_contribution(
        session,
        space=space,
        author=author,
        kind=ContributionKind.QUESTION,
        source="Will remittances be counted?",
        question_id=None,
        own_question_id=question.id,
        reference=f"{space.code}-Q4",
    )
    return publish(session, space, author, question=question, source="From next year on.")

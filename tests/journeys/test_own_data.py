"""Ines takes a copy of her data with her and then has her account erased, without scripts."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import select, update

from consult.accounts.models import DataExport, User, UserSession
from consult.accounts.states import UserStatus
from consult.core import clock, outbox, worker
from consult.core.authz import Role
from consult.discussion.models import Contribution
from consult.discussion.states import Removed
from consult.operations import handlers
from consult.spaces.models import Author, AuthorMember
from consult.spaces.states import ErasureRule, Membership
from tests import factories as make
from tests.signing_in import sign_in, token_of

MAKING = ("operations.copy-own-data",)


@pytest.fixture(autouse=True)
def copier(app, monkeypatch):
    """The worker of this application: several share a process here, and so the reactions."""
    handler = handlers.copier(
        ports=app.extensions["consult.ports"],
        storage=app.extensions["consult.storage"],
        export_dir=app.extensions["consult.config"].export_dir,
    )
    monkeypatch.setitem(outbox.reactions.handlers, handler.name, handler)


@pytest.fixture
def forum(session):
    return make.make_forum(session)


@pytest.fixture
def ines(session, forum):
    user = make.make_user(session, name="Ines Duarte", locale="es")
    make.make_author(session, forum=forum, user=user, name="Ines Duarte")
    return user


@pytest.fixture
def browser(app, session, client, ines):
    sign_in(client, session, ines)
    return client


def _press(browser, path, **fields):
    page = browser.get(path)
    return browser.post(path, data={"csrf_token": token_of(page.text), **fields})


def _public_text(session, forum, user):
    space = make.make_space(session, forum=forum)
    author = session.scalars(
        select(AuthorMember.author_id).where(AuthorMember.user_id == user.id)
    ).one()
    author = session.get_one(Author, author)
    return make.make_contribution(session, space=space, author=author, source="Rain on tin roofs.")


def test_a_copy_is_asked_for_made_and_fetched(session, browser, ines, forum):
    _public_text(session, forum, ines)
    asked = _press(browser, "/en/account/data")
    assert (asked.status_code, asked.location) == (303, "/en/account/data")
    waiting = browser.get("/en/account/data")
    assert "Look again" in waiting.text
    assert waiting.headers["Retry-After"]
    token = session.scalars(select(DataExport.token)).one()
    assert browser.get(f"/en/account/data/{token}").status_code == 404  # Not made yet.

    worker.drain(only=MAKING)
    page = browser.get("/en/account/data")
    assert f"/en/account/data/{token}" in page.text
    copy = browser.get(f"/en/account/data/{token}")
    assert copy.status_code == 200
    assert copy.headers["Cache-Control"] == "private, no-store"
    assert copy.headers["Content-Disposition"].startswith("attachment; filename=consult-")
    assert "sandbox" in copy.headers["Content-Security-Policy"]
    with zipfile.ZipFile(io.BytesIO(copy.get_data())) as package:
        told = json.loads(package.read("data.json"))
    assert told["account"][0]["name"] == "Ines Duarte"
    assert told["contributions"][0]["versions"][0]["text"] == "Rain on tin roofs."


def test_a_copy_is_its_owners_alone_and_only_for_a_day(app, session, browser, ines):
    _press(browser, "/en/account/data")
    worker.drain(only=MAKING)
    token = session.scalars(select(DataExport.token)).one()
    stranger = app.test_client()
    sign_in(stranger, session, make.make_user(session))
    assert stranger.get(f"/en/account/data/{token}").status_code == 404
    session.execute(update(DataExport).values(expires_at=clock.now()))
    assert browser.get(f"/en/account/data/{token}").status_code == 404
    assert "Make a copy" in browser.get("/en/account/data").text


@pytest.mark.parametrize("path", ["/en/account/data", "/en/account/erase"])
def test_both_ask_anew_who_one_is(session, browser, path):
    session.execute(update(UserSession).values(proved_at=None))
    answer = browser.get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/en/account/prove?next=")
    refused = browser.post(path, data={"understood": "1", "texts": "keep"})
    assert refused.status_code in {400, 403}
    assert session.scalars(select(DataExport)).all() == []


def test_nothing_is_erased_without_choice_and_tick(session, browser, ines):
    page = _press(browser, "/en/account/erase", texts="keep")
    assert page.status_code == 422
    assert "Nothing was erased yet" in page.text
    assert 'value="keep" id="texts" checked' in page.text
    assert _press(browser, "/en/account/erase", understood="1").status_code == 422
    session.expire_all()
    assert session.get(User, ines.id).status == UserStatus.ACTIVE


@pytest.mark.parametrize(("texts", "removed"), [("keep", Removed.NONE), ("remove", Removed.ERASED)])
def test_erased_with_the_choice_about_the_texts(session, browser, ines, forum, texts, removed):
    said = _public_text(session, forum, ines)
    said_id, reference, ines_id = said.id, said.reference, ines.id
    done = _press(browser, "/en/account/erase", texts=texts, understood="1")
    assert (done.status_code, done.location) == (303, "/en/erased")
    assert "Thank you" in browser.get("/en/erased").text
    assert browser.get("/en/account/data").status_code in {303, 401, 403}
    assert session.scalars(select(UserSession).where(UserSession.user_id == ines_id)).all() == []
    assert session.get(Contribution, said_id).removed == removed
    page = browser.get(f"/en/contributions/{reference}")
    assert page.status_code == (200 if texts == "keep" else 410)
    assert "Ines" not in page.text
    assert ("Former participant" in page.text) is (texts == "keep")


def test_the_rule_of_the_forum_is_told_instead_of_a_choice(session, browser, forum, ines):
    forum.erasure = ErasureRule.KEEP
    page = browser.get("/en/account/erase")
    assert "By the rule of “Forum”, your published texts stay" in page.text
    assert 'name="texts"' not in page.text
    assert _press(browser, "/en/account/erase", understood="1").status_code == 303


def test_who_leaves_others_alone_is_told_first(session, browser, forum, ines):
    space = make.make_space(session, forum=forum)
    make.grant(session, user=ines, role=Role.ORGANISER, space=space)
    delegation = make.make_author(
        session, forum=forum, is_delegation=True, organisation="Port Watch"
    )
    session.add(
        AuthorMember(author_id=delegation.id, user_id=ines.id, membership=Membership.FOCAL_POINT)
    )
    page = browser.get("/en/account/erase").text
    assert "only focal point of the delegation of Port Watch" in page
    assert "only organiser of “Forum”" in page
    other = make.make_user(session)
    make.grant(session, user=other, role=Role.ORGANISER, space=space)
    assert "only organiser" not in browser.get("/en/account/erase").text

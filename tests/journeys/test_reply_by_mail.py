"""Rosa, who only reads mail: she answers a text by replying, and it is published."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Role
from consult.notifications import services
from consult.notifications.models import Subscription
from consult.notifications.services import following
from consult.notifications.states import Rhythm, Subject
from consult.spaces.models import Forum
from tests import factories as make
from tests.integration.notifications.inbox import BASE, QUOTE, mail
from tests.integration.notifications.post import Post, plain
from tests.signing_in import sign_in, token_of

WORDS = "Our port has the same trouble, and a night shift mended it."


@pytest.fixture
def space(session):
    return make.make_space(session, code="RT3")


@pytest.fixture
def forum(session, space):
    return session.get_one(Forum, space.forum_id)


@pytest.fixture
def rosa(session, forum, space):
    user = make.make_user(session, email="rosa@example.org", name="Rosa Ortega", locale="fr")
    make.make_author(session, forum=forum, user=user, name="Rosa Ortega")
    following.follow(
        session(),
        user_id=user.id,
        kind=Subject.SPACE,
        subject_id=space.id,
        rhythm=Rhythm.AT_ONCE,
        now=clock.now() - dt.timedelta(days=1),
    )
    return user


@pytest.fixture
def mailed(app, session, forum, space, rosa, monkeypatch):
    """The mail that tells Rosa of a new text, with the address that takes her answer."""
    config = replace(app.extensions["consult.config"], mail_reply=BASE)
    monkeypatch.setitem(app.extensions, "consult.config", config)
    published = clock.now() - dt.timedelta(minutes=5)
    text = make.make_contribution(
        session,
        space=space,
        author=make.make_author(session, forum=forum),
        first_published_at=published,
    )
    services.queue_delivery(
        session(),
        user_id=rosa.id,
        event="new-text",
        key=f"contribution:{text.id}",
        values={
            "contribution_id": text.id,
            "subscription_id": session.scalars(following_of(rosa)).one(),
        },
        now=clock.now(),
    )
    (message,) = Post(session).send(at=clock.now())
    return message


def following_of(user):
    return select(Subscription.id).where(Subscription.user_id == user.id)


def found(pattern, page):
    match = re.search(pattern, page)
    assert match, page[:500]
    return match.group(1)


def receive(app, session, raw):
    session.commit()
    result = app.test_cli_runner().invoke(args=["mail", "receive"], input=raw)
    session.expire_all()
    return result


def test_a_mail_that_can_be_answered_says_so_in_its_head(mailed, space) -> None:
    assert re.fullmatch(r"reply\+[a-z2-7]{32}@consult\.example", str(mailed["Reply-To"]))
    assert re.fullmatch(r"<bounces\+[a-z2-7]{32}@consult\.example>", str(mailed["Return-Path"]))
    assert str(mailed["List-Id"]) == f'"RT3" <{space.slug}.localhost>'
    assert mailed["Precedence"] is None
    assert mailed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mailed["In-Reply-To"] == mailed["References"]
    body = plain(mailed)
    assert "moderat" in body or "modérat" in body


def test_a_reply_by_mail_is_read_by_a_moderator_and_published(
    app, session, client, space, rosa, mailed
) -> None:
    raw = mail(to=str(mailed["Reply-To"]), sender="Rosa <rosa@example.org>", text=WORDS + QUOTE)
    assert receive(app, session, raw).exit_code == 0

    sign_in(client, session, rosa)
    page = client.get("/en/account").get_data(as_text=True)
    assert WORDS in page
    assert "Waits for a moderator" in page

    moderator = make.make_user(session)
    make.grant(session, user=moderator, role=Role.MODERATOR, space=space)
    desk = app.test_client()
    sign_in(desk, session, moderator)
    receipt = found(r"/en/moderation/([A-Z0-9-]{19})", desk.get("/en/moderation").text)
    form = desk.get(f"/en/moderation/{receipt}").text
    fields = {
        "csrf_token": token_of(form),
        "revision": found(r'name="revision"[^>]* value="(\d+)"', form),
        "verdict": "approve",
        "language": "en",
    }
    assert desk.post(f"/en/moderation/{receipt}", data=fields).status_code == 303

    thread = app.test_client().get(f"/en/spaces/{space.slug}/questions/1").get_data(as_text=True)
    assert WORDS in thread
    assert "Hello Rosa" not in thread


def test_a_colleague_who_got_it_forwarded_is_told_to_reply_from_the_right_address(
    app, session, mailed
) -> None:
    raw = mail(to=str(mailed["Reply-To"]), sender="Lin <lin@example.org>", text=WORDS)
    assert receive(app, session, raw).exit_code == 0
    mails = Post(session).send(at=clock.now() + dt.timedelta(minutes=5))
    told = next(one for one in mails if str(one["To"]) == "lin@example.org")
    assert "Please reply from that address" in plain(told)
    assert WORDS not in plain(told)


def test_after_the_closing_rosa_gets_her_words_back(app, session, space, mailed) -> None:
    space.closes_at = clock.now() - dt.timedelta(minutes=1)
    raw = mail(to=str(mailed["Reply-To"]), sender="rosa@example.org", text=WORDS + QUOTE)
    assert receive(app, session, raw).exit_code == 0
    mails = Post(session).send(at=clock.now() + dt.timedelta(minutes=5))
    told = next(one for one in mails if WORDS in plain(one))
    assert str(told["To"]) == "rosa@example.org"
    assert "contribution" in plain(told)

"""Mails to readers about texts they reported: to whom, and when they would be a lie."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Actor
from consult.core.i18n import LOCALES
from consult.core.outbox import Reactions
from consult.discussion.events import RevisionDecided
from consult.discussion.models import Contribution
from consult.discussion.states import Removed
from consult.moderation import services
from consult.moderation.handlers import flagging as handlers
from consult.moderation.models import Decision
from consult.moderation.queries.decisions import decision_facts
from consult.moderation.services import flagging
from consult.moderation.services.settling import reopen_flags, settle_flags
from consult.moderation.states import Verdict
from consult.spaces.models import Consent
from consult.spaces.states import ConsentPurpose, SpaceVisibility
from tests import factories as make
from tests.integration.moderation.desk import Desk, make_desk
from tests.integration.notifications.post import MINUTE, NOW, AnySession, Post, plain


@pytest.fixture
def desk(session: AnySession) -> Desk:
    return make_desk(session)


@pytest.fixture
def reader(session: AnySession) -> User:
    return make.make_user(session, email="Reader@example.org", locale="es")


@pytest.fixture
def item(desk: Desk, reader: User) -> Contribution:
    """A public text that the reader reported."""
    made = desk.published(source="zebrafinch in so many words")
    flagging.flag(
        desk.session,
        actor=Actor(user_id=reader.id),
        contribution_id=made.id,
        reason="personal-data",
        words="The address of my cousin",
        now=NOW,
    )
    return made


def answered(post: Post, desk: Desk, item: Contribution, verdict: Verdict) -> int:
    """Answer the report and run what follows from it; return the decision's id."""
    if verdict is Verdict.HIDE:
        decision = desk.decide(item, verdict, now=NOW)
    elif verdict is Verdict.KEEP:
        decision = flagging.keep(
            desk.session, actor=desk.first, contribution_id=item.id, seen_published=1, now=NOW
        )
    else:
        decision = Decision(
            revision_id=item.published_revision_id,
            verdict=verdict,
            decided_by=desk.first.user_id,
            decided_at=NOW,
        )
        desk.session.add(decision)
        desk.session.flush()
        settle_flags(desk.session, contribution_id=item.id, decision=decision)
    tell(post, item, decision_id=decision.id)
    return decision.id


def tell(post: Post, item: Contribution, *, decision_id: int) -> None:
    """Do what the worker does: the author's mail and those of readers, with the real decisions."""
    post.read_decision = lambda session, id_, /: decision_facts(session, id_)  # type: ignore[method-assign]
    revision_id = item.published_revision_id or 0
    event = RevisionDecided(item.id, revision_id, decision_id)
    post.tell(event)
    reactions = Reactions()
    handlers.register(reactions)
    for _ in range(2):
        reactions.handlers["moderation.reports-answered"].run(
            post.session(), [vars(event)], now=NOW
        )
    post.session.flush()


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.KEEP, "stays as it is"),
        (Verdict.HIDE, "taken it from view"),
        (Verdict.REDACT, "taken something out"),
    ],
)
def test_a_reader_is_told_after_a_minute_what_became_of_the_report(
    post: Post, desk: Desk, item: Contribution, reader: User, verdict: Verdict, words: str
) -> None:
    reader.locale = "en"
    answered(post, desk, item, verdict)
    assert post.send(at=NOW + MINUTE - dt.timedelta(seconds=1)) == []
    mails = [mail for mail in post.send() if mail["To"] == "Reader@example.org"]
    (mail,) = mails
    said = plain(mail)
    assert words in said.replace("\n", " ")
    assert str(item.reference) in said
    for secret in ("zebrafinch", "Moderator One", "personal-data", "my cousin", "off-topic"):
        assert secret not in mail.as_string()
    is_public = verdict is not Verdict.HIDE
    assert (f"/en/discussion.contribution/{item.reference}" in said) is is_public


@pytest.mark.parametrize("locale", LOCALES)
def test_the_mail_is_in_the_readers_language(
    post: Post, desk: Desk, item: Contribution, reader: User, locale: str
) -> None:
    reader.locale = locale
    answered(post, desk, item, Verdict.KEEP)
    (mail,) = post.send()
    assert mail["Content-Language"] == locale
    assert str(item.reference) in mail["Subject"]


def test_the_author_hears_nothing_of_reports_and_of_a_text_that_is_kept(
    post: Post, desk: Desk, item: Contribution
) -> None:
    answered(post, desk, item, Verdict.KEEP)
    assert [mail["To"] for mail in post.send()] == ["Reader@example.org"]


def test_nobody_is_told_of_an_answer_that_was_taken_back(
    post: Post, desk: Desk, item: Contribution
) -> None:
    decision_id = answered(post, desk, item, Verdict.KEEP)
    services.undo(desk.session, actor=desk.first, decision_id=decision_id, now=NOW)
    assert post.send() == []


def test_an_answer_after_one_that_was_taken_back_is_told(
    post: Post, desk: Desk, item: Contribution
) -> None:
    first = answered(post, desk, item, Verdict.KEEP)
    services.undo(desk.session, actor=desk.first, decision_id=first, now=NOW)
    answered(post, desk, item, Verdict.HIDE)
    told = [mail for mail in post.send() if mail["To"] == "Reader@example.org"]
    assert len(told) == 1


def _withdrawn(desk: Desk, item: Contribution, reader: User) -> None:
    item.removed = Removed.WITHDRAWN


def _unannounced(desk: Desk, item: Contribution, reader: User) -> None:
    desk.space.visibility = SpaceVisibility.UNANNOUNCED


def _suspended(desk: Desk, item: Contribution, reader: User) -> None:
    reader.status = UserStatus.SUSPENDED


def _bouncing(desk: Desk, item: Contribution, reader: User) -> None:
    reader.mail_failures = 3


def _unwilling(desk: Desk, item: Contribution, reader: User) -> None:
    desk.session.add(
        Consent(
            user_id=reader.id,
            forum_id=desk.forum.id,
            purpose=ConsentPurpose.NOTIFY,
            version=1,
            given_at=NOW,
            withdrawn_at=NOW,
        )
    )


@pytest.mark.parametrize(
    "change",
    [_withdrawn, _unannounced, _suspended, _bouncing, _unwilling],
    ids=lambda f: f.__name__,
)
def test_no_mail_leaves_where_it_would_be_wrong_or_unwanted(
    post: Post, desk: Desk, item: Contribution, reader: User, change: Any
) -> None:
    answered(post, desk, item, Verdict.KEEP)
    change(desk, item, reader)
    desk.session.flush()
    assert post.send() == []


def test_whoever_was_told_already_is_not_told_by_a_decision_that_answered_nothing(
    post: Post, desk: Desk, item: Contribution, session: AnySession
) -> None:
    answered(post, desk, item, Verdict.KEEP)
    post.send()
    hidden = desk.decide(item, Verdict.HIDE, now=NOW)
    assert settle_flags(session(), contribution_id=item.id, decision=hidden) == 0
    assert reopen_flags(session(), decision=hidden) == 0
    tell(post, item, decision_id=hidden.id)
    assert [m["To"] for m in post.send()].count("Reader@example.org") == 1

"""A new text, mailed at once to those who follow what it belongs to."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import clock
from consult.discussion.states import Removed, RevisionState
from consult.notifications.models import Delivery, Subscription, Told
from consult.notifications.services import following
from consult.notifications.services.fanning_out import AT_A_TIME
from consult.notifications.states import DeliveryState, Rhythm, Subject
from consult.spaces.models import Author, AuthorMember, Consent, Forum, Objective
from consult.spaces.states import ConsentPurpose, DisplayChoice, SpaceVisibility
from tests import factories
from tests.integration.notifications.fans import (
    BEFORE,
    MINUTE,
    comes_out,
    emitted,
    fan,
    fan_out,
)
from tests.integration.notifications.post import NOW, plain, revision_of, written
from tests.integration.test_budgets import counted

SENT_AT = NOW + 2 * MINUTE


@pytest.fixture
def text(session, space):
    return written(
        session,
        space,
        None,
        RevisionState.PUBLISHED,
        first_published_at=NOW,
        source="Ports need **shade** & water.",
    )


def recipients(mails):
    return sorted(str(mail["To"]) for mail in mails)


def test_a_text_reaches_whoever_follows_its_space(session, post, space, text):
    fan(session, Subject.SPACE, space.id, email="lin@example.org")
    fan_out(session, text)
    (mail,) = post.send(at=SENT_AT)
    assert mail["To"] == "lin@example.org"
    assert mail["Subject"] == f"[RT3] Question 1: Priorities ({text.reference})"
    body = plain(mail)
    assert "Ports need shade & water." in body
    assert "Rosa" in body
    assert text.reference in body
    assert f"because you follow “{space.title}”" in body
    html = mail.get_body(("html",)).get_content()
    assert "<strong>shade</strong> &amp; water" in html
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["List-Unsubscribe"]).strip("<>") in body
    told = session.scalars(select(Told)).one()
    assert told.contribution_id == text.id


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Subject.THREAD, "you follow this thread"),
        (Subject.QUESTION, "you follow question 1 of"),
        (Subject.OBJECTIVE, "you follow objective 16"),
        (Subject.SPACE, "you follow “Space"),
    ],
)
def test_five_subscriptions_are_one_mail_with_the_closest_reason(session, post, space, kind, why):
    objective = session.scalars(
        select(Objective).where(Objective.forum_id == space.forum_id, Objective.number == 16)
    ).one()
    first = written(session, space, None, RevisionState.PUBLISHED, first_published_at=BEFORE)
    reply = written(
        session,
        space,
        None,
        RevisionState.PUBLISHED,
        parent=first,
        objectives=[objective.id],
        first_published_at=NOW,
    )
    subjects = {
        Subject.THREAD: first.id,
        Subject.QUESTION: first.question_id,
        Subject.OBJECTIVE: objective.id,
        Subject.SPACE: space.id,
    }
    user = None
    for one in list(subjects)[list(subjects).index(kind) :]:
        user = fan(session, one, subjects[one], user=user)
    fan_out(session, reply)
    (mail,) = post.send(at=SENT_AT)
    assert why in plain(mail)
    assert mail["Subject"] == f"[RT3] Re: Question 1: Priorities ({first.reference})"
    assert f"<{first.uid}.thread@" in mail["References"]


def test_the_closest_choice_decides_how_often(session, post, space, text):
    user = fan(session, Subject.SPACE, space.id)
    fan(session, Subject.QUESTION, text.question_id, Rhythm.WEEKLY, user=user)
    fan_out(session, text)
    assert not post.deliveries()


def test_a_stopped_thread_is_silent_whatever_else_is_followed(session, post, space, text):
    user = fan(session, Subject.SPACE, space.id)
    fan(session, Subject.THREAD, text.id, Rhythm.NONE, user=user)
    other = fan(session, Subject.SPACE, space.id, email="lin@example.org")
    fan(session, Subject.QUESTION, text.question_id, Rhythm.NONE, user=other)
    fan_out(session, text)
    assert recipients(post.send(at=SENT_AT)) == ["lin@example.org"]


def test_its_author_and_those_of_the_delegation_are_not_told(session, post, space, text):
    member = fan(session, Subject.SPACE, space.id)
    session.add(AuthorMember(author_id=text.author_id, user_id=member.id))
    fan_out(session, text)
    assert not post.deliveries()


def test_who_followed_after_the_publication_is_not_told_of_it(session, post, space, text):
    fan(session, Subject.SPACE, space.id, now=NOW + dt.timedelta(seconds=30))
    fan_out(session, text)
    assert not post.deliveries()


@pytest.mark.parametrize(
    "over",
    [
        {"status": UserStatus.SUSPENDED},
        {"confirmed_at": None},
        {"email": None, "email_key": None},
        {"mail_failures": 3},
    ],
)
def test_who_cannot_be_reached_is_neither_queued_nor_mailed(session, post, space, text, over):
    user = fan(session, Subject.SPACE, space.id)
    fan_out(session, text)
    for name, value in over.items():
        setattr(user, name, value)
    session.flush()
    assert post.send(at=SENT_AT) == []
    session.delete(post.only())
    session.flush()
    fan_out(session, text)
    assert not post.deliveries()


def hide(session, space, text, user):
    text.removed = Removed.HIDDEN


def undo(session, space, text, user):
    text.published_revision_id = None


def close_off(session, space, text, user):
    space.visibility = SpaceVisibility.MEMBERS


def stop(session, space, text, user):
    fan(session, Subject.SPACE, space.id, Rhythm.NONE, user=user, now=NOW)


def slow_down(session, space, text, user):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY, user=user, now=NOW)


def mute(session, space, text, user):
    fan(session, Subject.THREAD, text.id, Rhythm.NONE, user=user, now=NOW)


def tell_otherwise(session, space, text, user):
    session.add(Told(user_id=user.id, contribution_id=text.id, told_at=NOW))


def withdraw_consent(session, space, text, user):
    session.add(
        Consent(
            user_id=user.id,
            forum_id=space.forum_id,
            purpose=ConsentPurpose.NOTIFY,
            version=1,
            given_at=BEFORE,
            withdrawn_at=NOW,
        )
    )


def join(session, space, text, user):
    session.add(AuthorMember(author_id=text.author_id, user_id=user.id))


@pytest.mark.parametrize(
    "happens",
    [hide, undo, close_off, stop, slow_down, mute, tell_otherwise, withdraw_consent, join],
)
def test_what_happens_between_queue_and_send_is_looked_at(session, post, space, text, happens):
    user = fan(session, Subject.SPACE, space.id)
    fan_out(session, text)
    happens(session, space, text, user)
    session.flush()
    assert post.send(at=SENT_AT) == []
    assert post.only().state == DeliveryState.DROPPED


def test_members_of_a_members_space_are_told(session, post, space, text):
    space.visibility = SpaceVisibility.MEMBERS
    user = fan(session, Subject.SPACE, space.id, email="lin@example.org")
    factories.make_author(session, forum=session.get_one(Forum, space.forum_id), user=user)
    fan(session, Subject.SPACE, space.id, email="stranger@example.org")
    fan_out(session, text)
    assert recipients(post.send(at=SENT_AT)) == ["lin@example.org"]


def test_a_pseudonym_stays_one_in_the_mail(session, post, space, text):
    author = text.author_id
    session.get_one(Forum, space.forum_id)
    fan(session, Subject.SPACE, space.id, locale="fr")
    fan_out(session, text)
    made = session.get_one(Author, author)
    made.display, made.pseudonym_number = DisplayChoice.PSEUDONYM, 7
    session.flush()
    (mail,) = post.send(at=SENT_AT)
    assert "Rosa" not in mail.as_string()
    assert "Rosa" not in plain(mail)
    assert "7" in plain(mail)


def test_the_worker_may_repeat_itself(session, post, space, text):
    fan(session, Subject.SPACE, space.id)
    fan_out(session, text)
    fan_out(session, text)
    assert len(post.send(at=SENT_AT)) == 1
    fan_out(session, text, now=SENT_AT)
    assert len(post.send(at=SENT_AT + MINUTE)) == 1


# From the public change to the round of mails ----------------------------------------------


def test_followers_are_thought_of_after_the_minute_for_second_thoughts(session, text):
    comes_out(session, text)
    (payload,) = emitted(session, "notifications.new-text")
    assert payload["contribution_id"] == text.id


def test_a_publication_undone_within_the_minute_is_never_mailed(session, post, space, text):
    fan(session, Subject.SPACE, space.id)
    comes_out(session, text)
    undo(session, space, text, None)
    session.flush()
    fan_out(session, text)
    assert not post.deliveries()


@pytest.mark.parametrize(
    "over",
    [
        {"edited_at": NOW},
        {"source": "2021"},
        {"removed": Removed.HIDDEN},
        {"first_published_at": NOW - dt.timedelta(days=8)},
    ],
)
def test_edits_imports_and_old_texts_are_no_news(session, text, over):
    for name, value in over.items():
        setattr(text, name, value)
    session.flush()
    comes_out(session, text)
    assert not emitted(session, "notifications.new-text")


def test_a_thousand_followers_take_few_statements(session, post, space, text):
    count = 1000
    ids = list(
        session.scalars(
            insert(User).returning(User.id),
            [
                {
                    "email": f"fan{number}@example.org",
                    "email_key": f"fan{number}@example.org",
                    "name": "Fan",
                    "confirmed_at": clock.now(),
                    "created_at": clock.now(),
                }
                for number in range(count)
            ],
        )
    )
    session.execute(
        insert(Subscription),
        [
            {
                "user_id": user_id,
                "subject_kind": Subject.SPACE,
                "subject_id": space.id,
                "rhythm": Rhythm.AT_ONCE,
                "created_at": BEFORE,
            }
            for user_id in ids
        ],
    )
    after: int | None = 0
    rounds = 0
    while after is not None:
        with counted() as statements:
            fan_out(session, text, after=after)
            session.flush()
        assert len(statements) <= 5, "\n".join(statements)
        rounds += 1
        session.expire_all()
        waiting = [one["after"] for one in emitted(session, "notifications.new-text")]
        so_far = after
        after = max((one for one in waiting if one > so_far), default=None)
    assert rounds == count // AT_A_TIME + 1
    assert len(set(session.scalars(select(Delivery.user_id)))) == count


def test_who_takes_over_from_mails_at_once_misses_nothing(session, space, text):
    user = fan(session, Subject.SPACE, space.id)
    following.follow(
        session(),
        user_id=user.id,
        kind=Subject.SPACE,
        subject_id=space.id,
        rhythm=Rhythm.DAILY,
        now=NOW + MINUTE / 2,
    )
    kept = session.scalars(select(Subscription)).one()
    assert kept.told_until < NOW
    assert revision_of(session, text).number == 1

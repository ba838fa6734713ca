"""What everybody who follows a space hears: announcements, changed dates, that it closes soon."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.core.clock import iso
from consult.core.errors import Forbidden, Invalid
from consult.core.i18n import Translated
from consult.discussion.states import RevisionState
from consult.notifications.events import SpaceDatesSettled, SpaceNewsArose
from consult.notifications.handlers import following as handlers
from consult.notifications.models import Announcement, Subscription
from consult.notifications.services import announcing, fanning_out
from consult.notifications.states import Rhythm, Subject
from consult.spaces.events import SpaceDatesChanged
from consult.spaces.models import Forum
from consult.spaces.services import timing
from consult.spaces.states import SpaceVisibility
from tests import factories
from tests.integration.notifications.fans import BEFORE, MINUTE, emitted, fan
from tests.integration.notifications.post import NOW, plain, revision_of, written

HOUR = dt.timedelta(hours=1)


def announce(session, space, *, actor=None, subject=None, body=None):
    organiser = factories.make_user(session)
    factories.grant(session, user=organiser, role=Role.ORGANISER, space=space)
    made = announcing.announce(
        session(),
        actor=actor or factories.actor_for(user=organiser, role=Role.ORGANISER, space=space),
        space=space,
        subject=subject or Translated(texts={"en": "A webinar", "fr": "Un webinaire"}),
        body=body or Translated(texts={"en": "On *Monday*.", "fr": "*Lundi*."}),
        now=NOW,
    )
    for payload in emitted(session, "notifications.space-news"):
        handlers.tell_news(session(), [payload], now=NOW)
    return made


def test_an_announcement_reaches_all_who_follow_whatever_their_rhythm(session, post, space):
    for rhythm in Rhythm:
        fan(session, Subject.SPACE, space.id, rhythm, email=f"{rhythm}@example.org")
    fan(session, Subject.SPACE, factories.make_space(session).id, Rhythm.AT_ONCE)
    version = space.public_version
    announce(session, space)
    mails = post.send(at=NOW)
    assert sorted(str(mail["To"]) for mail in mails) == [
        "at-once@example.org",
        "daily@example.org",
        "weekly@example.org",
    ]
    assert mails[0]["Subject"] == "[RT3] A webinar"
    assert "On *Monday*." in plain(mails[0])
    assert "<em>Monday</em>" in mails[0].get_body(("html",)).get_content()
    session.refresh(space)
    assert space.public_version == version + 1
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "announce")).one()
    assert entry.facts["followers"] == 3


def test_a_missing_language_falls_back_visibly(session, post, space):
    fan(session, Subject.SPACE, space.id, locale="es")
    announce(session, space)
    (mail,) = post.send(at=NOW)
    assert "A webinar" in plain(mail)
    html = mail.get_body(("html",)).get_content()
    assert '<h2 lang="en">A webinar</h2>' in html
    assert mail["Content-Language"] == "es"


def test_only_who_organises_the_forum_announces(session, space, writer):
    other = factories.make_space(session)
    for role, place in ((Role.MODERATOR, space), (Role.ORGANISER, other)):
        actor = factories.actor_for(user=writer, role=role, space=place)
        with pytest.raises(Forbidden):
            announce(session, space, actor=actor)
    assert not session.scalars(select(Announcement)).all()


@pytest.mark.parametrize(
    ("subjects", "bodies", "fields"),
    [
        ({}, {}, {"subject_en"}),
        ({"en": "A"}, {}, {"body_en"}),
        ({"en": "A", "fr": ""}, {"en": "B", "fr": "C"}, {"subject_fr"}),
        ({"en": "A" * 151}, {"en": "B" * 10_001}, {"subject_en", "body_en"}),
    ],
)
def test_what_is_no_announcement_is_refused(subjects, bodies, fields):
    with pytest.raises(Invalid) as refused:
        announcing.checked(subjects, bodies)
    assert set(refused.value.problems) == fields


def test_a_subject_is_one_line():
    subject, _body = announcing.checked({"en": "A\r\nBcc: x@example.org"}, {"en": "B"})
    assert subject.in_("en") == "A Bcc: x@example.org"


def test_who_stopped_or_lost_access_meanwhile_gets_no_announcement(session, post, space):
    stopping = fan(session, Subject.SPACE, space.id)
    fan(session, Subject.SPACE, space.id, email="lin@example.org")
    announce(session, space)
    fan(session, Subject.SPACE, space.id, Rhythm.NONE, user=stopping, now=NOW)
    assert [str(mail["To"]) for mail in post.send(at=NOW)] == ["lin@example.org"]
    announce(session, space)
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()
    assert len(post.send(at=NOW)) == 1


def test_news_of_a_space_go_out_a_part_at_a_time(session, post, space, monkeypatch):
    monkeypatch.setattr(announcing, "AT_A_TIME", 2)
    assert fanning_out.AT_A_TIME == 200
    for _ in range(3):
        fan(session, Subject.SPACE, space.id)
    news = SpaceNewsArose(space.id, "dates-changed", "x", {"opens_at": None, "closes_at": None})
    assert announcing.tell(session(), news, now=NOW) == 2
    (payload,) = emitted(session, "notifications.space-news")
    handlers.tell_news(session(), [payload], now=NOW)
    handlers.tell_news(session(), [payload], now=NOW)
    assert len({one.user_id for one in post.deliveries()}) == len(post.deliveries()) == 3


# Dates ------------------------------------------------------------------------------------------


def change_dates(session, space, closes_at):
    timing.set_dates(session(), space=space, opens_at=space.opens_at, closes_at=closes_at, now=NOW)
    handlers.notice_dates(session(), [vars(SpaceDatesChanged(space.id))], now=NOW)


def settle(session, *, now=NOW + MINUTE):
    for payload in emitted(session, "notifications.dates-settled"):
        handlers.tell_dates(session(), [payload], now=now)
    for payload in emitted(session, "notifications.space-news"):
        handlers.tell_news(session(), [payload], now=now)


def test_changed_dates_are_told_once_and_only_the_newest(session, post, space):
    fan(session, Subject.SPACE, space.id, Rhythm.WEEKLY, time_zone="Europe/Rome")
    change_dates(session, space, NOW + 24 * HOUR)
    change_dates(session, space, NOW + 72 * HOUR)
    settle(session)
    (mail,) = post.send(at=NOW + MINUTE)
    assert mail["Subject"] == f"[RT3] New dates for “{space.title}”"
    body = plain(mail)
    # 17:00 UTC is 18:00 in Rome and noon in New York.
    assert "3 February 2026, 18:00 (Rome time)" in body
    assert "3 February 2026, 12:00 (New York time)" in body


def test_dates_that_come_back_are_told_again_and_those_of_a_minute_are_not(session, post, space):
    fan(session, Subject.SPACE, space.id)
    for hours in (24, 72, 24):
        change_dates(session, space, NOW + hours * HOUR)
        settle(session)
        post.send(at=NOW + MINUTE)
    assert len(post.box.mails) == 3

    for hours in (72, 24, 72):
        change_dates(session, space, NOW + hours * HOUR)
    settle(session)
    assert len(post.send(at=NOW + MINUTE)) == 4


def test_dates_that_changed_again_are_not_mailed(session, post, space):
    fan(session, Subject.SPACE, space.id)
    change_dates(session, space, NOW + 24 * HOUR)
    settle(session)
    space.closes_at = NOW + 48 * HOUR
    session.flush()
    assert post.send(at=NOW + MINUTE) == []


def test_an_unknown_space_is_passed_over(session):
    handlers.notice_dates(session(), [vars(SpaceDatesChanged(0))], now=NOW)
    announcing.tell_dates(session(), SpaceDatesSettled(0, None, None), now=NOW)
    assert not emitted(session, "notifications.dates-settled")


# Closing ----------------------------------------------------------------------------------------


def remind(session, *, now=NOW):
    handlers.remind(session(), [{}], now=now)


@pytest.fixture
def closing(session, space):
    space.opens_at, space.closes_at = BEFORE, NOW + 47 * HOUR
    session.flush()
    return space


def test_followers_and_whoever_has_a_draft_are_reminded_once(session, post, closing, writer):
    fan(session, Subject.SPACE, closing.id, Rhythm.WEEKLY, email="lin@example.org")
    draft = written(session, closing, writer, RevisionState.DRAFT)
    revision_of(session, draft).created_at = BEFORE
    session.flush()
    remind(session)
    remind(session)
    mails = {str(mail["To"]): plain(mail) for mail in post.send(at=NOW)}
    assert set(mails) == {"lin@example.org", "Writer@example.org"}
    assert "closes in 47 hours" in mails["lin@example.org"]
    assert "1 text there and not sent" in mails["Writer@example.org"]
    assert "because you have begun a text" in mails["Writer@example.org"]


def test_who_came_after_that_is_not_reminded(session, post, closing, writer):
    fan(session, Subject.SPACE, closing.id, now=NOW)
    draft = written(session, closing, writer, RevisionState.DRAFT)
    revision_of(session, draft).created_at = NOW
    session.flush()
    remind(session)
    assert not post.deliveries()


def test_a_changed_closing_reminds_again_and_the_old_mail_is_dropped(session, post, closing):
    fan(session, Subject.SPACE, closing.id)
    remind(session)
    closing.closes_at += HOUR / 2
    session.flush()
    remind(session)
    assert len(post.deliveries()) == 2
    assert len(post.send(at=NOW)) == 1


@pytest.mark.parametrize("moved", [49 * HOUR, -HOUR])
def test_only_the_last_two_days_remind(session, post, closing, moved):
    fan(session, Subject.SPACE, closing.id)
    closing.closes_at = NOW + moved
    session.flush()
    remind(session)
    assert not post.deliveries()


@pytest.mark.parametrize("happens", ["sent", "stopped", "closed"])
def test_a_reminder_that_is_no_longer_true_is_dropped(session, post, closing, writer, happens):
    draft = written(session, closing, writer, RevisionState.DRAFT)
    revision_of(session, draft).created_at = BEFORE
    session.flush()
    remind(session)
    assert post.only().values["closes_at"] == iso(closing.closes_at)
    if happens == "sent":
        revision_of(session, draft).state = RevisionState.PENDING
    elif happens == "stopped":
        fan(session, Subject.SPACE, closing.id, Rhythm.NONE, user=writer, now=NOW)
    session.flush()
    assert post.send(at=NOW + (48 * HOUR if happens == "closed" else MINUTE)) == []


def test_stopping_before_the_reminder_leaves_nothing_to_remind(session, post, closing, writer):
    draft = written(session, closing, writer, RevisionState.DRAFT)
    revision_of(session, draft).created_at = BEFORE
    fan(session, Subject.SPACE, closing.id, Rhythm.NONE, user=writer)
    remind(session)
    assert not post.deliveries()
    assert session.scalars(select(Subscription)).one().rhythm == Rhythm.NONE
    assert session.get_one(Forum, closing.forum_id) is not None

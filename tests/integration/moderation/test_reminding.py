"""Reminders by mail: who is told of a late queue, when, how often, and what the mail says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Role
from consult.core.i18n import LOCALES
from consult.discussion.models import Contribution
from consult.discussion.states import RevisionState
from consult.moderation.models import Appeal, Flag, Reminder
from consult.moderation.services.reminding import remind
from consult.moderation.states import ReminderLevel, Verdict
from consult.notifications.models import Delivery
from consult.notifications.queries.followed_texts import HOLDS_BACK_STAFF
from consult.spaces.models import RoleGrant
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk
from tests.integration.notifications.post import Post, plain

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def now() -> dt.datetime:
    return clock.now()


@pytest.fixture
def organiser(desk: Desk) -> Any:
    user = make.make_user(desk.session, locale="es", name="Organiser")
    make.grant(desk.session, user=user, role=Role.ORGANISER, space=desk.space)
    return user


def waiting_for(desk: Desk, hours: float, *, now: dt.datetime, **over: Any) -> Contribution:
    made = desk.pending(**over)
    desk.text(made).waits_since = now - hours * HOUR
    desk.session.flush()
    return made


def queued(desk: Desk) -> list[tuple[str, int | None]]:
    rows = desk.session.execute(select(Delivery.event, Delivery.user_id).order_by(Delivery.id))
    return [tuple(row) for row in rows]


def test_moderators_are_told_when_the_oldest_text_waits_too_long(desk, organiser, now) -> None:
    waiting_for(desk, 25, now=now)
    assert remind(desk.session, now=now) == 2
    assert queued(desk) == [("waiting-long", user.id) for user in desk.users]


def test_nobody_is_told_of_a_queue_that_is_in_time(desk: Desk, organiser, now) -> None:
    waiting_for(desk, 23, now=now)
    assert remind(desk.session, now=now) == 0


def test_organisers_are_told_too_when_it_waits_longer_still(desk: Desk, organiser, now) -> None:
    waiting_for(desk, 49, now=now)
    remind(desk.session, now=now)
    assert ("waiting-too-long", organiser.id) in queued(desk)
    assert len(queued(desk)) == 3


def test_organisers_are_told_early_where_nobody_moderates(desk: Desk, organiser, now) -> None:
    for user in desk.users:
        user.confirmed_at = None
    waiting_for(desk, 25, now=now)
    remind(desk.session, now=now)
    assert queued(desk) == [("waiting-too-long", organiser.id)]


def test_a_space_may_want_no_reminders(desk: Desk, organiser, now) -> None:
    desk.space.remind_after = desk.space.escalate_after = None
    waiting_for(desk, 500, now=now)
    assert remind(desk.session, now=now) == 0


def test_on_the_last_day_four_hours_are_enough(desk: Desk, organiser, now) -> None:
    waiting_for(desk, 5, now=now)
    assert remind(desk.session, now=now) == 0
    desk.space.closes_at = now + 20 * HOUR
    assert remind(desk.session, now=now) == 2


def test_the_same_people_are_told_again_only_after_a_day(desk: Desk, now) -> None:
    waiting_for(desk, 25, now=now)
    counts = [remind(desk.session, now=now + hours * HOUR) for hours in (0, 1, 23, 24)]
    assert counts == [2, 0, 0, 2]


def test_a_queue_that_was_in_time_in_between_is_told_of_anew(desk: Desk, now) -> None:
    first = waiting_for(desk, 25, now=now)
    remind(desk.session, now=now)
    desk.decide(first, Verdict.APPROVE)
    remind(desk.session, now=now + 5 * HOUR)
    waiting_for(desk, 20, now=now)
    assert remind(desk.session, now=now + 6 * HOUR) == 2


def test_a_queue_on_the_edge_sends_no_mail_every_few_minutes(desk: Desk, now) -> None:
    first = waiting_for(desk, 25, now=now)
    remind(desk.session, now=now)
    desk.decide(first, Verdict.APPROVE)
    remind(desk.session, now=now + HOUR / 6)
    waiting_for(desk, 24, now=now)
    assert remind(desk.session, now=now + HOUR / 3) == 0


def test_reports_of_readers_and_late_appeals_count_as_well(desk: Desk, now) -> None:
    reader = make.make_user(desk.session)
    text = desk.published()
    since = now - 30 * HOUR
    flag = Flag(contribution_id=text.id, user_id=reader.id, reason="other", created_at=since)
    desk.session.add(flag)
    desk.session.flush()
    assert remind(desk.session, now=now) == 2
    flag.settled_at = now
    desk.session.flush()
    assert remind(desk.session, now=now + 25 * HOUR) == 0


@pytest.mark.parametrize(("days", "told"), [(6, 0), (8, 2)])
def test_an_appeal_has_its_seven_days(desk: Desk, now, days: int, told: int) -> None:
    text = desk.pending()
    rejection = desk.decide(text, Verdict.REJECT, message=WHY)
    desk.session.add(
        Appeal(
            decision_id=rejection.id,
            contribution_id=text.id,
            submitted_by=desk.writer.id,
            words=WHY,
            created_at=now - dt.timedelta(days=days),
        )
    )
    desk.space.escalate_after = None
    desk.session.flush()
    assert remind(desk.session, now=now) == told


def test_staff_whose_roles_are_held_back_are_not_told(desk: Desk, now) -> None:
    waiting_for(desk, 25, now=now)
    bound = desk.session.get_bind()
    before = bound.get_execution_options().get(HOLDS_BACK_STAFF, False)
    bound.execution_options(**{HOLDS_BACK_STAFF: True})
    try:
        assert remind(desk.session, now=now) == 0
        assert desk.session.scalars(select(Reminder)).all() == []
    finally:
        bound.execution_options(**{HOLDS_BACK_STAFF: before})


@pytest.mark.parametrize("locale", LOCALES)
def test_the_mail_says_how_many_wait_since_when_and_in_which_languages(
    desk: Desk, organiser, now, locale: str
) -> None:
    post = Post(desk.session)
    for user in (*desk.users, organiser):
        user.locale = locale
    waiting_for(desk, 49, now=now)
    waiting_for(desk, 3, now=now, language="fr")
    remind(desk.session, now=now)
    mails = post.send(at=now)
    assert len(mails) == 3
    for mail in mails:
        assert "2" in mail["Subject"]
        words = plain(mail)
        assert str(desk.space.title.in_(locale)) in words
        assert "-- " in words
    assert f"moderation.queue/{desk.space.slug}" in plain(mails[0])
    assert f"moderation.statistics/{desk.space.slug}" in plain(mails[2])


def test_the_mail_is_dropped_where_nothing_is_late_any_more(desk: Desk, now) -> None:
    late = waiting_for(desk, 25, now=now)
    waiting_for(desk, 3, now=now)
    remind(desk.session, now=now)
    desk.decide(late, Verdict.APPROVE)
    assert Post(desk.session).send(at=now) == []


def test_who_lost_the_role_meanwhile_gets_no_mail(desk: Desk, now) -> None:
    waiting_for(desk, 25, now=now)
    remind(desk.session, now=now)
    stranger = make.make_space(desk.session, forum=desk.forum)
    grant = desk.session.scalars(
        select(RoleGrant).where(RoleGrant.user_id == desk.first.user_id)
    ).one()
    grant.space_id = stranger.id
    desk.session.flush()
    mails = Post(desk.session).send(at=now)
    assert [mail["To"].addresses[0].addr_spec for mail in mails] == [desk.users[1].email]


def test_withdrawn_and_decided_texts_do_not_wait(desk: Desk, organiser, now) -> None:
    for state in (RevisionState.RETURNED, RevisionState.CANCELLED, RevisionState.DRAFT):
        made = make.make_contribution(
            desk.session, space=desk.space, author=desk.author, state=state
        )
        desk.text(made).waits_since = now - 90 * HOUR
    desk.session.flush()
    assert remind(desk.session, now=now) == 0


def test_each_level_is_remembered_by_itself(desk: Desk, organiser, now) -> None:
    waiting_for(desk, 25, now=now)
    remind(desk.session, now=now)
    assert remind(desk.session, now=now + 24 * HOUR - HOUR / 6) == 1
    levels = desk.session.scalars(select(Reminder.level).order_by(Reminder.id)).all()
    assert levels == [ReminderLevel.MODERATORS, ReminderLevel.ORGANISERS]

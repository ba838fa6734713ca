"""Telling people by mail that a queue has waited too long: moderators first, then organisers."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.moderation.models import Reminder
from consult.moderation.queries.overdue import Lying, allowed, lying, told_at
from consult.moderation.states import ReminderLevel
from consult.notifications.services import queue_delivery
from consult.spaces.models import Space

AGAIN = dt.timedelta(hours=24)
"""When people are told again of a queue that has been late all the time."""
PAUSE = dt.timedelta(hours=4)
"""How long a queue that was mended stays untold of at least, so that one on the edge sends no
mail every few minutes."""
EVENTS = {
    ReminderLevel.MODERATORS: "waiting-long",
    ReminderLevel.ORGANISERS: "waiting-too-long",
}
"""Which mail tells whom."""


def remind(session: Session, *, now: dt.datetime) -> int:
    """Queue the reminders that are due in every space; return how many people are told.

    Each level is told once, again after 24 hours, or when the queue was in time in between.
    Organisers are told as early as moderators would be where a space has none who could be.
    """
    found = lying(session)
    remembered = set(session.scalars(select(Reminder.space_id).distinct()))
    ids = sorted(found.keys() | remembered)
    spaces = session.scalars(select(Space).where(Space.id.in_(ids)).order_by(Space.id)).all()
    return sum(
        _remind_in(session, space, waiting=found.get(space.id, Lying()), now=now)
        for space in spaces
    )


def _remind_in(session: Session, space: Space, *, waiting: Lying, now: dt.datetime) -> int:
    moderators = told_at(session, space, ReminderLevel.MODERATORS)
    count = 0
    for level in ReminderLevel:
        after = allowed(space, level, now=now)
        if level is ReminderLevel.ORGANISERS and not moderators:
            after = allowed(space, ReminderLevel.MODERATORS, now=now) or after
        since = waiting.late_since(after=after, now=now) if after is not None else None
        if after is None or since is None:
            _forget(session, space, level, now=now)
            continue
        if _is_told(session, space, level, now=now):
            continue
        whom = moderators if level is ReminderLevel.MODERATORS else told_at(session, space, level)
        if whom:
            session.add(Reminder(space_id=space.id, level=level, oldest_since=since, sent_at=now))
        for user_id in whom:
            count += queue_delivery(
                session,
                user_id=user_id,
                event=EVENTS[level],
                key=f"{space.id}:{int(now.timestamp())}",
                values=_values(space, waiting, after=after, now=now),
                now=now,
            )
    session.flush()
    return count


def _values(
    space: Space, waiting: Lying, *, after: dt.timedelta, now: dt.datetime
) -> dict[str, int | bool]:
    """Return what the mail cannot read for itself; the texts are counted anew when it is sent."""
    others = Lying(
        appeals_since=waiting.appeals_since,
        reported_since=waiting.reported_since,
    )
    return {
        "space_id": space.id,
        "after": int(after.total_seconds()),
        "appeals": waiting.appeals,
        "reported": waiting.reported,
        "others_late": others.late_since(after=after, now=now) is not None,
    }


def _is_told(session: Session, space: Space, level: ReminderLevel, *, now: dt.datetime) -> bool:
    lately = select(Reminder.id).where(
        Reminder.space_id == space.id, Reminder.level == level, Reminder.sent_at > now - AGAIN
    )
    return session.scalars(lately.limit(1)).first() is not None


def _forget(session: Session, space: Space, level: ReminderLevel, *, now: dt.datetime) -> None:
    """Forget that people were told, now that nothing is late: the next time is another one."""
    session.execute(
        delete(Reminder)
        .where(
            Reminder.space_id == space.id,
            Reminder.level == level,
            Reminder.sent_at <= now - PAUSE,
        )
        .execution_options(synchronize_session=False)
    )

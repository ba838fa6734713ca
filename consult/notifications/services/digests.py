"""Digests: who is due, what saved searches found for them, and queueing the mails.

Looking is apart from writing: searches take their time, and meanwhile nobody holds the write lock.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.clock import iso
from consult.core.db import Instant
from consult.core.i18n import zone
from consult.discussion.models import Contribution
from consult.notifications.models import Delivery, Subscription
from consult.notifications.policy import UNDO, covered, news, reachable
from consult.notifications.services.fanning_out import AT_A_TIME, queue_many
from consult.notifications.services.following import DIGESTS
from consult.notifications.services.searching import SINCE, Find, fresh, owner_of, searches
from consult.notifications.states import Rhythm
from consult.spaces import queries as spaces

HOUR = dt.time(7)
"""When digests are due in the recipient's zone; weekly ones on Mondays."""


@dataclass(frozen=True)
class Occasion:
    """An instant at which digests were due, in the zones where the clocks showed seven then."""

    rhythm: Rhythm
    due_at: dt.datetime
    key: str
    """`daily:2026-11-23`, the day in those zones."""


@dataclass(frozen=True)
class Due:
    """Somebody whose digest is due."""

    user_id: int
    occasion: Occasion
    since: dt.datetime
    has_news: bool
    found: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """What saved searches found, by search."""
    unlooked: Sequence[int] = ()
    """Subscriptions to searches that could not be looked at now."""

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to tell."""
        return self.has_news or any(self.found.values())


def due_at(now: dt.datetime, *, zone_name: str | None, rhythm: Rhythm) -> dt.datetime:
    """Return the latest instant at which a digest was due: 07:00 there, weekly ones on Monday."""
    there = zone(zone_name)
    day = now.astimezone(there).date()
    step = dt.timedelta(days=1)
    if rhythm == Rhythm.WEEKLY:
        day -= dt.timedelta(days=day.weekday())
        step = dt.timedelta(days=7)
    due = _at_seven(day, there)
    return due if due <= now else _at_seven(day - step, there)


def _at_seven(day: dt.date, there: zoneinfo.ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, HOUR, tzinfo=there).astimezone(dt.UTC)


def look_for_due(session: Session, *, find: Find, now: dt.datetime) -> list[Due]:
    """Return the next people whose digest is due, with or without news; reads only.

    After days without a worker that is one digest each, the latest. One statement for each
    rhythm and hour, whatever the number of people.
    """
    found: list[Due] = []
    forum = spaces.current_forum(session)
    home = forum.time_zone if forum else None
    # What was published in the last minute may still be taken back.
    for occasion, zones in _occasions(session, home=home, now=now - UNDO).items():
        if len(found) < AT_A_TIME:
            found += _due(session, occasion, zones=zones)
    return [_withsearches(session, one, find=find, now=now) for one in found[:AT_A_TIME]]


def queue_due(session: Session, found: Sequence[Due], *, now: dt.datetime) -> int:
    """Queue the digests of those with news and note how far all were told; return how many."""
    queued = 0
    for occasion in dict.fromkeys(one.occasion for one in found):
        all_ = [one for one in found if one.occasion == occasion]
        wanted = [one for one in all_ if one.is_wanted]
        rows = _not_queued(session, occasion, wanted)
        queue_many(session, mail="digest", key=occasion.key, rows=rows, now=now)
        queued += len(rows)
        # A digest tells what has come out until it is sent; without one, nothing later was told.
        _note_told(session, wanted, until=now - UNDO)
        _note_told(session, [one for one in all_ if not one.is_wanted], until=occasion.due_at)
    return queued


def _not_queued(
    session: Session, occasion: Occasion, wanted: Sequence[Due]
) -> list[tuple[int, dict[str, object]]]:
    """Return user and values of those who have no mail yet: between looking and writing another
    worker may have done the same.
    """
    known = select(Delivery.user_id).where(
        Delivery.event == "digest",
        Delivery.key == occasion.key,
        Delivery.user_id.in_([one.user_id for one in wanted]),
    )
    queued = set(session.scalars(known))
    return [(one.user_id, _values(one)) for one in wanted if one.user_id not in queued]


def _occasions(
    session: Session, *, home: str | None, now: dt.datetime
) -> dict[Occasion, list[str | None]]:
    """Return when digests were due last, with the zones of which that is true."""
    rows = session.execute(
        select(Subscription.rhythm, User.time_zone)
        .join(User, User.id == Subscription.user_id)
        .where(Subscription.rhythm.in_(DIGESTS))
        .distinct()
    ).all()
    occasions: dict[Occasion, list[str | None]] = {}
    for said, zone_name in rows:
        rhythm, there = Rhythm(said), zone_name or home
        due = due_at(now, zone_name=there, rhythm=rhythm)
        # Where the clocks show seven at the same instant, it is the same day.
        key = f"{rhythm}:{due.astimezone(zone(there)).date().isoformat()}"
        occasions.setdefault(Occasion(rhythm, due, key), []).append(zone_name)
    return occasions


def _in(zones: Sequence[str | None]) -> ColumnElement[bool]:
    named = [name for name in zones if name is not None]
    inside = User.time_zone.in_(named)
    return or_(inside, User.time_zone.is_(None)) if None in zones else inside


def _due(session: Session, occasion: Occasion, *, zones: Sequence[str | None]) -> list[Due]:
    came_out = exists(
        select(Contribution.id).where(
            news(),
            covered(),
            Contribution.first_published_at > SINCE,
            Contribution.first_published_at <= occasion.due_at,
        )
    )
    has_news = func.max(case((came_out, 1), else_=0))
    queued = exists(
        select(Delivery.id).where(
            Delivery.user_id == User.id, Delivery.event == "digest", Delivery.key == occasion.key
        )
    )
    rows = session.execute(
        select(Subscription.user_id, func.min(SINCE, type_=Instant), has_news)
        .join(User, User.id == Subscription.user_id)
        .where(
            Subscription.rhythm == occasion.rhythm,
            occasion.due_at > SINCE,
            _in(zones),
            reachable(),
            ~queued,
        )
        .group_by(Subscription.user_id)
        # Who has news goes first: others may wait for an index that is away.
        .order_by(has_news.desc(), Subscription.user_id)
        .limit(AT_A_TIME)
    )
    return [Due(user_id, occasion, since, bool(is_news)) for user_id, since, is_news in rows]


def _withsearches(session: Session, one: Due, *, find: Find, now: dt.datetime) -> Due:
    rows = searches(
        session,
        and_(Subscription.user_id == one.user_id, Subscription.rhythm == one.occasion.rhythm),
    )
    if not rows:
        return one
    actor = owner_of(session, one.user_id)
    found: dict[int, Sequence[int]] = {}
    unlooked: list[int] = []
    for subscription, search in rows:
        ids = find(session, actor, search)
        if ids is None:
            unlooked.append(subscription.id)
        else:
            found[search.id] = fresh(session, ids, subscription=subscription, now=now)
    return Due(one.user_id, one.occasion, one.since, one.has_news, found, unlooked)


def _values(one: Due) -> dict[str, object]:
    found = {str(search_id): list(ids) for search_id, ids in one.found.items() if ids}
    return {"rhythm": str(one.occasion.rhythm), "since": iso(one.since), "found": found}


def _note_told(session: Session, all_: Sequence[Due], *, until: dt.datetime) -> None:
    if not all_:
        return
    unlooked = [one for due in all_ for one in due.unlooked]
    session.execute(
        update(Subscription)
        .where(
            Subscription.user_id.in_([due.user_id for due in all_]),
            Subscription.rhythm == all_[0].occasion.rhythm,
            Subscription.id.not_in(unlooked),
            until > SINCE,
        )
        .values(told_until=until)
        .execution_options(synchronize_session=False)
    )

"""How fast texts come and are decided at present, and what that means for the queue.

Two bounded statements read it, everything else is pure. Only persons' decisions on waiting texts
count: answers to appeals, what a policy published at once and what was undone do not.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from consult.core.db import unindexed
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.states import ON_PENDING, Policy
from consult.spaces.models import Space
from consult.spaces.policy import phase_of
from consult.spaces.states import Phase

AT_ONCE = (Policy.TRUSTED_DELEGATION, Policy.KNOWN_AUTHOR, Policy.NOTHING_MATCHED, Policy.IMPORT)
"""Policies by which a text is public without having waited for a moderator."""
LATELY = dt.timedelta(hours=72)
"""How far back the present pace reaches."""
WEEK = dt.timedelta(days=7)
"""How far back the median time to a decision reaches."""
MOST = 500
"""Newest decisions that are looked at, so that the cost stays the same on the busiest day."""
ENOUGH = 5
"""Fewest decisions from which a pace can be told."""
FARTHEST = dt.timedelta(days=90)
"""From here on a queue hardly gets shorter, and a forecast would be idle."""
LEAST_SPAN = dt.timedelta(hours=1)
"""Shortest time over which a pace can be told, unless very much was decided in it."""
VERY_MUCH = 100
"""So many decisions tell a pace whatever the time they took."""


class Outlook(StrEnum):
    """What becomes of a queue at the present pace."""

    EMPTY = "empty"
    """Nothing waits."""
    UNKNOWN = "unknown"
    """Too little happened to say."""
    EMPTIES = "empties"
    """It is empty in so many hours."""
    LEFT = "left"
    """So many texts still wait when the space closes."""
    GROWS = "grows"
    """About as many texts come as are decided, or more, and no closing ends that soon."""


@dataclass(frozen=True)
class Decided:
    """One decision, as far as its time matters."""

    space_id: int
    waits_since: dt.datetime
    at: dt.datetime


@dataclass(frozen=True)
class Waiting:
    """What waits in a space."""

    count: int
    lately: int
    """How many of them came within the time of the pace."""
    oldest: dt.datetime


@dataclass(frozen=True)
class SpacePace:
    """How the desk of one space keeps up."""

    name: Translated
    waiting: int
    oldest: dt.timedelta | None
    median: dt.timedelta | None
    """From waiting to the decision, over the last seven days; None without decisions."""
    arrive: float
    """Texts a day; none once it is closed."""
    decided: float
    """Texts a day."""
    is_known: bool
    """Whether enough happened to go by these."""
    is_closed: bool
    closes_in: dt.timedelta | None
    """None where it is closed or has no closing date."""

    @property
    def left_at_closing(self) -> int:
        """How many texts wait at the closing if nothing changes; 0 without a closing to come."""
        if self.closes_in is None:
            return 0
        return max(0, round(self.waiting + (self.arrive - self.decided) * _days(self.closes_in)))


@dataclass(frozen=True)
class Pace:
    """How a whole desk keeps up, and what to expect."""

    spaces: Sequence[SpacePace]
    waiting: int
    median: dt.timedelta | None
    arrive: float
    decided: float
    outlook: Outlook
    empty_in: dt.timedelta | None = None
    left: int = 0
    closing: Translated | None = None
    """The space whose closing comes before the queue is empty."""

    @property
    def still_due(self) -> Sequence[SpacePace]:
        """Closed spaces in which texts wait that were sent in time."""
        return [space for space in self.spaces if space.is_closed and space.waiting]


def pace(
    session: Session,
    spaces: Sequence[Space],
    *,
    now: dt.datetime,
    counted: Mapping[int, Waiting] | None = None,
) -> Pace:
    """Return how the desks of these spaces keep up; two statements, whatever has happened.

    `counted` is what waits by space where that is known, with `lately` since `LATELY`: it saves
    the second statement.
    """
    ids = [space.id for space in spaces]
    if not ids:
        return desk_pace([], made=[])
    rows = session.execute(_newest_decisions(ids, since=now - WEEK)).all()
    made = [Decided(r.space_id, r.waits_since, r.decided_at) for r in rows]
    # More may have been decided before the oldest of those that were read.
    since = max(now - LATELY, made[-1].at) if len(made) == MOST else now - LATELY
    if counted is not None and since == now - LATELY:
        waiting = counted
    else:
        waiting = {
            r.space_id: Waiting(r.waiting, int(r.lately), r.oldest)
            for r in session.execute(_waiting(ids, since=since))
        }
    return desk_pace(
        [
            space_pace(space, made=made, waiting=waiting.get(space.id), since=since, now=now)
            for space in spaces
        ],
        made=made,
    )


def space_pace(
    space: Space,
    *,
    made: Iterable[Decided],
    waiting: Waiting | None,
    since: dt.datetime,
    now: dt.datetime,
) -> SpacePace:
    """Return how one space keeps up; `made` may hold decisions of others too.

    `since` begins the time of the pace; a space that opened later is looked at from then on.
    """
    own = [one for one in made if one.space_id == space.id]
    begun = max(since, space.opens_at) if space.opens_at is not None else since
    span = now - begun
    lately = [one for one in own if one.at >= begun]
    came = sum(one.waits_since >= begun for one in lately) + (waiting.lately if waiting else 0)
    is_busy = len(lately) >= VERY_MUCH
    days = _days(max(span, dt.timedelta(minutes=1) if is_busy else LEAST_SPAN))
    phase = phase_of(space, now=now)
    is_closed = phase is Phase.CLOSED
    closes_in = space.closes_at - now if space.closes_at is not None and not is_closed else None
    return SpacePace(
        name=space.kicker,
        waiting=waiting.count if waiting else 0,
        oldest=max(now - waiting.oldest, dt.timedelta(0)) if waiting else None,
        median=median_of(own),
        arrive=0.0 if is_closed else came / days,
        decided=len(lately) / days,
        is_known=is_busy or (span >= LEAST_SPAN and len(lately) >= ENOUGH),
        is_closed=is_closed,
        closes_in=closes_in,
    )


def desk_pace(spaces: Sequence[SpacePace], *, made: Sequence[Decided]) -> Pace:
    """Return how spaces keep up together: what comes and is decided in each is added up."""
    waiting = sum(space.waiting for space in spaces)
    arrive = sum(space.arrive for space in spaces)
    decided = sum(space.decided for space in spaces)
    told: dict[str, Any] = {
        "spaces": spaces,
        "waiting": waiting,
        "median": median_of(made),
        "arrive": arrive,
        "decided": decided,
    }
    if not waiting:
        return Pace(**told, outlook=Outlook.EMPTY)
    if not any(space.is_known for space in spaces):
        return Pace(**told, outlook=Outlook.UNKNOWN)
    empty_in = _empty_in(waiting, decided - arrive)
    closing = min(
        (space for space in spaces if space.closes_in is not None and space.waiting),
        key=lambda space: space.closes_in or dt.timedelta(0),
        default=None,
    )
    is_in_time = empty_in is not None and (
        closing is None or closing.closes_in is None or empty_in <= closing.closes_in
    )
    if closing is not None and not is_in_time and closing.is_known and closing.left_at_closing:
        return Pace(
            **told, outlook=Outlook.LEFT, left=closing.left_at_closing, closing=closing.name
        )
    if empty_in is None:
        return Pace(**told, outlook=Outlook.GROWS)
    return Pace(**told, outlook=Outlook.EMPTIES, empty_in=empty_in)


def _empty_in(waiting: int, fewer: float) -> dt.timedelta | None:
    """Return when nothing waits if it is `fewer` texts a day; None where that is too far."""
    if fewer <= 0 or waiting / fewer > _days(FARTHEST):
        return None
    return dt.timedelta(days=waiting / fewer)


def median_of(made: Iterable[Decided]) -> dt.timedelta | None:
    """Return the median time from waiting to the decision, None without decisions."""
    seconds = [max((one.at - one.waits_since).total_seconds(), 0) for one in made]
    return dt.timedelta(seconds=statistics.median(seconds)) if seconds else None


def _days(span: dt.timedelta) -> float:
    return span / dt.timedelta(days=1)


def taken_by_somebody() -> ColumnElement[bool]:
    """Return the condition that a person decided, or one that a demonstration plays."""
    return or_(Decision.policy.is_(None), Decision.policy.not_in(AT_ONCE))


def undone_ids() -> Select[tuple[int | None]]:
    """Return the ids of decisions that were taken back."""
    return select(Decision.undoes).where(Decision.undoes.is_not(None))


def answering_ids() -> Select[tuple[int | None]]:
    """Return the ids of decisions that answered an appeal."""
    return select(Appeal.settled_by_id).where(Appeal.settled_by_id.is_not(None))


def _newest_decisions(space_ids: Sequence[int], *, since: dt.datetime) -> Select[Any]:
    return (
        select(Contribution.space_id, Revision.waits_since, Decision.decided_at)
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Decision.decided_at > since,
            Decision.verdict.in_(sorted(ON_PENDING)),
            taken_by_somebody(),
            Decision.undoes.is_(None),
            Decision.id.not_in(undone_ids()),
            Decision.id.not_in(answering_ids()),
            Contribution.space_id.in_(space_ids),
        )
        .order_by(Decision.decided_at.desc())
        .limit(MOST)
    )


def _waiting(space_ids: Sequence[int], *, since: dt.datetime) -> Select[Any]:
    """Count what waits by space; the index of states holds everything but the space."""
    came = func.sum(case((Revision.waits_since >= since, 1), else_=0))
    return (
        select(
            Contribution.space_id,
            func.count().label("waiting"),
            came.label("lately"),
            func.min(Revision.waits_since).label("oldest"),
        )
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Revision.state == RevisionState.PENDING,
            Contribution.open_revision_id == Revision.id,
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
            unindexed(Contribution.space_id).in_(space_ids),
        )
        .group_by(Contribution.space_id)
    )

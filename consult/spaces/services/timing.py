"""When a space takes contributions: opening, closing and extending it by hand."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.clock import iso
from consult.core.errors import Invalid, NotVisible
from consult.core.outbox import emit
from consult.spaces.events import SpaceDatesChanged
from consult.spaces.models import Space
from consult.spaces.policy import phase_of
from consult.spaces.states import Phase


def open_space(
    session: Session, *, space_id: int, now: dt.datetime, actor_id: int | None = None
) -> Space:
    """Open a space at once; a closing that has passed is dropped, a later one stays.

    Opening an open space changes nothing. Raises `NotVisible` for an unknown one.
    """
    space = _locked(session, space_id)
    if phase_of(space, now=now) is Phase.OPEN:
        return space
    closes_at = space.closes_at if space.closes_at and space.closes_at > now else None
    opens_at = space.opens_at if space.opens_at and space.opens_at <= now else now
    return set_dates(
        session, space=space, opens_at=opens_at, closes_at=closes_at, now=now, actor_id=actor_id
    )


def close_space(
    session: Session, *, space_id: int, now: dt.datetime, actor_id: int | None = None
) -> Space:
    """Close a space at once; what was sent before is still decided and published.

    Closing a closed space changes nothing. Raises `NotVisible` for an unknown one.
    """
    space = _locked(session, space_id)
    if phase_of(space, now=now) is Phase.CLOSED:
        return space
    opens_at = space.opens_at if space.opens_at and space.opens_at < now else None
    return set_dates(
        session, space=space, opens_at=opens_at, closes_at=now, now=now, actor_id=actor_id
    )


def extend_space(
    session: Session,
    *,
    space_id: int,
    until: dt.datetime,
    now: dt.datetime,
    actor_id: int | None = None,
) -> Space:
    """Have a space close at `until`; a closed one that had opened is open again.

    Raises `Invalid` (until) for an instant that has passed or lies before the opening,
    `NotVisible` for an unknown space.
    """
    space = _locked(session, space_id)
    if until <= now or (space.opens_at is not None and until <= space.opens_at):
        raise Invalid({"until": ["until-passed"]})
    return set_dates(
        session, space=space, opens_at=space.opens_at, closes_at=until, now=now, actor_id=actor_id
    )


def set_dates(
    session: Session,
    *,
    space: Space,
    opens_at: dt.datetime | None,
    closes_at: dt.datetime | None,
    now: dt.datetime,
    actor_id: int | None = None,
) -> Space:
    """Give a space exact dates; the same ones again change nothing."""
    if (space.opens_at, space.closes_at) == (opens_at, closes_at):
        return space
    space.opens_at, space.closes_at, space.dates_assumed = opens_at, closes_at, False
    space.public_version += 1
    session.flush()
    audit.record(
        session,
        "space.set-dates",
        actor_id=actor_id,
        now=now,
        subject=("space", space.id),
        opens_at=iso(opens_at),
        closes_at=iso(closes_at),
    )
    emit(session, SpaceDatesChanged(space_id=space.id), now=now)
    return space


def _locked(session: Session, space_id: int) -> Space:
    space = session.get(Space, space_id, with_for_update=True, populate_existing=True)
    if space is None:
        raise NotVisible
    return space

"""Places in the queue: pages go on behind one, whether what stood there still waits or not."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import INSIDE_STATES, RevisionState
from consult.moderation.models import Appeal, Flag
from consult.moderation.policy import Rejection, on_desk_of
from consult.moderation.queries import queue_sources
from consult.moderation.queries.queue_shapes import ItemKind, QueueFilter
from consult.moderation.queries.queue_sources import ASKED, Source


class Place(NamedTuple):
    """Where a line stands or stood."""

    since: dt.datetime
    source: Source
    id: int


class _Past(NamedTuple):
    """Something that waits or waited, and when that was last seen to."""

    place: Place
    touched_at: dt.datetime | None
    """None while it waits."""


def place_of(session: Session, *, actor: Actor, name: str, now: dt.datetime) -> Place | None:
    """Return the place of what an address names; None for what is not on the actor's desk.

    A name alone means the text, or its appeal, that waits; where neither does, whatever was seen to
    last: the text, its appeal or the reports about it. See `QueueRow.place`.
    """
    name, _point, kind = name.partition(".")
    row = session.execute(_texts_and_appeals(actor, name=name, now=now)).first()
    if row is None:
        return None
    reports = _reports(session, contribution_id=row.contribution_id)
    if kind == ItemKind.FLAG and reports is not None:
        return reports.place
    text = _Past(Place(row.waits_since, Source.TEXT, row.id), row.decided_at)
    found = [text]
    if row.state == RevisionState.PENDING:
        return text.place
    if row.asked_at is not None:
        place = Place(row.asked_at, Source.APPEAL, row.id)
        if row.outcome is None and row.state == RevisionState.REJECTED:
            return place
        found.append(_Past(place, row.answered_at))
    if reports is not None:
        found.append(reports)
    return max(found, key=lambda past: past.touched_at or past.place.since).place


def _texts_and_appeals(actor: Actor, *, name: str, now: dt.datetime) -> Select[Any]:
    """Return the statement for the newest text that a moderator knows of, with its appeal."""
    return (
        select(
            Revision.id,
            Revision.contribution_id,
            Revision.state,
            Revision.waits_since,
            Revision.decided_at,
            Appeal.created_at.label("asked_at"),
            Appeal.decided_at.label("answered_at"),
            Appeal.outcome,
        )
        .select_from(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .outerjoin(Rejection, Rejection.revision_id == Revision.id)
        .outerjoin(Appeal, Appeal.decision_id == Rejection.id)
        .where(
            or_(Contribution.receipt == name, Contribution.reference == name),
            Revision.state.not_in(INSIDE_STATES),
            on_desk_of(actor, now=now),
        )
        .order_by(Revision.number.desc(), Appeal.id.desc().nulls_last())
        .limit(1)
    )


def _reports(session: Session, *, contribution_id: int) -> _Past | None:
    """Return the place of the reports that wait, or of those that were answered last."""
    groups = session.execute(
        select(
            Flag.settled_at,
            func.min(Flag.created_at).label("since"),
            func.max(Flag.created_at).label("until"),
        )
        .where(Flag.contribution_id == contribution_id)
        .group_by(Flag.settled_at)
    ).all()
    if not groups:
        return None
    waiting = next((group for group in groups if group.settled_at is None), None)
    newest = waiting or max(groups, key=lambda group: group.settled_at)
    place = Place(newest.since, Source.FLAG, contribution_id)
    return _Past(place, newest.settled_at or newest.until)


def behind(statement: Select[Any], which: Source, place: Place | None) -> Select[Any]:
    """Return the rows of a source that come after a place."""
    if place is None:
        return statement
    if which is Source.FLAG:
        return statement.having(
            _comes_after(func.min(Flag.created_at), Contribution.id, which, place)
        )
    since = Revision.waits_since if which is Source.TEXT else ASKED.c.created_at
    return statement.where(_comes_after(since, Revision.id, which, place))


def _comes_after(since: Any, key: Any, which: Source, place: Place) -> ColumnElement[bool]:
    if which > place.source:
        return since >= place.since  # type: ignore[no-any-return]
    if which < place.source:
        return since > place.since  # type: ignore[no-any-return]
    return and_(since >= place.since, or_(since > place.since, key > place.id))


def next_in_queue(
    session: Session, *, actor: Actor, wanted: QueueFilter, name: str, now: dt.datetime
) -> str | None:
    """Return the receipt of the next item after `name` that the actor may decide, None at the end.

    Texts of one's own, those that a colleague has claimed and appeals against rejections of one's
    own are passed over, and so are reports of one's own alone.
    """
    place = place_of(session, actor=actor, name=name, now=now) if name else None
    statements = []
    for which in queue_sources.wanted_sources(wanted):
        statement = queue_sources.source(which, actor, wanted=wanted, now=now)
        statement = statement.where(queue_sources.decidable(actor, now=now))
        if which is Source.APPEAL:
            statement = statement.where(ASKED.c.rejected_by.is_distinct_from(actor.user_id))
        elif which is Source.FLAG:
            others = case((Flag.user_id == actor.user_id, None), else_=Flag.id)
            statement = statement.having(func.count(others) > 0)
        statements.append(behind(statement, which, place))
    found = queue_sources.in_order(statements, limit=1).subquery()
    row = session.execute(
        select(Contribution.receipt, Contribution.reference)
        .join(found, found.c.contribution_id == Contribution.id)
        .limit(1)
    ).first()
    return (row.receipt or row.reference) if row is not None else None

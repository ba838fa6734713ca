"""What waits on a moderator's desk, oldest first, by keyset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Role
from consult.core.paging import Page
from consult.moderation.queries import queue_sources
from consult.moderation.queries.figures import clock
from consult.moderation.queries.queue_counts import arrivals as arrivals
from consult.moderation.queries.queue_counts import counts, narrowed_total
from consult.moderation.queries.queue_folding import Fold, folded
from consult.moderation.queries.queue_options import options
from consult.moderation.queries.queue_places import Place, behind, place_of
from consult.moderation.queries.queue_places import next_in_queue as next_in_queue
from consult.moderation.queries.queue_rows import rows_of
from consult.moderation.queries.queue_shapes import Held as Held
from consult.moderation.queries.queue_shapes import ItemKind as ItemKind
from consult.moderation.queries.queue_shapes import Queue as Queue
from consult.moderation.queries.queue_shapes import QueueFilter as QueueFilter
from consult.moderation.queries.queue_shapes import QueueRow as QueueRow
from consult.moderation.queries.queue_sources import Source
from consult.moderation.queries.queue_sources import kind_of as kind_of
from consult.spaces.models import Forum, Space


def queue(session: Session, *, actor: Actor, wanted: QueueFilter, now: dt.datetime) -> Queue:
    """Return one page of what waits, with counts, options and clock; the same few statements,
    however much waits.
    """
    counted = counts(session, actor=actor, now=now, with_categories=bool(wanted.values))
    ids = actor.space_ids(Role.MODERATOR) | counted.by_space.keys()
    spaces, forum = _spaces(session, sorted(ids))
    slugs = {space.id: space.slug for space in spaces}
    offered = options(session, spaces, wanted=wanted, counted=counted)
    reasons = {one.value: one.label for one in offered["reasons"] if one.label is not None}
    fold = folded(session, actor=actor, wanted=wanted, now=now) if wanted.is_folded else Fold()
    lines = _lines(session, actor=actor, wanted=wanted, fold=fold, now=now)
    rows = rows_of(session, lines, actor=actor, fold=fold, labels=reasons, now=now)
    return Queue(
        page=_page(session, rows, actor=actor, wanted=wanted, waiting=counted.waiting, now=now),
        clock=clock(
            spaces,
            waiting=counted.waiting,
            oldest=counted.oldest,
            oldest_appeal=counted.oldest_appeal,
            now=now,
        ),
        by_kind=counted.by_kind,
        by_space={slugs[space_id]: n for space_id, n in counted.by_space.items()},
        by_language=counted.by_language,
        spaces=spaces,
        texts=counted.texts,
        forum=forum,
        questions=offered["questions"],
        categories=offered["categories"],
        objectives=offered["objectives"],
    )


def _spaces(session: Session, ids: Sequence[int]) -> tuple[Sequence[Space], Forum | None]:
    """Return spaces in their order, and their forum where there is only one."""
    rows = session.execute(
        select(Space, Forum)
        .join(Forum, Forum.id == Space.forum_id)
        .where(Space.id.in_(ids))
        .order_by(Space.forum_id, Space.position)
    ).all()
    forums = {forum.id: forum for _space, forum in rows}
    (forum,) = forums.values() if len(forums) == 1 else (None,)
    return [space for space, _forum in rows], forum


def _lines(
    session: Session, *, actor: Actor, wanted: QueueFilter, fold: Fold, now: dt.datetime
) -> Select[Any]:
    """Return the statement for the lines of the page and one more."""
    place: Place | None = None
    if wanted.after:
        place = place_of(session, actor=actor, name=wanted.after, now=now)
    statements = []
    for which in queue_sources.wanted_sources(wanted):
        statement = queue_sources.source(which, actor, wanted=wanted, now=now)
        if which is Source.TEXT and fold.others:
            statement = statement.where(fold.has_line)
        statements.append(behind(statement, which, place))
    return queue_sources.in_order(statements, limit=wanted.per_page + 1)


def _page(
    session: Session,
    rows: Sequence[QueueRow],
    *,
    actor: Actor,
    wanted: QueueFilter,
    waiting: int,
    now: dt.datetime,
) -> Page[QueueRow]:
    has_more, rows = len(rows) > wanted.per_page, rows[: wanted.per_page]
    if not wanted.values:
        total = waiting
    elif has_more or wanted.after or wanted.is_folded:
        total = narrowed_total(session, actor=actor, wanted=wanted, now=now)
    else:
        total = len(rows)
    return Page(
        items=rows,
        per_page=wanted.per_page,
        total=total,
        next_after=rows[-1].place if has_more else None,
    )

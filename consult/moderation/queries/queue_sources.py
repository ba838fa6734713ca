"""What a queue is made of: texts that wait, appeals that wait, public texts that readers reported.

Each is a statement with the same columns, so that they make one list: since when it waits, which
source it comes from, an id that settles ties, the text and its contribution. Texts come straight
from the index of states in their order; appeals and reports are few.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from consult.core.authz import Actor
from consult.core.db import Id, unindexed
from consult.discussion.models import Contribution, Intake, Revision, RevisionTag
from consult.discussion.policy import public_contributions
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.moderation.models import Claim, Fingerprint, Flag
from consult.moderation.policy import on_desk_of, on_own_desk_of
from consult.moderation.queries.appeals import waiting_appeals
from consult.moderation.queries.queue_shapes import ItemKind, QueueFilter
from consult.moderation.queries.queue_words import says
from consult.spaces.models import Author, Category, Objective, Question, Space

_Head = aliased(Contribution)
_OfHead = aliased(Revision)
_ItsPrint = aliased(Fingerprint)
_Typed = aliased(Revision)

ASKED = waiting_appeals()
"""The appeals that wait, beside the texts they are about."""


SEPARATOR = " "
"""Between the reasons of several reports; no code has one."""


class Source(IntEnum):
    """Where a line of the queue comes from; at the same instant the lower one comes first."""

    TEXT = 0
    APPEAL = 1
    FLAG = 2


def kind_of() -> ColumnElement[str]:
    """Return why a text of a `Contribution` is decided, appeals and reports apart, as SQL."""
    return case(
        (Contribution.published_revision_id.is_not(None), ItemKind.EDIT.value),
        (Contribution.kind == ContributionKind.QUESTION, ItemKind.QUESTION.value),
        else_=ItemKind.NEW.value,
    )


def _columns(
    source: Source, *, since: Any, key: Any, rejected_by: Any = None, reasons: Any = None
) -> tuple[Any, ...]:
    return (
        since.label("since"),
        literal_column(str(int(source))).label("source"),
        key.label("id"),
        Revision.id.label("revision_id"),
        Contribution.id.label("contribution_id"),
        (cast(null(), Id) if rejected_by is None else rejected_by).label("rejected_by"),
        (cast(null(), String) if reasons is None else reasons).label("reasons"),
    )


def texts(actor: Actor, *, now: dt.datetime) -> Select[Any]:  # noqa: ARG001 - as the others
    """Return the texts that wait for a verdict on the actor's desk."""
    columns = _columns(Source.TEXT, since=Revision.waits_since, key=Revision.id)
    return (
        select(*columns)
        .select_from(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Revision.state == RevisionState.PENDING, _stands_open(actor))
    )


def _stands_open(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for a pending text; that it is the open one of its contribution needs
    no look, for a contribution has one open text at most, and a database that looks misjudges it.
    """
    return and_(
        Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
        on_own_desk_of(actor),
    )


def members(actor: Actor, *, wanted: QueueFilter, campaigns: Any) -> Select[Any]:
    """Return the texts that wait on the actor's desk, are wanted and belong to campaigns.

    They are found by their campaigns: of all that waits they may be few.
    """
    return (
        select(Revision.id)
        .select_from(Fingerprint)
        .join(Revision, Revision.id == Fingerprint.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Fingerprint.campaign_id.in_(campaigns),
            unindexed(Revision.state) == RevisionState.PENDING,
            _stands_open(actor),
            *_narrowing(wanted),
        )
    )


def appeals(actor: Actor, *, now: dt.datetime) -> Select[Any]:
    """Return the rejected texts whose appeal waits, those that fall to the actor from another desk
    among them.
    """
    columns = _columns(
        Source.APPEAL,
        since=ASKED.c.created_at,
        key=Revision.id,
        rejected_by=ASKED.c.rejected_by,
    )
    return (
        select(*columns)
        .select_from(ASKED)
        .join(Revision, Revision.id == ASKED.c.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
            on_desk_of(actor, now=now),
        )
    )


def flags(actor: Actor, *, now: dt.datetime) -> Select[Any]:  # noqa: ARG001 - as the others
    """Return the public texts with reports that nobody answered, one row each with all reasons.

    Whoever speaks for its author or typed a text never learns of reports about it, be it at their
    own desk.
    """
    columns = _columns(
        Source.FLAG,
        since=func.min(Flag.created_at),
        key=Contribution.id,
        reasons=func.aggregate_strings(Flag.reason, SEPARATOR),
    )
    return (
        select(*columns)
        .select_from(Flag)
        .join(Contribution, Contribution.id == unindexed(Flag.contribution_id))
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .where(
            Flag.settled_at.is_(None),
            public_contributions(),
            on_own_desk_of(actor),
            Contribution.author_id.not_in(sorted(actor.author_ids)),
            ~_typed_by(actor),
        )
        .group_by(Contribution.id, Revision.id)
    )


SOURCES: Mapping[Source, Callable[..., Select[Any]]] = MappingProxyType(
    {Source.TEXT: texts, Source.APPEAL: appeals, Source.FLAG: flags}
)


def wanted_sources(wanted: QueueFilter) -> Sequence[Source]:
    """Return where lines of the wanted kind come from."""
    if wanted.kind is None:
        return tuple(Source)
    of_kind = {ItemKind.APPEAL: Source.APPEAL, ItemKind.FLAG: Source.FLAG}
    return (of_kind.get(wanted.kind, Source.TEXT),)


def source(which: Source, actor: Actor, *, wanted: QueueFilter, now: dt.datetime) -> Select[Any]:
    """Return one source narrowed to what is wanted."""
    statement = SOURCES[which](actor, now=now).where(*_narrowing(wanted))
    if which is Source.TEXT and wanted.kind is not None:
        statement = statement.where(kind_of() == wanted.kind.value)
    return statement


def in_order(statements: Sequence[Select[Any]], *, limit: int) -> Select[Any]:
    """Return the first rows of several sources together, the oldest first."""
    firsts = [one.order_by("since", "id").limit(limit).subquery() for one in statements]
    if len(firsts) == 1:
        (rows,) = firsts
        return select(rows).order_by(rows.c.since, rows.c.source, rows.c.id)
    rows = union_all(*(select(first) for first in firsts)).subquery()
    return select(rows).order_by(rows.c.since, rows.c.source, rows.c.id).limit(limit)


def _narrowing(wanted: QueueFilter) -> list[ColumnElement[bool]]:
    """Return the conditions for `Contribution` and `Revision`, the kind apart."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.space is not None:
        space = select(Space.id).where(Space.slug == wanted.space).scalar_subquery()
        conditions.append(unindexed(Contribution.space_id) == space)
    if wanted.question is not None:
        asked = select(Question.id).where(Question.number == wanted.question)
        conditions.append(unindexed(Contribution.question_id).in_(asked))
    if wanted.language is not None:
        conditions.append(Revision.language == wanted.language)
    if wanted.category is not None:
        authors = select(Author.id).join(Category, Category.id == Author.category_id)
        of_category = authors.where(Category.slug == wanted.category)
        conditions.append(unindexed(Contribution.author_id).in_(of_category))
    if wanted.objective is not None:
        conditions.append(_concerns(wanted.objective))
    if wanted.q:
        conditions.append(says(wanted.q))
    if wanted.like is not None:
        conditions.append(Revision.id.in_(_alike(wanted.like)))
    return conditions


def _concerns(number: int) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            RevisionTag.revision_id == Revision.id,
            RevisionTag.is_public,
            Objective.id == RevisionTag.objective_id,
            Objective.number == number,
        )
        .correlate(Revision)
    )


def _alike(name: str) -> Select[Any]:
    """Return the texts that say nearly the same as those of a named contribution."""
    return (
        select(Fingerprint.revision_id)
        .join(_ItsPrint, _ItsPrint.campaign_id == Fingerprint.campaign_id)
        .join(_OfHead, _OfHead.id == _ItsPrint.revision_id)
        .join(_Head, _Head.id == _OfHead.contribution_id)
        .where(
            _ItsPrint.space_id == Fingerprint.space_id,
            or_(_Head.receipt == name, _Head.reference == name),
        )
    )


def decidable(actor: Actor, *, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` on the desk that nothing keeps the actor from
    deciding: not their own, not filed by them, not kept by a colleague.
    """
    filed = select(Intake.contribution_id).where(Intake.filed_by == actor.user_id)
    kept = select(Claim.contribution_id).where(Claim.until > now, Claim.user_id != actor.user_id)
    return and_(
        Contribution.author_id.not_in(sorted(actor.author_ids)),
        # Few are kept or filed by one person; that these are looked up once is quicker.
        Contribution.id.not_in(filed),
        Contribution.id.not_in(kept),
        ~_typed_by(actor),
    )


def _typed_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor typed one of a `Contribution`'s texts."""
    typed_it = exists().where(
        _Typed.contribution_id == Contribution.id, _Typed.submitted_by == actor.user_id
    )
    return typed_it.correlate(Contribution)

"""Everything that a line of an export tells of a contribution, in the order of the threads.

Which contributions an actor gets is decided by the rule in `consult.discussion.policy`; a filter
narrows it further and keeps what a match hangs on as context.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import visible_contributions, visible_revisions
from consult.discussion.queries.line_shapes import (
    Choice,
    ExportFilter,
    Finding,
    Line,
    LineAttachment,
    LineAuthor,
    LineTag,
)
from consult.discussion.queries.line_texts import finished
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.spaces.models import Author, Category, Objective, Question, Space
from consult.spaces.states import QuestionKind

__all__ = [
    "EXPORTED_STATES",
    "ExportFilter",
    "Finding",
    "Line",
    "LineAttachment",
    "LineAuthor",
    "LineTag",
    "as_of",
    "export_rows",
]

T = TypeVar("T")

CHUNK = 500
EXPORTED_STATES = (
    RevisionState.PUBLISHED,
    RevisionState.PENDING,
    RevisionState.RETURNED,
    RevisionState.REJECTED,
)
"""States that an export may ask for; drafts and texts in clearance belong to their authors."""
UNNUMBERED = 1_000_000_000
"""Sorts a question that has no number yet behind all others."""


class _Place(NamedTuple):
    """Where a line comes; sorts in the order of the export."""

    question: int
    is_comment: bool
    ordinal: int
    thread_id: int
    path: str
    id: int


OwnQuestion = aliased(Question, name="own_question")


def export_rows(
    session: Session,
    *,
    space: Space,
    actor: Actor,
    wanted: ExportFilter,
    base_url: str,
    holds: bool,
) -> Iterator[Line]:
    """Yield the lines of a space that the actor may read, narrowed by a filter.

    By question number, a participant's question before its comments, threads in their order,
    parents before children. Every ancestor of a match and the question it hangs on come too.
    Ids are chosen first, texts follow by 500. Infected files are not told, nor while it `holds`
    them those that were not scanned.
    """
    places, choices = _choose(session, space=space, actor=actor, wanted=wanted)
    for chunk in _chunks(places):
        chosen = {place.id: choices[place.id] for place in chunk}
        yield from finished(
            session, chosen, space=space, actor=actor, base_url=base_url, holds=holds
        )


def as_of(space: Space) -> dt.datetime | None:
    """Return the instant of the newest public change in a space; None before the first."""
    return space.last_change_at


# Which ones ----------------------------------------------------------------------------------


class _Choosing:
    """Collects places and which text of each is told, and what they hang on."""

    def __init__(self) -> None:
        self.places: list[_Place] = []
        self.choices: dict[int, Choice] = {}
        self.parents: set[int] = set()
        self.questions: set[int] = set()

    def add(self, rows: Iterable[Any], choice: Callable[[Any], Choice]) -> None:
        """Take rows that are not there yet."""
        for row in rows:
            if row.id in self.choices:
                continue
            self.choices[row.id] = choice(row)
            self.places.append(_place(row))
            if row.parent_id is not None:
                self.parents.add(row.parent_id)
            if row.question_kind == QuestionKind.PARTICIPANT:
                self.questions.add(row.question_id)


def _choose(
    session: Session, *, space: Space, actor: Actor, wanted: ExportFilter
) -> tuple[list[_Place], dict[int, Choice]]:
    """Return the places in order, and by contribution which text of it is told."""
    found = _Choosing()
    is_public = wanted.state == RevisionState.PUBLISHED
    found.add(
        _found(session.execute(_matching(space=space, actor=actor, wanted=wanted)), wanted),
        lambda row: Choice(revision_id=None if is_public else row.revision_id),
    )
    kept = Choice(context=wanted.is_narrowed)
    while missing := sorted(found.parents - found.choices.keys()):
        for ids in _chunks(missing):
            found.add(session.execute(_places().where(Contribution.id.in_(ids))), lambda _: kept)
    for ids in _chunks(sorted(found.questions)):
        hung_on = _places().where(Contribution.own_question_id.in_(ids))
        found.add(session.execute(hung_on), lambda _: kept)
    return sorted(found.places), found.choices


def _found(rows: Iterable[Any], wanted: ExportFilter) -> Iterable[Any]:
    """Keep what a search found, where one was asked for; it may be more than a statement takes."""
    if wanted.finding is None:
        return rows
    return [row for row in rows if row.reference in wanted.finding.references]


def _places() -> Select[Any]:
    return (
        select(
            Contribution.id,
            Contribution.kind,
            Contribution.reference,
            Contribution.parent_id,
            Contribution.question_id,
            Contribution.thread_ordinal,
            func.coalesce(Contribution.thread_id, Contribution.id).label("thread_id"),
            Contribution.path,
            func.coalesce(Question.number, OwnQuestion.number, UNNUMBERED).label("number"),
            Question.kind.label("question_kind"),
        )
        .select_from(Contribution)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .outerjoin(OwnQuestion, OwnQuestion.id == Contribution.own_question_id)
    )


def _place(row: Any) -> _Place:
    is_comment = row.kind == ContributionKind.COMMENT
    return _Place(row.number, is_comment, row.thread_ordinal, row.thread_id, row.path, row.id)


def _matching(*, space: Space, actor: Actor, wanted: ExportFilter) -> Select[Any]:
    statement = (
        _places()
        .add_columns(Revision.id.label("revision_id"))
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(Contribution.space_id == space.id, Contribution.removed == Removed.NONE)
        .where(*_narrowed(wanted))
    )
    if wanted.state == RevisionState.PUBLISHED:
        return statement.join(Revision, Revision.id == Contribution.published_revision_id).where(
            visible_contributions(actor)
        )
    # Whoever runs a command with an explicit state has the database itself.
    allowed = true() if actor.is_system else visible_revisions(actor)
    return (
        statement.join(Revision, Revision.contribution_id == Contribution.id)
        .where(Revision.state == wanted.state, allowed)
        .order_by(Revision.number.desc())
    )


def _narrowed(wanted: ExportFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.objectives:
        conditions.append(
            exists(
                select(RevisionTag.id)
                .join(Objective, Objective.id == RevisionTag.objective_id)
                .where(
                    RevisionTag.revision_id == Revision.id,
                    RevisionTag.is_public,
                    Objective.number.in_(wanted.objectives),
                )
            )
        )
    if wanted.questions:
        number = func.coalesce(Question.number, OwnQuestion.number)
        conditions.append(number.in_(wanted.questions))
    if wanted.language:
        conditions.append(Revision.language == wanted.language)
    if wanted.category:
        conditions.append(Category.slug == wanted.category)
    return conditions


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]

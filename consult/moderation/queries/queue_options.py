"""What the filters of the queue offer, with how much of it waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, String, cast, exists, literal, select, union_all
from sqlalchemy.orm import Session

from consult.core.i18n import Translated
from consult.moderation.queries.queue_counts import Counts
from consult.moderation.queries.queue_shapes import Option, QueueFilter
from consult.spaces.models import Category, Objective, Question, Reason, Space, SpaceObjective

OFFERED = ("questions", "categories", "objectives", "reasons")


def options(
    session: Session, spaces: Sequence[Space], *, wanted: QueueFilter, counted: Counts
) -> Mapping[str, Sequence[Option]]:
    """Return the questions of the chosen consultation or the only one, the categories and the
    objectives under review, and the catalogue of reasons; one statement.
    """
    found: dict[str, list[Option]] = {name: [] for name in OFFERED}
    if not spaces:
        return found
    chosen = [space.id for space in spaces if wanted.space in {None, space.slug}]
    forum_ids = sorted({space.forum_id for space in spaces})
    statements = [_categories(forum_ids), _reasons(forum_ids), _objectives(chosen)]
    if len(chosen) == 1:
        statements.append(_questions(chosen[0]))
    counts = {"questions": counted.by_question, "categories": counted.by_category}
    rows = session.execute(union_all(*statements)).all()
    for row in sorted(rows, key=lambda row: (row.position, row.id)):
        of_kind = counts.get(row.kind)
        label: Translated | None = row.label
        # Forums have categories of the same name.
        if all(option.value != row.value for option in found[row.kind]):
            n = of_kind[row.id] if of_kind else None
            found[row.kind].append(Option(row.value, label, n))
    return found


def _option(kind: str, row: Any, *, value: Any, position: Any, label: Any) -> tuple[Any, ...]:
    return (
        literal(kind).label("kind"),
        row.id.label("id"),
        cast(value, String).label("value"),
        position.label("position"),
        label.label("label"),
    )


def _categories(forum_ids: Sequence[int]) -> Select[Any]:
    columns = _option(
        "categories",
        Category,
        value=Category.slug,
        position=Category.position,
        label=Category.name,
    )
    return select(*columns).where(Category.forum_id.in_(forum_ids))


def _reasons(forum_ids: Sequence[int]) -> Select[Any]:
    columns = _option(
        "reasons", Reason, value=Reason.code, position=Reason.position, label=Reason.label
    )
    return select(*columns).where(Reason.forum_id.in_(forum_ids))


def _objectives(space_ids: Sequence[int]) -> Select[Any]:
    columns = _option(
        "objectives",
        Objective,
        value=Objective.number,
        position=Objective.number,
        label=Objective.short_title,
    )
    is_reviewed = exists().where(
        SpaceObjective.objective_id == Objective.id, SpaceObjective.space_id.in_(space_ids)
    )
    return select(*columns).where(is_reviewed.correlate(Objective))


def _questions(space_id: int) -> Select[Any]:
    columns = _option(
        "questions",
        Question,
        value=Question.number,
        position=Question.number,
        label=Question.short_text,
    )
    return select(*columns).where(Question.space_id == space_id)

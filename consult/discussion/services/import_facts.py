"""What lines of a space may name: its questions, objectives, categories and regions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from consult.discussion.services.import_places import QuestionRef, SpaceFacts
from consult.spaces.models import Category, Objective, Question, Region, Space, SpaceObjective


def space_facts(session: Session, condition: ColumnElement[bool]) -> SpaceFacts | None:
    """Return what lines may name in the one space that fulfils a condition, None without one."""
    space = session.execute(
        select(Space.id, Space.slug, Space.code, Space.forum_id).where(condition)
    ).first()
    if space is None:
        return None
    reviewed = (
        select(Objective.number, Objective.id)
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .where(SpaceObjective.space_id == space.id)
    )
    categories = select(Category.slug, Category.id).where(Category.forum_id == space.forum_id)
    regions = select(Region.slug, Region.id).where(Region.forum_id == space.forum_id)
    facts = SpaceFacts(
        id=space.id,
        slug=space.slug,
        code=space.code,
        forum_id=space.forum_id,
        objectives=_pairs(session, reviewed),
        categories=_pairs(session, categories),
        regions=_pairs(session, regions),
    )
    for row in session.execute(
        select(Question.id, Question.number).where(Question.space_id == space.id)
    ):
        ref = QuestionRef(space.id, row.number, row.id)
        facts.by_number[row.number], facts.by_id[row.id] = ref, ref
    return facts


def _pairs(session: Session, statement: Select[Any]) -> dict[Any, int]:
    return {row[0]: row[1] for row in session.execute(statement)}

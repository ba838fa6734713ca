"""What is new to a reader since the last visit to a question."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, null, or_, select

from consult.core.authz import Actor
from consult.core.db import Instant
from consult.discussion.models import Contribution, QuestionVisit
from consult.discussion.policy import counted_contributions, own_texts
from consult.spaces.models import Space


@dataclass(frozen=True)
class Visit:
    """What a reader's visit to a question knows of the one before."""

    since: dt.datetime | None
    """Until when the reader had read before; None in the first visit."""
    noted_at: dt.datetime | None
    """When this visit was noted last."""
    news: int
    """Public texts of others in the whole question that are new or changed since."""
    first: str | None
    """Reference of the first of them in the order of the threads."""

    @classmethod
    def of(cls, row: Any) -> Visit:
        """Return the visit from a row with the columns of `visit_columns`."""
        return cls(row.since, row.noted_at, row.news or 0, row.first_news)


VISIT_ENDS = dt.timedelta(minutes=30)
"""After so long without opening the page, opening it begins another visit."""


def visit_values(actor: Actor, *, space: Space, now: dt.datetime) -> dict[str, Any]:
    """Return the parameters of a statement that holds what follows, besides `AUTHOR_IDS`."""
    return {
        "user_id": actor.user_id,
        "ended_by": now - VISIT_ENDS,
        "changed_at": space.last_change_at,
    }


def visit_columns() -> list[ColumnElement[Any]]:
    """Return the columns of `Visit`, for a statement joined with `visit_of_reader`."""
    return [
        seen_until().label("since"),
        QuestionVisit.last_at.label("noted_at"),
        news_count().label("news"),
        first_news().label("first_news"),
    ]


def visit_of_reader() -> ColumnElement[bool]:
    """Return the condition for the reader's visit to the question of the statement."""
    return and_(
        QuestionVisit.user_id == bindparam("user_id"),
        QuestionVisit.question_id == bindparam("question_id"),
    )


def seen_until() -> ColumnElement[Any]:
    """Return until when the reader had read before this visit; NULL during the first one."""
    last_at = QuestionVisit.last_at
    return case(
        (last_at <= bindparam("ended_by", type_=Instant), last_at),
        else_=QuestionVisit.previous_at,
    )


def news_count() -> ColumnElement[Any]:
    """Return how many public texts of others are new or changed, for a statement with the visit."""
    return _where_something_changed(_news(func.count()))


def first_news() -> ColumnElement[Any]:
    """Return the reference of the first of them in the order of the threads, NULL for none."""
    return _where_something_changed(
        _news(Contribution.reference)
        .order_by(Contribution.thread_ordinal, Contribution.thread_id, Contribution.path)
        .limit(1)
    )


def _news(column: Any) -> Select[Any]:
    return (
        select(column)
        .select_from(Contribution)
        .where(
            Contribution.question_id == bindparam("question_id"),
            counted_contributions(),
            or_(
                Contribution.first_published_at > seen_until(),
                Contribution.edited_at > seen_until(),
            ),
            ~own_texts(None),
        )
        .correlate(QuestionVisit)
    )


def _where_something_changed(statement: Select[Any]) -> ColumnElement[Any]:
    """Look for news only where something of the space has changed since: it reads the question."""
    changed = seen_until() < bindparam("changed_at", type_=Instant)
    return case((changed, statement.scalar_subquery()), else_=null())

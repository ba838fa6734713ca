"""Remembering until when somebody had read a question's answers."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from consult.discussion.models import QuestionVisit
from consult.discussion.queries.visits import VISIT_ENDS

NOTED_EVERY = dt.timedelta(minutes=5)
"""A visit is written at most this often, so that reading stays reading."""


def is_due(last_at: dt.datetime | None, *, now: dt.datetime) -> bool:
    """Whether opening the page is to be noted, given when that was done last."""
    return last_at is None or now - last_at >= NOTED_EVERY


def note(session: Session, *, user_id: int, question_id: int, now: dt.datetime) -> None:
    """Note that somebody opened a question's page.

    After half an hour without opening it another visit begins, and what was published since the
    last one is new. One statement, so that of two windows neither undoes the other's note.
    """
    insert = insert_sqlite if session.get_bind().dialect.name == "sqlite" else insert_postgresql
    last_at = QuestionVisit.last_at
    session.execute(
        insert(QuestionVisit)
        .values(user_id=user_id, question_id=question_id, previous_at=None, last_at=now)
        .on_conflict_do_update(
            index_elements=[QuestionVisit.user_id, QuestionVisit.question_id],
            set_={
                "previous_at": case(
                    (last_at <= now - VISIT_ENDS, last_at), else_=QuestionVisit.previous_at
                ),
                "last_at": now,
            },
            where=last_at <= now - NOTED_EVERY,
        )
    )

"""Lessons on the timetable of the worker, apart from what keeps the index true."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy.orm import Session

from consult.core.outbox import Handler, Reactions
from consult.search.objectives import learning

LEARN_EVERY: Final = 3600
"""Seconds between two lessons."""


def register(reactions: Reactions, *, let_through: learning.LetThrough) -> None:
    """Put the lessons on the timetable."""
    prepare = partial(learn, let_through=let_through)
    handler = Handler("objectives.learn", keep, every=LEARN_EVERY, prepare=prepare, is_slow=True)
    reactions.schedule(handler)


def learn(
    session: Session,
    _payloads: Sequence[dict[str, Any]],
    *,
    now: dt.datetime,  # noqa: ARG001 - the worker hands it over
    let_through: learning.LetThrough,
) -> list[learning.Lesson]:
    """Look what moderators' tags teach about the objectives, without any lock."""
    found = learning.lessons(session, let_through=let_through)
    session.rollback()
    return found


def keep(
    session: Session,
    _payloads: Sequence[dict[str, Any]],
    *,
    now: dt.datetime,
    prepared: Sequence[learning.Lesson],
) -> None:
    """Keep what was learned in place of what was known."""
    for lesson in prepared:
        learning.keep(session, lesson, now=now)

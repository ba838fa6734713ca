"""Reports are answered by whatever a moderator decides on the public text, and wait again where
that is taken back.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from consult.moderation.models import Decision, Flag


def settle_flags(session: Session, *, contribution_id: int, decision: Decision) -> int:
    """Have a decision answer every report that waits on a contribution; returns how many did."""
    result = session.execute(
        update(Flag)
        .where(Flag.contribution_id == contribution_id, Flag.settled_at.is_(None))
        .values(settled_at=decision.decided_at, settled_by_id=decision.id)
        .execution_options(synchronize_session="fetch")
    )
    return cast(CursorResult[Any], result).rowcount


def reopen_flags(session: Session, *, decision: Decision) -> int:
    """Have the reports wait again that a decision had answered; returns how many do."""
    result = session.execute(
        update(Flag)
        .where(Flag.settled_by_id == decision.id)
        .values(settled_at=None, settled_by_id=None)
        .execution_options(synchronize_session="fetch")
    )
    return cast(CursorResult[Any], result).rowcount

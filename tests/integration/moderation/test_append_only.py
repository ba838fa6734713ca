"""A decision stands: the database refuses to change it, but for what erasure takes out."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from consult.accounts.models import User
from consult.moderation.models import Decision
from consult.moderation.states import Verdict
from tests.integration.moderation.desk import WHY, Desk

CHANGES: list[dict[str, Any]] = [
    {"verdict": "approve"},
    {"reason": "personal-data"},
    {"message": "Another sentence."},
    {"policy": "import"},
    {"batch": "another"},
    {"objectives": [16]},
    {"facts": {"language": "fr"}},
]


@pytest.fixture
def decision(desk: Desk) -> Decision:
    return desk.decide(desk.pending(), Verdict.REJECT, message=WHY)


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_the_database_refuses_to_change_a_decision(desk: Desk, decision: Decision, change) -> None:
    changing = update(Decision).where(Decision.id == decision.id).values(**change)
    with pytest.raises(DatabaseError, match="append-only"), desk.session.begin_nested():
        desk.session.execute(changing.execution_options(synchronize_session=False))


def test_a_decision_cannot_be_said_to_be_somebody_elses(desk: Desk, decision: Decision) -> None:
    changing = update(Decision).values(decided_by=desk.second.user_id)
    with pytest.raises(DatabaseError, match="append-only"), desk.session.begin_nested():
        desk.session.execute(changing.execution_options(synchronize_session=False))


def test_the_database_refuses_to_delete_a_decision(desk: Desk, decision: Decision) -> None:
    gone = delete(Decision).where(Decision.id == decision.id)
    with pytest.raises(DatabaseError, match="append-only"), desk.session.begin_nested():
        desk.session.execute(gone.execution_options(synchronize_session=False))


def test_erasure_may_blank_the_sentence(desk: Desk, decision: Decision) -> None:
    blanking = update(Decision).where(Decision.id == decision.id).values(message=None)
    desk.session.execute(blanking.execution_options(synchronize_session=False))
    desk.session.refresh(decision)
    assert (decision.message, decision.verdict) == (None, Verdict.REJECT)


def test_a_deleted_user_leaves_the_decision_standing(desk: Desk, decision: Decision) -> None:
    desk.session.flush()
    gone = delete(User).where(User.id == desk.first.user_id)
    desk.session.execute(gone.execution_options(synchronize_session=False))
    desk.session.refresh(decision)
    assert (decision.decided_by, decision.verdict) == (None, Verdict.REJECT)

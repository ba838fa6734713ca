"""Whether every decision says what the audit log says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.audit import AuditEntry
from consult.moderation.models import Decision

OF_ACT: Mapping[str, str] = {"uphold": "approve", "dismiss": "reject"}
"""Verdicts of the acts that are not called by their verdict; an undoing has any."""
UNDOING = "undo"
DECIDING = frozenset(
    ("approve", "return", "reject", "hide", "restore", "keep", "redact", "move")
) | {*OF_ACT, UNDOING}
"""Acts that are entries of a decision; others may name one."""
CHUNK = 5000


@dataclass(frozen=True)
class _Logged:
    """What the log says of one decision."""

    entry_id: int
    act: str
    actor_id: int | None
    at: dt.datetime
    facts: Mapping[str, Any]


def decision_problems(session: Session) -> Iterator[str]:
    """Yield a sentence for each decision that is missing, was changed or has no entry of its own.

    Of a decision whose user was erased the log still knows the number; its sentence for the author
    stands in no log, because erasure may blank it.
    """
    logged = _logged(session)
    rows = session.execute(
        select(
            Decision.id,
            Decision.revision_id,
            Decision.verdict,
            Decision.reason,
            Decision.undoes,
            Decision.decided_by,
            Decision.decided_at,
        )
        .order_by(Decision.id)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        entry = logged.pop(row.id, None)
        if entry is None:
            yield f"decision {row.id} has no entry in the audit log"
            continue
        wrong = ", ".join(_differences(row, entry))
        if wrong:
            yield f"decision {row.id} differs from audit entry {entry.entry_id} in its {wrong}"
    for decision_id, entry in sorted(logged.items()):
        yield f"decision {decision_id} of audit entry {entry.entry_id} is missing"


def _logged(session: Session) -> dict[int, _Logged]:
    rows = session.execute(
        select(
            AuditEntry.id,
            AuditEntry.act,
            AuditEntry.actor_id,
            AuditEntry.happened_at,
            AuditEntry.facts,
        )
        .where(AuditEntry.subject_kind == "contribution", AuditEntry.act.in_(sorted(DECIDING)))
        .order_by(AuditEntry.id)
        .execution_options(yield_per=CHUNK)
    )
    found: dict[int, _Logged] = {}
    for entry_id, act, actor_id, at, facts in rows:
        if "decision" in facts:
            found.setdefault(facts["decision"], _Logged(entry_id, act, actor_id, at, facts))
    return found


def _differences(row: Any, entry: _Logged) -> Iterator[str]:
    """Yield what a decision and its entry do not agree about."""
    if entry.act != UNDOING and OF_ACT.get(entry.act, entry.act) != row.verdict:
        yield "verdict"
    if (entry.act == UNDOING) != (row.undoes is not None):
        yield "reversal"
    for name, value in (
        ("reason", row.reason),
        ("undoes", row.undoes),
        ("revision", row.revision_id),
    ):
        if entry.facts.get(name) != value:
            yield name
    if row.decided_by is not None and row.decided_by != entry.actor_id:
        yield "person"
    if row.decided_at != entry.at:
        yield "time"

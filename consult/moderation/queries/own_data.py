"""What the desk told somebody and what they told the desk, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from consult.core.ports import OwnFile, OwnRow
from consult.discussion.models import Contribution, Revision
from consult.moderation.models import Appeal, Decision, Flag
from consult.moderation.states import Verdict
from consult.spaces.queries.leaving import lone_author_ids


def own_data(session: Session, *, user_id: int) -> Iterator[OwnRow | OwnFile]:
    """Yield decisions on somebody's texts without who took them, their appeals and reports."""
    alone = sorted(lone_author_ids(session, user_id=user_id))
    decisions = session.execute(
        select(Decision, Contribution.uid, Revision.number)
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            or_(Contribution.author_id.in_(alone), Revision.submitted_by == user_id),
            # An answer to readers' reports is theirs: the author is not told that there were any.
            Decision.verdict != Verdict.KEEP,
        )
        .order_by(Decision.id)
    )
    for decision, uid, number in decisions:
        yield OwnRow(
            "decisions",
            {
                "contribution": uid,
                "version": number,
                "verdict": str(decision.verdict),
                "reason": decision.reason,
                "words": decision.message,
                "decided_at": decision.decided_at,
                "is_undoing": decision.undoes is not None,
            },
        )
    appeals = session.execute(
        select(Appeal, Contribution.uid)
        .join(Contribution, Contribution.id == Appeal.contribution_id)
        .where(or_(Contribution.author_id.in_(alone), Appeal.submitted_by == user_id))
        .order_by(Appeal.id)
    )
    for appeal, uid in appeals:
        yield OwnRow(
            "appeals",
            {
                "contribution": uid,
                "words": appeal.words,
                "created_at": appeal.created_at,
                "outcome": str(appeal.outcome) if appeal.outcome else None,
                "decided_at": appeal.decided_at,
            },
        )
    reports = session.execute(
        select(Flag, Contribution.reference, Decision.verdict)
        .join(Contribution, Contribution.id == Flag.contribution_id)
        .outerjoin(Decision, Decision.id == Flag.settled_by_id)
        .where(Flag.user_id == user_id)
        .order_by(Flag.id)
    )
    for flag, reference, verdict in reports:
        yield OwnRow(
            "reports",
            {
                "about": reference,
                "reason": flag.reason,
                "words": flag.words,
                "created_at": flag.created_at,
                "answered_at": flag.settled_at,
                "answer": str(verdict) if verdict else None,
            },
        )

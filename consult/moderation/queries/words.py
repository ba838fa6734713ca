"""What the author of a text is told on their own pages."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from consult.core.ports import DecisionWords
from consult.discussion.models import Contribution, Revision
from consult.moderation.models import Decision
from consult.moderation.states import NEEDS_REASON
from consult.spaces.models import Forum, Reason, Space


def decision_words(session: Session, *, revision_id: int, locale: str) -> DecisionWords | None:
    """Return reason and sentence of the newest standing decision on a text.

    None where it was approved, undone, or nothing was decided.
    """
    undoing = aliased(Decision)
    row = session.execute(
        select(Decision, Revision.language, Reason.label, Reason.code)
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(Reason, (Reason.forum_id == Forum.id) & (Reason.code == Decision.reason))
        .outerjoin(undoing, undoing.undoes == Decision.id)
        .where(
            Decision.revision_id == revision_id,
            Decision.undoes.is_(None),
            undoing.id.is_(None),
        )
        .order_by(Decision.id.desc())
        .limit(1)
    ).first()
    if row is None or row.Decision.verdict not in NEEDS_REASON:
        return None
    decision = row.Decision
    return DecisionWords(
        reason=row.label.in_(locale) if row.label else decision.reason or "",
        message=decision.message,
        message_lang=row.language if decision.message else None,
        decided_at=decision.decided_at,
    )

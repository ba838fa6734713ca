"""Which texts were let through by a policy of their space, without anybody having read them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.moderation.models import Decision


def let_through(session: Session, revision_ids: Collection[int]) -> frozenset[int]:
    """Return those of the revisions whose newest decision is that of a policy.

    Of a few hundred at a time: each is a parameter of the one statement.
    """
    newest = (
        select(func.max(Decision.id))
        .where(Decision.revision_id.in_(revision_ids))
        .group_by(Decision.revision_id)
    )
    found = select(Decision.revision_id).where(
        Decision.id.in_(newest), Decision.policy.is_not(None)
    )
    return frozenset(session.scalars(found))

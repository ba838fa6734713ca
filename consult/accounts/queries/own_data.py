"""What accounts keep about somebody, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import SecondFactor, User, UserSession
from consult.core.ports import OwnFile, OwnRow


def own_data(session: Session, *, user_id: int) -> Iterator[OwnRow | OwnFile]:
    """Yield the account and its sessions; nothing with which one could sign in."""
    user = session.get_one(User, user_id)
    factor_since = session.scalar(
        select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
    )
    yield OwnRow(
        "account",
        {
            "name": user.name,
            "email": user.email,
            "status": str(user.status),
            "language": user.locale,
            "time_zone": user.time_zone,
            "created_at": user.created_at,
            "confirmed_at": user.confirmed_at,
            "second_factor_since": factor_since,
            "mail_problem": user.mail_problem,
        },
    )
    rows = session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id)
        .order_by(UserSession.created_at, UserSession.digest)
    )
    for row in rows:
        yield OwnRow(
            "sessions",
            {
                "began_at": row.created_at,
                "last_seen_at": row.last_seen_at,
                "network": row.network,
                "browser": row.agent,
            },
        )

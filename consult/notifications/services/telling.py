"""What is kept of mails that told somebody of texts, so that no other mail says it again."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.notifications.models import Delivery, Told


def keep_told(session: Session, delivery: Delivery, *, now: dt.datetime) -> None:
    """Keep that a mail which was handed over has told its recipient of the texts in it."""
    ids = set(delivery.values.get("tells", ()))
    if not ids or delivery.user_id is None:
        return
    known = select(Told.contribution_id).where(
        Told.user_id == delivery.user_id, Told.contribution_id.in_(sorted(ids))
    )
    for contribution_id in sorted(ids - set(session.scalars(known))):
        session.add(Told(user_id=delivery.user_id, contribution_id=contribution_id, told_at=now))

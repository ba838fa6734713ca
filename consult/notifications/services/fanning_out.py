"""Telling many of one thing: deliveries are queued a few hundred at a time, so that no unit of work
keeps other writers waiting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from consult.core.outbox import emit
from consult.discussion.models import Contribution
from consult.discussion.policy import is_public
from consult.notifications.events import TextCameOut
from consult.notifications.models import Delivery
from consult.notifications.policy import NEWS, UNDO
from consult.notifications.queries import followers
from consult.notifications.states import DeliveryState

AT_A_TIME = 200
"""Deliveries that one unit of work queues."""


def notice_text(session: Session, *, contribution_id: int, now: dt.datetime) -> bool:
    """Have followers told of a text in a minute, if this is its first publication.

    Edits, imports and what comes back after a week are no news; whether anybody was told before
    is asked again then. Return whether followers will be thought of.
    """
    contribution = session.get(Contribution, contribution_id, populate_existing=True)
    if contribution is None or contribution.edited_at is not None or not _is_news(contribution):
        return False
    published_at = contribution.first_published_at
    if published_at is None or published_at < now - NEWS:
        return False
    emit(session, TextCameOut(contribution_id), now=now, delay=UNDO.total_seconds())
    return True


def tell_of_text(session: Session, *, contribution_id: int, after: int, now: dt.datetime) -> int:
    """Queue the mails of a text for the next followers who hear of it at once; return how many.

    Where more are left, they are left to the next unit of work.
    """
    contribution = session.get(Contribution, contribution_id, populate_existing=True)
    if contribution is None or not _is_news(contribution):
        return 0
    found = followers.at_once(session, contribution=contribution, after=after, limit=AT_A_TIME)
    key = followers.text_key(contribution_id)
    rows = [
        (user_id, {"contribution_id": contribution_id, "subscription_id": subscription_id})
        for user_id, subscription_id in found
    ]
    queue_many(session, mail="new-text", key=key, rows=rows, now=now)
    if len(found) == AT_A_TIME:
        emit(session, TextCameOut(contribution_id, after=found[-1][0]), now=now)
    return len(found)


def queue_many(
    session: Session,
    *,
    mail: str,
    key: str,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    now: dt.datetime,
) -> None:
    """Queue one mail for many users in one statement; nobody of them may have it queued already."""
    if not rows:
        return
    session.execute(
        insert(Delivery),
        [
            {
                "user_id": user_id,
                "event": mail,
                "key": key,
                "values": dict(values),
                "state": DeliveryState.WAITING,
                "not_before": now,
                "created_at": now,
            }
            for user_id, values in rows
        ],
    )


def _is_news(contribution: Contribution) -> bool:
    return (
        is_public(contribution)
        and contribution.source is None
        and contribution.reference is not None
    )

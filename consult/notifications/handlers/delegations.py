"""Who of a delegation is told that a text waits, came back, or that somebody joined."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.core.outbox import Handler
from consult.discussion.events import ClearanceWanted, TextHandedBack
from consult.discussion.models import Contribution, Revision
from consult.notifications import services
from consult.spaces.events import DelegationJoined
from consult.spaces.queries.delegations import focal_point_ids

Payloads = Sequence[dict[str, Any]]


def queue_clearance(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell every focal point that a text waits for a release."""
    for payload in payloads:
        contribution = session.get(Contribution, payload["contribution_id"])
        revision = session.get(Revision, payload["revision_id"])
        if contribution is None or revision is None:
            continue
        for user_id in focal_point_ids(session, author_id=contribution.author_id):
            services.queue_delivery(
                session,
                user_id=user_id,
                event="clearance-wanted",
                # The same text is sent again after it was handed back.
                key=f"revision:{revision.id}:{revision.lock}",
                values={"contribution_id": contribution.id, "revision_id": revision.id},
                now=now,
            )


def queue_hand_back(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell whoever wrote a text that their focal point handed it back."""
    for payload in payloads:
        revision = session.get(Revision, payload["revision_id"])
        if revision is None or revision.submitted_by is None:
            continue
        services.queue_delivery(
            session,
            user_id=revision.submitted_by,
            event="handed-back",
            key=f"revision:{revision.id}:{revision.lock}",
            values={"contribution_id": revision.contribution_id, "revision_id": revision.id},
            now=now,
        )


def queue_joining(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell the other focal points that somebody joined."""
    for payload in payloads:
        author_id, joined_id = payload["author_id"], payload["user_id"]
        for user_id in focal_point_ids(session, author_id=author_id):
            if user_id == joined_id:
                continue
            services.queue_delivery(
                session,
                user_id=user_id,
                event="joined-delegation",
                # Whoever left and comes back is told of again.
                key=f"author:{author_id}:{joined_id}:{int(now.timestamp())}",
                values={"author_id": author_id, "joined_id": joined_id},
                now=now,
            )


HANDLERS: tuple[tuple[Handler, tuple[type[Any], ...]], ...] = (
    (Handler("notifications.clearance", queue_clearance, batch=50), (ClearanceWanted,)),
    (Handler("notifications.handed-back", queue_hand_back, batch=50), (TextHandedBack,)),
    (Handler("notifications.joined", queue_joining, batch=50), (DelegationJoined,)),
)
"""The handlers of this module with their events."""

"""Readers are told what the moderators made of their reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.outbox import Handler, Reactions
from consult.discussion.events import RevisionDecided
from consult.moderation.models import Decision, Flag
from consult.moderation.policy import UNDO
from consult.notifications.services import queue_delivery

Payloads = Sequence[dict[str, Any]]


def register(reactions: Reactions) -> None:
    """Subscribe what tells readers of the answers to their reports."""
    reactions.subscribe(
        Handler("moderation.reports-answered", queue_answers, batch=50), RevisionDecided
    )


def queue_answers(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue a mail to everybody whose report a decision answered, for when it stands."""
    for payload in payloads:
        decision = session.get(Decision, payload["decision_id"])
        if decision is None:
            continue
        told = select(Flag.user_id).where(Flag.settled_by_id == decision.id).order_by(Flag.id)
        for user_id in session.scalars(told).all():
            queue_delivery(
                session,
                user_id=user_id,
                event="report-answered",
                key=f"decision:{decision.id}",
                values={
                    "contribution_id": payload["contribution_id"],
                    "decision_id": decision.id,
                },
                now=now,
                delay_seconds=max(0.0, (decision.decided_at + UNDO - now).total_seconds()),
            )

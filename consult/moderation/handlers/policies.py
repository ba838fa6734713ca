"""Publishing at once, by the worker, what the mode of a space lets through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.core.outbox import Handler, Reactions
from consult.discussion.events import ContributionSent
from consult.moderation.events import FilesAwaited
from consult.moderation.policy.modes import Waits
from consult.moderation.services import policies


def register(reactions: Reactions) -> None:
    """Subscribe the policies. One text at a time: where one fails, it alone goes on waiting."""
    handler = Handler("moderation.policies", run=publish_at_once)
    reactions.subscribe(handler, ContributionSent, FilesAwaited)


def publish_at_once(
    session: Session, payloads: Sequence[dict[str, Any]], *, now: dt.datetime
) -> None:
    """Publish what a policy lets through; whatever goes wrong leaves a text to the moderators."""
    for payload in payloads:
        answer = policies.decide_by_policy(session, payload["revision_id"], now)
        if answer is Waits.FILES:
            policies.look_again(
                session,
                contribution_id=payload["contribution_id"],
                revision_id=payload["revision_id"],
                times=payload.get("times", 0),
                now=now,
            )

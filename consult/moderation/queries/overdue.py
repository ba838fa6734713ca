"""What has waited too long in which space, for reminders by mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import Appeal, Flag
from consult.moderation.policy import ANSWERED_WITHIN, Rejection, is_live
from consult.moderation.queries.figures import LAST_DAY, TARGET, TARGET_AT_THE_END
from consult.moderation.states import ReminderLevel
from consult.notifications.queries.followed_texts import actor_of
from consult.spaces.models import RoleGrant, Space

HOUR = dt.timedelta(hours=1)
AT_THE_END = {
    ReminderLevel.MODERATORS: TARGET_AT_THE_END,
    ReminderLevel.ORGANISERS: 2 * TARGET_AT_THE_END,
}
"""After how long people are told at most, on the last day of a consultation."""
APPEAL_LONGER = ANSWERED_WITHIN - TARGET
"""How much longer than a text an appeal may wait before it counts as late."""


@dataclass(frozen=True)
class Lying:
    """What waits in a space: how many of each kind, and since when the oldest."""

    texts: int = 0
    texts_since: dt.datetime | None = None
    appeals: int = 0
    appeals_since: dt.datetime | None = None
    reported: int = 0
    """Public texts that readers reported."""
    reported_since: dt.datetime | None = None

    def late_since(self, *, after: dt.timedelta, now: dt.datetime) -> dt.datetime | None:
        """Return since when the oldest late thing waits, None where nothing is late.

        An appeal has six days more than a text.
        """
        late = [
            since
            for since, allowed in (
                (self.texts_since, after),
                (self.reported_since, after),
                (self.appeals_since, after + APPEAL_LONGER),
            )
            if since is not None and now - since > allowed
        ]
        return min(late, default=None)


def allowed(space: Space, level: ReminderLevel, *, now: dt.datetime) -> dt.timedelta | None:
    """Return how long something may wait before these people are told; None for for ever.

    On the last day of a consultation the target of that day counts where it is shorter.
    """
    hours = {
        ReminderLevel.MODERATORS: space.remind_after,
        ReminderLevel.ORGANISERS: space.escalate_after,
    }[level]
    if hours is None:
        return None
    span = hours * HOUR
    left = space.closes_at - now if space.closes_at is not None else None
    is_last_day = left is not None and dt.timedelta(0) < left <= LAST_DAY
    return min(span, AT_THE_END[level]) if is_last_day else span


def lying(session: Session) -> Mapping[int, Lying]:
    """Return what waits by space id, in three statements; spaces in which nothing does are
    missing.
    """
    found: dict[int, Lying] = {}
    for kind, statement in (
        ("texts", _texts()),
        ("appeals", _appeals()),
        ("reported", _reported()),
    ):
        for space_id, count, since in session.execute(statement):
            counts: dict[str, Any] = {kind: count, f"{kind}_since": since}
            found[space_id] = replace(found.get(space_id, Lying()), **counts)
    return found


def told_at(session: Session, space: Space, level: ReminderLevel) -> Sequence[int]:
    """Return the ids of those who are told: confirmed, active, and holding the role now."""
    held = (
        (RoleGrant.role == Role.MODERATOR, RoleGrant.space_id == space.id)
        if level is ReminderLevel.MODERATORS
        else (RoleGrant.role == Role.ORGANISER, RoleGrant.forum_id == space.forum_id)
    )
    users = session.scalars(
        select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            *held,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
            User.email.is_not(None),
        )
        .order_by(User.id)
    ).unique()
    # Roles may be held back until the second factor is on.
    return [user.id for user in users if actor_of(session, user).grants]


def _texts() -> Select[Any]:
    return (
        select(Contribution.space_id, func.count(), func.min(Revision.waits_since))
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Revision.state == RevisionState.PENDING,
            Contribution.open_revision_id == Revision.id,
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
        )
        .group_by(Contribution.space_id)
    )


def _appeals() -> Select[Any]:
    return (
        select(Contribution.space_id, func.count(), func.min(Appeal.created_at))
        .select_from(Appeal)
        .join(Rejection, Rejection.id == Appeal.decision_id)
        .join(Revision, Revision.id == Rejection.revision_id)
        .join(Contribution, Contribution.id == Appeal.contribution_id)
        .where(
            Appeal.outcome.is_(None),
            Revision.state == RevisionState.REJECTED,
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
            is_live(),
        )
        .group_by(Contribution.space_id)
    )


def _reported() -> Select[Any]:
    return (
        select(
            Contribution.space_id,
            func.count(func.distinct(Flag.contribution_id)),
            func.min(Flag.created_at),
        )
        .select_from(Flag)
        .join(Contribution, Contribution.id == Flag.contribution_id)
        .where(
            Flag.settled_at.is_(None),
            Contribution.removed == Removed.NONE,
            Contribution.published_revision_id.is_not(None),
        )
        .group_by(Contribution.space_id)
    )

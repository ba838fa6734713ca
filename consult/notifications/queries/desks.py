"""Mails to those who look after a desk: that texts have waited too long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from babel.dates import format_timedelta
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import i18n
from consult.core.authz import Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.notifications.models import Delivery
from consult.notifications.policy import can_reach
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_user,
)
from consult.notifications.queries.followed_texts import actor_of
from consult.spaces.models import Forum, Space

TO_MODERATORS, TO_ORGANISERS = "waiting-long", "waiting-too-long"


def about_waiting(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read the mail that a space's queue is late, while it is and the role is held.

    The texts are counted now; how many appeals and reported texts wait, and whether these are
    late, was known when the mail was queued.
    """
    values = delivery.values
    user = active_user(session, delivery)
    space = session.get(Space, values["space_id"], populate_existing=True)
    if user is None or space is None or not _looks_after(session, user, space, delivery.event):
        return None
    by_language = _waiting(session, space_id=space.id)
    since = min((row[2] for row in by_language), default=None)
    is_late = since is not None and now - since > dt.timedelta(seconds=values["after"])
    if not is_late and not values["others_late"]:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=session.get_one(Forum, space.forum_id),
        space=space,
        links={
            "queue_url": MailLink("moderation.queue", {"space": space.slug}),
            "statistics_url": MailLink("moderation.statistics", {"slug": space.slug}),
            "roles_url": MailLink("spaces.roles"),
        },
        words={
            "waiting": sum(row[1] for row in by_language),
            "since": since,
            "age": now - since if since is not None else None,
            "lasting": _lasting,
            "languages": [(code, count) for code, count, _since in by_language],
            "language_label": i18n.language_label,
            "appeals": values["appeals"],
            "reported": values["reported"],
            "closes_at": space.closes_at if space.closes_at and space.closes_at > now else None,
        },
    )


def _looks_after(session: Session, user: User, space: Space, event: str) -> bool:
    """Whether the user holds the role now, with a confirmed address and nothing held back."""
    if not can_reach(user):
        return False
    actor = actor_of(session, user)
    if event == TO_MODERATORS:
        return actor.has_in_space(Role.MODERATOR, space_id=space.id)
    return actor.has_in_forum(Role.ORGANISER, forum_id=space.forum_id)


def _waiting(session: Session, *, space_id: int) -> list[tuple[str, int, dt.datetime]]:
    """Return language, number and oldest of the texts that wait, the most frequent first."""
    rows = session.execute(
        select(Revision.language, func.count(), func.min(Revision.waits_since))
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Revision.state == RevisionState.PENDING,
            Contribution.open_revision_id == Revision.id,
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
            Contribution.space_id == space_id,
        )
        .group_by(Revision.language)
    )
    return sorted(rows.tuples(), key=lambda row: (-row[1], row[0]))


def _lasting(span: dt.timedelta) -> str:
    """Return a length of time in words of the mail's language: “26 hours”."""
    words = format_timedelta(span, granularity="minute", threshold=2, locale=i18n.locale())
    return str(words)


READERS: Mapping[str, Reader] = MappingProxyType(
    dict.fromkeys((TO_MODERATORS, TO_ORGANISERS), about_waiting)
)
"""The mails of this module."""

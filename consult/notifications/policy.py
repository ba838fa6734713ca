"""What a subscription covers, what counts as news, and who can be reached by mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, exists, or_, select

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.discussion.models import Contribution, RevisionTag
from consult.discussion.policy import public_contributions
from consult.notifications.models import Subscription
from consult.notifications.states import Rhythm, Subject

UNDO = dt.timedelta(seconds=60)
"""How long a decision may be taken back before anybody is told."""
NEWS = dt.timedelta(days=7)
"""How long after its first publication a text that came back is still told of at once."""
MOST_FAILURES = 3
"""Mails in a row that an address refused for good, after which it gets none of what is followed."""

CLOSENESS: Mapping[Subject, int] = MappingProxyType(
    {
        Subject.THREAD: 0,
        Subject.QUESTION: 1,
        Subject.OBJECTIVE: 2,
        Subject.SPACE: 3,
        Subject.SEARCH: 4,
    }
)
"""What is closest to a text says how often somebody hears of it, and why."""


@dataclass(frozen=True)
class Placed:
    """Where a text stands among what can be followed."""

    id: int
    thread_id: int | None
    question_ids: frozenset[int]
    objective_ids: frozenset[int]
    space_id: int
    published_at: dt.datetime


def decisive(
    subscriptions: Sequence[Subscription],
    text: Placed,
    *,
    found_by: Collection[int] = (),
) -> Subscription | None:
    """Return the subscription that decides about a text, None where none covers it.

    The closest one counts. A thread that somebody has stopped stays silent whatever else they
    follow; anything else that was stopped is as if it had never been followed, and so is what was
    followed only after the text came out. `found_by` are the ids of saved searches that found it.
    """
    standing = [
        one for one in subscriptions if _covers(one, text, found_by=found_by) and _counts(one, text)
    ]
    return min(standing, key=lambda one: (CLOSENESS[one.subject_kind], one.id), default=None)


def _counts(one: Subscription, text: Placed) -> bool:
    if one.rhythm == Rhythm.NONE:
        return one.subject_kind == Subject.THREAD
    return one.created_at < text.published_at


def _covers(one: Subscription, text: Placed, *, found_by: Collection[int]) -> bool:
    if one.subject_kind == Subject.THREAD:
        return one.subject_id == text.thread_id
    if one.subject_kind == Subject.QUESTION:
        return one.subject_id in text.question_ids
    if one.subject_kind == Subject.OBJECTIVE:
        return one.subject_id in text.objective_ids
    if one.subject_kind == Subject.SPACE:
        return one.subject_id == text.space_id
    return one.subject_id in found_by


def covered() -> ColumnElement[bool]:
    """Return the condition that a subscription's subject holds a contribution, searches apart."""
    kind, subject_id = Subscription.subject_kind, Subscription.subject_id
    here = (Contribution.question_id, Contribution.own_question_id)
    return or_(
        and_(kind == Subject.THREAD, Contribution.thread_id == subject_id),
        and_(kind == Subject.QUESTION, or_(*(column == subject_id for column in here))),
        and_(
            kind == Subject.OBJECTIVE,
            exists(
                select(RevisionTag.id).where(
                    RevisionTag.revision_id == Contribution.published_revision_id,
                    RevisionTag.objective_id == subject_id,
                    RevisionTag.is_public,
                )
            ),
        ),
        and_(kind == Subject.SPACE, Contribution.space_id == subject_id),
    )


def news() -> ColumnElement[bool]:
    """Return the condition for public texts that followers are told of: nothing imported."""
    return and_(
        public_contributions(),
        Contribution.source.is_(None),
        Contribution.reference.is_not(None),
        Contribution.first_published_at.is_not(None),
    )


def reachable() -> ColumnElement[bool]:
    """Return the condition for users who get mail about what they follow; twin of `can_reach`."""
    return and_(
        User.status == UserStatus.ACTIVE,
        User.email.is_not(None),
        User.confirmed_at.is_not(None),
        User.mail_failures < MOST_FAILURES,
    )


def can_reach(user: User) -> bool:
    """Whether a user gets mail about what they follow: active, confirmed, at a working address."""
    return (
        user.status == UserStatus.ACTIVE
        and user.email is not None
        and user.confirmed_at is not None
        and user.mail_failures < MOST_FAILURES
    )

"""Who may see an item of the queue and who may decide it, with the SQL twin for lists."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.errors import Refusal
from consult.discussion.models import Contribution, Revision
from consult.moderation.states import ON_PENDING, Verdict
from consult.spaces.models import AuthorMember, RoleGrant, Space

UNDO = dt.timedelta(seconds=60)
"""How long the decider may take a decision on a waiting text back; nobody is told before."""
UNDO_REMOVAL = dt.timedelta(days=30)
"""How long the decider may take hiding and restoring back."""
LEASE = dt.timedelta(minutes=10)
"""How long a claim keeps colleagues from deciding."""


@dataclass(frozen=True)
class Deciding:
    """What an act at the desk concerns; predicates look at it."""

    space: Space
    author_id: int
    typed_by: frozenset[int]
    """Users who typed any of its texts, also those who left the delegation since."""
    is_orphan: bool
    """No moderator of the space may decide it, so that it falls to the organiser."""


def has_desk(actor: Actor, _subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor moderates some space or organises some forum."""
    return None if actor.has(Role.MODERATOR) or actor.has(Role.ORGANISER) else Refusal.NO_ROLE


def works_here(actor: Actor, subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the item lies on the actor's own desk."""
    if subject is None or actor.has_in_space(Role.MODERATOR, space_id=subject.space.id):
        return None
    is_organiser = actor.has_in_forum(Role.ORGANISER, forum_id=subject.space.forum_id)
    return None if is_organiser and subject.is_orphan else Refusal.NO_ROLE


def not_own(actor: Actor, subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor neither speaks for the author nor typed any of its texts."""
    if subject is None:
        return None
    is_own = subject.author_id in actor.author_ids or actor.user_id in subject.typed_by
    return Refusal.OWN_TEXT if is_own else None


declare(Permission.MODERATE, signed_in, has_desk, works_here)
declare(Permission.DECIDE, signed_in, has_desk, works_here, not_own)


def is_orphan() -> ColumnElement[bool]:
    """Return the condition, on `Contribution`, that no moderator of its space may decide it."""
    typed = aliased(Revision)
    speaks_for_it = (
        exists()
        .where(
            AuthorMember.author_id == Contribution.author_id,
            AuthorMember.user_id == RoleGrant.user_id,
        )
        .correlate(Contribution, RoleGrant)
    )
    typed_it = (
        exists()
        .where(
            typed.contribution_id == Contribution.id,
            typed.submitted_by == RoleGrant.user_id,
        )
        .correlate(Contribution, RoleGrant)
    )
    return ~(
        exists()
        .where(
            RoleGrant.role == Role.MODERATOR,
            RoleGrant.space_id == Contribution.space_id,
            User.id == RoleGrant.user_id,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
            ~speaks_for_it,
            ~typed_it,
        )
        .correlate(Contribution)
    )


def on_desk_of(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` on the actor's desk; twin of `works_here`."""
    own = Contribution.space_id.in_(sorted(actor.space_ids(Role.MODERATOR)))
    forum_ids = sorted(actor.forum_ids_as(Role.ORGANISER))
    if not forum_ids:
        return own
    organised = Contribution.space_id.in_(select(Space.id).where(Space.forum_id.in_(forum_ids)))
    return or_(own, and_(organised, is_orphan()))


def undo_window(verdict: Verdict) -> dt.timedelta:
    """Return how long the decider may take such a verdict back."""
    return UNDO if verdict in ON_PENDING else UNDO_REMOVAL

"""Who may see an item of the queue and who may decide it, with the SQL twin for lists."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.db import unindexed
from consult.core.errors import Refusal
from consult.discussion.models import Contribution
from consult.moderation.policy.hearing import UNDO, Hearing, falls_to, is_heard_by
from consult.moderation.policy.instances import is_orphan
from consult.moderation.states import REMOVALS, Verdict
from consult.spaces.models import Space

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
    hearing: Hearing | None = None
    """The appeal that waits or was just answered."""
    filed_by: int | None = None
    """Who filed it for somebody else, where it was not sent by its author."""
    is_public: bool = False
    """Everybody for whom its space exists reads a text of it."""


def has_desk(actor: Actor, _subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor moderates some space or organises some forum."""
    return None if actor.has(Role.MODERATOR) or actor.has(Role.ORGANISER) else Refusal.NO_ROLE


def works_here(actor: Actor, subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the item lies on the actor's own desk."""
    if subject is None or actor.has_in_space(Role.MODERATOR, space_id=subject.space.id):
        return None
    is_organiser = actor.has_in_forum(Role.ORGANISER, forum_id=subject.space.forum_id)
    return None if is_organiser and subject.is_orphan else Refusal.NO_ROLE


def may_move(actor: Actor, subject: Deciding | None, now: dt.datetime) -> Refusal | None:
    """Predicate: it lies on the actor's own desk, or is public in a forum that they organise."""
    refused = works_here(actor, subject, now)
    if refused is None or subject is None or not subject.is_public:
        return refused
    is_organiser = actor.has_in_forum(Role.ORGANISER, forum_id=subject.space.forum_id)
    return None if is_organiser else refused


def may_look(actor: Actor, subject: Deciding | None, now: dt.datetime) -> Refusal | None:
    """Predicate: it lies on the actor's own desk, or its appeal falls to them from another."""
    if subject is None or subject.hearing is None:
        return works_here(actor, subject, now)
    is_strange = not_own(actor, subject, now) is None and not_before(actor, subject, now) is None
    is_open = subject.hearing.is_open(now=now)
    if is_strange and is_open and is_heard_by(actor, subject.hearing, space=subject.space):
        return None
    return works_here(actor, subject, now)


def not_own(actor: Actor, subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor neither speaks for the author nor typed any of its texts, be it for
    somebody else.
    """
    if subject is None:
        return None
    if subject.filed_by is not None and subject.filed_by == actor.user_id:
        return Refusal.FILED_BY_YOU
    is_own = subject.author_id in actor.author_ids or actor.user_id in subject.typed_by
    return Refusal.OWN_TEXT if is_own else None


def not_before(actor: Actor, subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: it was somebody else who rejected the text."""
    if subject is None or subject.hearing is None:
        return None
    rejected_it = subject.hearing.rejected_by == actor.user_id
    return Refusal.DECIDED_BEFORE if rejected_it else None


def hears_it(actor: Actor, subject: Deciding | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the appeal falls to the actor and to nobody who stands nearer."""
    if subject is None:
        return None
    if subject.hearing is None:
        return Refusal.WRONG_STATE
    is_theirs = is_heard_by(actor, subject.hearing, space=subject.space)
    return None if is_theirs else Refusal.ELSEWHERE


declare(Permission.MODERATE, signed_in, has_desk, may_look)
declare(Permission.DECIDE, signed_in, has_desk, works_here, not_own)
declare(Permission.SETTLE, signed_in, has_desk, not_own, not_before, hears_it)
declare(Permission.MOVE, signed_in, has_desk, may_move, not_own)
declare(Permission.NOTE, signed_in, has_desk, may_look, not_own)


def on_desk_of(actor: Actor, *, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` on the actor's desk; twin of `may_look`."""
    if not (actor.has(Role.MODERATOR) or actor.has(Role.ORGANISER)):
        return on_own_desk_of(actor)
    statement, parameters = falls_to(actor, now=now)
    return or_(on_own_desk_of(actor), Contribution.id.in_(statement.params(parameters)))


def on_own_desk_of(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` on the actor's desk, appeals that fall to
    them from another one left out; twin of `works_here`.
    """
    moderated = sorted(actor.space_ids(Role.MODERATOR))
    forum_ids = sorted(actor.forum_ids_as(Role.ORGANISER))
    # The queue is found by its own index, in its own order.
    is_moderated = unindexed(Contribution.space_id).in_(moderated)
    if not forum_ids:
        return is_moderated
    spaces = select(Space.id).where(Space.forum_id.in_(forum_ids))
    is_organised = unindexed(Contribution.space_id).in_(spaces)
    return or_(is_moderated, and_(is_organised, is_orphan()))


def undo_window(verdict: Verdict) -> dt.timedelta:
    """Return how long the decider may take such a verdict back."""
    return UNDO_REMOVAL if verdict in REMOVALS else UNDO

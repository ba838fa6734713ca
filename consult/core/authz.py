"""Who may do what: roles, the actor, and the map from permission to predicates.

Core knows no feature: features declare the predicates of their permissions here
(`declare`), endpoints name the permission they need (`consult.core.web.needs`), and an
endpoint without one fails a test.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from consult.core.errors import Forbidden, Refusal


class Role(StrEnum):
    """What somebody was appointed to; a stakeholder is whoever has an Author in the forum."""

    MODERATOR = "moderator"
    """Decides on texts; per space."""
    DRAFTER = "drafter"
    """Reads, codes and writes the note; per space."""
    ORGANISER = "organiser"
    """Defines the forum, its spaces and roles; per forum."""
    REVIEWER = "reviewer"
    """Reviews registers; per forum."""
    AUDITOR = "auditor"
    """Reads the audit log; per forum."""


SPACE_ROLES = frozenset({Role.MODERATOR, Role.DRAFTER})


@dataclass(frozen=True)
class Grant:
    """A role and where it holds; `space_id` is None for roles of a whole forum."""

    role: Role
    forum_id: int
    space_id: int | None = None


@dataclass(frozen=True)
class Actor:
    """Who acts; plain values, so that it outlives every database session."""

    user_id: int | None = None
    name: str = ""
    locale: str | None = None
    time_zone: str | None = None
    is_confirmed: bool = True
    is_system: bool = False
    grants: frozenset[Grant] = frozenset()
    author_ids: frozenset[int] = frozenset()
    """Authors this user speaks for."""
    at_once_author_ids: frozenset[int] = frozenset()
    """Those of them whose texts wait for no moderator."""
    forum_ids: frozenset[int] = frozenset()
    """Forums in which the user has an Author."""
    applied_forum_ids: frozenset[int] = frozenset()
    """Forums in which the user asked to take part and the organisers have not approved it."""
    needs_second_factor: bool = False
    """Whether roles were granted that are held back until the second factor is switched on."""
    opened_ids: frozenset[int] = frozenset()
    """Contributions of other desks that were opened to the user, because nobody there may decide
    the appeal."""

    @property
    def is_signed_in(self) -> bool:
        """Whether there is a user behind it."""
        return self.user_id is not None

    @property
    def is_staff(self) -> bool:
        """Whether any role was granted."""
        return is_of_staff(self.grants)

    def has(self, role: Role) -> bool:
        """Whether the role is held anywhere."""
        return any(grant.role is role for grant in self.grants)

    def has_in_space(self, role: Role, *, space_id: int) -> bool:
        """Whether a role per space is held in this one."""
        return any(g.role is role and g.space_id == space_id for g in self.grants)

    def has_in_forum(self, role: Role, *, forum_id: int) -> bool:
        """Whether a role per forum is held in this one."""
        return any(
            g.role is role and g.forum_id == forum_id and g.space_id is None for g in self.grants
        )

    def space_ids(self, role: Role) -> frozenset[int]:
        """Spaces in which a role is held."""
        return frozenset(g.space_id for g in self.grants if g.role is role and g.space_id)

    def forum_ids_as(self, role: Role) -> frozenset[int]:
        """Forums in which a role per forum is held."""
        return frozenset(g.forum_id for g in self.grants if g.role is role and g.space_id is None)


def is_of_staff(grants: Collection[Grant]) -> bool:
    """Whether somebody with these grants belongs to the staff."""
    return bool(grants)


VISITOR = Actor()
SYSTEM = Actor(is_system=True, name="system")


class Permission(StrEnum):
    """Every kind of act; an endpoint names one, a service asks for one."""

    READ = "read"
    """Public pages, and what an own role adds to them."""
    OPERATE = "operate"
    """Health, metrics, robots: for machines."""
    SIGN_IN = "sign-in"
    """Sign in, register, reset: for whoever has no session."""
    ACCOUNT = "account"
    """One's own account and contributions."""
    ANSWER = "answer"
    """Answer a guiding or participant's question."""
    ASK = "ask"
    """Pose a question to the moderators and participants."""
    REPLY = "reply"
    """Reply to a published comment."""
    EDIT = "edit"
    """Write a new text for an own contribution."""
    RESUBMIT = "resubmit"
    """Send a returned text again."""
    TAKE_BACK = "take-back"
    """Take an own text out of the queue."""
    WITHDRAW = "withdraw"
    """Withdraw an own published text."""
    FILE_FOR_OTHERS = "file-for-others"
    """File a text for somebody who sent it by other means."""
    RESTORE_OWN = "restore-own"
    """Undo an own withdrawal."""
    APPEAL = "appeal"
    """Ask once for a second opinion on an own rejected text."""
    MARK_OFFICIAL = "mark-official"
    """Mark an answer as that of the drafting agencies."""
    MODERATE = "moderate"
    """See the queue of one's spaces."""
    DECIDE = "decide"
    """Decide on one text."""
    SETTLE = "settle"
    """Answer an appeal against a colleague's rejection."""
    NOTE = "note"
    """Read and write what moderators note about an item for each other."""
    MOVE = "move"
    """Move a contribution with its replies to another question or space."""
    FLAG = "flag"
    """Report a public text of somebody else to the moderators."""
    CONFIGURE_DESK = "configure-desk"
    """Say what waits for moderators in a space, and for which reasons texts are refused."""
    READ_DECISIONS = "read-decisions"
    """Read the log of decisions."""
    MANAGE_DELEGATION = "manage-delegation"
    """Say who belongs to a delegation and what it says of itself."""
    RELEASE = "release"
    """Release a text of one's delegation to the moderators, or hand it back to its writer."""
    DRAFT = "draft"
    """Work at the drafting desk of a space."""
    ORGANISE = "organise"
    """See and decide who takes part in a forum, and with which role."""


Predicate = Callable[[Actor, Any, dt.datetime], Refusal | None]

_rules: dict[Permission, tuple[Predicate, ...]] = {}


def declare(permission: Permission, *predicates: Predicate) -> None:
    """Set what a permission takes: all predicates must agree, the first refusal is told."""
    _rules[permission] = predicates


def refusal(
    permission: Permission, *, actor: Actor, subject: Any = None, now: dt.datetime
) -> Refusal | None:
    """Return why the actor may not, or None where they may.

    Raises KeyError for a permission that nobody declared: silence is not consent.
    """
    for predicate in _rules[permission]:
        reason = predicate(actor, subject, now)
        if reason is not None:
            return reason
    return None


def require(permission: Permission, *, actor: Actor, subject: Any = None, now: dt.datetime) -> None:
    """Raise `Forbidden` with the reason where the actor may not."""
    reason = refusal(permission, actor=actor, subject=subject, now=now)
    if reason is not None:
        raise Forbidden(reason)


def declared() -> frozenset[Permission]:
    """Return the permissions that have predicates."""
    return frozenset(_rules)


def anyone(_actor: Actor, _subject: Any, _now: dt.datetime) -> Refusal | None:
    """Predicate: no condition."""
    return None


def signed_in(actor: Actor, _subject: Any, _now: dt.datetime) -> Refusal | None:
    """Predicate: an account with a confirmed address."""
    if not actor.is_signed_in:
        return Refusal.NOT_SIGNED_IN
    return None if actor.is_confirmed else Refusal.UNCONFIRMED


declare(Permission.READ, anyone)
declare(Permission.OPERATE, anyone)
declare(Permission.SIGN_IN, anyone)
declare(Permission.ACCOUNT, signed_in)

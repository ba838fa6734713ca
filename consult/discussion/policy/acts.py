"""Who may do what with a contribution, when, and why not: the predicates of writing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from consult.core.authz import Actor, Permission, declare, signed_in
from consult.core.errors import Refusal
from consult.discussion.models import Contribution
from consult.discussion.policy.visibility import is_public
from consult.discussion.states import MAX_DEPTH, OPEN_STATES, Removed, RevisionState
from consult.spaces.models import Space
from consult.spaces.policy import phase_of
from consult.spaces.states import Membership, Phase

CLOSING_GRACE = dt.timedelta(seconds=60)
"""For a form that was opened before the closing; a page, not the API."""
CLOSING_GRACE_WITH_FILES = dt.timedelta(minutes=10)
"""For a form that brings files, which take their time on the way."""
RESUBMIT_DAYS = dt.timedelta(days=7)
UNDO_WITHDRAWAL = dt.timedelta(seconds=60)


@dataclass(frozen=True)
class Writing:
    """What an act of writing concerns; predicates look at it."""

    space: Space
    contribution: Contribution | None = None
    """The own text that is edited, withdrawn…"""
    open_state: RevisionState | None = None
    """State of its open revision."""
    parent: Contribution | None = None
    grace: dt.timedelta = dt.timedelta(0)
    returned_at: dt.datetime | None = None


@dataclass(frozen=True)
class Clearing:
    """What the release of a delegation's text concerns; predicates look at it."""

    contribution: Contribution
    state: RevisionState
    """Of its open revision."""
    membership: Membership | None
    """How the actor belongs to its delegation."""
    is_active: bool
    """Whether the actor's account is."""


def has_author(actor: Actor, subject: Writing, _now: dt.datetime) -> Refusal | None:
    """Predicate: the person has said for whom they speak in this forum."""
    if subject.space.forum_id in actor.forum_ids:
        return None
    is_asking = subject.space.forum_id in actor.applied_forum_ids
    return Refusal.NOT_APPROVED if is_asking else Refusal.NO_AUTHOR


def space_is_open(_actor: Actor, subject: Writing, now: dt.datetime) -> Refusal | None:
    """Predicate: the space takes contributions, a form's grace after the closing included."""
    phase = phase_of(subject.space, now=now)
    if phase is Phase.OPEN:
        return None
    if phase is Phase.UPCOMING:
        return Refusal.SPACE_UPCOMING
    closes_at = subject.space.closes_at
    if closes_at is not None and now < closes_at + subject.grace:
        return None
    return Refusal.SPACE_CLOSED


def is_own(actor: Actor, subject: Writing, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor speaks for the author of the text."""
    contribution = subject.contribution
    if contribution is not None and contribution.author_id in actor.author_ids:
        return None
    return Refusal.NOT_YOURS


def parent_is_public(_actor: Actor, subject: Writing, _now: dt.datetime) -> Refusal | None:
    """Predicate: what is replied to can be read by everybody and is not too deep."""
    if subject.parent is None or not is_public(subject.parent):
        return Refusal.WRONG_STATE
    return Refusal.TOO_DEEP if subject.parent.depth >= MAX_DEPTH else None


def not_removed(_actor: Actor, subject: Writing, _now: dt.datetime) -> Refusal | None:
    """Predicate: the text was not withdrawn or erased; a hidden one may still be edited."""
    contribution = subject.contribution
    if contribution is None or contribution.removed in {Removed.WITHDRAWN, Removed.ERASED}:
        return Refusal.WRONG_STATE
    return None


def within_resubmission(_actor: Actor, subject: Writing, now: dt.datetime) -> Refusal | None:
    """Predicate: the text came back at most seven days ago, or the space is still open."""
    if phase_of(subject.space, now=now) is Phase.OPEN:
        return None
    if subject.returned_at is None or now > subject.returned_at + RESUBMIT_DAYS:
        return Refusal.TOO_LATE
    return None


def is_undecided(_actor: Actor, subject: Writing, _now: dt.datetime) -> Refusal | None:
    """Predicate: there is an open revision to take back."""
    return None if subject.open_state in OPEN_STATES else Refusal.WRONG_STATE


def was_sent(_actor: Actor, subject: Writing, _now: dt.datetime) -> Refusal | None:
    """Predicate: it left its author's desk and was not withdrawn already."""
    contribution = subject.contribution
    if contribution is None or contribution.sent_at is None:
        return Refusal.WRONG_STATE
    return not_removed(_actor, subject, _now)


def withdrawn_just_now(_actor: Actor, subject: Writing, now: dt.datetime) -> Refusal | None:
    """Predicate: it was withdrawn at most a minute ago."""
    contribution = subject.contribution
    if contribution is None or contribution.removed != Removed.WITHDRAWN:
        return Refusal.WRONG_STATE
    if contribution.removed_at is None or now > contribution.removed_at + UNDO_WITHDRAWAL:
        return Refusal.TOO_LATE
    return None


def releases(_actor: Actor, subject: Clearing, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor is a focal point of the delegation, and not suspended."""
    if subject.membership is not Membership.FOCAL_POINT:
        return Refusal.NOT_FOCAL_POINT
    return None if subject.is_active else Refusal.SUSPENDED


def waits_for_release(_actor: Actor, subject: Clearing, _now: dt.datetime) -> Refusal | None:
    """Predicate: the text waits for a focal point and was not withdrawn.

    The closing does not matter: what waits was sent before it.
    """
    is_there = subject.contribution.removed in {Removed.NONE, Removed.HIDDEN}
    return None if is_there and subject.state is RevisionState.CLEARANCE else Refusal.WRONG_STATE


declare(Permission.ANSWER, signed_in, has_author, space_is_open)
declare(Permission.ASK, signed_in, has_author, space_is_open)
declare(Permission.REPLY, signed_in, has_author, space_is_open, parent_is_public)
declare(Permission.EDIT, signed_in, is_own, not_removed, space_is_open)
declare(Permission.RESUBMIT, signed_in, is_own, not_removed, within_resubmission)
declare(Permission.TAKE_BACK, signed_in, is_own, is_undecided)
declare(Permission.WITHDRAW, signed_in, is_own, was_sent)
declare(Permission.RESTORE_OWN, signed_in, is_own, withdrawn_just_now)
declare(Permission.RELEASE, signed_in, releases, waits_for_release)

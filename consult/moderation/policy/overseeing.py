"""Who says how a desk works, and who reads what was decided at it."""

from __future__ import annotations

import datetime as dt

from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.errors import Refusal
from consult.spaces.models import Space

LOG_ROLES = (Role.MODERATOR, Role.ORGANISER, Role.AUDITOR)
"""Who reads the log of decisions: moderators that of their spaces, the others of their forum."""


def organises(actor: Actor, subject: Space | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor organises the forum of the space, or any where none is named."""
    if subject is None:
        return None if actor.has(Role.ORGANISER) else Refusal.NO_ROLE
    is_organiser = actor.has_in_forum(Role.ORGANISER, forum_id=subject.forum_id)
    return None if is_organiser else Refusal.NO_ROLE


def reads_log(actor: Actor, _subject: object, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor has a role whose work is decided about in the log."""
    return None if any(actor.has(role) for role in LOG_ROLES) else Refusal.NO_ROLE


declare(Permission.CONFIGURE_DESK, signed_in, organises)
declare(Permission.READ_DECISIONS, signed_in, reads_log)

"""Who may appeal against a rejection, and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from consult.core.authz import Actor, Permission, declare, signed_in
from consult.core.errors import Refusal
from consult.notifications.queries import APPEAL

ANSWERED_WITHIN = dt.timedelta(days=7)
"""Within which an appeal is to be answered; a promise of the terms of moderation."""


@dataclass(frozen=True)
class Appealing:
    """What an appeal concerns; predicates look at it."""

    author_id: int
    rejected_at: dt.datetime | None
    """When the newest text was rejected; None where it was not, or was withdrawn."""
    is_appealed: bool
    """The one appeal was made."""


def speaks_for_it(actor: Actor, subject: Appealing | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor speaks for the author of the text."""
    if subject is None or subject.author_id in actor.author_ids:
        return None
    return Refusal.NOT_YOURS


def is_rejected(_actor: Actor, subject: Appealing | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the newest text is a rejected one."""
    if subject is None or subject.rejected_at is not None:
        return None
    return Refusal.NOT_REJECTED


def first_time(_actor: Actor, subject: Appealing | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: nobody appealed against this rejection yet."""
    return Refusal.APPEALED if subject is not None and subject.is_appealed else None


def in_time(_actor: Actor, subject: Appealing | None, now: dt.datetime) -> Refusal | None:
    """Predicate: it was rejected at most fourteen days ago; the space may have closed since."""
    if subject is None or subject.rejected_at is None:
        return None
    return Refusal.APPEAL_OVER if now > subject.rejected_at + APPEAL else None


declare(Permission.APPEAL, signed_in, speaks_for_it, is_rejected, first_time, in_time)

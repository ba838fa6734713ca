"""Who may file a text for somebody else, and how often that person is asked about it."""

from __future__ import annotations

import datetime as dt

from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.errors import Refusal
from consult.spaces.models import Space

ANSWERED_WITHIN = dt.timedelta(days=30)
"""How long the link in the mail works."""
ASKED_AGAIN = 3
"""How often it may be sent again."""
PAUSE = dt.timedelta(days=1)
"""Between two mails."""


def files_here(actor: Actor, subject: Space | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor organises the forum or moderates the space; some one where none is
    named.
    """
    if subject is None:
        return None if actor.has(Role.ORGANISER) or actor.has(Role.MODERATOR) else Refusal.NO_ROLE
    is_staff = actor.has_in_forum(Role.ORGANISER, forum_id=subject.forum_id) or actor.has_in_space(
        Role.MODERATOR, space_id=subject.id
    )
    return None if is_staff else Refusal.NO_ROLE


def has_opened(_actor: Actor, subject: Space | None, now: dt.datetime) -> Refusal | None:
    """Predicate: the space has opened; it may have closed since."""
    if subject is None or (subject.opens_at is not None and subject.opens_at <= now):
        return None
    return Refusal.SPACE_UPCOMING


def may_be_asked(*, asked_at: dt.datetime, times: int, now: dt.datetime) -> Refusal | None:
    """Return why somebody is not asked again; `times` counts the mails sent so far."""
    if times > ASKED_AGAIN:
        return Refusal.ASKED_ENOUGH
    return Refusal.ASKED_TODAY if now < asked_at + PAUSE else None


declare(Permission.FILE_FOR_OTHERS, signed_in, files_here, has_opened)

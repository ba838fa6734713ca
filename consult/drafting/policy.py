"""Who works at a drafting desk: drafters of the space, and organisers of its forum."""

from __future__ import annotations

import datetime as dt

from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.errors import Refusal
from consult.spaces.models import Space


def drafts(actor: Actor, space: Space | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: drafter of the space, or organiser of its forum; without a space, of any."""
    return None if is_drafter(actor, space) else Refusal.NO_ROLE


def is_drafter(actor: Actor, space: Space | None) -> bool:
    """Whether the desk of a space, or any desk where none is named, is there for the actor."""
    if space is None:
        return actor.has(Role.DRAFTER) or actor.has(Role.ORGANISER)
    return actor.has_in_space(Role.DRAFTER, space_id=space.id) or actor.has_in_forum(
        Role.ORGANISER, forum_id=space.forum_id
    )


declare(Permission.DRAFT, signed_in, drafts)

"""Who may know of a space, and its SQL twin."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, and_, false, or_, true

from consult.core.authz import Actor, Role
from consult.spaces.models import Space
from consult.spaces.states import Phase, SpaceVisibility, phase_at


def phase_of(space: Space, *, now: dt.datetime) -> Phase:
    """Return the phase of a space at an instant."""
    return phase_at(now, opens_at=space.opens_at, closes_at=space.closes_at)


def has_role_in(actor: Actor, *, space_id: int, forum_id: int) -> bool:
    """Whether the actor holds any role in the space or in its whole forum."""
    return any(
        grant.space_id == space_id or (grant.space_id is None and grant.forum_id == forum_id)
        for grant in actor.grants
    )


def is_space_visible(actor: Actor, space: Space) -> bool:
    """Whether the space exists for this actor; twin of `visible_spaces`."""
    if actor.is_system or space.visibility == SpaceVisibility.ANNOUNCED:
        return True
    if has_role_in(actor, space_id=space.id, forum_id=space.forum_id):
        return True
    return space.visibility == SpaceVisibility.MEMBERS and space.forum_id in (
        actor.forum_ids | {grant.forum_id for grant in actor.grants}
    )


def visible_spaces(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which rows of `Space` exist for the actor."""
    if actor.is_system:
        return true()
    allowed = [Space.visibility == SpaceVisibility.ANNOUNCED]
    roles = {Role(grant.role) for grant in actor.grants}
    space_ids = frozenset().union(*(actor.space_ids(role) for role in roles)) if roles else ()
    if space_ids:
        allowed.append(Space.id.in_(sorted(space_ids)))
    forum_ids = frozenset().union(*(actor.forum_ids_as(role) for role in roles)) if roles else ()
    if forum_ids:
        allowed.append(Space.forum_id.in_(sorted(forum_ids)))
    member_of = actor.forum_ids | {grant.forum_id for grant in actor.grants}
    allowed.append(
        and_(
            Space.visibility == SpaceVisibility.MEMBERS,
            Space.forum_id.in_(sorted(member_of)) if member_of else false(),
        )
    )
    return or_(*allowed)

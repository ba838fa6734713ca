"""Who is appointed to what: roles in a space or in a whole forum."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import audit
from consult.core.authz import SPACE_ROLES, Role
from consult.core.errors import Invalid, NotVisible
from consult.core.outbox import emit
from consult.spaces.events import RoleRevoked
from consult.spaces.models import Forum, RoleGrant, Space


def grant_role(
    session: Session,
    *,
    user_id: int,
    role: Role,
    forum_id: int,
    now: dt.datetime,
    space_id: int | None = None,
    actor_id: int | None = None,
) -> RoleGrant:
    """Appoint a user; a role that is held already stays as it was given.

    Raises `Invalid` (role) where a role per space comes without a space of that forum or one
    per forum with a space, `NotVisible` for an unknown user or forum.
    """
    check_scope(session, role=role, forum_id=forum_id, space_id=space_id)
    # Locking the user lets a second appointment to the same role wait for the first.
    if session.get(User, user_id, with_for_update=True) is None:
        raise NotVisible
    held = _held(session, user_id=user_id, role=role, forum_id=forum_id, space_id=space_id)
    if held is not None:
        return held
    grant = RoleGrant(
        user_id=user_id, role=role, forum_id=forum_id, space_id=space_id, granted_at=now
    )
    session.add(grant)
    session.flush()
    _note(session, "role.grant", grant=grant, now=now, actor_id=actor_id)
    return grant


def revoke_role(
    session: Session,
    *,
    user_id: int,
    role: Role,
    forum_id: int,
    now: dt.datetime,
    space_id: int | None = None,
    actor_id: int | None = None,
) -> None:
    """Take a role away at once; raises `Invalid` (role) where it is not held there."""
    held = _held(session, user_id=user_id, role=role, forum_id=forum_id, space_id=space_id)
    if held is None:
        raise Invalid({"role": ["role-not-held"]})
    _note(session, "role.revoke", grant=held, now=now, actor_id=actor_id)
    session.delete(held)
    session.flush()
    emit(session, RoleRevoked(user_id=user_id), now=now)


def check_scope(session: Session, *, role: Role, forum_id: int, space_id: int | None) -> None:
    """Raise `Invalid` (role) for a role per space without a space of the forum, or one per forum
    with a space, and `NotVisible` for an unknown forum.
    """
    if session.get(Forum, forum_id) is None:
        raise NotVisible
    if (role in SPACE_ROLES) != (space_id is not None):
        raise Invalid({"role": ["role-scope"]})
    space = session.get(Space, space_id) if space_id is not None else None
    if space_id is not None and (space is None or space.forum_id != forum_id):
        raise Invalid({"role": ["role-scope"]})


def _held(
    session: Session, *, user_id: int, role: Role, forum_id: int, space_id: int | None
) -> RoleGrant | None:
    return session.scalars(
        select(RoleGrant).where(
            RoleGrant.user_id == user_id,
            RoleGrant.role == role,
            RoleGrant.forum_id == forum_id,
            RoleGrant.space_id.is_(None) if space_id is None else RoleGrant.space_id == space_id,
        )
    ).first()


def _note(
    session: Session, act: str, *, grant: RoleGrant, now: dt.datetime, actor_id: int | None
) -> None:
    audit.record(
        session,
        act,
        actor_id=actor_id,
        now=now,
        subject=("user", grant.user_id),
        role=str(grant.role),
        forum=grant.forum_id,
        space=grant.space_id,
    )

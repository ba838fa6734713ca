"""Appointing people to roles on the organiser's page, by their address."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.accounts import policy as accounts
from consult.accounts import queries, services
from consult.accounts.states import UserStatus
from consult.core.authz import Role
from consult.core.errors import Invalid, NotVisible
from consult.core.outbox import emit
from consult.spaces.events import RoleGranted
from consult.spaces.models import Forum, RoleGrant
from consult.spaces.services.applications import holds_role
from consult.spaces.services.invitations import invite
from consult.spaces.services.roles import grant_role, revoke_role


def appoint(
    session: Session,
    *,
    forum: Forum,
    email: str,
    name: str,
    locale: str,
    role: Role,
    space_id: int | None,
    by: int,
    now: dt.datetime,
) -> RoleGrant | None:
    """Give a role to whoever has an address and tell them; an unknown address is invited to it.

    Returns the grant, or None where an invitation went out. Raises `Invalid` (email, name, role)
    and `TooMany` as `invite` does.
    """
    problem = accounts.email_problem(email)
    if problem is not None:
        raise Invalid({"email": [problem]})
    user = queries.user_by_email_key(session, email_key=accounts.email_key(email))
    if user is None or user.confirmed_at is None:
        invite(
            session,
            forum=forum,
            email=email,
            name=name,
            locale=locale,
            invited_by=by,
            role=role,
            space_id=space_id,
            now=now,
        )
        return None
    grant = grant_role(
        session,
        user_id=user.id,
        role=role,
        forum_id=forum.id,
        space_id=space_id,
        now=now,
        actor_id=by,
    )
    if grant.granted_at == now:
        emit(session, RoleGranted(grant_id=grant.id), now=now)
    return grant


def dismiss(session: Session, *, forum: Forum, grant_id: int, by: int, now: dt.datetime) -> None:
    """Take a role of the forum away; nobody takes the organiser's role from themselves.

    Raises `Invalid` (role) for that, `NotVisible` for a role that is held nowhere here.
    """
    held = session.get(RoleGrant, grant_id)
    if held is None or held.forum_id != forum.id:
        raise NotVisible
    if held.user_id == by and held.role == Role.ORGANISER:
        raise Invalid({"role": ["role-own"]})
    revoke_role(
        session,
        user_id=held.user_id,
        role=Role(held.role),
        forum_id=forum.id,
        space_id=held.space_id,
        now=now,
        actor_id=by,
    )


def set_staff_status(
    session: Session,
    *,
    forum: Forum,
    user_id: int,
    status: UserStatus,
    by: int,
    now: dt.datetime,
) -> None:
    """Suspend somebody who holds a role in the forum, or let them in again.

    Raises `Invalid` (account) for one's own account, `NotVisible` for whoever holds no role here.
    """
    check_staff(session, forum=forum, user_id=user_id, by=by)
    services.set_status(session, user_id=user_id, status=status, now=now, actor_id=by)


def check_staff(session: Session, *, forum: Forum, user_id: int, by: int) -> None:
    """Raise `Invalid` (account) for one's own account, `NotVisible` for whoever holds no role in
    the forum.
    """
    if user_id == by:
        raise Invalid({"account": ["account-own"]})
    if not holds_role(session, forum, user_id):
        raise NotVisible

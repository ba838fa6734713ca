"""Reads for the organiser's pages: who asks to take part, who was invited, who holds which role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import SecondFactor, User
from consult.accounts.states import UserStatus
from consult.core.authz import Role
from consult.core.i18n import Translated
from consult.spaces.models import Application, Author, Category, Invitation, RoleGrant, Space
from consult.spaces.states import (
    ApplicationState,
    InvitationState,
    Membership,
    invitation_state,
)


@dataclass(frozen=True)
class ApplicationRow:
    """Somebody who asks to take part, as an organiser sees them."""

    id: int
    email: str
    name: str
    organisation: str
    category: Translated | None
    country: str
    """Code, or ""."""
    on_behalf_of: str
    created_at: dt.datetime
    is_ready: bool
    """Whether the address is confirmed; before that nobody is approved."""


@dataclass(frozen=True)
class InvitationRow:
    """An invitation, as an organiser sees it."""

    id: str
    email: str
    name: str
    role: Role | None
    space: Translated | None
    delegation: str | None
    membership: Membership | None
    created_at: dt.datetime
    expires_at: dt.datetime
    used_at: dt.datetime | None
    state: InvitationState
    invited_by: str | None


@dataclass(frozen=True)
class StaffRow:
    """A role that somebody holds; no address."""

    id: int
    user_id: int
    name: str
    role: Role
    space_id: int | None
    space: Translated | None
    granted_at: dt.datetime
    is_suspended: bool
    has_second_factor: bool


def applications_waiting(session: Session, *, forum_id: int, limit: int) -> list[ApplicationRow]:
    """Return who waits for the organisers, the oldest first; those who are suspended left out."""
    rows = session.execute(
        select(Application, User.email, User.confirmed_at)
        .join(User, User.id == Application.user_id)
        .where(
            Application.forum_id == forum_id,
            Application.state == ApplicationState.WAITING,
            User.status == UserStatus.ACTIVE,
        )
        .order_by(Application.created_at, Application.id)
        .limit(limit)
    ).all()
    categories = select(Category.slug, Category.name).where(Category.forum_id == forum_id)
    names: dict[str, Translated] = dict(session.execute(categories).tuples().all())
    return [
        ApplicationRow(
            id=application.id,
            email=email or "",
            name=application.said["name"],
            organisation=application.said["organisation"],
            category=names.get(application.said["category"]),
            country=application.said["country"],
            on_behalf_of=application.said["on_behalf_of"],
            created_at=application.created_at,
            is_ready=confirmed_at is not None,
        )
        for application, email, confirmed_at in rows
    ]


def applications_ready(session: Session, *, forum_id: int) -> int:
    """Return how many wait whose address is confirmed."""
    return (
        session.scalar(
            select(func.count(Application.id))
            .join(User, User.id == Application.user_id)
            .where(
                Application.forum_id == forum_id,
                Application.state == ApplicationState.WAITING,
                User.status == UserStatus.ACTIVE,
                User.confirmed_at.is_not(None),
            )
        )
        or 0
    )


def applications_since(
    session: Session, *, forum_ids: Collection[int]
) -> tuple[int, dt.datetime | None]:
    """Return how many wait in some forums whose address is confirmed, and since when."""
    row = session.execute(
        select(func.count(Application.id), func.min(Application.created_at))
        .join(User, User.id == Application.user_id)
        .where(
            Application.forum_id.in_(sorted(forum_ids)),
            Application.state == ApplicationState.WAITING,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
        )
    ).one()
    return row[0], row[1]


def invitations_of(
    session: Session, *, forum_id: int, now: dt.datetime, limit: int
) -> Sequence[InvitationRow]:
    """Return the newest invitations of a forum; those of people who were erased left out."""
    inviter = aliased(User)
    rows = session.execute(
        select(Invitation, Space.title, Author.name, inviter.name)
        .outerjoin(Space, Space.id == Invitation.space_id)
        .outerjoin(Author, Author.id == Invitation.author_id)
        .outerjoin(inviter, inviter.id == Invitation.invited_by)
        .where(Invitation.forum_id == forum_id, Invitation.email.is_not(None))
        .order_by(Invitation.created_at.desc(), Invitation.id)
        .limit(limit)
    )
    return [
        InvitationRow(
            id=row.id,
            email=row.email or "",
            name=row.name,
            role=Role(row.role) if row.role else None,
            space=space,
            delegation=delegation,
            membership=row.membership,
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            state=invitation_state(
                now, used_at=row.used_at, revoked_at=row.revoked_at, expires_at=row.expires_at
            ),
            invited_by=by,
        )
        for row, space, delegation, by in rows
    ]


def staff_of(session: Session, *, forum_id: int) -> Sequence[StaffRow]:
    """Return who holds which role in a forum: the whole forum's first, then by space and name."""
    rows = session.execute(
        select(RoleGrant, User, Space.title, SecondFactor.confirmed_at)
        .join(User, User.id == RoleGrant.user_id)
        .outerjoin(Space, Space.id == RoleGrant.space_id)
        .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
        .where(RoleGrant.forum_id == forum_id, User.status != UserStatus.ERASED)
        .order_by(
            func.coalesce(Space.position, -1),
            RoleGrant.space_id,
            func.lower(User.name),
            User.id,
            RoleGrant.role,
        )
    )
    return [
        StaffRow(
            id=grant.id,
            user_id=user.id,
            name=user.name,
            role=Role(grant.role),
            space_id=grant.space_id,
            space=space,
            granted_at=grant.granted_at,
            is_suspended=user.status == UserStatus.SUSPENDED,
            has_second_factor=confirmed_at is not None,
        )
        for grant, user, space, confirmed_at in rows
    ]

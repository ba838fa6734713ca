"""Reads of delegations: who belongs to them, who releases their texts, who may found one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.spaces.models import Author, AuthorMember, Category, Forum, Invitation, Organisation
from consult.spaces.states import Membership, OrganisationStanding, Registration


@dataclass(frozen=True)
class Member:
    """Somebody who speaks through a delegation, as its members and the organisers see them."""

    uid: str
    name: str
    membership: Membership
    joined_at: dt.datetime | None
    is_you: bool
    is_active: bool
    """False while their account is suspended."""


@dataclass(frozen=True)
class Invited:
    """Somebody who was asked to join and has not answered yet."""

    id: str
    email: str
    membership: Membership
    created_at: dt.datetime
    expires_at: dt.datetime


@dataclass(frozen=True)
class Delegation:
    """A delegation with its members."""

    author: Author
    name: str
    """As everybody sees it: its organisation's."""
    category: Category | None
    members: Sequence[Member]
    """Focal points first."""
    invited: Sequence[Invited]

    @property
    def uid(self) -> str:
        """What names it in forms."""
        return self.author.uid

    @property
    def you(self) -> Member | None:
        """The reader, where they belong to it."""
        return next((one for one in self.members if one.is_you), None)

    @property
    def is_focal_point(self) -> bool:
        """Whether the reader is one of its focal points."""
        return self.you is not None and self.you.membership is Membership.FOCAL_POINT

    @property
    def focal_points(self) -> Sequence[Member]:
        """Those who look after it."""
        return [one for one in self.members if one.membership is Membership.FOCAL_POINT]

    @property
    def is_looked_after(self) -> bool:
        """Whether a focal point can act: one at least is not suspended."""
        return any(one.is_active for one in self.focal_points)


@dataclass(frozen=True)
class Founding:
    """Whether a person may found the delegation of their organisation."""

    author: Author | None
    """Through whom they speak alone."""
    organisation: Organisation | None
    problem: str | None
    """A code of `consult.core.wording`; None where they may."""


def needs_release(session: Session, *, author_id: int, user_id: int | None) -> bool:
    """Whether a focal point has to release what a user sends through an Author; where none can,
    because each is suspended or gone, it goes straight to the moderators.
    """
    focal_point = aliased(AuthorMember)
    somebody_can = exists().where(
        focal_point.author_id == Author.id,
        focal_point.membership == Membership.FOCAL_POINT,
        User.id == focal_point.user_id,
        User.status == UserStatus.ACTIVE,
    )
    releases = exists().where(
        AuthorMember.author_id == Author.id,
        AuthorMember.user_id == user_id,
        AuthorMember.membership == Membership.FOCAL_POINT,
    )
    wanted = select(Author.id).where(
        Author.id == author_id,
        Author.is_delegation,
        Author.wants_clearance,
        ~releases,
        somebody_can,
    )
    return session.scalar(wanted) is not None


def membership_of(
    session: Session, *, author_id: int, user_id: int | None
) -> tuple[Membership | None, bool]:
    """Return how a user belongs to an Author, and whether their account is active."""
    row = session.execute(
        select(AuthorMember.membership, User.status)
        .join(User, User.id == AuthorMember.user_id)
        .where(AuthorMember.author_id == author_id, AuthorMember.user_id == user_id)
    ).first()
    if row is None:
        return None, True
    return Membership(row.membership), row.status == UserStatus.ACTIVE


def focal_author_ids(session: Session, *, user_id: int | None) -> frozenset[int]:
    """Return the delegations of which a user is a focal point."""
    return frozenset(
        session.scalars(
            select(AuthorMember.author_id).where(
                AuthorMember.user_id == user_id,
                AuthorMember.membership == Membership.FOCAL_POINT,
            )
        )
    )


def focal_point_ids(session: Session, *, author_id: int) -> Sequence[int]:
    """Return the users who look after a delegation, the longest-standing first."""
    return session.scalars(
        select(AuthorMember.user_id)
        .join(User, User.id == AuthorMember.user_id)
        .where(
            AuthorMember.author_id == author_id,
            AuthorMember.membership == Membership.FOCAL_POINT,
            User.status == UserStatus.ACTIVE,
        )
        .order_by(AuthorMember.joined_at.nulls_first(), AuthorMember.user_id)
    ).all()


def delegations_of(session: Session, *, forum_id: int, user_id: int) -> Sequence[Delegation]:
    """Return the delegations of a forum that a user belongs to, by name."""
    belongs = exists().where(AuthorMember.author_id == Author.id, AuthorMember.user_id == user_id)
    return _shown(session, _delegations(forum_id).where(belongs), user_id=user_id)


def delegations_in(session: Session, *, forum_id: int, user_id: int) -> Sequence[Delegation]:
    """Return every delegation of a forum, by name; for its organisers."""
    return _shown(session, _delegations(forum_id), user_id=user_id)


def by_uid(session: Session, *, forum_id: int, uid: str) -> Author | None:
    """Return a delegation of a forum by its public id."""
    return session.scalars(
        select(Author).where(
            Author.forum_id == forum_id, Author.uid == uid, Author.is_delegation.is_(True)
        )
    ).first()


def delegation_of(session: Session, *, organisation_id: int) -> Author | None:
    """Return the delegation of an organisation, if it has one."""
    return session.scalars(
        select(Author).where(
            Author.organisation_id == organisation_id, Author.is_delegation.is_(True)
        )
    ).first()


def founding(session: Session, *, forum: Forum, user_id: int) -> Founding:
    """Return whether a user may found the delegation of the organisation they speak for."""
    row = session.execute(
        select(Author, Organisation)
        .join(AuthorMember, AuthorMember.author_id == Author.id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Author.forum_id == forum.id,
            AuthorMember.user_id == user_id,
            AuthorMember.membership == Membership.SELF,
        )
        .order_by(Author.id)
        .limit(1)
    ).first()
    author, organisation = row if row is not None else (None, None)
    problem = None
    if organisation is None:
        problem = "organisation-none"
    elif delegation_of(session, organisation_id=organisation.id) is not None:
        problem = "delegation-exists"
    elif forum.registration != Registration.OPEN:
        problem = "delegation-by-organisers"
    elif organisation.standing != OrganisationStanding.REGISTERED:
        problem = "organisation-proposed"
    return Founding(author, organisation, problem)


def _delegations(forum_id: int) -> Select[Any]:
    return (
        select(Author, Organisation.name, Category)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(Author.forum_id == forum_id, Author.is_delegation.is_(True))
        .order_by(Organisation.name_key, Author.id)
    )


def _shown(session: Session, statement: Select[Any], *, user_id: int) -> list[Delegation]:
    rows = session.execute(statement).all()
    ids = [row[0].id for row in rows]
    members = _members(session, ids, user_id=user_id)
    invited = _invited(session, ids)
    return [
        Delegation(
            author=author,
            name=name or author.name,
            category=category,
            members=members.get(author.id, ()),
            invited=invited.get(author.id, ()),
        )
        for author, name, category in rows
    ]


def _members(session: Session, ids: Sequence[int], *, user_id: int) -> dict[int, list[Member]]:
    found: dict[int, list[Member]] = {}
    rows = session.execute(
        select(AuthorMember, User)
        .join(User, User.id == AuthorMember.user_id)
        .where(AuthorMember.author_id.in_(ids))
        .order_by(
            AuthorMember.membership != Membership.FOCAL_POINT,
            AuthorMember.joined_at.nulls_first(),
            User.name,
        )
    )
    for belongs, user in rows:
        found.setdefault(belongs.author_id, []).append(
            Member(
                uid=user.uid,
                name=user.name,
                membership=Membership(belongs.membership),
                joined_at=belongs.joined_at,
                is_you=user.id == user_id,
                is_active=user.status == UserStatus.ACTIVE,
            )
        )
    return found


def _invited(session: Session, ids: Sequence[int]) -> dict[int, list[Invited]]:
    found: dict[int, list[Invited]] = {}
    waiting = session.scalars(
        select(Invitation)
        .where(
            Invitation.author_id.in_(ids),
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.email.is_not(None),
        )
        .order_by(Invitation.created_at)
    )
    for one in waiting:
        found.setdefault(one.author_id or 0, []).append(
            Invited(
                id=one.id,
                email=one.email or "",
                membership=Membership(one.membership or Membership.CONTRIBUTOR),
                created_at=one.created_at,
                expires_at=one.expires_at,
            )
        )
    return found

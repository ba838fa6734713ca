"""What stays behind where somebody goes: their authors, and what nobody looks after any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import i18n
from consult.core.authz import Role
from consult.core.ports import Leaving
from consult.spaces.models import Author, AuthorMember, Forum, Organisation, RoleGrant
from consult.spaces.states import ErasureRule, Membership


def lone_author_ids(session: Session, *, user_id: int) -> set[int]:
    """Return the authors that are this user and nobody else; a delegation never is."""
    other = aliased(AuthorMember)
    rows = session.scalars(
        select(AuthorMember.author_id)
        .join(Author, Author.id == AuthorMember.author_id)
        .where(
            AuthorMember.user_id == user_id,
            AuthorMember.membership == Membership.SELF,
            Author.is_delegation.is_(False),
            ~exists().where(other.author_id == AuthorMember.author_id, other.user_id != user_id),
        )
    )
    return set(rows)


def keeps_texts_of(*, wish: bool) -> ColumnElement[bool]:
    """Return the condition on `Forum` that the published texts of somebody erased stay there."""
    kept = Forum.erasure == ErasureRule.KEEP
    return kept | (Forum.erasure == ErasureRule.CHOICE) if wish else kept


def leaving(session: Session, *, user_id: int) -> Leaving:
    """Return what somebody should know before their account is erased."""
    mine = select(Author.forum_id).where(
        Author.id.in_(sorted(lone_author_ids(session, user_id=user_id)))
    )
    forums = session.scalars(select(Forum).where(Forum.id.in_(mine)).order_by(Forum.id)).all()
    return Leaving(
        may_choose=any(forum.erasure == ErasureRule.CHOICE for forum in forums),
        keeps=_named(forum for forum in forums if forum.erasure == ErasureRule.KEEP),
        removes=_named(forum for forum in forums if forum.erasure == ErasureRule.REMOVE),
        delegations=_without_focal_point(session, user_id=user_id),
        forums=_without_organiser(session, user_id=user_id),
    )


def _named(forums: Iterable[Forum]) -> Sequence[str]:
    return tuple(forum.short_title.in_(i18n.locale()) for forum in forums)


def _without_focal_point(session: Session, *, user_id: int) -> Sequence[str]:
    other = aliased(AuthorMember)
    another = exists().where(
        other.author_id == AuthorMember.author_id,
        other.membership == Membership.FOCAL_POINT,
        other.user_id != user_id,
    )
    names = session.scalars(
        select(Organisation.name)
        .join(Author, Author.organisation_id == Organisation.id)
        .join(AuthorMember, AuthorMember.author_id == Author.id)
        .where(
            AuthorMember.user_id == user_id,
            AuthorMember.membership == Membership.FOCAL_POINT,
            ~another,
        )
        .order_by(Organisation.name)
    )
    return tuple(names)


def _without_organiser(session: Session, *, user_id: int) -> Sequence[str]:
    other = aliased(RoleGrant)
    another = exists().where(
        other.forum_id == RoleGrant.forum_id,
        other.role == Role.ORGANISER,
        other.user_id != user_id,
        User.id == other.user_id,
        User.status == UserStatus.ACTIVE,
    )
    forums = session.scalars(
        select(Forum)
        .join(RoleGrant, RoleGrant.forum_id == Forum.id)
        .where(RoleGrant.user_id == user_id, RoleGrant.role == Role.ORGANISER, ~another)
        .order_by(Forum.id)
    )
    return _named(forums)

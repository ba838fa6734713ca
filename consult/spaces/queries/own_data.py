"""What spaces keep about somebody, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.ports import OwnFile, OwnRow
from consult.spaces.models import (
    Application,
    Author,
    AuthorMember,
    Category,
    Consent,
    Forum,
    Invitation,
    Organisation,
    RoleGrant,
    Space,
)


def own_data(session: Session, *, user_id: int) -> Iterator[OwnRow | OwnFile]:
    """Yield for whom somebody speaks, their roles, consents, applications and invitations."""
    yield from _authors(session, user_id)
    yield from _roles(session, user_id)
    yield from _consents(session, user_id)
    yield from _applications(session, user_id)
    yield from _invitations(session, user_id)


def _authors(session: Session, user_id: int) -> Iterator[OwnRow]:
    rows = session.execute(
        select(
            Author,
            AuthorMember.membership,
            AuthorMember.joined_at,
            Forum.slug.label("forum"),
            Organisation.name.label("organisation"),
            Category.slug.label("category"),
        )
        .join(AuthorMember, AuthorMember.author_id == Author.id)
        .join(Forum, Forum.id == Author.forum_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(AuthorMember.user_id == user_id)
        .order_by(Author.id)
    )
    for author, membership, joined_at, forum, organisation, category in rows:
        yield OwnRow(
            "authors",
            {
                "id": author.uid,
                "forum": forum,
                "name": author.name,
                "organisation": organisation,
                "category": category,
                "country": author.country,
                "on_behalf_of": author.on_behalf_of,
                "display": str(author.display),
                "pseudonym_number": author.pseudonym_number,
                "is_delegation": author.is_delegation,
                "membership": str(membership),
                "joined_at": joined_at,
                "created_at": author.created_at,
            },
        )


def _roles(session: Session, user_id: int) -> Iterator[OwnRow]:
    rows = session.execute(
        select(RoleGrant.role, Forum.slug, Space.slug, RoleGrant.granted_at)
        .join(Forum, Forum.id == RoleGrant.forum_id)
        .outerjoin(Space, Space.id == RoleGrant.space_id)
        .where(RoleGrant.user_id == user_id)
        .order_by(RoleGrant.id)
    )
    for role, forum, space, granted_at in rows:
        yield OwnRow(
            "roles", {"role": str(role), "forum": forum, "space": space, "granted_at": granted_at}
        )


def _consents(session: Session, user_id: int) -> Iterator[OwnRow]:
    rows = session.execute(
        select(Consent, Forum.slug)
        .join(Forum, Forum.id == Consent.forum_id)
        .where(Consent.user_id == user_id)
        .order_by(Consent.id)
    )
    for consent, forum in rows:
        yield OwnRow(
            "consents",
            {
                "forum": forum,
                "purpose": str(consent.purpose),
                "version": consent.version,
                "given_at": consent.given_at,
                "withdrawn_at": consent.withdrawn_at,
            },
        )


def _applications(session: Session, user_id: int) -> Iterator[OwnRow]:
    rows = session.execute(
        select(Application, Forum.slug)
        .join(Forum, Forum.id == Application.forum_id)
        .where(Application.user_id == user_id)
        .order_by(Application.id)
    )
    for application, forum in rows:
        yield OwnRow(
            "applications",
            {
                "forum": forum,
                "said": application.said,
                "state": str(application.state),
                "answer": application.words,
                "created_at": application.created_at,
                "decided_at": application.decided_at,
            },
        )


def _invitations(session: Session, user_id: int) -> Iterator[OwnRow]:
    key = session.scalar(select(User.email_key).where(User.id == user_id))
    rows = session.execute(
        select(Invitation, Forum.slug, Space.slug)
        .join(Forum, Forum.id == Invitation.forum_id)
        .outerjoin(Space, Space.id == Invitation.space_id)
        .where(or_(Invitation.used_by == user_id, Invitation.email_key == key))
        .order_by(Invitation.created_at, Invitation.id)
    )
    for invitation, forum, space in rows:
        yield OwnRow(
            "invitations",
            {
                "forum": forum,
                "space": space,
                "role": str(invitation.role) if invitation.role else None,
                "email": invitation.email,
                "name": invitation.name,
                "created_at": invitation.created_at,
                "expires_at": invitation.expires_at,
                "used_at": invitation.used_at,
            },
        )

"""Delegations: an Author that several people of one organisation share; made, described, dissolved.

Who belongs to one is for `delegation_members`.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Invalid
from consult.spaces.countries import REGION_OF, is_country
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Forum,
    Invitation,
    Organisation,
    Region,
)
from consult.spaces.policy import name_key
from consult.spaces.queries import delegations as reads
from consult.spaces.services.affiliation import Affiliation, change_affiliation
from consult.spaces.services.delegation_members import (
    ask_to_join,
    join,
    note,
    require_care,
    take_turns,
)
from consult.spaces.services.invitations import revoke_invitation
from consult.spaces.services.organisations import organisation_by_key
from consult.spaces.states import DisplayChoice, Membership, OrganisationStanding


def found(session: Session, *, forum: Forum, actor: Actor, now: dt.datetime) -> Author:
    """Make the delegation of the organisation that the actor speaks for; they become its focal
    point.

    Category and country are those of the actor's own Author. Raises `Invalid` (organisation) where
    they speak for none, it is not in the registry, has a delegation, or organisers found them.
    """
    user_id = actor.user_id or 0
    may = reads.founding(session, forum=forum, user_id=user_id)
    if may.problem is not None or may.author is None or may.organisation is None:
        raise Invalid({"organisation": [may.problem or "organisation-none"]})
    author = _new(forum, may.organisation, now=now)
    author.category_id, author.country = may.author.category_id, may.author.country
    author.region_id = may.author.region_id
    _add(session, author, by=user_id, now=now)
    join(session, author=author, user_id=user_id, membership=Membership.FOCAL_POINT, now=now)
    return author


def found_for(
    session: Session,
    *,
    forum: Forum,
    organisation: str,
    category: str,
    country: str,
    email: str,
    locale: str,
    actor: Actor,
    now: dt.datetime,
) -> Author:
    """Make the delegation of a registered organisation and invite its first focal point.

    `organisation` is any of its names, `category` a slug, `country` a two-letter code or "". Raises
    `Forbidden` for whoever does not organise the forum, `Invalid` with the problems by field.
    """
    require(Permission.ORGANISE, actor=actor, subject=forum, now=now)
    known = organisation_by_key(session, forum_id=forum.id, key=name_key(organisation))
    category_id = _category_id(session, forum, category)
    problems: dict[str, list[str]] = {}
    if known is None or known.standing != OrganisationStanding.REGISTERED:
        problems["organisation"] = ["organisation-unknown"]
    elif reads.delegation_of(session, organisation_id=known.id) is not None:
        problems["organisation"] = ["delegation-exists"]
    if category_id is None:
        problems["category"] = ["category-unknown"]
    if country and not is_country(country):
        problems["country"] = ["country-unknown"]
    if problems or known is None:
        raise Invalid(problems)
    author = _new(forum, known, now=now)
    author.category_id, author.country = category_id, country or None
    author.region_id = _region_id(session, forum, country)
    _add(session, author, by=actor.user_id, now=now)
    ask_to_join(
        session,
        forum=forum,
        author=author,
        email=email,
        membership=Membership.FOCAL_POINT,
        locale=locale,
        actor=actor,
        now=now,
    )
    return author


def describe(
    session: Session,
    *,
    forum: Forum,
    author: Author,
    category: str,
    country: str,
    wants_clearance: bool,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Change what a delegation says of itself, and whether its focal points release its texts.

    Texts that wait for a release go on waiting. Raises `Forbidden`, `Invalid`.
    """
    require_care(session, forum=forum, author=author, actor=actor, now=now)
    organisation = session.get_one(Organisation, author.organisation_id)
    said = Affiliation(
        name=organisation.name,
        category=category,
        organisation=organisation.name,
        country=country,
        on_behalf_of=author.on_behalf_of or "",
        display=DisplayChoice.ORGANISATION,
    )
    before = (author.category_id, author.country)
    after = (_category_id(session, forum, category), country or None)
    if before != after:
        change_affiliation(
            session, forum=forum, author=author, user_id=actor.user_id or 0, said=said, now=now
        )
    if author.wants_clearance != wants_clearance:
        author.wants_clearance = wants_clearance
        session.flush()
        note(session, "delegation.clearance", author, by=actor, now=now, wanted=wants_clearance)


def dissolve(
    session: Session, *, forum: Forum, author: Author, actor: Actor, now: dt.datetime
) -> None:
    """Take everybody out of a delegation; its texts stay under its name. For organisers.

    A new focal point can be invited later, and finds everything as it was.
    """
    require(Permission.ORGANISE, actor=actor, subject=forum, now=now)
    take_turns(session, author)
    members = session.scalars(select(AuthorMember).where(AuthorMember.author_id == author.id)).all()
    waiting = session.scalars(
        select(Invitation.id).where(
            Invitation.author_id == author.id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
    ).all()
    for invitation_id in waiting:
        revoke_invitation(
            session, forum=forum, invitation_id=invitation_id, by=actor.user_id, now=now
        )
    users = sorted(one.user_id for one in members)
    for one in members:
        session.delete(one)
    session.flush()
    note(session, "delegation.dissolve", author, by=actor, now=now, users=users)


def _new(forum: Forum, organisation: Organisation, *, now: dt.datetime) -> Author:
    return Author(
        forum_id=forum.id,
        uid=str(uuid.uuid4()),
        name=organisation.name,
        organisation_id=organisation.id,
        display=DisplayChoice.ORGANISATION,
        is_delegation=True,
        version=1,
        created_at=now,
    )


def _add(session: Session, author: Author, *, by: int | None, now: dt.datetime) -> None:
    """Insert a delegation; raises `Invalid` where somebody founded it at the same moment."""
    try:
        with session.begin_nested():
            session.add(author)
            session.flush()
    except IntegrityError:
        raise Invalid({"organisation": ["delegation-exists"]}) from None
    audit.record(
        session,
        "delegation.found",
        actor_id=by,
        now=now,
        subject=("author", author.id),
        organisation=author.organisation_id,
    )


def _category_id(session: Session, forum: Forum, slug: str) -> int | None:
    return session.scalars(
        select(Category.id).where(Category.forum_id == forum.id, Category.slug == slug)
    ).first()


def _region_id(session: Session, forum: Forum, country: str) -> int | None:
    return session.scalars(
        select(Region.id).where(Region.forum_id == forum.id, Region.slug == REGION_OF.get(country))
    ).first()

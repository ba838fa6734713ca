"""Reads of those who speak: as what they are shown, and what they may speak for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, and_, bindparam, false, select
from sqlalchemy.orm import Session

from consult.core.authz import Grant, Role
from consult.core.i18n import Translated, gettext
from consult.spaces.models import (
    Application,
    Author,
    AuthorMember,
    RoleGrant,
    Space,
)
from consult.spaces.states import ApplicationState, DisplayChoice

_UNDECIDED = frozenset({ApplicationState.WAITING.value, ApplicationState.REFUSED.value})


@dataclass(frozen=True)
class ShownAuthor:
    """Who speaks, as chosen: nothing more than this reaches a page, a mail or a file."""

    name: str
    organisation: str | None
    category: Translated | None
    on_behalf_of: str | None
    is_pseudonym: bool = False


@dataclass(frozen=True)
class Standing:
    """What a user is in the forums: roles, and whom they speak for."""

    grants: frozenset[Grant]
    author_ids: frozenset[int]
    """Authors they speak for."""
    forum_ids: frozenset[int]
    """Forums of those authors."""
    applied_forum_ids: frozenset[int]
    """Forums in which they asked to take part and are not approved."""
    at_once_author_ids: frozenset[int]
    """Those of the authors that are delegations whose texts wait for nobody."""


def shown_author(
    *,
    display: str,
    name: str,
    organisation: str | None,
    category: Translated | None,
    on_behalf_of: str | None,
    pseudonym_number: int | None,
) -> ShownAuthor:
    """Apply the author's display choice; a pseudonym keeps only the category.

    Whoever was erased has no name any more.
    """
    if display == DisplayChoice.PSEUDONYM:
        shown = gettext("Participant %(number)s", number=pseudonym_number or "–")
        return ShownAuthor(shown, None, category, None, is_pseudonym=True)
    if display == DisplayChoice.ORGANISATION:
        # Where it has gone missing there is nothing to show, least of all the name.
        nobody = gettext("Participant %(number)s", number="–")
        return ShownAuthor(organisation or nobody, None, category, on_behalf_of)
    second = organisation if organisation and organisation != name else None
    return ShownAuthor(name or gettext("Former participant"), second, category, on_behalf_of)


def shown_in(
    row: Any, *, category: Translated | None = None, on_behalf_of: str | None = None
) -> ShownAuthor:
    """Return the author of a row with the columns name, display, pseudonym_number, organisation."""
    return shown_author(
        display=row.display,
        name=row.name,
        organisation=row.organisation,
        category=category,
        on_behalf_of=on_behalf_of,
        pseudonym_number=row.pseudonym_number,
    )


def standing(session: Session, *, user_id: int) -> Standing:
    """Return a user's roles and authors.

    One statement: it runs in every request of somebody signed in.
    """
    found: set[Grant] = set()
    authors: set[int] = set()
    forums: set[int] = set()
    applied: set[int] = set()
    trusted: set[int] = set()
    rows = session.execute(_grants_and_authors(), {"user_id": user_id})
    for role, forum_id, space_id, author_id, is_trusted in rows:
        if role in {member.value for member in Role}:
            found.add(Grant(Role(role), forum_id, space_id))
            continue
        if role in _UNDECIDED:
            applied.add(forum_id)
            continue
        authors.add(author_id)
        forums.add(forum_id)
        if is_trusted:
            trusted.add(author_id)
    return Standing(
        grants=frozenset(found),
        author_ids=frozenset(authors),
        forum_ids=frozenset(forums),
        applied_forum_ids=frozenset(applied - forums),
        at_once_author_ids=frozenset(trusted),
    )


def asks_to_take_part(session: Session, user_id: int) -> bool:
    """Whether a user asked to take part in some forum and is not approved there."""
    return bool(standing(session, user_id=user_id).applied_forum_ids)


@cache
def _grants_and_authors() -> CompoundSelect[Any]:
    grants = select(
        RoleGrant.role,
        RoleGrant.forum_id,
        RoleGrant.space_id,
        RoleGrant.id.label("author_id"),
        false().label("is_trusted"),
    ).where(RoleGrant.user_id == bindparam("user_id"))
    speaks = (
        select(
            AuthorMember.membership,
            Author.forum_id,
            Space.id,
            AuthorMember.author_id,
            and_(Author.is_delegation, Author.publishes_at_once),
        )
        .join(Author, Author.id == AuthorMember.author_id)
        .outerjoin(Space, Space.id < 0)
        .where(AuthorMember.user_id == bindparam("user_id"))
    )
    asks = (
        select(Application.state, Application.forum_id, Space.id, Application.id, false())
        .outerjoin(Space, Space.id < 0)
        .where(
            Application.user_id == bindparam("user_id"),
            Application.state != ApplicationState.APPROVED,
        )
    )
    return grants.union_all(speaks, asks)

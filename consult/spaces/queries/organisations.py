"""Reads of the registry of organisations: for a form's field, and for those who keep it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.spaces.models import Author, Category, Organisation
from consult.spaces.policy import name_key
from consult.spaces.states import OrganisationStanding

FOUND = 10
"""How many names are told at once."""
SHORTEST = 2
"""Letters from which on names are looked for."""

_Root = aliased(Organisation)

REGISTERED_ROOTS: Select[Any] = (
    select(Organisation.name_key, func.coalesce(_Root.name, Organisation.name).label("shown"))
    .outerjoin(_Root, _Root.id == Organisation.merged_into_id)
    .where(
        func.coalesce(_Root.standing, Organisation.standing) == OrganisationStanding.REGISTERED,
    )
)
"""Every name, other names among them, with the name of the registered organisation it leads to.
Those that somebody only proposed are left out: anybody may ask."""


@dataclass(frozen=True)
class OrganisationRow:
    """An organisation as its keepers see it."""

    id: int
    name: str
    is_proposed: bool
    category: str | None
    """Slug."""
    country: str | None
    created_at: dt.datetime | None
    authors: int
    """How many speak for it."""
    others: Sequence[str] = ()
    """The other names that lead to it."""


def literally(part: str) -> str:
    """Return a part of a LIKE pattern that means only itself; the escape is a backslash."""
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def organisation_names(session: Session, *, forum_id: int, words: str) -> Sequence[str]:
    """Return at most ten names of registered organisations that words fit, other names included.

    Those that begin with the words come first. Nothing for fewer than two letters.
    """
    key = name_key(words) if words.strip() else ""
    if len(key) < SHORTEST:
        return ()
    begins = Organisation.name_key.like(f"{literally(key)}%", escape="\\")
    rows = session.execute(
        REGISTERED_ROOTS.where(
            Organisation.forum_id == forum_id,
            Organisation.name_key.like(f"%{literally(key)}%", escape="\\"),
        )
        .order_by(case((begins, 0), else_=1), Organisation.name_key)
        .limit(3 * FOUND)
    )
    return list(dict.fromkeys(row.shown for row in rows))[:FOUND]


def organisation_named(session: Session, *, forum_id: int, name: str) -> OrganisationRow | None:
    """Return the organisation that one of its names leads to, None for an unknown one."""
    if not name.strip():
        return None
    found = session.execute(
        select(Organisation.id, Organisation.merged_into_id).where(
            Organisation.forum_id == forum_id, Organisation.name_key == name_key(name)
        )
    ).first()
    if found is None:
        return None
    id_ = found.merged_into_id or found.id
    return next(iter(organisations_of(session, forum_id=forum_id, only=id_)), None)


def registered_count(session: Session, *, forum_id: int) -> int:
    """Return how many organisations stand in the registry."""
    return (
        session.scalar(
            select(func.count(Organisation.id)).where(
                Organisation.forum_id == forum_id,
                Organisation.merged_into_id.is_(None),
                Organisation.standing == OrganisationStanding.REGISTERED,
            )
        )
        or 0
    )


def organisations_of(
    session: Session,
    *,
    forum_id: int,
    words: str = "",
    standing: OrganisationStanding | None = None,
    only: int | None = None,
    limit: int = 50,
) -> Sequence[OrganisationRow]:
    """Return organisations by name, with how many speak for each and their other names.

    `words` are looked for in all their names, `standing` keeps only those that have it.
    """
    speaking = (
        select(func.count(Author.id))
        .where(Author.organisation_id == Organisation.id)
        .correlate(Organisation)
        .scalar_subquery()
    )
    asked = (
        select(Organisation, Category.slug, speaking)
        .outerjoin(Category, Category.id == Organisation.category_id)
        .where(Organisation.forum_id == forum_id, Organisation.merged_into_id.is_(None))
        .order_by(Organisation.name_key)
        .limit(limit)
    )
    if only is not None:
        asked = asked.where(Organisation.id == only)
    if standing is not None:
        asked = asked.where(Organisation.standing == standing)
    key = name_key(words) if words.strip() else ""
    if key:
        fits = f"%{literally(key)}%"
        led = select(Organisation.merged_into_id).where(
            Organisation.forum_id == forum_id,
            Organisation.name_key.like(fits, escape="\\"),
            Organisation.merged_into_id.is_not(None),
        )
        asked = asked.where(
            or_(Organisation.name_key.like(fits, escape="\\"), Organisation.id.in_(led))
        )
    rows = session.execute(asked).all()
    others = _other_names(session, ids=[row[0].id for row in rows])
    return [
        OrganisationRow(
            id=found.id,
            name=found.name,
            is_proposed=found.standing == OrganisationStanding.PROPOSED,
            category=category,
            country=found.country,
            created_at=found.created_at,
            authors=authors,
            others=others.get(found.id, ()),
        )
        for found, category, authors in rows
    ]


def _other_names(session: Session, *, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = session.execute(
        select(Organisation.merged_into_id, Organisation.name)
        .where(Organisation.merged_into_id.in_(ids))
        .order_by(Organisation.name_key)
    )
    for root, name in rows:
        found.setdefault(root or 0, []).append(name)
    return found

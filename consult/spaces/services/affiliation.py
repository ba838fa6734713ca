"""For whom somebody speaks in a forum: the Author, their organisation, how the name is shown."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import uuid
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.policy import name_problem
from consult.core import audit
from consult.core.errors import Invalid
from consult.core.outbox import emit
from consult.core.text import fold, normalise, single_line
from consult.spaces.countries import REGION_OF, is_country
from consult.spaces.events import AuthorChanged
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Forum,
    Organisation,
    Region,
    Space,
)
from consult.spaces.states import DisplayChoice, Membership, OrganisationStanding

MAX_ON_BEHALF_OF = 500


@dataclass(frozen=True)
class Affiliation:
    """What an Author says of themselves, as it was typed; "" where nothing was."""

    name: str
    category: str
    organisation: str = ""
    country: str = ""
    on_behalf_of: str = ""
    display: str = DisplayChoice.FULL
    region: str | None = None
    """Slug; derived from the country where that is given."""


def name_key(name: str) -> str:
    """Return what organisations are compared by: folded, without punctuation.

    Points and apostrophes vanish, dashes and strokes part words: “U.N.C.T.A.D.” is “unctad”,
    “UN-Habitat” is “un habitat”.
    """
    parted = re.sub(r"[/&+_]", " ", fold(name))
    letters = (" " if unicodedata.category(c) == "Pd" else c for c in parted)
    kept = (c for c in letters if c.isalnum() or c.isspace())
    key = " ".join("".join(kept).split())
    return (key or fold(name).strip())[:200]


def check_affiliation(session: Session, *, forum: Forum, said: Affiliation) -> None:
    """Raise `Invalid` with every field that cannot be taken; write nothing."""
    problems = {
        "name": name_problem(said.name),
        "organisation": name_problem(said.organisation) if said.organisation.strip() else None,
        "category": None if _category_id(session, forum, said.category) else "category-unknown",
        "country": None if not said.country or is_country(said.country) else "country-unknown",
        "on_behalf_of": "too-long" if len(said.on_behalf_of) > MAX_ON_BEHALF_OF else None,
        "display": _display_problem(said),
    }
    found = {field: [code] for field, code in problems.items() if code is not None}
    if found:
        raise Invalid(found)


def create_author(
    session: Session,
    *,
    forum: Forum,
    user_id: int,
    name: str,
    category: str,
    now: dt.datetime,
    organisation: str | None = None,
    country: str | None = None,
    region: str | None = None,
    on_behalf_of: str | None = None,
    display: str = DisplayChoice.FULL,
) -> Author:
    """Make the Author through whom a user speaks in a forum, and return it.

    A user has one in each forum: where there is one already, it is changed instead, so that a
    form sent twice makes one. `category` and `region` are slugs, `country` is a two-letter code.
    Raises `Invalid`.
    """
    said = Affiliation(
        name=name,
        category=category,
        organisation=organisation or "",
        country=country or "",
        region=region,
        on_behalf_of=on_behalf_of or "",
        display=display,
    )
    check_affiliation(session, forum=forum, said=said)
    # Locking the user lets a second form wait for the first.
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    existing = author_of(session, forum_id=forum.id, user_id=user_id)
    if existing is not None:
        return change_affiliation(
            session, forum=forum, author=existing, user_id=user_id, said=said, now=now
        )
    author = Author(forum_id=forum.id, uid=str(uuid.uuid4()), version=1, created_at=now, name="")
    _write(session, forum=forum, author=author, said=said)
    session.add(author)
    session.flush()
    session.add(AuthorMember(author_id=author.id, user_id=user_id, membership=Membership.SELF))
    session.flush()
    audit.record(session, "author.create", actor_id=user_id, now=now, subject=("author", author.id))
    return author


def change_affiliation(
    session: Session,
    *,
    forum: Forum,
    author: Author,
    user_id: int,
    said: Affiliation,
    now: dt.datetime,
) -> Author:
    """Change what an Author says of themselves; it covers earlier texts too. Raises `Invalid`."""
    check_affiliation(session, forum=forum, said=said)
    before = author.display
    _write(session, forum=forum, author=author, said=said)
    author.version += 1
    # Every page on which the name may stand is made anew; which ones these are is known above.
    session.execute(
        update(Space)
        .where(Space.forum_id == forum.id)
        .values(public_version=Space.public_version + 1)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    emit(session, AuthorChanged(author_id=author.id), now=now)
    audit.record(
        session,
        "author.change",
        actor_id=user_id,
        now=now,
        subject=("author", author.id),
        display_before=str(before),
        display_after=str(author.display),
    )
    return author


def author_of(session: Session, *, forum_id: int, user_id: int) -> Author | None:
    """Return the Author through whom a user speaks alone in a forum, or None."""
    return session.scalars(
        select(Author)
        .join(AuthorMember, AuthorMember.author_id == Author.id)
        .where(
            Author.forum_id == forum_id,
            AuthorMember.user_id == user_id,
            AuthorMember.membership == Membership.SELF,
        )
        .order_by(Author.id)
        .limit(1)
    ).first()


def find_or_make_organisation(session: Session, *, forum: Forum, name: str) -> Organisation | None:
    """Return the organisation that goes by a name in the forum, made where nobody named it yet.

    Returns None for an empty name.
    """
    shown = single_line(name)
    if not shown:
        return None
    key = name_key(shown)
    found = _organisation_by_key(session, forum_id=forum.id, key=key)
    if found is not None:
        return found
    made = Organisation(
        forum_id=forum.id, name=shown[:200], name_key=key, standing=OrganisationStanding.PROPOSED
    )
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:
        # Somebody made it at the same moment.
        return _organisation_by_key(session, forum_id=forum.id, key=key)
    return made


def _organisation_by_key(session: Session, *, forum_id: int, key: str) -> Organisation | None:
    found = session.scalars(
        select(Organisation).where(Organisation.forum_id == forum_id, Organisation.name_key == key)
    ).first()
    if found is None or found.merged_into_id is None:
        return found
    return session.get(Organisation, found.merged_into_id)


def _write(session: Session, *, forum: Forum, author: Author, said: Affiliation) -> None:
    organisation = find_or_make_organisation(session, forum=forum, name=said.organisation)
    author.name = single_line(said.name)
    author.organisation_id = organisation.id if organisation else None
    author.category_id = _category_id(session, forum, said.category)
    author.country = said.country or None
    author.region_id = _region_id(session, forum, REGION_OF.get(said.country) or said.region)
    author.on_behalf_of = normalise(said.on_behalf_of).strip() or None
    author.display = DisplayChoice(said.display)
    if author.display is DisplayChoice.PSEUDONYM and author.pseudonym_number is None:
        author.pseudonym_number = _next_pseudonym(session, forum)


def _next_pseudonym(session: Session, forum: Forum) -> int:
    """Return the next number of the forum; kept by an Author for good, so texts stay together."""
    session.execute(
        update(Forum)
        .where(Forum.id == forum.id)
        .values(pseudonyms=Forum.pseudonyms + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(forum, ["pseudonyms"])
    return forum.pseudonyms


def _category_id(session: Session, forum: Forum, slug: str) -> int | None:
    return session.scalars(
        select(Category.id).where(Category.forum_id == forum.id, Category.slug == slug)
    ).first()


def _region_id(session: Session, forum: Forum, slug: str | None) -> int | None:
    if slug is None:
        return None
    return session.scalars(
        select(Region.id).where(Region.forum_id == forum.id, Region.slug == slug)
    ).first()


def _display_problem(said: Affiliation) -> str | None:
    if said.display not in set(DisplayChoice):
        return "display-unknown"
    if said.display == DisplayChoice.ORGANISATION and not said.organisation.strip():
        return "organisation-missing"
    return None

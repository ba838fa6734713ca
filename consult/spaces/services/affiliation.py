"""For whom somebody speaks in a forum: the Author, their organisation, how the name is shown."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.policy import name_problem
from consult.core import audit
from consult.core.errors import Invalid
from consult.core.outbox import emit
from consult.core.text import normalise, single_line
from consult.spaces.countries import REGION_OF, is_country
from consult.spaces.events import AuthorChanged, AuthorMade
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Forum,
    Region,
    Space,
)
from consult.spaces.services.organisations import find_or_make_organisation
from consult.spaces.states import DisplayChoice, Membership

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


def check_affiliation(
    session: Session, *, forum: Forum, said: Affiliation, missing: str = "name-missing"
) -> None:
    """Raise `Invalid` with every field that cannot be taken; write nothing.

    `missing` is the code for no name: another one where somebody else's is asked for.
    """
    problems = {
        "name": name_problem(said.name, missing=missing),
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
    _write(session, forum=forum, author=author, said=said, now=now)
    session.add(author)
    session.flush()
    session.add(AuthorMember(author_id=author.id, user_id=user_id, membership=Membership.SELF))
    session.flush()
    emit(session, AuthorMade(user_id=user_id), now=now)
    audit.record(session, "author.create", actor_id=user_id, now=now, subject=("author", author.id))
    return author


def enter_author(
    session: Session, *, forum: Forum, said: Affiliation, user_id: int | None, now: dt.datetime
) -> Author:
    """Make an Author for somebody without an account; `user_id` is who enters it.

    Raises `Invalid`.
    """
    check_affiliation(session, forum=forum, said=said)
    author = Author(forum_id=forum.id, uid=str(uuid.uuid4()), version=1, created_at=now, name="")
    _write(session, forum=forum, author=author, said=said, now=now)
    session.add(author)
    session.flush()
    audit.record(session, "author.enter", actor_id=user_id, now=now, subject=("author", author.id))
    return author


def give_author(session: Session, *, author: Author, user_id: int, now: dt.datetime) -> None:
    """Let a user speak alone through an Author that was entered for them."""
    session.add(
        AuthorMember(
            author_id=author.id, user_id=user_id, membership=Membership.SELF, joined_at=now
        )
    )
    session.flush()
    audit.record(session, "author.give", actor_id=user_id, now=now, subject=("author", author.id))


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
    _write(session, forum=forum, author=author, said=said, now=now)
    author.version += 1
    renew_pages(session, forum_id=forum.id)
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


def renew_pages(session: Session, *, forum_id: int) -> None:
    """Have every page on which a name may stand made anew; which ones these are is known above."""
    session.execute(
        update(Space)
        .where(Space.forum_id == forum_id)
        .values(public_version=Space.public_version + 1)
        .execution_options(synchronize_session=False)
    )


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


def _write(
    session: Session, *, forum: Forum, author: Author, said: Affiliation, now: dt.datetime
) -> None:
    organisation = find_or_make_organisation(session, forum=forum, name=said.organisation, now=now)
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

"""The demonstration: a marked database, its accounts and a discussion around today.

Loading it again keeps what people added: the dates of its spaces are shifted, and what is
missing of the file is added.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, inspect, select
from sqlalchemy import table as any_table
from sqlalchemy.orm import Session

from consult.accounts import policy
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.queries import user_by_email_key
from consult.accounts.services import add_user
from consult.cli.base import INDEXING
from consult.cli.demonstration_discussion import SOURCE, Discussion, Voice
from consult.cli.demonstration_outcomes import tell_outcomes
from consult.core import audit
from consult.core.authz import Role
from consult.core.errors import BrokenInput
from consult.core.outbox import OutboxEntry
from consult.spaces import definitions
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Forum,
    Installation,
    Region,
    Space,
)
from consult.spaces.queries import consents_of, space_by_slug
from consult.spaces.services import find_or_make_organisation, give_consents
from consult.spaces.services.loading import load_forum
from consult.spaces.services.roles import grant_role
from consult.spaces.services.timing import set_dates
from consult.spaces.states import ConsentPurpose, DisplayChoice, Membership, OrganisationStanding

PASSWORD = "demonstration-only-please"  # noqa: S105 - known to everybody, for marked databases only
FILLED = ("forum", "user_account", "author", "contribution")
"""Tables whose rows show that a database is in use."""
MIDNIGHT, LAST_SECOND, MORNING = dt.time(0), dt.time(23, 59, 59), dt.time(9)


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in, for those who want to try."""

    email: str
    name: str
    roles: list[dict[str, str | None]]


def is_in_use(session: Session) -> bool:
    """Whether a database has rows and no mark: it is somebody's, and no demonstration."""
    tables = set(inspect(session.connection()).get_table_names())
    if "installation" in tables:
        marked = select(Installation.id).where(Installation.is_demonstration)
        if session.execute(marked.limit(1)).first() is not None:
            return False
    return any(
        session.scalar(select(func.count()).select_from(any_table(name)))
        for name in FILLED
        if name in tables
    )


def fill(session: Session, *, folder: Path, hasher: Hasher, now: dt.datetime) -> list[Account]:
    """Load the forum, accounts and texts that are missing and shift the dates around `now`.

    `folder` holds the definition files. No mail about any of it is ever sent. Returns the
    accounts in the order of the file.
    """
    definition = definitions.read(folder / "imrf2022.yaml", source="imrf2022.yaml")
    said = _read(folder / "demonstration.yaml")
    before = session.scalar(select(func.max(OutboxEntry.id))) or 0
    _mark(session, now=now)
    forum = load_forum(session, definition, now=now).forum
    zone = ZoneInfo(forum.time_zone)
    spaces = _shift(session, definition=definition, zone=zone, now=now)
    authors = {entry["key"]: _author(session, forum, entry, now=now) for entry in said["authors"]}
    users = {}
    for entry in said["accounts"]:
        user = users[entry["key"]] = _user(session, entry, hasher=hasher, now=now)
        _appoint(session, entry, user=user, forum=forum, spaces=spaces, now=now)
        _speak(session, entry, user=user, authors=authors)
        if not consents_of(session, user_id=user.id, forum_id=forum.id):
            agreed = frozenset(ConsentPurpose)
            give_consents(session, forum=forum, user_id=user.id, given=agreed, now=now)
    voices = _voices(said["accounts"], users=users, authors=authors)
    added = Discussion(
        session, entries=said["contributions"], spaces=spaces, voices=voices, now=now
    ).run()
    tell_outcomes(session, said["outcomes"], spaces=spaces, zone=zone, now=now)
    session.flush()
    _send_nothing(session, after=before)
    audit.record(
        session,
        "demonstration.fill",
        actor_id=None,
        now=now,
        subject=("forum", forum.id),
        contributions=added,
    )
    return [_account(entry) for entry in said["accounts"]]


def _read(path: Path) -> dict[str, list[dict[str, Any]]]:
    value, _lines = definitions.load_yaml(path.read_bytes(), source=path.name)
    if not isinstance(value, dict) or value.get("version") != 1:
        raise BrokenInput(path.name, 1, "the file must say “version: 1”")
    return value


def _mark(session: Session, *, now: dt.datetime) -> None:
    installation = session.scalars(select(Installation).limit(1)).first()
    if installation is None:
        installation = Installation()
        session.add(installation)
    installation.is_demonstration = True
    installation.demonstration_at = now
    session.flush()


def _shift(
    session: Session, *, definition: definitions.Definition, zone: ZoneInfo, now: dt.datetime
) -> dict[str, Space]:
    """Give the four spaces their dates: closed, closing tomorrow, open, upcoming."""

    def on(days: int, hour: dt.time) -> dt.datetime:
        day = now.astimezone(zone).date() + dt.timedelta(days=days)
        return dt.datetime.combine(day, hour, tzinfo=zone).astimezone(dt.UTC)

    tomorrow = (now + dt.timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    dates = {
        "round-table-1": (on(-41, MIDNIGHT), on(-20, LAST_SECOND), 44),
        "round-table-2": (on(-15, MIDNIGHT), tomorrow, 44),
        "round-table-3": (on(-15, MIDNIGHT), on(12, LAST_SECOND), 45),
        "round-table-4": (on(10, MORNING), on(30, LAST_SECOND), 45),
    }
    spaces = {}
    for entry in definition.content.spaces:
        space = space_by_slug(session, entry.slug)
        if space is None:
            continue
        spaces[entry.slug] = space
        if entry.slug in dates:
            opens_at, closes_at, meets_in = dates[entry.slug]
            space.meets_on = now.astimezone(zone).date() + dt.timedelta(days=meets_in)
            set_dates(session, space=space, opens_at=opens_at, closes_at=closes_at, now=now)
    return spaces


def _author(session: Session, forum: Forum, entry: dict[str, Any], *, now: dt.datetime) -> Author:
    known = session.scalars(
        select(Author).where(
            Author.forum_id == forum.id,
            Author.source == SOURCE,
            Author.external_id == entry["key"],
        )
    ).first()
    if known is not None:
        return known
    organisation = find_or_make_organisation(
        session, forum=forum, name=entry["organisation"] or "", now=now
    )
    if organisation is not None:
        organisation.standing = OrganisationStanding.REGISTERED
    author = Author(
        forum_id=forum.id,
        uid=str(uuid.uuid4()),
        source=SOURCE,
        external_id=entry["key"],
        name=entry["name"],
        organisation_id=organisation.id if organisation else None,
        category_id=session.scalar(
            select(Category.id).where(
                Category.forum_id == forum.id, Category.slug == entry["category"]
            )
        ),
        country=entry["country"],
        region_id=session.scalar(
            select(Region.id).where(Region.forum_id == forum.id, Region.slug == entry["region"])
        ),
        on_behalf_of=entry["on_behalf_of"],
        display=DisplayChoice(entry["display"]),
        is_delegation=entry.get("delegation", False),
        wants_clearance=entry.get("clearance", False),
        created_at=now,
    )
    if organisation is not None and author.is_delegation:
        organisation.standing = OrganisationStanding.REGISTERED
    if author.display is DisplayChoice.PSEUDONYM:
        author.pseudonym_number = int(entry["key"].rpartition("-")[2])
        forum.pseudonyms = max(forum.pseudonyms, author.pseudonym_number)
    session.add(author)
    session.flush()
    return author


def _user(session: Session, entry: dict[str, Any], *, hasher: Hasher, now: dt.datetime) -> User:
    known = user_by_email_key(session, email_key=policy.email_key(entry["email"]))
    return known or add_user(
        session,
        email=entry["email"],
        name=entry["name"],
        hasher=hasher,
        password=PASSWORD,
        locale=entry["locale"],
        is_demonstration=True,
        now=now,
    )


def _appoint(
    session: Session,
    entry: dict[str, Any],
    *,
    user: User,
    forum: Forum,
    spaces: dict[str, Space],
    now: dt.datetime,
) -> None:
    for role in entry.get("roles", ()):
        grant_role(
            session,
            user_id=user.id,
            role=Role(role["role"]),
            forum_id=forum.id,
            space_id=spaces[role["space"]].id if "space" in role else None,
            now=now,
        )


def _speak(
    session: Session, entry: dict[str, Any], *, user: User, authors: dict[str, Author]
) -> None:
    if "author" not in entry:
        return
    key = {"author_id": authors[entry["author"]].id, "user_id": user.id}
    if session.get(AuthorMember, key) is None:
        membership = Membership(entry.get("membership", Membership.SELF))
        session.add(AuthorMember(**key, membership=membership))
        session.flush()


def _voices(
    accounts: list[dict[str, Any]], *, users: dict[str, User], authors: dict[str, Author]
) -> dict[str, Voice]:
    """Return who speaks, by the keys of authors and by those of accounts."""
    speaking = [entry for entry in accounts if "author" in entry]
    typists = {entry["author"]: users[entry["key"]].id for entry in speaking}
    voices = {key: _voice(author, typists.get(key)) for key, author in authors.items()}
    return voices | {
        entry["key"]: _voice(authors[entry["author"]], users[entry["key"]].id) for entry in speaking
    }


def _voice(author: Author, user_id: int | None) -> Voice:
    return Voice(
        user_id=user_id,
        name=author.name,
        author_ids=frozenset({author.id}),
        forum_ids=frozenset({author.forum_id}),
    )


def _send_nothing(session: Session, *, after: int) -> None:
    """Drop what would follow from these acts, but for the search index."""
    session.execute(
        delete(OutboxEntry).where(
            OutboxEntry.id > after, OutboxEntry.key.is_(None), OutboxEntry.handler != INDEXING
        )
    )


def _account(entry: dict[str, Any]) -> Account:
    roles: list[dict[str, str | None]] = []
    for role in entry.get("roles", ()):
        roles.append({"role": role["role"], "space": role.get("space")})
        if "forum" in role:
            roles[-1]["forum"] = role["forum"]
    if "author" in entry:
        roles.append({"role": "stakeholder", "space": None})
    return Account(email=entry["email"], name=entry["name"], roles=roles)

"""How the desk of a space works, as its organisers set it, with a mark that tells of changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission, Role, refusal
from consult.core.errors import NotVisible
from consult.core.i18n import LOCALES
from consult.spaces.models import Author, Forum, Organisation, Space
from consult.spaces.states import ClaimRule, ModerationMode


@dataclass(frozen=True)
class DeskSettings:
    """What organisers can set about the desk of a space."""

    mode: ModerationMode
    newcomer_texts: int
    """Approved texts that make somebody known."""
    watch_words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By language; a language without words is left out."""
    claims: ClaimRule = ClaimRule.OPTIONAL
    remind_after: int | None = None
    """Hours; None for never."""
    escalate_after: int | None = None
    trusted: tuple[str, ...] = ()
    """Public ids of the forum's delegations that publish at once, in order."""

    @property
    def mark(self) -> str:
        """Return what differs as soon as anybody changes anything."""
        return mark_of(asdict(self))


@dataclass(frozen=True)
class Trusted:
    """A delegation of the forum, and whether it publishes at once."""

    uid: str
    name: str
    is_trusted: bool


def mark_of(values: dict[str, object]) -> str:
    """Return the digest of values that a form carries, so that an older form is noticed."""
    told = json.dumps(values, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def settings_of(session: Session, space: Space) -> DeskSettings:
    """Return the settings of a space as they stand."""
    trusted = session.scalars(
        select(Author.uid)
        .where(
            Author.forum_id == space.forum_id,
            Author.is_delegation.is_(True),
            Author.publishes_at_once.is_(True),
        )
        .order_by(Author.uid)
    ).all()
    words = space.watch_words or {}
    return DeskSettings(
        mode=ModerationMode(space.moderation),
        newcomer_texts=space.newcomer_texts,
        watch_words={code: tuple(words[code]) for code in LOCALES if words.get(code)},
        claims=ClaimRule(space.claims),
        remind_after=space.remind_after,
        escalate_after=space.escalate_after,
        trusted=tuple(trusted),
    )


def delegations(session: Session, *, forum_id: int) -> Sequence[Trusted]:
    """Return the delegations of a forum by name."""
    rows = session.execute(
        select(Author.uid, Author.name, Author.publishes_at_once, Organisation.name)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Author.forum_id == forum_id,
            Author.is_delegation.is_(True),
            Author.is_erased.is_(False),
        )
        .order_by(Organisation.name_key, Author.id)
    )
    return [
        Trusted(uid, organisation or name, is_trusted)
        for uid, name, is_trusted, organisation in rows
    ]


def spaces_to_configure(session: Session, *, actor: Actor) -> Sequence[Space]:
    """Return the spaces of the forums that the actor organises, in their order."""
    return session.scalars(
        select(Space)
        .where(Space.forum_id.in_(sorted(actor.forum_ids_as(Role.ORGANISER))))
        .order_by(Space.forum_id.desc(), Space.position)
    ).all()


def space_to_configure(
    session: Session, *, slug: str, actor: Actor, now: dt.datetime
) -> tuple[Space, Forum]:
    """Return a space whose desk the actor may configure, and its forum; raises `NotVisible`."""
    row = session.execute(
        select(Space, Forum).join(Forum, Forum.id == Space.forum_id).where(Space.slug == slug)
    ).first()
    if row is None:
        raise NotVisible
    space, forum = row
    if refusal(Permission.CONFIGURE_DESK, actor=actor, subject=space, now=now) is not None:
        raise NotVisible
    return space, forum

"""Who may know of a space, and its SQL twin; what names of organisations and watch words are
compared by.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, true

from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.characters import BIDI, INVISIBLE
from consult.core.errors import Invalid, Refusal
from consult.core.text import fold, single_line
from consult.spaces.models import Forum, Space
from consult.spaces.states import (
    LONGEST_WATCH_WORD,
    MOST_WATCH_WORDS,
    Membership,
    Phase,
    SpaceVisibility,
    phase_at,
)

_WORD = re.compile(r"[^\W_]+")
_UNSEEN = dict.fromkeys(map(ord, INVISIBLE | BIDI))


def phase_of(space: Space, *, now: dt.datetime) -> Phase:
    """Return the phase of a space at an instant."""
    return phase_at(now, opens_at=space.opens_at, closes_at=space.closes_at)


def has_role_in(actor: Actor, *, space_id: int, forum_id: int) -> bool:
    """Whether the actor holds any role in the space or in its whole forum."""
    return any(
        grant.space_id == space_id or (grant.space_id is None and grant.forum_id == forum_id)
        for grant in actor.grants
    )


def is_space_visible(actor: Actor, space: Space) -> bool:
    """Whether the space exists for this actor; twin of `visible_spaces`."""
    if actor.is_system or space.visibility == SpaceVisibility.ANNOUNCED:
        return True
    if has_role_in(actor, space_id=space.id, forum_id=space.forum_id):
        return True
    return space.visibility == SpaceVisibility.MEMBERS and space.forum_id in (
        actor.forum_ids | {grant.forum_id for grant in actor.grants}
    )


def visible_spaces(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which rows of `Space` exist for the actor."""
    if actor.is_system:
        return true()
    allowed = [Space.visibility == SpaceVisibility.ANNOUNCED]
    roles = {Role(grant.role) for grant in actor.grants}
    space_ids = frozenset().union(*(actor.space_ids(role) for role in roles)) if roles else ()
    if space_ids:
        allowed.append(Space.id.in_(sorted(space_ids)))
    forum_ids = frozenset().union(*(actor.forum_ids_as(role) for role in roles)) if roles else ()
    if forum_ids:
        allowed.append(Space.forum_id.in_(sorted(forum_ids)))
    member_of = actor.forum_ids | {grant.forum_id for grant in actor.grants}
    allowed.append(
        and_(
            Space.visibility == SpaceVisibility.MEMBERS,
            Space.forum_id.in_(sorted(member_of)) if member_of else false(),
        )
    )
    return or_(*allowed)


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


def words_of(text: str) -> list[str]:
    """Return the words of a text as watch words are compared: folded, letters and digits only.

    What nobody sees inside a word is left out, so that it hides no word.
    """
    seen = text.translate(_UNSEEN) if not text.isascii() else text
    return _WORD.findall(fold(seen))


def watch_list(typed: Iterable[str]) -> list[str]:
    """Return watch words and phrases as they are kept: on one line, none twice, in their order.

    Raises `Invalid` (words): `watch-word-long` above 80 characters, `watch-word-empty` without a
    letter or digit, `watch-words-many` above 200.
    """
    kept: dict[str, str] = {}
    problems: dict[str, None] = {}
    for word in map(single_line, typed):
        if not word:
            continue
        key = " ".join(words_of(word))
        if len(word) > LONGEST_WATCH_WORD:
            problems["watch-word-long"] = None
        elif not key:
            problems["watch-word-empty"] = None
        else:
            kept.setdefault(key, word)
    if len(kept) > MOST_WATCH_WORDS:
        problems["watch-words-many"] = None
    if problems:
        raise Invalid({"words": list(problems)})
    return list(kept.values())


def organises(actor: Actor, subject: Forum | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor organises the forum, or some forum where none is named."""
    if actor.is_system:
        return None
    is_organiser = (
        actor.has(Role.ORGANISER)
        if subject is None
        else actor.has_in_forum(Role.ORGANISER, forum_id=subject.id)
    )
    return None if is_organiser else Refusal.NO_ROLE


declare(Permission.ORGANISE, signed_in, organises)


@dataclass(frozen=True)
class Managing:
    """What the care of a delegation concerns; predicates look at it."""

    forum: Forum
    membership: Membership | None
    """How the actor belongs to it."""


def looks_after_it(actor: Actor, subject: Managing | None, now: dt.datetime) -> Refusal | None:
    """Predicate: the actor is a focal point of the delegation, or organises its forum."""
    if subject is None or subject.membership is Membership.FOCAL_POINT:
        return None
    is_refused = organises(actor, subject.forum, now) is not None
    return Refusal.NOT_FOCAL_POINT if is_refused else None


declare(Permission.MANAGE_DELEGATION, signed_in, looks_after_it)

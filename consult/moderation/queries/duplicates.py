"""Texts that say the same as another one, or nearly the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    ScalarSelect,
    Select,
    distinct,
    exists,
    func,
    select,
    union,
)
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.db import unindexed
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import is_public, visible_revisions
from consult.discussion.states import Removed, RevisionState
from consult.moderation import fingerprints
from consult.moderation.models import Fingerprint, FingerprintBand
from consult.moderation.queries.beside import has_at_desk
from consult.moderation.queries.prints import CANDIDATES, sharing
from consult.spaces.models import Author, Organisation, Space
from consult.spaces.queries import shown_in

_Fresh = aliased(Revision)

SHOWN = 10
RECENTLY = dt.timedelta(hours=1)
UNSEEN = 2000
"""So many texts of this time are compared word by word until the worker has come to them: it is
late by seconds, and whoever looks at all that waits pays for each text."""
STANDING = (
    RevisionState.PUBLISHED,
    RevisionState.PENDING,
    RevisionState.RETURNED,
    RevisionState.REJECTED,
)


@dataclass(frozen=True)
class Duplicate:
    """Another contribution that says the same, or nearly."""

    name: str
    author: str
    """As readers see the name."""
    is_same_author: bool
    is_public: bool
    is_on_desk: bool
    """The moderator may open it at their desk."""
    state: str
    """Of its text; `hidden` for a public one that was taken from view."""
    common: int
    """How many words of a hundred they have in common, estimated; 100: exactly the same words."""


@dataclass(frozen=True)
class Duplicates:
    """What says the same as an item, the most alike first."""

    shown: Sequence[Duplicate] = ()
    more: int = 0
    """How many further ones were found."""
    waiting: int = 0
    """How many texts of its campaign wait on the actor's desk, itself among them."""


def duplicates(
    session: Session,
    shown: Revision,
    contribution: Contribution,
    *,
    actor: Actor,
    forum_id: int,
    now: dt.datetime,
) -> Duplicates:
    """Return what the actor may read in the forum that says the same as a text, or nearly.

    Nearly the same is found once the worker has made the fingerprints, the very same at once.
    """
    words = fingerprints.words_of(_own_words(shown))
    print_ = fingerprints.signature(_own_words(shown))
    if print_ is None:
        return Duplicates()
    in_forum = FingerprintBand.space_id.in_(select(Space.id).where(Space.forum_id == forum_id))
    sharers = sharing(in_forum, bands=fingerprints.bands(print_)).subquery()
    members = (
        select(Fingerprint.revision_id)
        .where(Fingerprint.campaign_id == _campaign_of(shown))
        .order_by(Fingerprint.revision_id.desc())
        .limit(CANDIDATES)
        .subquery()
    )
    candidates = union(select(sharers.c.revision_id), select(members.c.revision_id))
    alike = _alike(session, candidates, print_, contribution=contribution, actor=actor)
    alike |= _unprinted(
        session, shown, words, contribution=contribution, actor=actor, forum_id=forum_id, now=now
    )
    best = _best(alike.values())
    return Duplicates(
        shown=_rows(session, best[:SHOWN], words, contribution=contribution, actor=actor),
        more=max(0, len(best) - SHOWN),
        waiting=_waiting(session, shown, actor=actor) if best else 0,
    )


@dataclass(frozen=True)
class _Alike:
    revision_id: int
    likeness: float
    row: Any


def _own_words(revision: Any) -> str:
    return fingerprints.own_words(html=revision.html, text=revision.text)


def _select(*, contribution: Contribution, actor: Actor) -> Select[Any]:
    return (
        select(
            Contribution,
            Revision.id.label("revision_id"),
            Revision.state,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .select_from(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Contribution.id != contribution.id,
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
            # By their keys: those in these states are all there are.
            unindexed(Revision.state).in_(STANDING),
            visible_revisions(actor),
        )
    )


def _alike(
    session: Session,
    candidates: CompoundSelect[Any],
    print_: bytes,
    *,
    contribution: Contribution,
    actor: Actor,
) -> dict[int, _Alike]:
    chosen = candidates.subquery()
    statement = (
        _select(contribution=contribution, actor=actor)
        .add_columns(Fingerprint.signature)
        .join(Fingerprint, Fingerprint.revision_id == Revision.id)
        .join(chosen, chosen.c.revision_id == Revision.id)
    )
    found = {}
    for row in session.execute(statement):
        likeness = fingerprints.likeness(print_, row.signature)
        if likeness >= fingerprints.ALIKE:
            found[row.revision_id] = _Alike(row.revision_id, likeness, row)
    return found


def _unprinted(
    session: Session,
    shown: Revision,
    words: list[str],
    *,
    contribution: Contribution,
    actor: Actor,
    forum_id: int,
    now: dt.datetime,
) -> dict[int, _Alike]:
    """Return texts with just the same words that have no fingerprint yet."""
    # The index of states tells these apart without reading a single text.
    unseen = (
        select(_Fresh.id)
        .where(
            _Fresh.state.in_(STANDING),
            _Fresh.waits_since > now - RECENTLY,
            ~exists().where(Fingerprint.revision_id == _Fresh.id),
        )
        .limit(UNSEEN)
    )
    statement = (
        _select(contribution=contribution, actor=actor)
        .add_columns(Revision.html, Revision.text)
        .join(Space, Space.id == Contribution.space_id)
        .where(
            Space.forum_id == forum_id,
            Revision.words == shown.words,
            Revision.id.in_(unseen),
        )
        # Any of them will do: an order would have to read them all first.
        .limit(CANDIDATES)
    )
    return {
        row.revision_id: _Alike(row.revision_id, 1.0, row)
        for row in session.execute(statement)
        if fingerprints.words_of(_own_words(row)) == words
    }


def _best(found: Iterable[_Alike]) -> list[_Alike]:
    """Return the most alike text of each contribution, the most alike and then the newest first."""
    ordered = sorted(found, key=lambda one: (one.likeness, one.revision_id), reverse=True)
    best: dict[int, _Alike] = {}
    for one in ordered:
        best.setdefault(one.row.Contribution.id, one)
    return list(best.values())


def _rows(
    session: Session,
    best: list[_Alike],
    words: list[str],
    *,
    contribution: Contribution,
    actor: Actor,
) -> list[Duplicate]:
    near = [one.revision_id for one in best if one.likeness > 0.9]
    texts = session.execute(
        select(Revision.id, Revision.html, Revision.text).where(Revision.id.in_(near))
    )
    same = {row.id for row in texts if fingerprints.words_of(_own_words(row)) == words}
    return [
        _row(one, is_same=one.revision_id in same, contribution=contribution, actor=actor)
        for one in best
    ]


def _row(one: _Alike, *, is_same: bool, contribution: Contribution, actor: Actor) -> Duplicate:
    other: Contribution = one.row.Contribution
    is_hidden = other.removed == Removed.HIDDEN and one.row.state == RevisionState.PUBLISHED
    common = min(99, round(100 * fingerprints.common_words(one.likeness)))
    return Duplicate(
        name=other.reference or other.receipt or "",
        author=shown_in(one.row).name,
        is_same_author=other.author_id == contribution.author_id,
        is_public=is_public(other) and other.published_revision_id == one.revision_id,
        is_on_desk=has_at_desk(other, actor=actor),
        state=Removed.HIDDEN.value if is_hidden else str(one.row.state),
        common=100 if is_same else common,
    )


def _campaign_of(shown: Revision) -> ScalarSelect[int]:
    """Return the campaign of a text, NULL until the worker has come to it."""
    return (
        select(Fingerprint.campaign_id)
        .where(Fingerprint.revision_id == shown.id)
        .correlate(None)
        .scalar_subquery()
    )


def _waiting(session: Session, shown: Revision, *, actor: Actor) -> int:
    waiting = (
        select(func.count(distinct(Contribution.id)))
        .select_from(Fingerprint)
        .join(Revision, Revision.id == Fingerprint.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Fingerprint.campaign_id == _campaign_of(shown),
            # From the campaign on, which is small, not from all that waits.
            unindexed(Revision.state) == RevisionState.PENDING,
            Contribution.removed == Removed.NONE,
            visible_revisions(actor),
        )
    )
    return session.scalar(waiting) or 0

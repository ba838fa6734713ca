"""What a moderator sees beside a text: its thread, its author's other texts, equal ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.text import fold
from consult.discussion.models import PATH_STEP, Contribution, Revision
from consult.discussion.policy import public_contributions, visible_revisions
from consult.discussion.queries.rows import Labels, Row, build, select_rows
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Forum, Space

PARENTS_SHOWN = 5
REPLIES_SHOWN = 50
CANDIDATES = 200
"""Texts of the same number of words that are compared with the item."""


@dataclass(frozen=True)
class History:
    """What else the author wrote in this forum, as far as the moderator may know of it."""

    published: int
    waiting: int
    returned: int
    rejected: int
    hidden: int
    first_sent_at: dt.datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether this is the author's first text."""
        return not (self.published + self.waiting + self.returned + self.rejected + self.hidden)


@dataclass(frozen=True)
class Duplicate:
    """Another contribution with the same words."""

    name: str
    is_same_author: bool
    is_public: bool


def parents(
    session: Session, contribution: Contribution, *, actor: Actor, words: Labels
) -> list[Row]:
    """Return the texts above it, the nearest five, outermost first."""
    if contribution.thread_id is None or not contribution.path:
        return []
    paths = [contribution.path[:end] for end in range(0, len(contribution.path), PATH_STEP)]
    raw = session.execute(
        select_rows(actor)
        .where(
            Contribution.thread_id == contribution.thread_id,
            Contribution.path.in_(paths[-PARENTS_SHOWN:]),
        )
        .order_by(Contribution.path)
    ).all()
    return build(session, raw, actor=actor, words=words)


def replies(
    session: Session, contribution: Contribution, *, actor: Actor, words: Labels
) -> list[Row]:
    """Return the first public direct replies, in the order of the thread."""
    raw = session.execute(
        select_rows(actor)
        .where(Contribution.parent_id == contribution.id, public_contributions())
        .order_by(Contribution.path)
        .limit(REPLIES_SHOWN)
    ).all()
    return build(session, raw, actor=actor, words=words)


def history(
    session: Session, contribution: Contribution, *, forum_id: int, actor: Actor
) -> History:
    """Count the author's other contributions, by the one visibility rule."""
    counts: dict[str, int] = {}
    first: list[dt.datetime] = []
    rows: Sequence[Any] = session.execute(
        select(
            Revision.state,
            Contribution.removed,
            func.count().label("n"),
            func.min(Contribution.sent_at).label("first"),
        )
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .where(
            Contribution.author_id == contribution.author_id,
            Contribution.id != contribution.id,
            Space.forum_id == forum_id,
            visible_revisions(actor),
        )
        .group_by(Revision.state, Contribution.removed)
    ).all()
    for row in rows:
        is_hidden = row.removed == Removed.HIDDEN and row.state == RevisionState.PUBLISHED
        key = Removed.HIDDEN.value if is_hidden else str(row.state)
        counts[key] = counts.get(key, 0) + row.n
        if row.first is not None:
            first.append(row.first)
    return History(
        published=counts.get(RevisionState.PUBLISHED, 0),
        waiting=counts.get(RevisionState.PENDING, 0),
        returned=counts.get(RevisionState.RETURNED, 0),
        rejected=counts.get(RevisionState.REJECTED, 0),
        hidden=counts.get(Removed.HIDDEN, 0),
        first_sent_at=min(first, default=None),
    )


def duplicates(
    session: Session, shown: Revision, contribution: Contribution, *, actor: Actor, forum: Forum
) -> list[Duplicate]:
    """Return contributions whose words are the same but for case, accents and compatibility."""
    stands: ColumnElement[bool] = and_(
        Revision.words == shown.words,
        Revision.state.in_([RevisionState.PUBLISHED, RevisionState.PENDING]),
        Contribution.id != contribution.id,
        Space.forum_id == forum.id,
    )
    rows = session.execute(
        select(Contribution, Revision.text)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .where(stands, visible_revisions(actor))
        .order_by(Revision.id.desc())
        .limit(CANDIDATES)
    )
    same = fold(shown.text)
    return [
        Duplicate(
            name=other.reference or other.receipt or "",
            is_same_author=other.author_id == contribution.author_id,
            is_public=other.published_revision_id is not None and other.removed == Removed.NONE,
        )
        for other, text in rows
        if fold(text) == same
    ]

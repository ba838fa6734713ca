"""What a moderator sees beside a text: its thread and its author's other texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor, Role
from consult.core.i18n import Translated
from consult.discussion.models import PATH_STEP, Contribution, Revision
from consult.discussion.policy import is_public, public_contributions, visible_revisions
from consult.discussion.queries.rows import Labels, Row, build, select_rows
from consult.discussion.states import INSIDE_STATES, Removed, RevisionState
from consult.moderation.models import Decision
from consult.moderation.states import Verdict
from consult.spaces.models import Reason, Space

_Newer = aliased(Revision)
_Undoing = aliased(Decision)

PARENTS_SHOWN = 5
REPLIES_SHOWN = 50
EARLIER_SHOWN = 5


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
class Earlier:
    """One of the author's other texts."""

    name: str
    is_public: bool
    is_on_desk: bool
    """The moderator may open it at their desk."""
    state: str
    """Of the newest text that left its author; `hidden` for a public one taken from view."""
    sent_at: dt.datetime | None
    verdict: Verdict | None
    """Of the newest decision on that text which stands."""
    reason: Translated | None


def around(
    session: Session, contribution: Contribution, *, actor: Actor, words: Labels
) -> tuple[list[Row], list[Row]]:
    """Return the texts above it, the nearest five, outermost first, and the first public direct
    replies, in the order of the thread; in one statement.
    """
    ends = range(0, len(contribution.path or ""), PATH_STEP)
    above = [contribution.path[:end] for end in ends][-PARENTS_SHOWN:]
    is_above = and_(Contribution.thread_id == contribution.thread_id, Contribution.path.in_(above))
    is_reply = and_(Contribution.parent_id == contribution.id, public_contributions())
    raw = session.execute(
        select_rows(actor)
        .where(or_(is_above, is_reply) if above else is_reply)
        .order_by(Contribution.path)
        .limit(REPLIES_SHOWN + len(above))
    ).all()
    parents = [r for r in raw if r.path in above]
    replies = [r for r in raw if r.path not in above]
    return (
        build(session, parents, actor=actor, words=words),
        build(session, replies, actor=actor, words=words),
    )


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


def earlier(
    session: Session, contribution: Contribution, *, forum_id: int, actor: Actor
) -> list[Earlier]:
    """Return the author's five newest other texts that the actor may read, and what was decided."""
    decided = (
        select(Decision.id)
        .where(
            Decision.revision_id == Revision.id,
            Decision.undoes.is_(None),
            ~exists().where(_Undoing.undoes == Decision.id),
        )
        .order_by(Decision.id.desc())
        .limit(1)
        .correlate(Revision)
        .scalar_subquery()
    )
    is_newest = ~exists().where(
        _Newer.contribution_id == Revision.contribution_id,
        _Newer.number > Revision.number,
        _Newer.state.not_in(INSIDE_STATES),
    )
    rows = session.execute(
        select(Contribution, Revision.state, Revision.sent_at, Decision.verdict, Reason.label)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Decision, Decision.id == decided)
        .outerjoin(Reason, and_(Reason.forum_id == Space.forum_id, Reason.code == Decision.reason))
        .where(
            Contribution.author_id == contribution.author_id,
            Contribution.id != contribution.id,
            Space.forum_id == forum_id,
            or_(is_newest, Contribution.published_revision_id == Revision.id),
            visible_revisions(actor),
        )
        .order_by(Contribution.id.desc(), Revision.number.desc())
        # A public text and a newer one that waits are two rows of one contribution.
        .limit(2 * EARLIER_SHOWN)
    )
    newest: dict[int, Earlier] = {}
    for other, state, sent_at, verdict, reason in rows:
        newest.setdefault(
            other.id, _earlier(other, state, sent_at, verdict, reason=reason, actor=actor)
        )
    return list(newest.values())[:EARLIER_SHOWN]


def _earlier(
    other: Contribution,
    state: RevisionState,
    sent_at: dt.datetime | None,
    verdict: str | None,
    *,
    reason: Translated | None,
    actor: Actor,
) -> Earlier:
    is_hidden = other.removed == Removed.HIDDEN and state == RevisionState.PUBLISHED
    return Earlier(
        name=other.reference or other.receipt or "",
        is_public=is_public(other),
        is_on_desk=has_at_desk(other, actor=actor),
        state=Removed.HIDDEN.value if is_hidden else str(state),
        sent_at=sent_at or other.sent_at,
        verdict=Verdict(verdict) if verdict else None,
        reason=reason,
    )


def has_at_desk(contribution: Contribution, *, actor: Actor) -> bool:
    """Whether the actor may open at their desk what they may read and is not public."""
    return contribution.id in actor.opened_ids or actor.has_in_space(
        Role.MODERATOR, space_id=contribution.space_id
    )

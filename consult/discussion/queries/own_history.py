"""The history of a contribution: every text that was sent, and what changed between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import visible_revisions
from consult.discussion.queries.difference import Paragraph, difference
from consult.discussion.states import RevisionOrigin, RevisionState
from consult.spaces.models import Author

HISTORY_SHOWN = 10
"""Texts of a history's page; each is compared with the one before it."""


@dataclass(frozen=True)
class PastText:
    """One text in a contribution's history."""

    id: int
    number: int
    state: RevisionState
    is_redaction: bool
    sent_at: dt.datetime | None
    decided_at: dt.datetime | None
    language: str
    words: int
    changes: Sequence[Paragraph] | None
    """Compared with the text before it; None for the first."""
    text: str
    written_by: str | None = None
    """Which colleague typed it; told inside their delegation only."""
    released_by: str | None = None
    """Which focal point released it."""


@dataclass(frozen=True)
class History:
    """A page of a contribution's history."""

    texts: Sequence[PastText]
    """Newest first."""
    before: int | None
    """Number before which the next page begins; None on the last one."""
    is_shared: bool = False
    """Whether the reader shares the texts with colleagues of a delegation."""


def history(
    session: Session, contribution: Contribution, *, actor: Actor, before: int | None = None
) -> History:
    """Return the texts of a contribution that were sent and that the actor may read.

    `before` is the number before which a page begins. Two statements at most, whatever its length.
    """
    statement = (
        select(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(_sent(contribution, actor))
        .order_by(Revision.number.desc())
        .limit(HISTORY_SHOWN + 1)
    )
    if before is not None:
        statement = statement.where(Revision.number < before)
    found = session.scalars(statement).all()
    shown = found[:HISTORY_SHOWN]
    by_id = {one.id: one for one in found}
    # What moderators took out shows beside the text from which it is gone.
    older = [by_id.get(one.base_id or 0) if _is_redaction(one) else None for one in shown]
    older = [base or earlier for base, earlier in zip(older, (*found[1:], None), strict=False)]
    has_more = len(found) > HISTORY_SHOWN
    names = colleagues(session, contribution, shown, actor=actor)
    return History(
        texts=[_past(one, earlier, names) for one, earlier in zip(shown, older, strict=False)],
        before=shown[-1].number if has_more else None,
        is_shared=bool(names),
    )


def colleagues(
    session: Session, contribution: Contribution, texts: Iterable[Revision], *, actor: Actor
) -> Mapping[int, str]:
    """Return the names of those who wrote or released texts of a delegation, by user; empty for
    whoever does not belong to it, moderators among them.
    """
    if contribution.author_id not in actor.author_ids:
        return {}
    ids = {user_id for one in texts for user_id in (one.submitted_by, one.released_by) if user_id}
    is_shared = select(Author.id).where(Author.id == contribution.author_id, Author.is_delegation)
    found = session.execute(
        select(User.id, User.name).where(User.id.in_(sorted(ids)), is_shared.exists())
    )
    return {row.id: row.name for row in found}


def texts_sent(session: Session, contribution: Contribution, *, actor: Actor) -> int:
    """Return how many texts the history of a contribution has for the actor."""
    return (
        session.scalar(
            select(func.count(Revision.id))
            .join(Contribution, Contribution.id == Revision.contribution_id)
            .where(_sent(contribution, actor))
        )
        or 0
    )


def _is_redaction(revision: Revision) -> bool:
    return revision.origin == RevisionOrigin.REDACTION


def _sent(contribution: Contribution, actor: Actor) -> ColumnElement[bool]:
    return and_(
        Revision.contribution_id == contribution.id,
        Revision.state != RevisionState.DRAFT,
        visible_revisions(actor),
    )


def _past(revision: Revision, earlier: Revision | None, names: Mapping[int, str]) -> PastText:
    return PastText(
        id=revision.id,
        number=revision.number,
        state=RevisionState(revision.state),
        is_redaction=_is_redaction(revision),
        sent_at=revision.sent_at,
        decided_at=revision.decided_at,
        language=revision.language,
        words=revision.words,
        changes=difference(earlier.text, revision.text) if earlier else None,
        text=revision.text,
        written_by=names.get(revision.submitted_by or 0),
        released_by=names.get(revision.released_by or 0),
    )

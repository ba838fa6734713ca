"""The texts of one's own: those that stand behind a contribution, unsent ones, the history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import AUTHOR_IDS, own_texts, visible_revisions
from consult.discussion.queries.difference import Paragraph, difference
from consult.discussion.states import RevisionOrigin, RevisionState

HISTORY_SHOWN = 10
"""Texts of a history's page; each is compared with the one before it."""


@dataclass(frozen=True)
class OwnTexts:
    """The texts that stand behind a contribution; for its author's pages and acts only."""

    newest: Revision | None
    """The newest that was sent; None for a draft that is all there is."""
    published: Revision | None
    waiting: Revision | None
    """Waits for a moderator, or for the delegation's focal point."""
    returned: Revision | None
    """Came back and may be sent again, whether a draft of it was begun or not."""
    draft: Revision | None
    """Kept, not sent."""
    left: Revision | None
    """The draft that a withdrawal closed."""

    @property
    def base(self) -> Revision | None:
        """Return what a new text is made from; None where there is nothing to be changed."""
        return self.waiting or self.returned or self.published


def texts_of(session: Session, contribution: Contribution) -> OwnTexts:
    """Return the texts behind a contribution, as they are in the database now."""
    newest = (
        select(func.max(Revision.number))
        .where(Revision.contribution_id == contribution.id, Revision.state != RevisionState.DRAFT)
        .scalar_subquery()
    )
    pointed = [
        contribution.published_revision_id,
        contribution.open_revision_id,
        contribution.open_before_id,
    ]
    found = session.scalars(
        select(Revision)
        .where(
            Revision.contribution_id == contribution.id,
            or_(Revision.id.in_([one for one in pointed if one]), Revision.number == newest),
        )
        .execution_options(populate_existing=True)
    ).all()
    by_id = {one.id: one for one in found}
    sent = [one for one in found if one.state != RevisionState.DRAFT]
    open_one = by_id.get(contribution.open_revision_id or 0)
    before = by_id.get(contribution.open_before_id or 0)
    state = open_one.state if open_one else None
    draft = open_one if state == RevisionState.DRAFT else None
    returned = open_one if state == RevisionState.RETURNED else None
    if draft is not None and draft.base_id is not None:
        base = session.get_one(Revision, draft.base_id)
        returned = base if base.state == RevisionState.RETURNED else None
    return OwnTexts(
        newest=max(sent, key=lambda one: one.number, default=None),
        published=by_id.get(contribution.published_revision_id or 0),
        waiting=open_one if open_one is not None and not (draft or returned) else None,
        returned=returned,
        draft=draft,
        left=before if before is not None and before.state == RevisionState.DRAFT else None,
    )


def sent_text(
    session: Session, contribution: Contribution, *, number: int, actor: Actor
) -> Revision | None:
    """Return a text of a contribution that was sent once, if the actor may read it."""
    return session.scalars(
        select(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Revision.contribution_id == contribution.id,
            Revision.number == number,
            Revision.state != RevisionState.DRAFT,
            visible_revisions(actor),
        )
    ).first()


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


@dataclass(frozen=True)
class History:
    """A page of a contribution's history."""

    texts: Sequence[PastText]
    """Newest first."""
    before: int | None
    """Number before which the next page begins; None on the last one."""


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
    older = (*found[1:], None)
    has_more = len(found) > HISTORY_SHOWN
    return History(
        texts=[_past(one, earlier) for one, earlier in zip(shown, older, strict=False)],
        before=shown[-1].number if has_more else None,
    )


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


def _sent(contribution: Contribution, actor: Actor) -> ColumnElement[bool]:
    return and_(
        Revision.contribution_id == contribution.id,
        Revision.state.not_in([RevisionState.DRAFT, RevisionState.CLEARANCE]),
        visible_revisions(actor),
    )


def _past(revision: Revision, earlier: Revision | None) -> PastText:
    return PastText(
        id=revision.id,
        number=revision.number,
        state=RevisionState(revision.state),
        is_redaction=revision.origin == RevisionOrigin.REDACTION,
        sent_at=revision.sent_at,
        decided_at=revision.decided_at,
        language=revision.language,
        words=revision.words,
        changes=difference(earlier.text, revision.text) if earlier else None,
        text=revision.text,
    )


@dataclass(frozen=True)
class Draft:
    """An unsent text and its head."""

    contribution: Contribution
    revision: Revision


def find_draft(
    session: Session,
    *,
    actor: Actor,
    space_id: int,
    question_id: int | None,
    parent_id: int | None,
) -> Draft | None:
    """Return the actor's unsent text for this question and parent, if there is one."""
    if not actor.author_ids:
        return None
    row = session.execute(
        _draft(is_question=question_id is None, is_reply=parent_id is not None),
        {
            AUTHOR_IDS: sorted(actor.author_ids),
            "space_id": space_id,
            "question_id": question_id,
            "parent_id": parent_id,
        },
    ).first()
    return Draft(row[0], row[1]) if row else None


def sent_from_draft(session: Session, *, uid: str, actor: Actor) -> Draft | None:
    """Return what was sent from a draft that a form still shows, with its first sent text."""
    row = session.execute(
        select(Contribution, Revision)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .where(
            Contribution.uid == uid,
            Contribution.sent_at.is_not(None),
            own_texts(actor),
            Revision.sent_at.is_not(None),
        )
        .order_by(Revision.number)
        .limit(1)
    ).first()
    return Draft(row[0], row[1]) if row else None


@cache
def _draft(*, is_question: bool, is_reply: bool) -> Select[tuple[Contribution, Revision]]:
    """Return the statement of every page with a form, built once for each kind of text."""
    question, parent = Contribution.question_id, Contribution.parent_id
    return (
        select(Contribution, Revision)
        .join(Revision, Revision.id == Contribution.open_revision_id)
        .where(
            own_texts(None),
            Contribution.space_id == bindparam("space_id"),
            question.is_(None) if is_question else question == bindparam("question_id"),
            parent == bindparam("parent_id") if is_reply else parent.is_(None),
            Contribution.sent_at.is_(None),
            Revision.state == RevisionState.DRAFT,
        )
        .order_by(Contribution.id.desc())
        .limit(1)
    )

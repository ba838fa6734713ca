"""The texts of one's own: those that stand behind a contribution, and unsent ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import AUTHOR_IDS, own_texts, visible_revisions
from consult.discussion.states import RevisionState


@dataclass(frozen=True)
class OwnTexts:
    """The texts that stand behind a contribution; for its author's pages and acts only."""

    newest: Revision | None
    """The newest that was sent, a first one that was handed back included; None for a draft that
    is all there is."""
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
        handed_back = self.newest if self.newest is self.draft else None
        return self.waiting or self.returned or self.published or handed_back

    @property
    def waits_for_release(self) -> bool:
        """Whether what waits has not left the delegation yet."""
        return self.waiting is not None and self.waiting.state == RevisionState.CLEARANCE

    @property
    def returned_at(self) -> dt.datetime | None:
        """Return when it came back last, from a moderator or the focal point; None where it did not
        or was sent again.
        """
        instants = [
            one.decided_at
            for one in (self.returned, self.draft)
            if one is not None and one.decided_at is not None
        ]
        return max(instants, default=None)

    @property
    def handed_back(self) -> str | None:
        """Return what the focal point wrote to the draft; None where it was not handed back."""
        return self.draft.handed_back if self.draft is not None else None


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
    was_sent = contribution.sent_at is not None
    return OwnTexts(
        newest=max(sent, key=lambda one: one.number, default=draft if was_sent else None),
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
class Draft:
    """An unsent text and its head."""

    contribution: Contribution
    revision: Revision


def find_draft(
    session: Session,
    *,
    author_ids: Collection[int],
    space_id: int,
    question_id: int | None,
    parent_id: int | None,
) -> Draft | None:
    """Return the newest unsent text of these authors for a question and parent, if there is one."""
    found = find_drafts(
        session,
        author_ids=author_ids,
        space_id=space_id,
        question_id=question_id,
        parent_id=parent_id,
    )
    return found[0] if found else None


def find_drafts(
    session: Session,
    *,
    author_ids: Collection[int],
    space_id: int,
    question_id: int | None,
    parent_id: int | None,
) -> Sequence[Draft]:
    """Return the unsent texts of these authors for a question and parent, the newest first."""
    if not author_ids:
        return []
    rows = session.execute(
        _draft(is_question=question_id is None, is_reply=parent_id is not None),
        {
            AUTHOR_IDS: sorted(author_ids),
            "space_id": space_id,
            "question_id": question_id,
            "parent_id": parent_id,
        },
    )
    return [Draft(row[0], row[1]) for row in rows]


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
    )

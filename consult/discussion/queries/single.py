"""One contribution by its name, and an author's own list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, literal, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.errors import Gone, NotVisible
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, ReferenceRedirect, Revision, RevisionTag
from consult.discussion.policy import (
    AUTHOR_IDS,
    Place,
    Sight,
    is_public,
    own_texts,
    public_contributions,
    sight_of,
    visible_revisions,
)
from consult.discussion.queries.rows import Labels, Row, build, select_rows
from consult.discussion.states import ContributionKind, RevisionState
from consult.spaces.models import Forum, Objective, Question, Space
from consult.spaces.policy import is_space_visible

REPLIES_SHOWN = 50


@dataclass(frozen=True)
class Found:
    """A contribution with where it stands, for whoever may know of it."""

    contribution: Contribution
    space: Space
    forum: Forum
    question: Question | None
    """The question it stands under, or a participant's question's own row."""
    revision: Revision
    """The published one, else the newest one that the actor may read."""
    canonical: str
    """Its name in addresses: the reference, else the receipt."""
    is_own: bool
    is_public: bool


def find(session: Session, *, name: str, actor: Actor) -> Found:
    """Return a contribution by reference, old reference or receipt, as the actor may see it.

    Raises `NotVisible` with the same words for an unknown name and for one that the actor may
    not know of, `Gone` for one that was public and is no more.
    """
    row = session.execute(
        select(Contribution, Space, Forum, Question)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(
            Question,
            Question.id.in_([Contribution.question_id, Contribution.own_question_id]),
        )
        .where(
            or_(
                Contribution.reference == name,
                Contribution.receipt == name,
                Contribution.id.in_(
                    select(ReferenceRedirect.contribution_id).where(
                        ReferenceRedirect.reference == name
                    )
                ),
            )
        )
    ).first()
    if row is None:
        raise NotVisible
    contribution, space, forum, question = row
    if not is_space_visible(actor, space):
        raise NotVisible
    by_receipt = contribution.receipt == name
    is_own = contribution.author_id in actor.author_ids
    revision = _readable_revision(session, contribution, actor=actor)
    if revision is None:
        # Only the receipt's owner and staff know that a removed text had that receipt.
        if contribution.reference is not None and not by_receipt:
            raise Gone
        raise NotVisible
    return Found(
        contribution=contribution,
        space=space,
        forum=forum,
        question=question,
        revision=revision,
        canonical=contribution.reference or contribution.receipt or "",
        is_own=is_own,
        is_public=is_public(contribution),
    )


def _readable_revision(
    session: Session, contribution: Contribution, *, actor: Actor
) -> Revision | None:
    if contribution.published_revision_id is not None:
        published = session.get_one(Revision, contribution.published_revision_id)
        space = session.get_one(Space, contribution.space_id)
        place = Place(space=space, author_id=contribution.author_id)
        sight = sight_of(actor, place=place, removed=contribution.removed, state=published.state)
        return published if sight is Sight.FULL else None
    return session.scalars(
        select(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Revision.contribution_id == contribution.id, visible_revisions(actor))
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()


def row_of(session: Session, found: Found, *, actor: Actor, words: Labels) -> Row:
    """Return a found contribution as a page shows it."""
    raw = session.execute(
        select_rows(actor, revision=literal(found.revision.id)).where(
            Contribution.id == found.contribution.id
        )
    ).all()
    return build(session, raw, actor=actor, words=words)[0]


def replies_of(
    session: Session, contribution: Contribution, *, actor: Actor, words: Labels
) -> list[Row]:
    """Return the first public replies to a contribution, in the order of the thread."""
    if contribution.thread_id is None:
        return []
    raw = session.execute(
        select_rows(actor)
        .where(Contribution.parent_id == contribution.id, public_contributions())
        .order_by(Contribution.path)
        .limit(REPLIES_SHOWN)
    ).all()
    return build(session, raw, actor=actor, words=words)


@dataclass(frozen=True)
class RevisionRow:
    """One text in a contribution's history."""

    number: int
    state: RevisionState
    sent_at: dt.datetime | None
    decided_at: dt.datetime | None
    language: str
    words: int
    id: int


def history(session: Session, contribution: Contribution, *, actor: Actor) -> Sequence[RevisionRow]:
    """Return the texts of a contribution that the actor may read, newest first."""
    rows = session.execute(
        select(
            Revision.number,
            Revision.state,
            Revision.sent_at,
            Revision.decided_at,
            Revision.language,
            Revision.words,
            Revision.id,
        )
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Revision.contribution_id == contribution.id, visible_revisions(actor))
        .order_by(Revision.number.desc())
    )
    return [
        RevisionRow(number, RevisionState(state), sent, decided, language, words, revision_id)
        for number, state, sent, decided, language, words, revision_id in rows
    ]


def objective_numbers(session: Session, revision_id: int) -> list[int]:
    """Return the public objectives of a revision by number."""
    return list(
        session.scalars(
            select(Objective.number)
            .join(RevisionTag, RevisionTag.objective_id == Objective.id)
            .where(RevisionTag.revision_id == revision_id, RevisionTag.is_public)
            .distinct()
            .order_by(Objective.number)
        )
    )


def open_text(session: Session, contribution: Contribution) -> Revision | None:
    """Return the draft, waiting or returned revision; for the author's pages only."""
    if contribution.open_revision_id is None:
        return None
    return session.get(Revision, contribution.open_revision_id)


def parent_reference(session: Session, contribution: Contribution) -> str | None:
    """Return the reference of what a contribution replies to."""
    if contribution.parent_id is None:
        return None
    return session.scalar(
        select(Contribution.reference).where(Contribution.id == contribution.parent_id)
    )


@dataclass(frozen=True)
class OwnItem:
    """A line of “My contributions”."""

    name: str | None
    """Reference or receipt; None for a draft."""
    kind: ContributionKind
    space: Translated
    space_slug: str
    question_number: int | None
    beginning: str
    language: str
    state: RevisionState
    """Of the newest text."""
    removed: str
    is_public: bool
    sent_at: dt.datetime | None
    saved_at: dt.datetime
    can_edit: bool


BEGINNING = 160


def own_items(session: Session, *, actor: Actor, limit: int = 200) -> list[OwnItem]:
    """Return the contributions of the actor's authors, newest first."""
    if not actor.author_ids:
        return []
    newest = (
        select(Revision.id)
        .where(Revision.contribution_id == Contribution.id)
        .order_by(Revision.number.desc())
        .limit(1)
        .correlate(Contribution)
        .scalar_subquery()
    )
    from_rows = session.execute(
        select(Contribution, Revision, Space, Question.number)
        .join(Revision, Revision.id == newest)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .where(Contribution.author_id.in_(sorted(actor.author_ids)))
        .order_by(Contribution.id.desc())
        .limit(limit)
    )
    return [
        OwnItem(
            name=contribution.reference or contribution.receipt,
            kind=ContributionKind(contribution.kind),
            space=space.kicker,
            space_slug=space.slug,
            question_number=number,
            beginning=revision.text[:BEGINNING],
            language=revision.language,
            state=RevisionState(revision.state),
            removed=contribution.removed,
            is_public=is_public(contribution),
            sent_at=contribution.sent_at,
            saved_at=revision.saved_at,
            can_edit=contribution.removed in {"none", "hidden"},
        )
        for contribution, revision, space, number in from_rows
    ]


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


def parent_for_reply(session: Session, *, reference: str, question_id: int) -> Contribution | None:
    """Return the public contribution that is replied to, if it stands under the question."""
    return session.scalars(
        select(Contribution).where(
            Contribution.reference == reference,
            Contribution.question_id == question_id,
            public_contributions(),
        )
    ).first()

"""One contribution by its name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.errors import Gone, NotVisible
from consult.discussion.models import Contribution, ReferenceRedirect, Revision, RevisionTag
from consult.discussion.policy import (
    Place,
    Sight,
    is_public,
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
    # As one value and not as a set: PostgreSQL would read the whole table otherwise.
    moved = (
        select(ReferenceRedirect.contribution_id)
        .where(ReferenceRedirect.reference == name)
        .scalar_subquery()
    )
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
                Contribution.id == moved,
            )
        )
    ).first()
    if row is None:
        raise NotVisible
    contribution, space, forum, question = row
    if not is_space_visible(actor, space) and contribution.id not in actor.opened_ids:
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


def moved_question(session: Session, *, reference: str, actor: Actor) -> tuple[str, int]:
    """Return the slug of the space and the number of a participant's question that was moved, by a
    reference that it had before; raises `NotVisible`.
    """
    row = session.execute(
        select(Question, Space)
        .join(Contribution, Contribution.own_question_id == Question.id)
        .join(Space, Space.id == Question.space_id)
        .join(ReferenceRedirect, ReferenceRedirect.contribution_id == Contribution.id)
        .where(ReferenceRedirect.reference == reference)
    ).first()
    if row is None or not is_space_visible(actor, row.Space):
        raise NotVisible
    return row.Space.slug, row.Question.number


def _readable_revision(
    session: Session, contribution: Contribution, *, actor: Actor
) -> Revision | None:
    if contribution.published_revision_id is not None:
        published = session.get_one(Revision, contribution.published_revision_id)
        space = session.get_one(Space, contribution.space_id)
        place = Place(
            space=space, author_id=contribution.author_id, contribution_id=contribution.id
        )
        sight = sight_of(actor, place=place, removed=contribution.removed, state=published.state)
        return published if sight is Sight.FULL else None
    return session.scalars(
        select(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Revision.contribution_id == contribution.id,
            visible_revisions(actor),
        )
        # What has a name was sent; a draft begun since then has a place of its own, unless it is
        # the first text, which a focal point handed back.
        .order_by(Revision.state == RevisionState.DRAFT, Revision.number.desc())
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


def replies_below(session: Session, contribution: Contribution) -> int:
    """Return how many public texts stand below a contribution, however deep."""
    if contribution.kind == ContributionKind.QUESTION:
        own_question = session.get(Question, contribution.own_question_id or 0)
        return own_question.public_count if own_question is not None else 0
    return (
        session.scalar(
            select(func.count(Contribution.id)).where(
                Contribution.thread_id == contribution.thread_id,
                Contribution.id != contribution.id,
                Contribution.path.startswith(contribution.path, autoescape=False),
                public_contributions(),
            )
        )
        or 0
    )


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


def parent_reference(session: Session, contribution: Contribution) -> str | None:
    """Return the reference of what a contribution replies to."""
    if contribution.parent_id is None:
        return None
    return session.scalar(
        select(Contribution.reference).where(Contribution.id == contribution.parent_id)
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

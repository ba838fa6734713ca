"""What a drafting desk shows: one's spaces, and how much was said on each objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Subquery, case, func, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Role
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, RevisionTag
from consult.discussion.policy import is_confirmed, visible_contributions
from consult.discussion.states import Removed
from consult.spaces.models import Author, Forum, Objective, Space, SpaceObjective
from consult.spaces.states import DisplayChoice


@dataclass(frozen=True)
class Desk:
    """A space that somebody drafts for."""

    slug: str
    kicker: Translated
    title: Translated
    forum: Translated
    contributions: int


@dataclass(frozen=True)
class Coverage:
    """How much was said on an objective, and by how many."""

    number: int
    title: Translated
    contributions: int
    authors: int
    organisations: int

    @property
    def is_empty(self) -> bool:
        """Whether nobody has spoken on it."""
        return self.contributions == 0


def desks(session: Session, *, actor: Actor) -> Sequence[Desk]:
    """Return the spaces at whose desks the actor works, in the order of their forums."""
    public = _public_counts(actor)
    rows = session.execute(
        select(
            Space.slug,
            Space.kicker,
            Space.title,
            Forum.title.label("forum"),
            func.coalesce(public.c.contributions, 0),
        )
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(public, public.c.space_id == Space.id)
        .where(
            or_(
                Space.id.in_(sorted(actor.space_ids(Role.DRAFTER))),
                Space.forum_id.in_(sorted(actor.forum_ids_as(Role.ORGANISER))),
            )
        )
        .order_by(Forum.id.desc(), Space.position)
    )
    return [Desk(*row) for row in rows]


def _public_counts(actor: Actor) -> Subquery:
    return (
        select(Contribution.space_id, func.count().label("contributions"))
        .where(visible_contributions(actor), Contribution.removed == Removed.NONE, is_confirmed())
        .group_by(Contribution.space_id)
        .subquery()
    )


def coverage(session: Session, *, space: Space, actor: Actor) -> Sequence[Coverage]:
    """Return how much was said on each objective under review; empty ones first, then by number.

    A contribution counts in every objective that it is tagged with.
    """
    said = (
        select(
            RevisionTag.objective_id,
            func.count(func.distinct(Contribution.id)).label("contributions"),
            func.count(func.distinct(Contribution.author_id)).label("authors"),
            func.count(func.distinct(_told_organisation())).label("organisations"),
        )
        .join(Contribution, Contribution.published_revision_id == RevisionTag.revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .where(
            Contribution.space_id == space.id,
            visible_contributions(actor),
            Contribution.removed == Removed.NONE,
            is_confirmed(),
            RevisionTag.is_public,
        )
        .group_by(RevisionTag.objective_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Objective.number,
            Objective.title,
            func.coalesce(said.c.contributions, 0),
            func.coalesce(said.c.authors, 0),
            func.coalesce(said.c.organisations, 0),
        )
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .outerjoin(said, said.c.objective_id == Objective.id)
        .where(SpaceObjective.space_id == space.id)
        .order_by(Objective.number)
    )
    return sorted((Coverage(*row) for row in rows), key=lambda row: not row.is_empty)


def _told_organisation() -> ColumnElement[int | None]:
    """Return the organisation of an author; a pseudonym keeps only the category."""
    return case((Author.display != DisplayChoice.PSEUDONYM, Author.organisation_id), else_=None)


def said_in_all(session: Session, *, space: Space, actor: Actor) -> int:
    """Return how many contributions of a space the actor may read."""
    return session.execute(
        select(func.count())
        .select_from(Contribution)
        .where(
            Contribution.space_id == space.id,
            visible_contributions(actor),
            Contribution.removed == Removed.NONE,
            is_confirmed(),
        )
    ).scalar_one()

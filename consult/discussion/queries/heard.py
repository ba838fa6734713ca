"""What was said in a closed space, in figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from consult.core.i18n import LOCALES, language_label
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import counted_contributions, public_contributions
from consult.discussion.queries.discreet import FEWEST
from consult.discussion.queries.spaces import counts_by_objective
from consult.spaces.models import Author, Category
from consult.spaces.queries import ObjectiveRow


@dataclass(frozen=True)
class Figure:
    """One line of a table."""

    value: str
    """What a search is narrowed to."""
    label: str
    count: int
    share: int
    """Percent of the greatest figure of its table."""


@dataclass(frozen=True)
class Heard:
    """The figures of a space: public contributions and those who made them."""

    contributions: int
    authors: int
    objectives: Sequence[Figure]
    """All objectives under review by number; one text may belong to several."""
    categories: Sequence[Figure]
    """The most active first."""
    few: Sequence[str]
    """Categories that are not counted, in the forum's order: a figure might name somebody."""
    languages: Sequence[Figure]


def heard(session: Session, *, space_id: int, objectives: Sequence[ObjectiveRow]) -> Heard:
    """Count the public contributions of a space in three statements."""
    by_objective = counts_by_objective(session, space_id=space_id)
    by_language = dict(session.execute(_by_language(space_id)).tuples().all())
    groups = session.execute(_by_category(space_id)).all()
    named = [group for group in groups if group.slug is not None]
    uncounted = _uncounted(named)
    counted = sorted((g for g in named if g.slug not in uncounted), key=lambda g: -g.texts)
    languages = [(code, language_label(code), by_language.get(code, 0)) for code in LOCALES]
    return Heard(
        contributions=sum(group.texts for group in groups),
        authors=sum(group.people for group in groups),
        objectives=_figures(
            (str(one.number), one.label, by_objective.get(one.id, 0)) for one in objectives
        ),
        categories=_figures((group.slug, str(group.name), group.texts) for group in counted),
        few=[str(group.name) for group in named if group.slug in uncounted],
        languages=_figures(sorted(languages, key=lambda line: -line[2])),
    )


def texts_of_organisation(session: Session, organisation_id: int) -> int:
    """Return how many public texts stand under an organisation, in all its spaces."""
    asked = (
        select(func.count(Contribution.id))
        .join(Author, Author.id == Contribution.author_id)
        .where(Author.organisation_id == organisation_id, public_contributions())
    )
    return session.scalar(asked) or 0


def _uncounted(groups: Sequence[Any]) -> set[str]:
    """Return the slugs of the categories whose figures are not told.

    Never one alone where there are more: the total minus all others would tell its figure.
    """
    few = {group.slug for group in groups if min(group.texts, group.people) < FEWEST}
    others = [group for group in groups if group.slug not in few]
    if len(few) == 1 and others:
        few.add(min(others, key=lambda group: group.texts).slug)
    return few


def _figures(lines: Iterable[tuple[str, str, int]]) -> list[Figure]:
    told = list(lines)
    greatest = max((count for _value, _label, count in told if count), default=1)
    return [
        Figure(value, label, count, share=round(100 * count / greatest))
        for value, label, count in told
    ]


def _by_language(space_id: int) -> Select[tuple[str, int]]:
    return (
        select(Revision.language, func.count())
        .join(Contribution, Contribution.published_revision_id == Revision.id)
        .where(Contribution.space_id == space_id, counted_contributions())
        .group_by(Revision.language)
    )


def _by_category(space_id: int) -> Select[Any]:
    """Count texts and authors by category, in the forum's order; an author has one or none."""
    return (
        select(
            Category.slug,
            Category.name,
            func.count().label("texts"),
            func.count(func.distinct(Author.id)).label("people"),
        )
        .select_from(Contribution)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(Contribution.space_id == space_id, counted_contributions())
        .group_by(Category.id)
        .order_by(Category.position)
    )

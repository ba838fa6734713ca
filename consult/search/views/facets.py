"""What narrows a search: counts by facet with the addresses they lead to, and filters to remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.i18n import LOCALES, format_month, language_label
from consult.core.i18n import gettext as _
from consult.discussion.queries.discreet import FEWEST, pseudonymous_categories, told
from consult.discussion.states import ContributionKind
from consult.search.documents import FacetValue
from consult.search.queries import Answer, Asked
from consult.search.views.addresses import address
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum
from consult.spaces.queries import SpaceView

FACETS: Final = (
    "language", "space", "question", "objective", "category", "region", "month", "kind",
)  # fmt: skip
ONLY_WHERE_THEY_DIVIDE: Final = frozenset({"region", "month", "kind"})
"""Facets that are left out where everything found has the same value."""
SHOWN: Final = 8
"""Values of a facet that stand open; the others are folded."""

Names = Mapping[str, Mapping[FacetValue, str]]


@dataclass(frozen=True)
class Value:
    """One value of a facet, with how many have it and where it leads."""

    label: str
    count: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """One way to narrow what was found."""

    name: str
    within: str | None
    """The consultation whose questions these are."""
    values: Sequence[Value]

    @property
    def shown(self) -> Sequence[Value]:
        """The values that stand open."""
        return self.values[:SHOWN]

    @property
    def folded(self) -> Sequence[Value]:
        """The values that are shown on request."""
        return self.values[SHOWN:]


def names_in(session: Session, *, forum: Forum | None, actor: Actor) -> Names:
    """Return the words for the values of facets, in four statements."""
    if forum is None:
        return {}
    views = space_queries.spaces_of_forum(session, forum_id=forum.id, actor=actor)
    objectives = space_queries.objectives_of_forum(session, forum_id=forum.id)
    categories = space_queries.categories(session, forum_id=forum.id)
    regions = space_queries.regions(session, forum_id=forum.id)
    return {
        "language": {code: language_label(code) for code in LOCALES},
        "space": {view.space.slug: str(view.space.kicker) for view in views},
        "objective": {one.number: one.label for one in objectives},
        "category": {one.slug: str(one.name) for one in categories},
        "region": {one.slug: str(one.name) for one in regions},
        "kind": {
            str(ContributionKind.COMMENT): _("Comments"),
            str(ContributionKind.QUESTION): _("Questions by participants"),
        },
        **{f"question of {view.space.slug}": _questions(view) for view in views},
    }


def _questions(view: SpaceView) -> dict[FacetValue, str]:
    return {
        one.number: f"{one.number}. {one.short_text}"
        if one.short_text
        else _("Question %(number)s", number=one.number)
        for one in view.questions
    }


def facets(answer: Answer, asked: Asked, names: Names, *, careful: frozenset[str]) -> list[Facet]:
    """Return the facets with their values, each with the address that narrows to it.

    A small figure is not told of `careful` categories, nor any small figure inside of one.
    """
    made = []
    for name in FACETS:
        counts = answer.facets.get(name, {})
        chosen = getattr(asked.filters, name)
        is_everything = list(counts.values()) == [answer.total]
        if is_everything and chosen is None and name in ONLY_WHERE_THEY_DIVIDE:
            continue
        space = _space_of_questions(answer, asked) if name == "question" else None
        if name == "question" and space is None:
            continue
        known = names.get(f"question of {space}" if space else name, {})
        values = [
            Value(
                label=known[value] if name != "month" else format_month(str(value)),
                count=told(
                    count,
                    might_name=asked.filters.category in careful
                    or (name == "category" and value in careful),
                ),
                url=_leads_to(asked, name, None if value == chosen else value, space=space),
                is_chosen=value == chosen,
            )
            for value, count in _ordered(name, counts)
            if value in known or name == "month"
        ]
        within = names.get("space", {}).get(space) if space and not asked.filters.space else None
        if values:
            made.append(Facet(name, within, values))
    return made


def _ordered(name: str, counts: Mapping[FacetValue, int]) -> list[tuple[FacetValue, int]]:
    """Return months the newest first, questions as they stand, everything else by count."""
    items = list(counts.items())
    if name == "month":
        return sorted(items, key=lambda item: str(item[0]), reverse=True)
    if name == "question":
        return sorted(items, key=lambda item: int(item[0]))
    return sorted(items, key=lambda item: (-item[1], str(item[0])))


def _space_of_questions(answer: Answer, asked: Asked) -> str | None:
    """Return the consultation that everything found belongs to: a number means a question there."""
    if asked.filters.space is not None:
        return asked.filters.space
    spaces = list(answer.facets.get("space", {}))
    return str(spaces[0]) if len(spaces) == 1 else None


def _leads_to(asked: Asked, name: str, value: FacetValue | None, *, space: str | None) -> str:
    changes: dict[str, Any] = {name: value}
    if name == "space":
        # A question's number means another question elsewhere.
        changes["question"] = None
    if name == "question" and value is not None:
        changes["space"] = space
    return address(asked, **changes)


def careful_categories(
    session: Session, *, answer: Answer, asked: Asked, forum: Forum | None
) -> frozenset[str]:
    """Return the categories whose small figures might name somebody; asked only where some are."""
    counts = answer.facets.get("category", {})
    is_small = any(count < FEWEST for count in counts.values())
    if forum is None or not (is_small or asked.filters.category):
        return frozenset()
    return pseudonymous_categories(session, forum_id=forum.id)


def chips(asked: Asked, names: Names) -> list[tuple[str, str]]:
    """Return label and removing address of each filter that is set."""
    return [
        (_chip(name, value, asked, names), _leads_to(asked, name, None, space=None))
        for name, value in asdict(asked.filters).items()
        if value is not None
    ]


def _chip(name: str, value: FacetValue, asked: Asked, names: Names) -> str:
    if name == "month":
        return format_month(str(value))
    if name == "question":
        known = names.get(f"question of {asked.filters.space}", {})
        return known.get(value) or _("Question %(number)s", number=value)
    return names.get(name, {}).get(value, str(value))

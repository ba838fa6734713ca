"""The words of an export in its language: names of lists, headings, who made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from consult.core.authz import Actor, Role
from consult.core.i18n import LOCALES, gettext, language_label
from consult.discussion.queries.lines import (
    ExportFilter,
)
from consult.discussion.states import RevisionState
from consult.drafting.exports.rows import (
    LABELS,
)
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Space
from consult.spaces.queries import ObjectiveRow, SpaceView


@dataclass(frozen=True)
class ExportWords:
    """The space and the words of its lists in the language of the export."""

    view: SpaceView
    objectives: Sequence[ObjectiveRow]
    categories: dict[str, str]
    regions: dict[str, str]
    languages: dict[str, str]


def words_of_space(session: Session, *, slug: str, actor: Actor) -> ExportWords:
    """Read the words of a space in the current locale; raises `NotVisible`."""
    view = space_queries.space_view(session, slug=slug, actor=actor)
    forum_id = view.forum.id
    return ExportWords(
        view=view,
        objectives=space_queries.objectives_of_space(session, space_id=view.space.id),
        categories={
            category.slug: str(category.name)
            for category in space_queries.categories(session, forum_id=forum_id)
        },
        regions={
            region.slug: str(region.name)
            for region in space_queries.regions(session, forum_id=forum_id)
        },
        languages={code: language_label(code) for code in LOCALES},
    )


def told_filter(wanted: ExportFilter) -> dict[str, Any]:
    """Return the filter as the header tells it; conditions that do not narrow are left out."""
    said: dict[str, Any] = {
        "objective": sorted(wanted.objectives),
        "question": sorted(wanted.questions),
        "language": wanted.language,
        "category": wanted.category,
        "state": None if wanted.state == RevisionState.PUBLISHED else str(wanted.state),
    }
    finding = wanted.finding
    if finding is not None:
        said = {
            "search": finding.words,
            **said,
            "region": finding.region,
            "kind": finding.kind,
            "month": finding.month,
            "words": finding.needed,
            "glossary": None if finding.is_across else "off",
        }
    return {key: value for key, value in said.items() if value}


def labels_of(words: ExportWords) -> Mapping[str, str]:
    """Return every word of the writers in the current locale, and names for filter values."""
    states = {
        "pending": gettext("Waiting for a moderator"),
        "returned": gettext("Returned to the author"),
        "rejected": gettext("Rejected"),
    }
    kinds = {"comment": gettext("Comments"), "question": gettext("Questions by participants")}
    return {
        **{key: gettext(words_of_key) for key, words_of_key in LABELS.items()},
        **{f"objective={row.number}": row.label for row in words.objectives},
        **{f"category={slug}": name for slug, name in words.categories.items()},
        **{f"language={code}": name for code, name in words.languages.items()},
        **{f"state={code}": name for code, name in states.items()},
        **{f"region={slug}": name for slug, name in words.regions.items()},
        **{f"kind={code}": name for code, name in kinds.items()},
        "words=all": gettext("all of them"),
        "words=some": gettext("some of them"),
        "glossary=off": gettext("switched off"),
    }


def role_of(actor: Actor, *, space: Space, forum: Forum) -> str:
    """Return as what somebody got the export, in words."""
    roles = (
        (actor.is_system, gettext("The office that runs the platform")),
        (actor.has_in_space(Role.DRAFTER, space_id=space.id), gettext("Drafters of the note")),
        (
            actor.has_in_forum(Role.ORGANISER, forum_id=forum.id),
            gettext("Organisers of the forum"),
        ),
        (
            actor.has_in_space(Role.MODERATOR, space_id=space.id),
            gettext("Moderators of the consultation"),
        ),
        (True, gettext("Participants and readers")),
    )
    return str(next(words for is_so, words in roles if is_so))

"""Words for the filters of a saved search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.i18n import format_month, language_label
from consult.core.i18n import gettext as _
from consult.discussion.states import ContributionKind
from consult.spaces import queries as spaces


def filter_labels(session: Session, filters: Mapping[str, Any], *, actor: Actor) -> list[str]:
    """Return what a search is narrowed to, in the current language."""
    if not filters:
        return []
    forum = spaces.current_forum(session)
    if forum is None:
        return [str(value) for value in filters.values()]
    known: dict[str, dict[Any, str]] = {}
    if "space" in filters:
        views = spaces.spaces_of_forum(session, forum_id=forum.id, actor=actor)
        known["space"] = {view.space.slug: str(view.space.kicker) for view in views}
    if "category" in filters:
        found = spaces.categories(session, forum_id=forum.id)
        known["category"] = {one.slug: str(one.name) for one in found}
    if "region" in filters:
        known["region"] = {
            one.slug: str(one.name) for one in spaces.regions(session, forum_id=forum.id)
        }
    return [_label(name, value, known.get(name, {})) for name, value in filters.items()]


def _label(name: str, value: Any, known: Mapping[Any, str]) -> str:
    if name == "language":
        return language_label(value)
    if name == "objective":
        return _("Objective %(number)s", number=value)
    if name == "question":
        return _("Question %(number)s", number=value)
    if name == "month":
        return format_month(str(value))
    if name == "kind":
        is_question = value == ContributionKind.QUESTION
        return _("Questions by participants") if is_question else _("Comments")
    if name == "across":
        return _("Without the glossary")
    return known.get(value, str(value))

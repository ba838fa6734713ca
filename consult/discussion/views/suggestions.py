"""Objectives that are proposed for a text: asked for, and told with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app

from consult.core import text
from consult.core.db import db
from consult.core.i18n import gettext
from consult.core.passages import Passage
from consult.core.ports import Ports, Suggestion
from consult.spaces.queries import ObjectiveRow


def suggested(
    found: Sequence[Passage],
    objectives: Sequence[ObjectiveRow],
    *,
    forum_id: int,
    language: str | None,
) -> Sequence[Suggestion]:
    """Return the objectives that a text names or speaks of, where a suggester is bound."""
    ports: Ports = current_app.extensions["consult.ports"]
    if ports.suggester is None:
        return []
    return ports.suggester(
        db.session(),
        found,
        forum_id=forum_id,
        numbers={one.number for one in objectives},
        language=language,
    )


def beyond(suggestions: Sequence[Suggestion], *, chosen: Sequence[str]) -> list[Suggestion]:
    """Return them without those that only repeat of a passage what is said of the whole text."""
    said = set(chosen)
    return [one for one in suggestions if one.is_named or str(one.objective) not in said]


def why(suggestion: Suggestion) -> str:
    """Return why an objective is proposed for a passage."""
    if suggestion.heading is not None:
        heading = text.shorten(suggestion.heading, limit=60)
        return gettext("it stands under “%(heading)s”", heading=heading)
    if not suggestion.is_named:
        return gettext("it speaks of “%(words)s”", words=suggestion.named)
    return gettext("it says “%(words)s”", words=suggestion.named)

"""Objectives proposed to the moderator of a text; a person ticks each of them, or none."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from consult.core.passages import passages
from consult.core.ports import Suggestion
from consult.moderation.queries.items import Item
from consult.search.objectives.proposing import propose_for_text


def proposed(session: Session, item: Item) -> Sequence[Suggestion]:
    """Return the objectives that the shown text names or speaks of and does not belong to yet,
    the surest first; reads only.
    """
    open_to = {one.number for one in item.choices} - set(item.objectives)
    return propose_for_text(
        session,
        passages(item.html),
        forum_id=item.located.forum.id,
        numbers=open_to,
        language=item.language,
    )

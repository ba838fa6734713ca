"""Telling what became of the contributions to a closed space."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.errors import Invalid
from consult.core.i18n import Translated
from consult.spaces.models import Space
from consult.spaces.policy import phase_of
from consult.spaces.states import Phase


def process_space(
    session: Session,
    *,
    space: Space,
    text: Translated,
    links: Sequence[dict[str, Any]],
    now: dt.datetime,
    actor_id: int | None = None,
) -> bool:
    """Have the space's page say what was done, from now on; return whether that is new.

    `links` are `{"title": {"en", "fr", "es"}, "url"}` each. The same words and links again change
    nothing. Raises `Invalid` (its slug) where the space has not closed.
    """
    session.refresh(space, with_for_update=True)
    if phase_of(space, now=now) is not Phase.CLOSED:
        raise Invalid({space.slug: ["not-closed"]})
    is_told = space.processed_at is not None and (
        space.closes_at is None or space.processed_at >= space.closes_at
    )
    if is_told and (space.outcome, space.outcome_links) == (text, list(links)):
        return False
    space.outcome, space.outcome_links, space.processed_at = text, list(links), now
    space.public_version += 1
    session.flush()
    audit.record(
        session,
        "space.process",
        actor_id=actor_id,
        now=now,
        subject=("space", space.id),
        languages=sorted(text.texts),
        links=len(links),
    )
    return True

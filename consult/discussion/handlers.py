"""Reactions of the discussion to what happens below it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.core.outbox import Handler, Reactions, emit
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import Contribution
from consult.discussion.policy import public_contributions
from consult.spaces.events import AuthorChanged


def register(reactions: Reactions) -> None:
    """Subscribe the discussion's reactions."""
    reactions.subscribe(
        Handler(name="discussion.author-changed", run=show_author_anew), AuthorChanged
    )


def show_author_anew(
    session: Session, payloads: Sequence[dict[str, Any]], *, now: dt.datetime
) -> None:
    """Raise the public version of an author's texts, so that the index takes the new name."""
    author_ids = {payload["author_id"] for payload in payloads}
    ids = session.scalars(
        select(Contribution.id).where(
            Contribution.author_id.in_(sorted(author_ids)), public_contributions()
        )
    ).all()
    session.execute(
        update(Contribution)
        .where(Contribution.id.in_(ids))
        .values(public_version=Contribution.public_version + 1, version=Contribution.version + 1)
        .execution_options(synchronize_session=False)
    )
    for contribution_id in ids:
        emit(session, PublicTextChanged(contribution_id=contribution_id), now=now)

"""Finding all that a search finds, for an export: the page shows only twenty at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.text import normalise
from consult.discussion.queries.lines import Finding
from consult.search.documents import Backend, IndexUnavailable
from consult.search.grammar import MAX_CHARACTERS
from consult.search.queries import MAX_PAGE, Asked, find

AT_A_TIME: Final = 500
"""Texts that are read at once."""


def find_all(session: Session, *, backend: Backend, actor: Actor, asked: Asked) -> Finding:
    """Return everything that a search finds for the actor, as its page counts it.

    Raises `IndexUnavailable` while the index is away: an empty file would say that nobody spoke.
    """
    references: set[str] = set()
    is_partial = False
    for page in range(1, MAX_PAGE + 1):
        here = replace(asked, sort="newest", page=page, per_page=AT_A_TIME)
        answer = find(session, backend=backend, actor=actor, asked=here, with_excerpts=False)
        if not answer.is_available:
            raise IndexUnavailable
        references |= {found.reference for found in answer.items}
        is_partial = is_partial or any(found.step != "all" for found in answer.items)
        if page * AT_A_TIME >= answer.total:
            break
    narrowed = asked.filters
    return Finding(
        references=frozenset(references),
        words=" ".join(normalise(asked.text).split())[:MAX_CHARACTERS],
        region=narrowed.region,
        kind=narrowed.kind,
        month=narrowed.month,
        is_across=asked.across,
        needed=_needed(asked, is_partial=is_partial),
    )


def _needed(asked: Asked, *, is_partial: bool) -> str | None:
    """Return which of the words a text had to have, where that needs saying."""
    if not asked.relaxes:
        return "all"
    return "some" if is_partial else None

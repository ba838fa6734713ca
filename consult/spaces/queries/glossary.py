"""The current forum's glossary as the search uses it, kept for as long as it stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from consult.core.i18n import LOCALES, Translated
from consult.spaces.models import Forum, GlossaryTerm, Objective
from consult.spaces.notions import Notion, NotionKind

MOST_KEPT = 8
"""Editions that one process remembers: one for each forum in use, and some that are passing."""
_kept: dict[str, tuple[Notion, ...]] = {}


def notions_of(session: Session) -> tuple[Notion, ...]:
    """Return the notions of the newest forum: its glossary by key, then its objectives' titles.

    Costs one small statement. The very same tuple comes back until the glossary or a title changes,
    so what is made from it can be kept beside it. Empty where there is no forum.
    """
    found = session.execute(_edition()).first()
    if found is None:
        return ()
    forum_id, edition = found
    notions = _kept.get(edition)
    if notions is None:
        notions = (*_terms(session, forum_id), *_titles(session, forum_id))
        if edition:
            _remember(edition, notions)
    return notions


def _remember(edition: str, notions: tuple[Notion, ...]) -> None:
    """Keep the notions of an edition; editions are drawn at random, so none ever comes back."""
    while len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[edition] = notions


@cache
def _edition() -> Select[tuple[int, str]]:
    return select(Forum.id, Forum.glossary_edition).order_by(Forum.id.desc()).limit(1)


def _terms(session: Session, forum_id: int) -> Iterator[Notion]:
    for row in session.execute(_rows_of_terms(), {"forum_id": forum_id}):
        yield Notion(
            key=row.key,
            terms={code: tuple(row.terms[code]) for code in LOCALES if row.terms.get(code)},
            objectives=tuple(row.objectives),
        )


@cache
def _rows_of_terms() -> Select[Any]:
    return (
        select(GlossaryTerm.key, GlossaryTerm.terms, GlossaryTerm.objectives)
        .where(
            GlossaryTerm.forum_id == bindparam("forum_id"),
            GlossaryTerm.removed_at.is_(None),
        )
        .order_by(GlossaryTerm.key)
    )


def _titles(session: Session, forum_id: int) -> Iterator[Notion]:
    for row in session.execute(_rows_of_titles(), {"forum_id": forum_id}):
        yield Notion(
            key=f"objective {row.number}",
            terms={
                code: titles
                for code in LOCALES
                if (titles := _said_in(code, row.title, row.short_title))
            },
            objectives=(row.number,),
            kind=NotionKind.OBJECTIVE,
        )


def _said_in(code: str, *titles: Translated) -> tuple[str, ...]:
    """Return the titles that are there in a language itself, without what stands in for them."""
    return tuple(title.texts[code] for title in titles if title.texts.get(code))


@cache
def _rows_of_titles() -> Select[Any]:
    return (
        select(Objective.number, Objective.title, Objective.short_title)
        .where(Objective.forum_id == bindparam("forum_id"))
        .order_by(Objective.number)
    )

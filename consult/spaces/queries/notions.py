"""The glossary as readers see it and as organisers keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.i18n import LOCALES
from consult.core.text import fold
from consult.spaces.models import GlossaryTerm, Objective


@dataclass(frozen=True)
class NotionRow:
    """One notion of a forum's glossary."""

    key: str
    terms: Mapping[str, tuple[str, ...]]
    """By language, in the order of the site's languages; one without a term is missing."""
    objectives: tuple[int, ...]
    note: str | None
    version: int
    is_removed: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the languages that have no term."""
        return tuple(code for code in LOCALES if code not in self.terms)

    def named_in(self, locale: str) -> tuple[str, str]:
        """Return the preferred term and its language: the reader's where there is one."""
        code = locale if locale in self.terms else next(iter(self.terms))
        return self.terms[code][0], code

    @cached_property
    def folded(self) -> str:
        """Return all terms as words are compared."""
        return fold("\n".join(term for found in self.terms.values() for term in found))


@dataclass(frozen=True)
class Narrowing:
    """Which notions of the glossary are looked at."""

    words: str = ""
    """Stand in a term of any language, whatever the accents and capitals."""
    objective: int | None = None
    missing: str | None = None
    """A language in which there is no term."""
    is_removed: bool = False
    """Those that were taken out, instead of those that stand in it."""


@dataclass(frozen=True)
class GlossaryCounts:
    """How much a glossary has of what it can be narrowed by."""

    total: int
    removed: int
    missing: Mapping[str, int]
    """Notions without a term, by language."""
    objectives: Mapping[int, int]
    """Notions by objective."""


def glossary_rows(session: Session, *, forum_id: int) -> Sequence[NotionRow]:
    """Return every notion of a forum, also those that were taken out, in no order."""
    rows = session.scalars(select(GlossaryTerm).where(GlossaryTerm.forum_id == forum_id))
    return [notion_row(row) for row in rows]


def find_notion(session: Session, *, forum_id: int, key: str) -> NotionRow | None:
    """Return one notion by its key, also one that was taken out."""
    row = session.scalars(
        select(GlossaryTerm).where(GlossaryTerm.forum_id == forum_id, GlossaryTerm.key == key)
    ).first()
    return notion_row(row) if row else None


def objective_numbers(session: Session, *, forum_id: int) -> frozenset[int]:
    """Return the numbers of the objectives of a forum."""
    return frozenset(
        session.scalars(select(Objective.number).where(Objective.forum_id == forum_id))
    )


def counts_of(rows: Sequence[NotionRow]) -> GlossaryCounts:
    """Return how many notions there are, in all and by what they can be narrowed by."""
    live = [row for row in rows if not row.is_removed]
    numbers = {number for row in live for number in row.objectives}
    return GlossaryCounts(
        total=len(live),
        removed=len(rows) - len(live),
        missing={code: sum(code in row.missing for row in live) for code in LOCALES},
        objectives={number: sum(number in row.objectives for row in live) for number in numbers},
    )


def narrowed(rows: Sequence[NotionRow], by: Narrowing, *, locale: str) -> Sequence[NotionRow]:
    """Return the notions that fit, in the order of their terms in the reader's language."""
    words = fold(by.words).strip()
    found = [
        row
        for row in rows
        if row.is_removed == by.is_removed
        and (not words or words in row.folded)
        and (by.objective is None or by.objective in row.objectives)
        and (by.missing is None or by.missing in row.missing)
    ]
    return sorted(found, key=lambda row: (fold(row.named_in(locale)[0]), row.key))


def notion_row(row: GlossaryTerm) -> NotionRow:
    """Return a row of the table as pages show it."""
    return NotionRow(
        key=row.key,
        terms={code: tuple(row.terms[code]) for code in LOCALES if row.terms.get(code)},
        objectives=tuple(row.objectives),
        note=row.note,
        version=row.version,
        is_removed=row.removed_at is not None,
    )

"""What the trilingual glossary is made of: notions, each with its terms by language. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from consult.core.errors import Invalid
from consult.core.i18n import LOCALES
from consult.core.text import fold, normalise, single_line

SEPARATOR = "|"
"""Parts terms that stand on one line; no term holds it."""
LONGEST_TERM, LONGEST_KEY, LONGEST_NOTE = 120, 200, 600
"""Characters."""
MOST_TERMS = 30
"""Of one notion in one language."""
MOST_NOTIONS = 2000
"""Of one forum."""


class NotionKind(StrEnum):
    """Where the words of a notion stand."""

    TERM = "term"
    """In the glossary: its terms in one language mean the same as those in the others."""
    OBJECTIVE = "objective"
    """They are the official and the short title of an objective: long, and told word for word only
    by few, so they say what an objective is about rather than how somebody speaks of it."""


@dataclass(frozen=True, slots=True)
class Notion:
    """One notion of the field: what it is called in each language, the preferred term first."""

    key: str
    terms: Mapping[str, tuple[str, ...]]
    """Terms by language code; a language without a term is missing."""
    objectives: tuple[int, ...] = ()
    """Numbers of the objectives that it speaks of."""
    kind: NotionKind = NotionKind.TERM


@dataclass(frozen=True)
class SaidNotion:
    """What somebody says a notion is, typed or in a file; not checked yet."""

    terms: Mapping[str, str]
    """By language, one term on a line or between two bars."""
    objectives: Collection[str] = ()
    """Numbers as they were typed."""
    note: str = ""


@dataclass(frozen=True)
class CheckedNotion:
    """A notion as it can be kept."""

    terms: dict[str, list[str]] = field(default_factory=dict)
    objectives: list[int] = field(default_factory=list)
    note: str | None = None

    @property
    def key(self) -> str:
        """Return the name of a notion that has none yet: its first term."""
        return next(self.terms[code][0] for code in LOCALES if code in self.terms)


def new_edition() -> str:
    """Return the name of a glossary that has just changed: random, so that it was never used."""
    return secrets.token_hex(16)


def checked(said: SaidNotion, *, objectives: Collection[int]) -> CheckedNotion:
    """Return a notion as it is kept; `objectives` are the numbers that the forum has.

    Terms stand on one line each, none twice whatever its accents and capitals. Raises `Invalid`
    by field: `terms_en`, `terms_fr`, `terms_es`, `objectives`, `note`.
    """
    problems: dict[str, list[str]] = {}
    terms = {}
    for code in LOCALES:
        found = terms_in(said.terms.get(code, ""))
        if found:
            terms[code] = found
        if problem := _problem_of(found):
            problems[f"terms_{code}"] = [problem]
    if not terms:
        problems["terms_en"] = ["glossary-empty"]
    numbers = {text.strip() for text in said.objectives if text.strip()}
    known = {str(number): number for number in objectives}
    if numbers - set(known):
        problems["objectives"] = ["glossary-objective"]
    note = normalise(said.note).strip()
    if len(note) > LONGEST_NOTE:
        problems["note"] = ["glossary-note-long"]
    if problems:
        raise Invalid(problems)
    return CheckedNotion(
        terms=terms,
        objectives=sorted(known[text] for text in numbers),
        note=note or None,
    )


def terms_in(typed: str) -> list[str]:
    """Return the terms of a text, one from each line or between two bars, in their order."""
    kept: dict[str, str] = {}
    for line in typed.replace(SEPARATOR, "\n").splitlines():
        if term := single_line(line):
            kept.setdefault(fold(term), term)
    return list(kept.values())


def _problem_of(terms: list[str]) -> str | None:
    if len(terms) > MOST_TERMS:
        return "glossary-terms-many"
    if any(len(term) > LONGEST_TERM for term in terms):
        return "glossary-term-long"
    if any(not any(map(str.isalnum, term)) for term in terms):
        return "glossary-term-empty"
    return None

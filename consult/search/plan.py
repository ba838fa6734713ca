"""What a query looks for, ready for any backend: concepts, and the forms in which texts say them.

A backend knows lexemes and positions, nothing of languages or of a glossary: everything that
makes *étrangers* answer to *etranger* or *remittances* to *remesas* is decided here and in
:mod:`consult.search.analysis`, so that both backends answer alike. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.search.glossary import Notion
from consult.search.grammar import Query


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a text may say a concept.

    ``words`` are sets of lexemes; a text has the form where it has one lexeme of each set, in
    this order, with at most ``slack`` other words between two of them. A form with a ``start``
    has no words: it stands for every exact word that begins so.
    """

    words: tuple[frozenset[str], ...] = ()
    weight: float = 1.0
    """From 0 to 1: how surely the text means what was asked."""
    via: str | None = None
    """The glossary term that brings it; None for what was typed."""
    slack: int = 0
    start: str | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that was asked for: any of its forms will do, the best one counts."""

    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a backend is told: texts with every concept come first, then those with most of
    them, then those with any; texts with an excluded form never come.
    """

    query: Query = field(default_factory=Query)
    concepts: tuple[Concept, ...] = ()
    excluded: tuple[Form, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that every text matches."""
        return self.query.is_empty


def make(query: Query, *, notions: Sequence[Notion] = ()) -> Plan:  # noqa: ARG001 - the engine's next step
    """Return the plan of a query; ``notions`` are those of the forum's glossary."""
    return Plan(query=query)

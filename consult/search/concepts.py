"""What is asked for and the ways in which texts say it: a query's own words and their inflections.

What the glossary adds is decided in :mod:`consult.search.plan`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from consult.search.analysis import LANGUAGES, fold
from consult.search.grammar import Clause, Group, Phrase, Prefix, Word
from consult.search.lexemes import OfWord, of_whole, of_word

EXACT: Final = 1.0
STEM: Final = 0.9
INFLECTED_PHRASE: Final = 0.8
ROOT: Final = 0.6
SHORT_ROOT: Final = 0.45
"""Of a root with few letters, which strangers share more often."""
STRANGE: Final = 0.3
"""Of what would be a form of the word if it were of another language."""
TITLE: Final = 0.3

_LEAST_ROOT: Final = 5


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a text may say a concept.

    ``words`` are sets of lexemes; a text has the form where it has one lexeme of each set, in
    this order, with at most ``slack`` other words between two of them. A form with a ``start``
    has no words: it stands for every lexeme that begins so, as in ``=remit``; see
    :func:`consult.search.plan.expanded`.
    """

    words: tuple[frozenset[str], ...] = ()
    weight: float = 1.0
    """From 0 to 1: how surely the text means what was asked."""
    via: str | None = None
    """The glossary term that brings it; None for what was typed."""
    slack: int = 0
    start: str | None = None
    is_loose: bool = False
    """Whether it only comes near: a text that has it has not all that was asked for."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that was asked for: any of its forms will do, the first one that is there counts.

    Forms stand by falling weight, loose ones behind the others.
    """

    forms: tuple[Form, ...]
    place: int = 0
    """Which word of the query it is; texts where concepts stand as near each other rank higher."""
    is_telling: bool = True
    """Whether it says anything on its own, which mere function words do not."""


Languages = Callable[[OfWord], Collection[str]]
"""Tells the languages that are known to have a word, none for one that is not known."""


def unknown(_word: OfWord) -> Collection[str]:
    """Know no word."""
    return ()


def of_group(group: Group, *, roots: bool, languages: Languages = unknown) -> list[Form]:
    """Return the forms of alternatives; without ``roots`` only inflections of their words."""
    return [
        form for clause in group for form in of_clause(clause, roots=roots, languages=languages)
    ]


def of_clause(clause: Clause, *, roots: bool, languages: Languages = unknown) -> Iterator[Form]:
    """Yield the forms of one clause of a query.

    A word that is known in some ``languages`` only is inflected as these do; what the others
    would take for a form of it only comes near: *permite* for the English *permit*.
    """
    match clause:
        case Word():
            return _of_word(clause, roots=roots, languages=languages)
        case Phrase():
            return _of_phrase(clause)
        case Prefix():
            start = fold(clause.start)
            return iter((Form(start=f"={start}"), Form(start=f"@{start}", weight=TITLE)))


def _of_word(word: Word, *, roots: bool, languages: Languages) -> Iterator[Form]:
    parts = of_word(word.text)
    whole = of_whole(word.text)
    for said in ([whole], parts) if whole else (parts,):
        yield Form(tuple(part.exact for part in said), EXACT)
        known = languages(parts[0]) if len(parts) == 1 else ()
        own = of_word(word.text, languages=_in_order(known)) if known else said
        yield Form(tuple(part.stems | part.exact for part in own), STEM)
        if roots and all(part.roots for part in own):
            yield Form(tuple(part.roots | part.stems for part in own), _weight_of_roots(own))
        if own != said:
            every = tuple(part.roots | part.stems if roots else part.stems for part in said)
            yield Form(every, STRANGE, is_loose=True)
        yield Form(tuple(part.title for part in said), TITLE)


def _in_order(languages: Collection[str]) -> tuple[str, ...]:
    return tuple(language for language in LANGUAGES if language in languages)


def _weight_of_roots(parts: Iterable[OfWord]) -> float:
    letters = min(len(root) - 1 for part in parts for root in part.roots)
    return ROOT if letters >= _LEAST_ROOT else SHORT_ROOT


def _of_phrase(phrase: Phrase) -> Iterator[Form]:
    """Look for the words side by side; a single one is meant exactly so."""
    parts = [part for word in phrase.words for part in of_word(word)]
    yield Form(tuple(part.exact for part in parts), EXACT)
    if len(parts) > 1:
        yield Form(tuple(part.stems | part.exact for part in parts), INFLECTED_PHRASE)
    yield Form(tuple(part.title for part in parts), TITLE)

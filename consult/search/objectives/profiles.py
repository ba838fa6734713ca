"""A profile of each objective: how much a word, and a term of several words, speaks for it. Pure.

A word counts by how often it is said of an objective, and by how much more than of the others:
*migrant* stands everywhere and tells nothing, *consulate* tells a lot. Words are known by their
stems in the language of the text, and by their roots, which carry cognates over the languages.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from consult.search.analysis import Token, analyse
from consult.search.glossary import Notion
from consult.search.lexemes import of_token
from consult.search.objectives.material import Material, Subject
from consult.search.objectives.small_words import SMALL_WORDS

TITLE: Final = 2.5
"""What a word of an official title adds to its objective."""
TERM: Final = 1.25
"""What a term of the glossary adds that is a single word; its share where it has several."""
ABOUT: Final = 1.75
"""What a word of the text about an objective adds."""
LESSON: Final = 1.5
"""What a word adds at most that moderators' tags taught."""
UNSURE: Final = 0.5
"""Said of nobody: keeps a word that was said once from telling everything."""
PHRASE: Final = 0.3
"""How much a term of several words speaks for its objective, beyond its words."""

Masses = dict[str, dict[int, float]]
Term = tuple[tuple[str, ...], ...]
"""The telling words of a term, each by its lexemes."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A term of several telling words."""

    words: tuple[frozenset[str], ...]
    """Lexemes of each word; a text says it where it has one of each, in this order."""
    objectives: tuple[int, ...]
    weight: float
    """For each of its objectives."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What speaks for which objective."""

    numbers: frozenset[int]
    weights: Mapping[str, Mapping[int, float]]
    """By lexeme and objective, from 0 to 1."""
    phrases: Mapping[str, Sequence[Phrase]]
    """By each lexeme of their first word."""


def make(material: Material) -> Profile:
    """Return the profile of a forum's objectives; takes a good part of a second."""
    numbers = frozenset(subject.number for subject in material.subjects)
    masses: Masses = defaultdict(lambda: defaultdict(float))
    for subject in material.subjects:
        _add_subject(masses, subject)
    silent: dict[str, float] = defaultdict(float)
    phrases: dict[str, list[Phrase]] = defaultdict(list)
    for notion in material.notions:
        about = tuple(number for number in notion.objectives if number in numbers)
        terms = list(_terms(notion))
        _add_notion(masses, silent, terms, about)
        for phrase in _phrases(terms, about):
            for lexeme in phrase.words[0]:
                phrases[lexeme].append(phrase)
    for number in numbers & material.lessons.keys():
        for lexeme, weight in material.lessons[number].items():
            masses[lexeme][number] += LESSON * weight
    _even_out(masses)
    telling = {
        lexeme: _telling(by_number, silent.get(lexeme, 0.0), count=len(numbers))
        for lexeme, by_number in masses.items()
    }
    return Profile(numbers, {lexeme: found for lexeme, found in telling.items() if found}, phrases)


def telling_words(text: str, *, language: str) -> list[Token]:
    """Return the words of a text without numbers and what only holds sentences together."""
    return [
        token
        for token in analyse(text, language=language)
        if not (token.is_whole or token.exact in SMALL_WORDS or token.exact.isdecimal())
        and len(token.exact) > 1
    ]


def known_by(token: Token) -> tuple[str, ...]:
    """Return the lexemes by which a word is compared."""
    found = of_token(token)
    return tuple(lexeme for lexeme in found if lexeme[0] != "=") or found


def _add_subject(masses: Masses, subject: Subject) -> None:
    said = [(TITLE, code, text) for code, texts in subject.titles.items() for text in texts]
    said += [(ABOUT, code, text) for code, text in subject.about.items()]
    for weight, language, text in said:
        for token in telling_words(text, language=language):
            for lexeme in known_by(token):
                masses[lexeme][subject.number] += weight


def _add_notion(
    masses: Masses, silent: dict[str, float], terms: Sequence[Term], about: Sequence[int]
) -> None:
    """Add each word of a notion once, however many of its terms repeat it."""
    for lexeme, weight in _words_of(terms).items():
        for number in about:
            masses[lexeme][number] += TERM * weight / math.sqrt(len(about))
        if not about:
            silent[lexeme] += TERM * weight


def _words_of(terms: Sequence[Term]) -> dict[str, float]:
    found: dict[str, float] = {}
    for words in terms:
        share = 1 / math.sqrt(len(words))
        for lexeme in chain.from_iterable(words):
            found[lexeme] = max(found.get(lexeme, 0.0), share)
    return found


def _terms(notion: Notion) -> Iterator[Term]:
    for language, terms in notion.terms.items():
        for text in terms:
            term = tuple(known_by(token) for token in telling_words(text, language=language))
            if term:
                yield term


def _phrases(terms: Iterable[Term], about: tuple[int, ...]) -> Iterator[Phrase]:
    for words in terms:
        if about and len(words) > 1:
            known = tuple(frozenset(word) for word in words)
            yield Phrase(known, about, PHRASE / math.sqrt(len(about)))


def _even_out(masses: Masses) -> None:
    """Make less of each word where much is said: a long chapter of the glossary, such as that on
    work, would otherwise draw every text that has a common word of it.
    """
    totals: dict[int, float] = defaultdict(float)
    for by_number in masses.values():
        for number, mass in by_number.items():
            totals[number] += mass
    mean = sum(totals.values()) / max(len(totals), 1)
    for by_number in masses.values():
        for number in by_number:
            by_number[number] *= math.sqrt(mean / totals[number])


def _telling(by_number: Mapping[int, float], silent: float, *, count: int) -> dict[int, float]:
    """Return from 0 to 1 how much a word speaks for the objectives of which it is said."""
    total = sum(by_number.values()) + silent + UNSURE
    found = {}
    for number, mass in by_number.items():
        beyond_chance = math.log(max(1.0, mass / total * count)) / math.log(max(count, 2))
        if beyond_chance > 0:
            found[number] = beyond_chance * mass / (mass + 1)
    return found

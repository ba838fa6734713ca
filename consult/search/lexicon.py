"""Recognising terms of the glossary among the words of a query. Pure.

A query says a term in any inflection and without its function words: *titres de séjour* and
*titre séjour* both are *titre de séjour*.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Final, NamedTuple

from consult.search.glossary import Notion
from consult.search.lexemes import OfWord
from consult.search.terms import Spoken, in_turns, terms_of

BY_ROOTS: Final = 0.8
"""How sure a term is that only the roots of the words say."""
INSIDE: Final = 0.6
"""How sure a term is that is only a part of a longer one."""
NARROWER: Final = 0.6
"""How surely texts that say a narrower term mean the wider one."""
MOST_NARROWER: Final = 12
"""A word that is part of more notions says too little."""
MOST_OBJECTIVES: Final = 4
"""A notion of more objectives is related to too much."""
MOST_RELATED: Final = 150
"""Related terms of one notion that are looked for."""
MOST_KEPT: Final = 8
"""Glossaries that one process keeps ready."""


class Recognised(NamedTuple):
    """Words from ``start`` to before ``end`` say a term; ``others`` mean the same, more or less.

    ``is_term`` tells that the words are a term as a whole: only the longest ones are. ``related``
    are terms of notions that share an objective with it.
    """

    start: int
    end: int
    slack: int
    surety: float
    others: tuple[Spoken, ...]
    is_term: bool = True
    related: tuple[tuple[Spoken, bool], ...] = ()


class Lexicon:
    """The terms of a glossary by their words."""

    def __init__(self, notions: Sequence[Notion]) -> None:
        self._notions: list[list[Spoken]] = []
        self._objectives = [frozenset(notion.objectives) for notion in notions]
        self._by_word: dict[OfWord, list[tuple[Spoken, int]]] = {}
        self._by_lexeme: dict[str, list[OfWord]] = {}
        self._languages: dict[str, set[str]] = {}
        for number, notion in enumerate(notions):
            terms = list(terms_of(notion, number))
            self._notions.append(terms)
            for term in terms:
                for place, word in enumerate(term.words):
                    self._by_word.setdefault(word, []).append((term, place))
        for word in self._by_word:
            for lexeme in chain(word.exact, word.stems, word.roots):
                self._by_lexeme.setdefault(lexeme, []).append(word)
            for exact in word.exact:
                spoken = (stem.partition(":")[0] for stem in word.stems)
                self._languages.setdefault(exact, set()).update(spoken)

    def languages_of(self, word: OfWord) -> frozenset[str]:
        """Return the languages in which terms have exactly this word, none where none has it."""
        return frozenset().union(*(self._languages.get(exact, ()) for exact in word.exact))

    def recognise(self, words: Sequence[OfWord]) -> Iterator[Recognised]:
        """Yield the terms that the words say: the longest from the left, which do not overlap.

        After each come the shorter terms inside it and narrower terms, which contain it.
        """
        at = 0
        while at < len(words):
            said = self._said(words, at)
            found = self._longest(said, at)
            end = found.end if found else at + 1
            if found:
                yield found
                yield from self._inside(words, found)
            narrower = self._narrower(self._said(words[:end], at), at, end)
            if narrower:
                yield narrower
            at = end

    def _said(self, words: Sequence[OfWord], at: int) -> list[_Said]:
        """Return the terms that have the words from ``at`` on, as far as they go."""
        first = words[at]
        lexemes = first.exact | first.stems | first.roots
        near = {word for lexeme in lexemes for word in self._by_lexeme.get(lexeme, ())}
        known = {(id(t), n): (t, n) for word in near for t, n in self._by_word[word]}
        return [_Said.read(term, place, words[at:]) for term, place in known.values()]

    def _longest(self, said: Sequence[_Said], at: int) -> Recognised | None:
        whole = [one for one in said if one.place == 0 and one.size == len(one.term.words)]
        size, surety = max(((one.size, one.surety) for one in whole), default=(0, 0.0))
        if not size:
            return None
        best = [one.term for one in whole if (one.size, one.surety) == (size, surety)]
        # What only the roots say was not typed itself.
        typed = {term.text for term in best} if surety == 1.0 else set()
        notions = {term.notion for term in best}
        return Recognised(
            at,
            at + size,
            max(term.slack for term in best),
            surety,
            self._of_notions(notions, without=typed),
            related=self._related(notions),
        )

    def _inside(self, words: Sequence[OfWord], found: Recognised) -> Iterator[Recognised]:
        for start in range(found.start, found.end):
            end = found.end - 1 if start == found.start else found.end
            if start < end:
                part = self._longest(self._said(words[:end], start), start)
                if part:
                    yield part._replace(surety=part.surety * INSIDE, is_term=False)

    def _narrower(self, said: Sequence[_Said], start: int, end: int) -> Recognised | None:
        containing = [
            one.term
            for one in said
            if one.size == end - start < len(one.term.words) and one.surety == 1.0
        ]
        notions = {term.notion for term in containing}
        if len(notions) > MOST_NARROWER:
            notions = self._headed(said)
        if not 0 < len(notions) <= MOST_NARROWER:
            return None
        others = self._of_notions(notions, without={term.text for term in containing})
        return Recognised(start, end, 0, NARROWER, others, is_term=False)

    def _headed(self, said: Sequence[_Said]) -> set[int]:
        """Return the notions whose preferred terms begin with exactly this word: *trata de …*.

        None where they have no objective in common, as those of a word such as *access*.
        """
        notions = {
            one.term.notion
            for one in said
            if one.place == 0 and one.is_exact and one.term.is_preferred
        }
        common = [self._objectives[number] for number in notions]
        return notions if common and frozenset.intersection(*common) else set()

    def _related(self, notions: set[int]) -> tuple[tuple[Spoken, bool], ...]:
        objectives = frozenset().union(*(self._objectives[number] for number in notions))
        if len(objectives) > MOST_OBJECTIVES:
            return ()
        own = self._words_of(notions)
        sharing = [
            number
            for number, its in enumerate(self._objectives)
            if number not in notions and its & objectives
        ]
        near = [
            number
            for number in sharing
            if len(self._objectives[number] & objectives) > 1 or own & self._words_of([number])
        ]
        others = [number for number in sharing if number not in near]
        groups = [in_turns([self._notions[n] for n in group]) for group in (near, others)]
        nearer, further = (
            [(term, is_near) for term in group]
            for group, is_near in zip(groups, (True, False), strict=True)
        )
        return tuple(islice(chain(nearer, further), MOST_RELATED))

    def _words_of(self, numbers: Iterable[int]) -> frozenset[OfWord]:
        terms = (term for number in numbers for term in self._notions[number])
        return frozenset(word for term in terms for word in term.words)

    def _of_notions(self, numbers: Iterable[int], *, without: set[str]) -> tuple[Spoken, ...]:
        terms = (term for number in sorted(set(numbers)) for term in self._notions[number])
        return tuple(term for term in terms if term.text not in without)


class _Said(NamedTuple):
    """How many words of a term, from the one at ``place`` on, are said; how surely."""

    term: Spoken
    place: int
    size: int
    surety: float
    is_exact: bool = False
    """Whether the first word is said exactly so."""

    @classmethod
    def read(cls, term: Spoken, place: int, words: Sequence[OfWord]) -> _Said:
        size, surety = 0, 1.0
        for said, word in zip(words, term.words[place:], strict=False):
            if not (said.exact & word.exact or said.stems & word.stems):
                if not said.roots & word.roots:
                    break
                surety = BY_ROOTS
            size += 1
        is_exact = not words[0].exact.isdisjoint(term.words[place].exact)
        return cls(term, place, size, surety, is_exact)


def lexicon(notions: Sequence[Notion]) -> Lexicon:
    """Return the lexicon of a glossary, kept ready for as long as the same tuple comes."""
    for known, kept in _kept:
        if known is notions:
            return kept
    with _uncollected():
        made = Lexicon(notions)
    if isinstance(notions, tuple):
        _kept.append((notions, made))
        del _kept[:-MOST_KEPT]
    return made


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking again and again through what is being made.

    Half of the time that a lexicon takes would be spent so, and none of it is garbage.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_kept: list[tuple[tuple[Notion, ...], Lexicon]] = []

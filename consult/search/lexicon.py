"""Recognising terms of the glossary among the words of a query. Pure.

A query says a term in any inflection and without its function words: *titres de séjour* and
*titre séjour* both are *titre de séjour*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Final, NamedTuple

from consult.search.analysis import Token, analyse, is_stop_word
from consult.search.glossary import Notion, NotionKind
from consult.search.lexemes import OfWord, of_tokens

MAX_TITLE_WORDS: Final = 3
"""Titles of objectives with more words than these are not looked for: nobody types them."""
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


class Spoken(NamedTuple):
    """A term as texts say it: its telling words, and how many others stand between two of them."""

    text: str
    words: tuple[OfWord, ...]
    slack: int
    notion: int


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
    related: tuple[Spoken, ...] = ()


class Lexicon:
    """The terms of a glossary by their words."""

    def __init__(self, notions: Sequence[Notion]) -> None:
        self._notions: list[list[Spoken]] = []
        self._objectives = [frozenset(notion.objectives) for notion in notions]
        self._by_word: dict[str, list[tuple[Spoken, int]]] = {}
        for number, notion in enumerate(notions):
            terms = list(_terms(notion, number))
            self._notions.append(terms)
            for term in terms:
                for place, word in enumerate(term.words):
                    for lexeme in word.exact | word.stems | word.roots:
                        self._by_word.setdefault(lexeme, []).append((term, place))

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
        known = {(id(t), n): (t, n) for x in lexemes for t, n in self._by_word.get(x, ())}
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
        if not 0 < len(notions) <= MOST_NARROWER:
            return None
        others = self._of_notions(notions, without={term.text for term in containing})
        return Recognised(start, end, 0, NARROWER, others, is_term=False)

    def _related(self, notions: set[int]) -> tuple[Spoken, ...]:
        objectives = frozenset().union(*(self._objectives[number] for number in notions))
        if len(objectives) > MOST_OBJECTIVES:
            return ()
        near = (n for n, own in enumerate(self._objectives) if own & objectives)
        terms = _in_turns([self._notions[number] for number in near if number not in notions])
        return tuple(islice(terms, MOST_RELATED))

    def _of_notions(self, numbers: Iterable[int], *, without: set[str]) -> tuple[Spoken, ...]:
        terms = (term for number in sorted(set(numbers)) for term in self._notions[number])
        return tuple(term for term in terms if term.text not in without)


class _Said(NamedTuple):
    """How many words of a term, from the one at ``place`` on, are said; how surely."""

    term: Spoken
    place: int
    size: int
    surety: float

    @classmethod
    def read(cls, term: Spoken, place: int, words: Sequence[OfWord]) -> _Said:
        size, surety = 0, 1.0
        for said, word in zip(words, term.words[place:], strict=False):
            if not (said.exact & word.exact or said.stems & word.stems):
                if not said.roots & word.roots:
                    break
                surety = BY_ROOTS
            size += 1
        return cls(term, place, size, surety)


def lexicon(notions: Sequence[Notion]) -> Lexicon:
    """Return the lexicon of a glossary, kept ready for as long as the same tuple comes."""
    for known, kept in _kept:
        if known is notions:
            return kept
    made = Lexicon(notions)
    if isinstance(notions, tuple):
        _kept.append((notions, made))
        del _kept[:-MOST_KEPT]
    return made


_kept: list[tuple[tuple[Notion, ...], Lexicon]] = []


def _terms(notion: Notion, number: int) -> Iterator[Spoken]:
    """Yield the terms of a notion, by turns of each language, the preferred ones first."""
    spoken = [
        [_spoken(text, language, number) for text in terms]
        for language, terms in notion.terms.items()
    ]
    for term in _in_turns(spoken):
        is_long = notion.kind == NotionKind.OBJECTIVE and len(term.words) > MAX_TITLE_WORDS
        if term.words and not is_long:
            yield term


def _in_turns(lists: Sequence[Sequence[Spoken]]) -> Iterator[Spoken]:
    """Yield the first of each list, then the second of each, and so on."""
    return (term for row in zip_longest(*lists) for term in row if term is not None)


@lru_cache(maxsize=8_192)
def _of_token(token: Token) -> OfWord:
    """Return the lexemes of a word, the very same ones for the same word in another term."""
    return of_tokens([token])


def _spoken(text: str, language: str, notion: int) -> Spoken:
    words: list[OfWord] = []
    slack = skipped = 0
    for token in analyse(text, language=language):
        if token.is_whole:
            continue
        if is_stop_word(token.exact):
            skipped += 1
            continue
        slack = max(slack, skipped if words else 0)
        skipped = 0
        words.append(_of_token(token._replace(position=0, start=0, end=0)))
    # One word more may stand between those of a longer term: "titre temporaire de séjour".
    return Spoken(text, tuple(words), slack + (len(words) > 1), notion)

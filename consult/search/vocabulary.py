"""Did you mean: another spelling of a query, made of words that readers find anyway. Pure.

Where a query finds nothing, each word that finds nearly nothing is compared with the words of the
index. What is near it is only offered where a search finds it, exactly so, in a text that the asker
may read: the index may know words of texts that not everybody reads, and none of them is ever told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract_iter

from consult.search.analysis import fold, is_stop_word, written_words
from consult.search.grammar import Phrase, Query, Word

NEARLY_NOTHING: Final = 2
"""A word that finds more texts than these is not doubted."""
MOST_DOUBTED: Final = 3
"""Words of one query that are corrected."""
MOST_TRIED: Final = 8
"""Spellings of one word that are searched for: several, because words that the asker finds nowhere
are among them and shall not keep others from being offered."""
MUCH_MORE: Final = 10
"""By how much oftener another spelling must stand than one that a text has, too."""
FEWEST_LETTERS: Final = 4
"""Shorter words have too many neighbours."""

_LONG: Final = 6
"""Letters from which on two of them may be wrong."""


class Sight(NamedTuple):
    """What the asker would get for a query: how many texts, and what the first ones say.

    ``read`` gives their words, of those that the asker may read; it is only asked for where it
    matters.
    """

    total: int
    read: Callable[[], Iterable[str]]


Look = Callable[[Query], Sight]
"""Searches with the rights and filters of the asker, for texts that have all of a query."""
WordsOf = Callable[[str], Iterable[tuple[str, int]]]
"""Words of an index that begin so, without accents, and about how many texts have each."""


def _never(_word: Word) -> bool:
    return False


def meant(
    query: Query,
    *,
    found: int,
    words: WordsOf,
    look: Look,
    is_known: Callable[[Word], bool] = _never,
) -> str | None:
    """Return the query in another spelling that finds something where it finds nothing, or None.

    A query that has ``found`` a text is not doubted, nor is a word that ``is_known``. At most
    `MOST_DOUBTED` words are corrected, by at most `MOST_TRIED` searches each; phrases, beginnings,
    numbers and what is excluded stay.
    """
    if found:
        return None
    corrected = query
    for word in _doubted(query, look, is_known):
        better = next(_better(word, words, look), None)
        if better is not None:
            corrected = _replaced(corrected, word, Word((better,)))
    if corrected == query or not look(corrected).total:
        return None
    return str(corrected)


def _doubted(query: Query, look: Look, is_known: Callable[[Word], bool]) -> Iterator[Word]:
    """Yield the words of a query that finds nothing which find nearly nothing by themselves."""
    asked = [
        clause
        for group in query.required
        for clause in group
        if isinstance(clause, Word) and _may_be_wrong(clause) and not is_known(clause)
    ]
    for word in list(dict.fromkeys(asked))[:MOST_DOUBTED]:
        alone = Query(((word,),))
        total = 0 if alone.groups == query.groups else look(alone).total
        if total <= NEARLY_NOTHING:
            yield word


def _may_be_wrong(word: Word) -> bool:
    return (
        len(word.parts) == 1
        and len(fold(word.text)) >= FEWEST_LETTERS
        and not any(letter.isdigit() for letter in word.text)
        and not is_stop_word(word.text)
    )


def _better(word: Word, words: WordsOf, look: Look) -> Iterator[str]:
    """Yield spellings near a word that find much more than it, as texts write them."""
    typed = fold(word.text)
    near = _near(typed, words)
    own = look(_exactly(typed)).total if near else 0
    for _wrong, alike in groupby(near, key=itemgetter(0)):
        sights = [(spelling, look(_exactly(spelling))) for _, spelling in alike]
        # Of equally near ones that which the asker finds most: what the index counts is not theirs.
        for spelling, sight in sorted(sights, key=lambda one: (-one[1].total, one[0])):
            if sight.total > MUCH_MORE * own:
                written = _as_written(spelling, sight.read())
                if written is not None:
                    yield written


def _near(typed: str, words: WordsOf) -> list[tuple[int, str]]:
    """Return the nearest words of the index with how far each is, the nearest first; where they
    are too many, those of most texts.
    """
    known = {word: texts for start in _starts(typed) for word, texts in words(start)}
    known.pop(typed, None)
    most = 2 if len(typed) >= _LONG else 1
    found = extract_iter(typed, known.keys(), scorer=OSA.distance, score_cutoff=most)
    ranked = sorted((wrong, -known[word], word) for word, wrong, _ in found if not word.isdigit())
    return [(round(wrong), word) for wrong, _, word in ranked[:MOST_TRIED]]


def _starts(typed: str) -> tuple[str, ...]:
    """Return how a word may begin that was meant: as typed, or with its first letters mistaken."""
    first, second, third = typed[0], typed[1], typed[2]
    return tuple(dict.fromkeys((first + second, second + first, second + third, first + third)))


def _exactly(word: str) -> Query:
    return Query(((Phrase((word,)),),))


def _as_written(word: str, texts: Iterable[str]) -> str | None:
    """Return how most of the texts write a word, with its accents; None where none has it."""
    forms = Counter(
        piece.normal
        for text in texts
        for pieces in written_words(text)
        for piece in pieces
        if fold(piece.normal) == word
    )
    return forms.most_common(1)[0][0] if forms else None


def _replaced(query: Query, word: Word, better: Word) -> Query:
    groups = tuple(
        tuple(dict.fromkeys(better if clause == word else clause for clause in group))
        for group in query.groups
    )
    return replace(query, groups=groups)

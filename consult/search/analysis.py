"""From text to the words an index keeps: tokens with offsets, stems and exact forms.

The same analysis serves the index, the queries and the excerpts, so that what is
found can also be marked. Nothing here knows an index or a query.

Each word carries both ``fold(stem(word))`` and ``fold(stem(fold(word)))`` at one
position: folding first loses *educación/educaciones*, stemming first loses French
forms typed without accents (``design/measures.md``). Beside them stand the exact
folded form and the word's root, which knows no language (:mod:`consult.search.roots`).
Stop words are kept, because phrases need them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from Stemmer import Stemmer

from consult.search.roots import roots_of
from consult.search.word_lists import apart, lemmas_of
from consult.search.writing import MAX_WORD_CHARACTERS as MAX_WORD_CHARACTERS
from consult.search.writing import Piece as Piece
from consult.search.writing import fold as fold
from consult.search.writing import written_words as written_words

LANGUAGES: Final = ("en", "fr", "es")
"""The languages with a stemmer. A text in another one is found by exact words only."""

# Its own cache of 10,000 words is switched off: the results are cached here.
_STEMMERS: Final = {language: Stemmer(language, 0).stemWord for language in LANGUAGES}

_ENGLISH: Final = (
    "a an and are as at be been but by can for from had has have in into is it its of on or our "
    "than that the their them then these they this those to was we were which will with would"
)
_FRENCH: Final = (
    "au aux avec ce ces cette comme d dans de des donc du elle elles en entre est et eux il ils l "
    "la le les leur leurs mais ne nos notre nous ont ou par pas pour qu que qui sa se ses si son "
    "sont sur un une vers vos votre vous"
)
_SPANISH: Final = (
    "al como con cuando del donde e el en entre es esta estas este estos ha han hay la las le les "
    "lo los me mi muy nos o para pero por porque que se si sobre son su sus u un una y ya"
)
_STOP_WORDS: Final = frozenset(f"{_ENGLISH} {_FRENCH} {_SPANISH}".split())


_DIGITS: Final = 3
"""How many digits of a large number are written together."""


class Token(NamedTuple):
    """One word of a text as the index keeps it.

    ``exact`` is the folded form, ``stems`` one to three folded stems, more for an irregular
    form. ``start`` and ``end`` are character offsets in the text as it was given. ``is_whole``
    marks a hyphenated word written together (*cooperation* for *co-operation*, *1000* for
    *1 000*); it stands at the position of its first part. ``roots`` are none to two roots
    that words of one family share in all three languages, ``language`` is the one the word
    was read in.
    """

    exact: str
    stems: tuple[str, ...]
    position: int
    start: int
    end: int
    is_whole: bool = False
    roots: tuple[str, ...] = ()
    language: str = ""


Span = tuple[int, int, str]
"""A passage in another language than its text: start, end, language, half-open."""


def analyse(text: str, *, language: str, spans: Sequence[Span] = ()) -> list[Token]:
    """Return the tokens of ``text`` by ``language``, in order, at consecutive positions.

    A word that begins in one of the ``spans`` is read in the language of that passage; of
    passages that overlap the one that begins first counts. An unknown language gives tokens
    without stems and roots. Time is linear in the text.
    """
    tokens: list[Token] = []
    position = 0
    reading = _Reading(language, spans)
    for pieces in written_words(text):
        spoken = reading.language_at(pieces[0].start)
        if _is_one_word(pieces):
            tokens.append(_whole(pieces, language=spoken, position=position))
        for piece in pieces:
            tokens.append(_token(piece, language=spoken, position=position))
            position += 1
    return tokens


class _Reading:
    """Tells the language at ever later places of a text."""

    def __init__(self, language: str, spans: Sequence[Span]) -> None:
        self._language = language
        # The last passage comes first, so that those left behind are popped off the end.
        self._ahead = sorted(spans, key=lambda span: span[0], reverse=True)

    def language_at(self, place: int) -> str:
        """Return the language at ``place``, which is never before the last one asked for."""
        while self._ahead and self._ahead[-1][1] <= place:
            self._ahead.pop()
        if self._ahead and self._ahead[-1][0] <= place:
            return self._ahead[-1][2]
        return self._language


def stems(word: str, *, language: str) -> tuple[str, ...]:
    """Return the folded stems of one normal word by ``language``, none if it is unknown."""
    return _read(word, language).stems


def is_stop_word(word: str) -> bool:
    """Tell whether ``word`` is a mere function word in one of the three languages."""
    return fold(word) in _STOP_WORDS


def _token(piece: Piece, *, language: str, position: int) -> Token:
    word = _read(piece.normal, language)
    return Token(
        word.exact,
        word.stems,
        position,
        piece.start,
        piece.end,
        roots=word.roots,
        language=language,
    )


def _is_one_word(pieces: tuple[Piece, ...]) -> bool:
    """Tell whether the parts are also written together: *co-operation*, *1 000*; not *1-6*."""
    if len(pieces) == 1:
        return False
    first, *others = (piece.normal for piece in pieces)
    if not all(part.isdecimal() for part in (first, *others)):
        return True
    return len(first) <= _DIGITS and all(len(part) == _DIGITS for part in others)


def _whole(pieces: tuple[Piece, ...], *, language: str, position: int) -> Token:
    together = "".join(piece.normal for piece in pieces)[:MAX_WORD_CHARACTERS]
    piece = Piece(together, pieces[0].start, pieces[-1].end)
    return _token(piece, language=language, position=position)._replace(is_whole=True)


class _Word(NamedTuple):
    """All that is known of a word wherever it stands."""

    exact: str
    stems: tuple[str, ...]
    roots: tuple[str, ...]


@lru_cache(maxsize=20_000)
def _read(normal: str, language: str) -> _Word:
    exact = fold(normal)
    if language not in _STEMMERS:
        return _Word(exact, (), ())
    return _Word(exact, _stems(normal, language), roots_of(exact, language=language))


_LEAST_AGAIN: Final = 4
"""Letters that a word stemmed twice must keep."""


def _stems(word: str, language: str) -> tuple[str, ...]:
    folded = fold(word)
    itself = apart(folded, language=language)
    if itself is not None:
        return (itself,)
    lemmas = lemmas_of(folded, language=language)
    forms = (form for kin in (word, *lemmas) for form in _stemmed(kin, language))
    return tuple(dict.fromkeys(form for form in forms if form)) or (folded,)


def _stemmed(word: str, language: str) -> tuple[str, ...]:
    stem = _STEMMERS[language]
    # Stemmed once, "étrangers" is "étranger", which is not the stem of "étranger". What is left
    # of a short word would meet strangers: "remesas" would become "rem", as "remis" does.
    folded, once = fold(word), stem(word)
    again = fold(stem(once))
    forms = (fold(once), *((fold(stem(folded)),) if folded != word else ()))
    return (*forms, again) if len(again) >= _LEAST_AGAIN else forms

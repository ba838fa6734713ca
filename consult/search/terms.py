"""The terms of a glossary as texts and queries say them: by their telling words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Final, NamedTuple

from consult.search.analysis import analyse, is_stop_word
from consult.search.glossary import Notion, NotionKind
from consult.search.lexemes import OfWord, of_tokens

MAX_TITLE_WORDS: Final = 3
"""Titles of objectives with more words than these are not looked for: nobody types them."""

_DIGIT: Final = re.compile(r"\d")


class Spoken(NamedTuple):
    """A term as texts say it: its telling words, and how many others stand between two of them."""

    text: str
    words: tuple[OfWord, ...]
    slack: int
    notion: int
    is_preferred: bool = False
    """Whether it is what its language calls the notion first of all."""


def terms_of(notion: Notion, number: int) -> Iterator[Spoken]:
    """Yield the terms of a notion, by turns of each language, the preferred ones first."""
    spoken = [
        [
            _spoken(text, language, number, is_preferred=not place)
            for place, text in enumerate(terms)
        ]
        for language, terms in notion.terms.items()
    ]
    for term in in_turns(spoken):
        is_long = notion.kind == NotionKind.OBJECTIVE and len(term.words) > MAX_TITLE_WORDS
        if term.words and not is_long:
            yield term


def in_turns(lists: Sequence[Sequence[Spoken]]) -> Iterator[Spoken]:
    """Yield the first of each list, then the second of each, and so on."""
    return (term for row in zip_longest(*lists) for term in row if term is not None)


@lru_cache(maxsize=16_384)
def _words(written: str, language: str) -> tuple[OfWord | None, ...]:
    """Return the words of a part of a term, the very same ones in every term; None for a mere
    function word.
    """
    return tuple(
        None if is_stop_word(token.exact) else of_tokens([token])
        for token in analyse(written, language=language)
        if not token.is_whole
    )


def _spoken(text: str, language: str, notion: int, *, is_preferred: bool) -> Spoken:
    # The same words stand in many terms. Only digits make one word of what a space parts.
    parts = [text] if _DIGIT.search(text) else text.split()
    words: list[OfWord] = []
    slack = skipped = 0
    for word in (word for part in parts for word in _words(part, language)):
        if word is None:
            skipped += 1
            continue
        slack = max(slack, skipped if words else 0)
        skipped = 0
        words.append(word)
    # One word more may stand between those of a longer term: "titre temporaire de séjour".
    return Spoken(text, tuple(words), slack + (len(words) > 1), notion, is_preferred)

"""What is said of passages, carried over to the text that has gaps; pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from consult.core.passages import Passage, passages, with_languages
from consult.discussion.services.gaps import PHRASES, Original, Shortened, Span


class Carrier:
    """Finds the places of an original in the text that was made of it."""

    def __init__(self, original: Original, made: Shortened) -> None:
        self._old = _letters(original.text, gone=made.spans)
        self._new = _letters(made.text)
        self._before = _passages(original.html)
        self._after = _passages(made.html)
        self._html = made.html

    def place(self, start: int, end: int) -> Span | None:
        """Return the span that holds what is left of an earlier one; None where nothing is.

        What began or ended with a passage still does.
        """
        first, behind = bisect_left(self._old, start), bisect_left(self._old, end)
        if first == behind or len(self._old) != len(self._new):
            return None
        begin, close = self._new[first], self._new[behind - 1] + 1
        if any(one.start == start for one in self._before):
            begin = next((p.start for p in self._after if p.start <= begin < p.end), begin)
        if any(one.end == end for one in self._before):
            close = next((p.end for p in self._after if p.start < close <= p.end), close)
        return begin, close

    def languages(self, spans: Sequence[Sequence[Any]] | None) -> tuple[str, list[list[Any]]]:
        """Return the HTML with the languages of passages on their elements, and their spans."""
        carried: list[list[Any]] = []
        elements: dict[int, str] = {}
        for start, end, language in spans or ():
            place = self.place(start, end)
            if place is None:
                continue
            carried.append([*place, language])
            elements |= {
                one.index: language
                for one in self._after
                if place[0] <= one.start and one.end <= place[1]
            }
        return str(with_languages(self._html, elements)) if elements else self._html, carried


def _passages(html: str) -> Sequence[Passage]:
    try:
        return passages(html)
    except ValueError:
        return ()


def _letters(text: str, *, gone: Sequence[Span] = ()) -> list[int]:
    """Return where the letters stand that are neither blanks, nor gaps, nor gone."""
    left_out = set[int]()
    for phrase in PHRASES.values():
        for match in re.finditer(re.escape(phrase), text):
            left_out.update(range(*match.span()))
    for span in gone:
        left_out.update(range(*span))
    return [i for i, letter in enumerate(text) if not letter.isspace() and i not in left_out]

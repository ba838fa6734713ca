"""From a plan to the texts of an index that match it, and to their order."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, compress
from typing import Final, NamedTuple

from consult.search.backends.whoosh_schema import count_facets
from consult.search.backends.whoosh_shelf import SPOT_BITS, Shelf
from consult.search.documents import Filters, Hit, Results, Sort
from consult.search.plan import Concept, Form, Plan, expanded
from consult.search.ranking import (
    CLOSELY,
    Candidate,
    Matching,
    closely,
    lexemes_of,
    matched,
    occurrences,
    said_by,
)

FEW: Final = 500
"""Texts that are looked at one by one; the places of words in more of them are compared at once."""


class Window(NamedTuple):
    """Which part of a result is wanted, in which order."""

    offset: int
    limit: int
    sort: Sort

    @property
    def end(self) -> int:
        """How many texts there are up to its end."""
        return self.offset + self.limit


def answer(
    shelf: Shelf,
    plan: Plan,
    *,
    filters: Filters,
    allowed_spaces: frozenset[str],
    left_out: frozenset[int],
    window: Window,
) -> Results:
    """Return one page of what a plan finds, with counts over all of it."""
    reading = _Reading(shelf, shelf.mask(filters, allowed_spaces, left_out=left_out))
    plan = expanded(plan, shelf.lexemes)
    reading.leave_out(plan.excluded)
    if not plan.concepts:
        every = list(compress(range(len(shelf)), reading.mask))
        first = [Candidate(n, "all", 0.0, None) for n in _sorted(shelf, every, window=window)]
        return _results(shelf, every, first, window=window, whole=None)
    matching = matched(plan, reading.matching)
    matches = [*matching.whole, *matching.partial]
    if window.sort == "relevance":
        first = reading.ranked(matching, count=window.end)
    else:
        first = [
            matching.candidate(number)
            for group in (matching.whole, matching.partial)
            for number in _sorted(shelf, group, window=window)
        ]
    return _results(
        shelf,
        matches,
        first,
        window=window,
        whole=len(matching.whole) if matching.partial else None,
    )


class _Reading:
    """One search in an index: which texts it may show, and what was read of them already."""

    def __init__(self, shelf: Shelf, mask: bytearray) -> None:
        self._shelf = shelf
        self.mask = mask
        self._texts: dict[Form, Collection[int]] = {}
        self._spots: dict[frozenset[str], frozenset[int]] = {}
        self._with: dict[frozenset[str], frozenset[int]] = {}

    def leave_out(self, forms: Iterable[Form]) -> None:
        """Let no text with one of the forms be shown."""
        for number in {number for form in forms for number in self._having(form)}:
            self.mask[number] = 0
        # They were read before the mask was complete.
        self._texts.clear()
        self._with.clear()

    def matching(self, concepts: Sequence[Concept], relaxes: bool, most: int) -> Matching:
        """Return which texts have which forms."""
        said, found = said_by(concepts, self._having)
        return Matching(said, found, self.mask.count(1), self._recency, relaxes, most)

    def ranked(self, matching: Matching, *, count: int) -> list[Candidate]:
        """Return the best ``count`` texts in their order."""
        best = matching.best(max(count, CLOSELY))
        texts = [one.text for one in best[:CLOSELY]]
        places = self._shelf.places(lexemes_of(matching, best), texts)
        lengths = self._shelf.lengths
        return closely(matching, best, lambda text: (places[text], lengths[text]))

    def _recency(self, text: int) -> tuple[float, int]:
        return self._shelf.instants[text], self._shelf.ids[text]

    def _having(self, form: Form) -> Collection[int]:
        """Return the texts that may be shown and have a form."""
        if form not in self._texts:
            texts = self._with_all(form.words)
            if len(form.words) > 1 and texts:
                texts = self._side_by_side(form, texts)
            self._texts[form] = texts
        return self._texts[form]

    def _with_all(self, words: Sequence[frozenset[str]]) -> frozenset[int]:
        found: list[frozenset[int]] = []
        for word in words:
            found.append(self._with_any(word))
            if not found[-1]:
                return frozenset()
        return frozenset.intersection(*sorted(found, key=len)) if found else frozenset()

    def _with_any(self, word: frozenset[str]) -> frozenset[int]:
        if word not in self._with:
            texts = frozenset(chain.from_iterable(map(self._shelf.texts, word)))
            self._with[word] = frozenset(compress(texts, map(self.mask.__getitem__, texts)))
        return self._with[word]

    def _side_by_side(self, form: Form, texts: frozenset[int]) -> frozenset[int]:
        """Return those of the texts where the words of a form follow each other."""
        if len(texts) < FEW:
            lexemes = {lexeme for word in form.words for lexeme in word}
            seen = self._shelf.places(lexemes, texts).items()
            return frozenset(
                n for n, places in seen if any(True for _ in occurrences(form, places))
            )
        first, *later = form.words
        ends = self._spots_of(first)
        for word in later:
            ends = _following(ends, self._spots_of(word), slack=form.slack)
        return texts.intersection([spot >> SPOT_BITS for spot in ends])

    def _spots_of(self, word: frozenset[str]) -> frozenset[int]:
        if word not in self._spots:
            self._spots[word] = frozenset(chain.from_iterable(map(self._shelf.spots, word)))
        return self._spots[word]


def _following(ends: frozenset[int], spots: frozenset[int], *, slack: int) -> frozenset[int]:
    """Return those spots that follow an end; the work is that of the smaller set."""
    reach = range(1, slack + 2)
    if len(spots) < len(ends):
        return frozenset(spot for spot in spots if any(spot - n in ends for n in reach))
    return spots.intersection([end + n for end in ends for n in reach])


def _sorted(shelf: Shelf, texts: Collection[int], *, window: Window) -> list[int]:
    """Return the first texts by the sort of the window, of equal ones the newest."""

    def recency(number: int) -> tuple[float, int]:
        return shelf.instants[number], shelf.ids[number]

    if window.sort != "thread":
        return heapq.nlargest(window.end, texts, key=recency)
    place = shelf.place(texts)
    return heapq.nsmallest(window.end, texts, key=lambda n: (place[n], shelf.ids[n]))


def _results(
    shelf: Shelf,
    matches: Sequence[int],
    first: Sequence[Candidate],
    *,
    window: Window,
    whole: int | None,
) -> Results:
    counts = Counter(map(shelf.facets.__getitem__, matches))
    return Results(
        len(matches),
        tuple(
            Hit(shelf.ids[n], shelf.versions[n], round(score, 6), via, step)
            for n, step, score, via in first[window.offset : window.end]
        ),
        count_facets((shelf.values[number], times) for number, times in counts.items()),
        whole,
    )

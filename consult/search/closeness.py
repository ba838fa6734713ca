"""Where the forms of a plan stand in a text: how often, and how near each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from consult.search.concepts import Form

_NEAR: Final = 4.0
"""Words between two concepts at which they are half as near as side by side."""
_USUAL_LENGTH: Final = 100
"""Words of a usual text."""

Places = Mapping[str, Sequence[int]]
"""The positions of each lexeme in a text, rising."""


class Occurrence(NamedTuple):
    """Where a form stands in a text: the positions of its first and last word; its weight."""

    first: int
    last: int
    weight: float


def all_occurrences(forms: Iterable[Form], places: Places) -> Iterator[Occurrence]:
    """Yield where a concept is said, by the best form at each place, in no order."""
    taken: set[int] = set()
    for form in forms:
        for start, end in occurrences(form, places):
            if start not in taken:
                taken.add(start)
                yield Occurrence(start, end, form.weight)


def occurrences(form: Form, places: Places) -> Iterator[tuple[int, int]]:
    """Yield the first and last position of each place where a text has a form, rising."""
    if not form.words or any(word.isdisjoint(places) for word in form.words):
        return
    first, *later = [
        frozenset(place for lexeme in word for place in places.get(lexeme, ()))
        for word in form.words
    ]
    for start in sorted(first):
        end = _end(start, later, slack=form.slack)
        if end is not None:
            yield start, end


def _end(start: int, later: Iterable[frozenset[int]], *, slack: int) -> int | None:
    """Return where the last word may stand first if each follows the one before, else None."""
    ends = {start}
    for word in later:
        ends = {p for end in ends for p in range(end + 1, end + slack + 2) if p in word}
    return min(ends, default=None)


def often(occurrences: Sequence[Occurrence], length: int) -> float:
    """Return from 0 to 1 how often something is said, weighed, in a text of that length."""
    total = sum(one.weight for one in occurrences)
    return total / (total + 0.75 + 0.75 * length / _USUAL_LENGTH)


def nearness(left: Sequence[Occurrence], right: Sequence[Occurrence], *, apart: int) -> float:
    """Return from 0 to 1 how near two concepts come each other, where they are ``apart`` asked."""
    best = 0.0
    for one in left:
        for other in right:
            if other.first > one.last or other.first == one.first:
                distance = max(0, other.first - one.last - apart)
            else:
                # The other way round they say less surely the same.
                distance = max(0, one.first - other.last - apart) + 1
            weight = min(one.weight, other.weight)
            best = max(best, weight / (1 + distance / _NEAR))
    return best

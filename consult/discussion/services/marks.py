"""What people say of single passages: an objective or a language, found again after a change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consult.core.passages import Passage

_MARK = re.compile(r"([0-9]{1,5})\.([0-9a-f]{8})\.([a-z0-9]{1,8})")


@dataclass(frozen=True)
class Mark:
    """A value for one passage, as forms send it: `2.ab12cd34.16` or `2.ab12cd34.fr`."""

    index: int
    digest: str
    value: str

    def __str__(self) -> str:
        return f"{self.index}.{self.digest}.{self.value}"


def mark(passage: Passage, value: object) -> Mark:
    """Return the mark that gives a passage a value."""
    return Mark(passage.index, passage.digest, str(value))


def read(values: Iterable[str]) -> tuple[Mark, ...]:
    """Read what a form sent; what is no mark is left out."""
    found = (_MARK.fullmatch(value) for value in values)
    return tuple(Mark(int(one[1]), one[2], one[3]) for one in found if one)


def settle(marks: Sequence[Mark], passages: Sequence[Passage]) -> list[tuple[Passage, str]]:
    """Return the passages that marks belong to now, in reading order, with their values.

    A passage is found by its words, wherever it moved; one whose words were changed by its place.
    The marks of a passage that is gone go with it.
    """
    by_digest: dict[str, list[Passage]] = {}
    for passage in passages:
        by_digest.setdefault(passage.digest, []).append(passage)
    marked = {one.digest for one in marks}
    found: set[tuple[int, str]] = set()
    for one in marks:
        same = by_digest.get(one.digest)
        if same:
            at = min(same, key=lambda passage: abs(passage.index - one.index))
        elif one.index < len(passages) and passages[one.index].digest not in marked:
            at = passages[one.index]
        else:
            continue
        found.add((at.index, one.value))
    return [(passages[index], value) for index, value in sorted(found)]

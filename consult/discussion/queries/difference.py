"""What changed between two texts, word by word; pure.

Texts are other people's: the work is bounded, and beyond the bound a passage counts as
replaced as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MAX_CELLS = 400_000
"""Most pairs of words (or of paragraphs) that are compared with each other."""

_TOKENS = re.compile(r"\S+\s*|\s+")


class Change(StrEnum):
    """What became of a part."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Part:
    """A run of words with one fate."""

    change: Change
    text: str


Paragraph = tuple[Part, ...]


def difference(before: str, after: str) -> list[Paragraph]:
    """Return the paragraphs of both texts with what was added and removed in them."""
    old, new = before.split("\n"), after.split("\n")
    result: list[Paragraph] = []
    for change, gone, come in _opcodes(old, new):
        if change is Change.SAME:
            result += [(Part(Change.SAME, line),) for line in come if line]
        elif len(gone) == len(come):
            result += [_words(a, b) for a, b in zip(gone, come, strict=True)]
        else:
            result += [(Part(Change.REMOVED, line),) for line in gone if line]
            result += [(Part(Change.ADDED, line),) for line in come if line]
    return [paragraph for paragraph in result if paragraph]


def _words(before: str, after: str) -> Paragraph:
    parts: list[Part] = []
    for change, gone, come in _opcodes(_TOKENS.findall(before), _TOKENS.findall(after)):
        if change is Change.SAME:
            parts.append(Part(Change.SAME, "".join(come)))
            continue
        if gone:
            parts.append(Part(Change.REMOVED, "".join(gone)))
        if come:
            parts.append(Part(Change.ADDED, "".join(come)))
    return tuple(parts)


def _opcodes(
    old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[Change, Sequence[str], Sequence[str]]]:
    """Yield runs that are the same in both, or else what goes and what comes."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    if start:
        yield Change.SAME, old[:start], new[:start]
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    if len(gone) * len(come) > MAX_CELLS:
        yield Change.ADDED, gone, come
    else:
        for tag, a1, a2, b1, b2 in SequenceMatcher(None, gone, come, autojunk=False).get_opcodes():
            change = Change.SAME if tag == "equal" else Change.ADDED
            yield change, gone[a1:a2], come[b1:b2]
    if end:
        yield Change.SAME, old[len(old) - end :], new[len(new) - end :]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many elements both begin with."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length

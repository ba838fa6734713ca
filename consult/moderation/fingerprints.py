"""Fingerprints of texts: how alike two texts are is told from some hundred numbers of each; pure.

A text is the set of its word sequences, folded so that case, accents and punctuation do not count.
Two texts are alike as far as these sets overlap; MinHash keeps that in a signature of fixed length,
and slices of it, the bands, find the few texts that are worth a comparison. How the numbers below
were chosen is measured by `python -m bench duplicates`; see decision 10.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct

from rensa import RMinHash

from consult.core import markup
from consult.core.text import fold

SHINGLE = 2
"""Words of a sequence."""
BANDS, ROWS = 42, 3
"""A signature is cut into this many bands of so many numbers."""
NUMBERS = BANDS * ROWS
SEED = 20221
ALIKE = 0.45
"""Share of common word sequences from which two texts say nearly the same: they have about four
words of five in common."""

_WORD = re.compile(r"\w+")
_QUOTE = re.compile(r"<(/?)blockquote\b[^>]*>")
_PACKED = struct.Struct(f"<{NUMBERS}I")


def own_words(*, html: str, text: str) -> str:
    """Return a rendered text without what it quotes, because an answer is no copy of what it
    answers; the whole `text` where nothing else stands in it.
    """
    if "<blockquote" not in html:
        return text
    kept, depth, end = [], 0, 0
    for tag in _QUOTE.finditer(html):
        if depth == 0:
            kept.append(html[end : tag.start()])
        depth = max(0, depth + (-1 if tag[1] else 1))
        end = tag.end()
    kept.append(html[end:] if depth == 0 else "")
    left = markup.to_text(" ".join(kept))
    return left if _WORD.search(left) else text


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared."""
    return _WORD.findall(fold(text))


def shingles(text: str) -> set[str]:
    """Return the sequences of `SHINGLE` folded words that stand in a text.

    A text with fewer words is one sequence of its own: it is like those with just the same words.
    """
    words = words_of(text)
    if not words:
        return set()
    count = max(1, len(words) - SHINGLE + 1)
    return {" ".join(words[start : start + SHINGLE]) for start in range(count)}


def signature(text: str) -> bytes | None:
    """Return the MinHash of a text, little-endian 32-bit numbers; None for one without words."""
    found = shingles(text)
    if not found:
        return None
    made = RMinHash(num_perm=NUMBERS, seed=SEED)
    made.update(sorted(found))
    return _PACKED.pack(*made.digest())


def bands(of: bytes) -> list[int]:
    """Return the hashes of a signature's slices, 63 bits each, different for each position."""
    width = 4 * ROWS
    return [
        int.from_bytes(
            hashlib.blake2b(
                of[at : at + width], digest_size=8, key=at.to_bytes(2, "little")
            ).digest(),
            "little",
        )
        >> 1
        for at in range(0, len(of), width)
    ]


def likeness(one: bytes, other: bytes) -> float:
    """Return the estimated share of common word sequences, from 0 to 1; standard error 0.04.

    0 for signatures of different lengths, which were made by different rules.
    """
    if len(one) != len(other) or len(one) != _PACKED.size:
        return 0.0
    pairs = zip(_PACKED.unpack(one), _PACKED.unpack(other), strict=True)
    return float(sum(a == b for a, b in pairs)) / NUMBERS


def common_words(alike: float) -> float:
    """Return which share of the words two texts have in common, given their `likeness`.

    A changed word spoils `SHINGLE` sequences of either text, hence the root.
    """
    kept = 2 * alike / (1 + alike)
    return math.pow(kept, 1 / SHINGLE)

"""The passages of a text: what somebody can tag, put in another language, cite.

A passage is a block of the rendered text: a heading, a paragraph, an item of a list, a table.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heading", "paragraph", "item", "other"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A block of a text, as a half-open span of its plain text."""

    index: int
    """From 0, in reading order."""
    start: int
    """Code points of `markup.to_text`."""
    end: int
    kind: Kind
    level: int
    """Of a heading, 1 the highest; 0 for everything else."""
    text: str

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of its words, by which a form finds it again."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]

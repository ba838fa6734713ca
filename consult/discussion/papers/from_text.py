"""Plain text: paragraphs stand between empty lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO

from consult.discussion.papers.plain import decoded

_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n")


def paragraphs(stream: IO[bytes]) -> tuple[int | None, Iterable[tuple[int | None, str]]]:
    """Return no number of pages, and the paragraphs."""
    text = decoded(stream.read())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    return None, ((None, part) for part in _EMPTY_LINES.split(lines))

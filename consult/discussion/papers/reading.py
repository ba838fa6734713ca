"""The text of a file by paragraph and page, in reading order.

Called by the child process of `isolation`: a hostile file may make a parser fail in any way.
"""

from __future__ import annotations

import math
import time
from typing import IO

from consult.core.text import single_line
from consult.discussion.papers import from_docx, from_odt, from_pdf, from_text
from consult.discussion.papers.shapes import MAX_CHARACTERS, Kind, PaperText

READERS = {
    Kind.PDF: from_pdf.paragraphs,
    Kind.DOCX: from_docx.paragraphs,
    Kind.ODT: from_odt.paragraphs,
    Kind.TXT: from_text.paragraphs,
}


def read(stream: IO[bytes], *, kind: Kind, seconds: float = math.inf) -> PaperText:
    """Return the text of a file up to `MAX_CHARACTERS`; empty paragraphs are left out.

    What was read when the `seconds` are over is better than nothing. Raises whatever its parser
    raises where the file cannot be read.
    """
    until = time.monotonic() + seconds
    pages, found = READERS[kind](stream)
    kept: list[tuple[int | None, str]] = []
    room = MAX_CHARACTERS
    for page, raw in found:
        text = single_line(raw)[:room]
        if any(character.isalnum() for character in text):
            kept.append((page, text))
            room -= len(text)
        if room <= 0 or time.monotonic() > until:
            break
    return PaperText(paragraphs=tuple(kept), pages=pages)

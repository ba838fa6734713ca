"""PDF: lines of each page, put together into paragraphs as far as lines tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO

from pypdf import PdfReader

from consult.discussion.papers.shapes import MAX_PAGES

SHORT = 0.75
"""A line shorter than this part of its page's longest one ended where its writer ended it."""

_BEGINS_ITEM = re.compile(r"(?:[•◦▪‣●○■–—*-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s")
_ENDS_SENTENCE = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_HYPHEN = re.compile(r"(?<=\w)[-\u00ad\u2010]$")


def paragraphs(stream: IO[bytes]) -> tuple[int | None, Iterable[tuple[int | None, str]]]:
    """Return the number of pages, and the paragraphs with their page."""
    reader = PdfReader(stream, strict=False)
    return reader.get_num_pages(), _by_page(reader)


def _by_page(reader: PdfReader) -> Iterator[tuple[int | None, str]]:
    for number, page in enumerate(islice(reader.pages, MAX_PAGES), 1):
        lines = [line.strip() for line in page.extract_text().splitlines()]
        for paragraph in joined(lines):
            yield number, paragraph


def joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield paragraphs from the lines of one page; words parted at a line's end are whole again."""
    longest = max((len(line) for line in lines), default=0)
    collected = ""
    for index, line in enumerate(lines):
        if not line or (collected and _BEGINS_ITEM.match(line)):
            yield collected
            collected = ""
        before = lines[index - 1] if index else ""
        if collected and len(before) < SHORT * longest and _parts(before, line):
            yield collected
            collected = ""
        if collected and line[:1].islower() and _HYPHEN.search(collected):
            collected = collected[:-1] + line
        else:
            collected = f"{collected} {line}" if collected else line
    yield collected


def _parts(before: str, line: str) -> bool:
    """Whether a new paragraph begins between two lines of which the first is short."""
    return _ENDS_SENTENCE.search(before) is not None or not line[:1].islower()

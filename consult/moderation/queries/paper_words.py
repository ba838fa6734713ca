"""The beginnings of the words of a text's files, to be read beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from consult.discussion.models import Paper, RevisionAttachment
from consult.discussion.queries.attachments import AttachmentRow

CHARACTERS = 3000
"""How much of a file's words is shown."""
_STORED = 8 * CHARACTERS
"""How much of what is stored is read for that: a letter may be six characters of JSON."""


@dataclass(frozen=True)
class PaperWords:
    """A file and the beginning of its words."""

    file: AttachmentRow
    pages: Sequence[tuple[int | None, Sequence[str]]]
    """Paragraphs by page, the page None where the format knows none; empty where nothing can be
    read or may be given out.
    """
    is_cut: bool
    """There is more than is shown."""


def paper_words(
    session: Session, *, revision_id: int, files: Sequence[AttachmentRow]
) -> list[PaperWords]:
    """Return the files of a text with the beginnings of their words, in one statement.

    Only so much of the words is read as is shown, however long a file is.
    """
    stored: dict[str, str] = {}
    if any(file.has_text for file in files):
        rows = session.execute(
            select(RevisionAttachment.token, func.substr(cast(Paper.paragraphs, Text), 1, _STORED))
            .join(Paper, Paper.sha256 == RevisionAttachment.sha256)
            .where(RevisionAttachment.revision_id == revision_id)
        )
        stored = {token: words or "" for token, words in rows}
    return [_paper(file, stored.get(file.token, "") if file.has_text else "") for file in files]


def _paper(file: AttachmentRow, stored: str) -> PaperWords:
    paragraphs, is_whole = beginning(stored)
    left, shown = CHARACTERS, []
    for page, text in paragraphs:
        if left <= 0:
            break
        shown.append((page, text if len(text) <= left else text[:left].rsplit(" ", 1)[0] + " …"))
        left -= len(text)
    is_cut = not is_whole or left < 0 or len(shown) < len(paragraphs)
    pages = [
        (page, [text for _page, text in some]) for page, some in groupby(shown, key=itemgetter(0))
    ]
    return PaperWords(file=file, pages=pages, is_cut=bool(stored) and is_cut)


def beginning(stored: str) -> tuple[list[tuple[int | None, str]], bool]:
    """Return the paragraphs that stand whole at the beginning of a stored list, and whether that
    is all of it; a first paragraph that is cut is returned as far as it goes.
    """
    decoder = json.JSONDecoder()
    found: list[tuple[int | None, str]] = []
    at = stored.find("[") + 1
    while 0 < at < len(stored):
        at = len(stored) - len(stored[at:].lstrip(" ,\n"))
        if stored[at : at + 1] == "]":
            return found, True
        try:
            (page, text), at = decoder.raw_decode(stored, at)
        except ValueError:
            break
        found.append((page, text))
    if not found and at < len(stored):
        found += _cut(stored[at:])
    return found, False


def _cut(stored: str) -> list[tuple[int | None, str]]:
    """Return a paragraph of which only the beginning is there."""
    # An escaped letter is at most six characters, and may be cut itself; two of them are one pair.
    for end in range(len(stored), max(0, len(stored) - 12), -1):
        try:
            page, text = json.loads(stored[:end] + '"]')
        except ValueError:
            continue
        return [(page, text.encode("utf-8", "ignore").decode())]
    return []

"""What is done with rows in every format: lines, checksum, groups by question, one-step writing.

The keys of a line and their order are those of JSON Lines, version 1. The shapes, the labels and
the wording of a row have rooms of their own; who writes or calls a format finds all of them here.
"""

import hashlib
import json
import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from consult.drafting.exports.labels import LABELS
from consult.drafting.exports.shapes import ExportHeader, ExportQuestion, ExportRow, Writer
from consult.drafting.exports.wording import (
    author_line,
    country_name,
    cover_facts,
    day_in_words,
    filter_in_words,
    instant_in_words,
    parsed_instant,
    question_title,
    removal_line,
    row_facts,
    shortened,
    word,
)

__all__ = [
    "LABELS",
    "ExportHeader",
    "ExportQuestion",
    "ExportRow",
    "Writer",
    "author_line",
    "by_question",
    "checksum",
    "country_name",
    "cover_facts",
    "day_in_words",
    "encoded",
    "filter_in_words",
    "instant_in_words",
    "parsed_instant",
    "question_title",
    "removal_line",
    "replacing",
    "row_facts",
    "shortened",
    "to_line",
    "word",
]

_AUTHOR_KEYS = ("id", "name", "organisation", "category", "country", "region", "on_behalf_of")
_TAG_KEYS = ("objective", "start", "end", "by")
_ATTACHMENT_KEYS = ("name", "sha256", "type", "path")


def to_line(row: ExportRow) -> dict[str, Any]:
    """Give the row as an object of JSON Lines, version 1, with exactly its keys, in its order."""
    gone = row.is_tombstone
    line: dict[str, Any] = {
        "type": row.type,
        "id": row.id,
        "source": row.source,
        "space": row.space,
    }
    if row.type == "question":
        line |= {"number": row.number, "kind": row.kind or "participant"}
    else:
        line |= {"question": row.question, "parent": row.parent}
    return line | {
        "author": None if gone or row.author is None else _picked(row.author, _AUTHOR_KEYS),
        "language": row.language,
        "format": row.format,
        "body": None if gone else row.body,
        "objectives": [] if gone else list(row.objectives),
        "tags": [] if gone else [_picked(tag, _TAG_KEYS) for tag in row.tags],
        "state": row.state,
        "created_at": row.created_at,
        "published_at": row.published_at,
        "edited_at": row.edited_at,
        "reference": row.reference,
        "context": row.context,
        "removed": row.removed,
        "attachments": []
        if gone
        else [_picked(attachment, _ATTACHMENT_KEYS) for attachment in row.attachments],
    }


def _picked(mapping: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: mapping.get(key) for key in keys}


def encoded(value: Any, *, sort_keys: bool = False) -> bytes:
    """Give JSON on one line as UTF-8, without spaces.

    A lone surrogate has no UTF-8; a value that holds one is written with escapes throughout.
    """
    compact = json.dumps(value, ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"))
    try:
        return compact.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=sort_keys, separators=(",", ":")).encode("ascii")


def checksum(rows: Iterable[ExportRow]) -> str:
    """Give the SHA-256, in hex, of the rows' lines as canonical JSON, each ended by ``\\n``."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(encoded(to_line(row), sort_keys=True) + b"\n")
    return digest.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file beside ``path`` to write, and put it in its place only if nothing failed.

    The file can be read by its owner only: an export may hold more than its neighbours may see.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def by_question(
    questions: Sequence[ExportQuestion], rows: Iterable[ExportRow]
) -> Iterator[tuple[ExportQuestion, Iterator[ExportRow]]]:
    """Give each question with its rows, reading ``rows`` once; a question may have none.

    Each group must be read before the next is asked for. What hangs on a question without a number
    comes under number 0.
    """
    waiting = deque(questions)
    known = {question.number: question for question in questions}
    for number, group in groupby(_numbered(rows), key=lambda pair: pair[0]):
        while number in {question.number for question in waiting}:
            question = waiting.popleft()
            if question.number == number:
                break
            yield question, iter(())
        heading = known.get(number) or ExportQuestion(number, "", "participant")
        yield heading, (row for _, row in group)
    for question in waiting:
        yield question, iter(())


def _numbered(rows: Iterable[ExportRow]) -> Iterator[tuple[int, ExportRow]]:
    numbers: dict[str, int] = {}
    for row in rows:
        if row.type == "question":
            numbers[row.id] = row.number or 0
            yield row.number or 0, row
        elif isinstance(row.question, int):
            yield row.question, row
        else:
            yield numbers.get(row.question or "", 0), row

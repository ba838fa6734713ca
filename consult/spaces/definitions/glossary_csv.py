"""A glossary as a table for spreadsheets: `key, en, fr, es, objectives, note`, one notion a line.

Terms of one language stand between bars, the preferred one first, and so do the numbers of
objectives: a comma between two numbers would be a decimal point to many spreadsheets.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from consult.core.cells import spreadsheet_safe
from consult.core.errors import DomainError, Invalid
from consult.core.i18n import LOCALES
from consult.core.text import clean_characters, single_line
from consult.spaces.notions import (
    LONGEST_KEY,
    MOST_NOTIONS,
    SEPARATOR,
    CheckedNotion,
    SaidNotion,
    checked,
)

COLUMNS = ("key", *LOCALES, "objectives", "note")
LARGEST = 1024 * 1024
"""Bytes of a file that is read."""
MOST_PROBLEMS = 50
"""As many are told at once."""
_JOINT = f" {SEPARATOR} "
_COLUMN_OF = {f"terms_{code}": code for code in LOCALES}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FileProblem:
    """What is to be changed in a file, and where."""

    line: int
    code: str
    column: str | None = None


@dataclass
class BrokenTable(DomainError):
    """A table that cannot be taken, with at most fifty reasons in the order of its lines."""

    problems: Sequence[FileProblem]


@dataclass(frozen=True)
class FileNotion:
    """A notion that a file holds."""

    line: int
    key: str
    notion: CheckedNotion
    keeps: frozenset[str]
    """What the file has no column for, `objectives` or `note`: it stays as it is."""


def text_of(raw: bytes) -> str:
    """Return a file's text, as spreadsheets write it; raises `BrokenTable`."""
    if len(raw) > LARGEST:
        raise BrokenTable([FileProblem(1, "table-large")])
    encoding = "utf-16" if raw.startswith(_WIDE_MARKS) else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BrokenTable([FileProblem(line, "table-encoding")]) from None


def read_table(text: str, *, objectives: Collection[int]) -> Sequence[FileNotion]:
    """Return the notions of a table; `objectives` are the numbers that the forum has.

    Columns stand in any order, parted by commas, semicolons or tabs; only those of the languages
    must be there. Raises `BrokenTable` with every line to change.
    """
    rows = _rows(clean_characters(text))
    first = next(rows, None)
    names = [cell.strip().casefold() for cell in first[1]] if first else []
    if not set(LOCALES) <= set(names) <= set(COLUMNS) or len(names) != len(set(names)):
        raise BrokenTable([FileProblem(1, "table-columns")])
    found: dict[str, FileNotion] = {}
    problems: list[FileProblem] = []
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            notion = _notion(line, names, cells, objectives=objectives)
        except BrokenTable as broken:
            problems += broken.problems
            continue
        if found.setdefault(notion.key, notion) is not notion:
            problems.append(FileProblem(line, "table-key-twice", "key"))
    if len(found) > MOST_NOTIONS:
        problems.append(FileProblem(1, "glossary-full"))
    if problems:
        raise BrokenTable(problems[:MOST_PROBLEMS])
    return list(found.values())


def write_table(notions: Iterable[tuple[str, CheckedNotion]]) -> bytes:
    """Return keys and notions as UTF-8 with a mark, every cell quoted, lines ended by CR LF.

    Cells that a spreadsheet would take for a formula begin with an apostrophe, which `read_table`
    cuts off again.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for key, notion in notions:
        terms = [_JOINT.join(notion.terms.get(code, ())) for code in LOCALES]
        numbers = _JOINT.join(map(str, notion.objectives))
        cells = [key, *terms, numbers, notion.note or ""]
        writer.writerow([spreadsheet_safe(cell)[0] for cell in cells])
    return stream.getvalue().encode("utf-8-sig")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line that it begins in; raises `BrokenTable`."""
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise BrokenTable([FileProblem(line, "table-quotes")]) from None


def _delimiter(text: str) -> str:
    """Return what parts the cells: spreadsheets of many countries write semicolons."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _notion(
    line: int, names: Sequence[str], cells: Sequence[str], *, objectives: Collection[int]
) -> FileNotion:
    if any(cell.strip() for cell in cells[len(names) :]):
        raise BrokenTable([FileProblem(line, "table-cells")])
    values = dict.fromkeys(COLUMNS, "") | {
        name: _bare(cell) for name, cell in zip(names, cells, strict=False)
    }
    key = single_line(values["key"])
    if len(key) > LONGEST_KEY:
        raise BrokenTable([FileProblem(line, "glossary-key-long", "key")])
    try:
        notion = checked(_said(values), objectives=objectives)
    except Invalid as invalid:
        raise BrokenTable(_problems(line, invalid.problems)) from None
    return FileNotion(
        line=line,
        key=key or notion.key[:LONGEST_KEY],
        notion=notion,
        keeps=frozenset({"objectives", "note"} - set(names)),
    )


def _said(values: Mapping[str, str]) -> SaidNotion:
    numbers = values["objectives"]
    for sign in (SEPARATOR, ",", ";"):
        numbers = numbers.replace(sign, " ")
    return SaidNotion(
        terms={code: values[code] for code in LOCALES},
        objectives=numbers.split(),
        note=values["note"],
    )


def _problems(line: int, found: Mapping[str, Sequence[str]]) -> list[FileProblem]:
    return [
        FileProblem(line, code, _COLUMN_OF.get(field, field))
        for field, codes in found.items()
        for code in codes
    ]


def _bare(cell: str) -> str:
    """Return a cell without the apostrophe that keeps spreadsheets from taking it for a formula."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and spreadsheet_safe(text[1:])[1] else text

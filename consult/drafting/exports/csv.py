"""CSV after RFC 4180, for spreadsheets and statistics: one flat row a contribution.

Cells that a spreadsheet would take for a formula get a leading apostrophe, and the column
``escaped`` names them; JSON Lines is the format without that loss.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from consult.core.cells import spreadsheet_safe
from consult.core.text import xml_safe
from consult.drafting.exports.rows import (
    ExportHeader,
    ExportQuestion,
    ExportRow,
    encoded,
    replacing,
    to_line,
)

_AUTHOR = ("id", "name", "organisation", "category", "country", "region", "on_behalf_of")

COLUMNS = (
    "type",
    "reference",
    "id",
    "source",
    "space",
    "question",
    "number",
    "kind",
    "parent",
    "in_reply_to",
    "depth",
    *(f"author_{key}" for key in _AUTHOR),
    "language",
    "format",
    "body",
    "text",
    "objectives",
    "tags",
    "state",
    "created_at",
    "published_at",
    "edited_at",
    "context",
    "unconfirmed",
    "removed",
    "attachments",
    "permalink",
    "escaped",
    "export_as_of",
    "export_filter",
    "export_sha256",
)
"""The first line. Lists are joined with ``;``, tags and attachments are JSON."""


def write(
    path: Path,
    header: ExportHeader,
    questions: Sequence[ExportQuestion],
    rows: Iterable[ExportRow],
) -> None:
    """Write UTF-8 with BOM, every field quoted, lines ended by CR LF.

    ``questions`` is not used. What the header tells is repeated in the last columns of each row,
    because a line before the column names would break the programs that read CSV.
    """
    told = {
        "export_as_of": header.as_of or "",
        "export_filter": encoded(header.filter).decode(),
        "export_sha256": header.sha256,
    }
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8-sig", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(_safe(_cells(row) | told))


def _cells(row: ExportRow) -> dict[str, str]:
    line = to_line(row)
    lists = {
        "objectives": ";".join(str(number) for number in line["objectives"]),
        "tags": encoded(line["tags"]).decode() if line["tags"] else "",
        "attachments": encoded(line["attachments"]).decode() if line["attachments"] else "",
    }
    plain = {
        key: "" if line.get(key) is None else str(line[key])
        for key in COLUMNS
        if key in line and key not in lists
    }
    beside = {
        "in_reply_to": row.in_reply_to or "",
        "depth": str(row.depth),
        "text": row.plain_text,
        "permalink": row.permalink,
        "context": "true" if row.context else "false",
        "unconfirmed": "true" if row.unconfirmed else "false",
    }
    return plain | lists | beside | {f"author_{key}": row.author_value(key) for key in _AUTHOR}


def _safe(cells: dict[str, str]) -> dict[str, str]:
    clean = {key: xml_safe(value) for key, value in cells.items()}
    safe = {key: spreadsheet_safe(value) for key, value in clean.items()}
    escaped = ";".join(key for key in COLUMNS if key in safe and safe[key][1])
    return {key: text for key, (text, _) in safe.items()} | {"escaped": escaped}

"""JSON Lines, version 1: the format that loses nothing and can be imported again."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from consult.drafting.exports.rows import (
    ExportHeader,
    ExportQuestion,
    ExportRow,
    encoded,
    replacing,
    to_line,
)

VERSION = 1


def write(
    path: Path,
    header: ExportHeader,
    questions: Sequence[ExportQuestion],
    rows: Iterable[ExportRow],
) -> None:
    """Write a header line and one object a line, UTF-8, each line ended by ``\\n`` only.

    ``questions`` is not used: a participant's question is a row, a guiding one is in the
    definition of the space.
    """
    first = {
        "type": "header",
        "version": VERSION,
        "forum": header.forum,
        "space": header.space,
        "as_of": header.as_of,
        "filter": header.filter,
        "counts": header.counts,
        "sha256": header.sha256,
    }
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(encoded(first) + b"\n")
        for row in rows:
            stream.write(encoded(to_line(row)) + b"\n")

"""Markdown: one file to read, quote and compare; threads are nested quotations.

Each text stands in a quotation of its own, so that nothing left open in one text (a fence, a list)
can reach the next.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from consult.core.text import xml_safe
from consult.drafting.exports.rows import (
    ExportHeader,
    ExportQuestion,
    ExportRow,
    author_line,
    by_question,
    cover_facts,
    question_title,
    removal_line,
    replacing,
    row_facts,
    word,
)

# Everything CommonMark or its usual extensions may read as markup inside a line.
_INLINE = re.compile(r"([\\`*_\[\]<>&~^|$])")
_NUMBER_AT_START = re.compile(r"^(\d{1,9})([.)])")


def write(
    path: Path,
    header: ExportHeader,
    questions: Sequence[ExportQuestion],
    rows: Iterable[ExportRow],
) -> None:
    """Write UTF-8 with ``\\n``: facts, then a heading per question and its threads."""
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        stream.writelines(f"{line}\n" for line in _lines(header, questions, rows))


def _lines(
    header: ExportHeader, questions: Sequence[ExportQuestion], rows: Iterable[ExportRow]
) -> Iterator[str]:
    yield f"# {_phrase(header.space_title)}"
    yield ""
    for label, value in cover_facts(header):
        yield f"- {_phrase(word(header, 'fact', label=label, value=value))}"
    for question, group in by_question(questions, rows):
        yield from ("", f"## {_phrase(question_title(header, question))}")
        empty = True
        for row in group:
            yield ""
            # The empty line above ends the quotation before, else the two would be one.
            yield from _quoted(_contribution(header, row), row.depth)
            empty = False
        if empty:
            yield from ("", f"*{_phrase(word(header, 'no_contributions'))}*")


def _contribution(header: ExportHeader, row: ExportRow) -> Iterator[str]:
    if row.is_tombstone:
        yield f"*{_phrase(removal_line(header, row))}*"
        return
    name = " · ".join(part for part in (row.reference, author_line(row)) if part)
    if row.context:
        name = f"{word(header, 'context')} · {name}"
    yield f"### {_phrase(name)}"
    yield ""
    facts = " · ".join(row_facts(header, row))
    if facts:
        yield _phrase(facts) + ("\\" if row.permalink else "")
    if row.permalink:
        yield f"<{_address(row.permalink)}>"
    yield ""
    yield from _quoted(body_of(row).split("\n"), 1)


def _quoted(lines: Iterable[str], depth: int) -> Iterator[str]:
    mark = "> " * depth
    for line in lines:
        yield f"{mark}{line}" if line else mark.rstrip()


def body_of(row: ExportRow) -> str:
    """Give the text as Markdown: the source where it is Markdown, else its text, escaped."""
    if row.format == "markdown" and row.body is not None:
        return _lined(row.body)
    plain = row.body if row.format == "text" and row.body is not None else row.text
    return escaped(plain)


def escaped(text: str) -> str:
    """Give Markdown that renders to exactly this text, its lines and its paragraphs."""
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", _lined(text).strip("\n"))
    return "\n\n".join(
        "\\\n".join(_escaped_line(line) for line in paragraph.split("\n"))
        for paragraph in paragraphs
    )


def _escaped_line(line: str) -> str:
    bare = line.strip()
    if not bare:
        return ""
    before, _, after = line.partition(bare)
    inline = _INLINE.sub(r"\\\1", bare)
    if _NUMBER_AT_START.match(inline):
        inline = _NUMBER_AT_START.sub(r"\1\\\2", inline)
    elif inline[0] in "#+-=:!":
        inline = f"\\{inline}"
    return f"{_entities(before)}{inline}{_entities(after)}"


def _entities(margin: str) -> str:
    # For CommonMark an entity is text, where the white space itself would be layout and go.
    return "".join(f"&#{ord(space)};" for space in margin)


def _phrase(text: str) -> str:
    """Give one line of escaped text."""
    return _escaped_line(" ".join(xml_safe(text).split()))


def _address(url: str) -> str:
    return re.sub(r"[\s<>]", "", xml_safe(url))


def _lined(text: str) -> str:
    """Give the text with ``\\n`` as its only line ends and nothing a text file cannot hold."""
    return xml_safe(text.replace("\r\n", "\n").replace("\r", "\n"))

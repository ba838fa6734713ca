"""From the safe HTML of one contribution to the paragraphs and tables of a Word document."""

import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any, Protocol
from xml.sax.saxutils import escape

from consult.drafting.exports.docx_parts import BULLETS
from consult.drafting.exports.docx_runs import (
    LIST_STEP,
    QUOTE_STEP,
    TEXT_WIDTH,
    Frame,
    Marks,
    border,
    is_rtl,
    paragraph,
    runs,
    table,
)

_INLINE = {
    "strong": "bold",
    "b": "bold",
    "em": "italic",
    "i": "italic",
    "del": "struck",
    "s": "struck",
    "code": "code",
    "sup": "raised",
}


class Registry(Protocol):
    """The document's own lists of what its paragraphs refer to."""

    def link(self, url: str) -> str | None:
        """Give the id of a relationship to ``url``, or nothing for a link that may not be one."""

    def numbered_list(self, *, level: int, start: int) -> int:
        """Give the number of a new list of the document that counts from ``start``."""


@dataclass(slots=True)
class _List:
    """A list being read: its number in the document, and whether its item waits for its mark."""

    number: int
    is_ordered: bool
    item_waits: bool = False


class Reader(HTMLParser):
    """Turns the safe HTML of one contribution into paragraphs and tables."""

    def __init__(self, document: Registry, frame: Frame) -> None:
        super().__init__(convert_charrefs=True)
        self._document = document
        self._frame = frame
        self._marks = [Marks(muted=frame.muted, language=frame.language)]
        self._open: list[str] = []
        self._pieces: list[tuple[str, Marks]] = []
        self._lists: list[_List] = []
        self._quotes = 0
        self._heading = ""
        self._is_pre = False
        self._out: list[str] = []
        self._table: list[list[str]] | None = None
        self._table_depth = 0
        self._outer: list[str] = []

    def finished(self) -> list[str]:
        """Give what was read, with everything left open closed."""
        self._end_paragraph()
        self._table_depth = min(self._table_depth, 1)
        self._end_table()
        return self._out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a look, a link or a block."""
        values = dict(attrs)
        if tag in _INLINE:
            look: dict[str, Any] = {_INLINE[tag]: True}
            self._push(tag, replace(self._marks[-1], **look))
        elif tag == "a":
            link = self._document.link(values.get("href") or "")
            self._push(tag, replace(self._marks[-1], link=link))
        elif tag == "br":
            self._pieces.append(("\n", self._marks[-1]))
        else:
            self._start_block(tag, values)

    def handle_endtag(self, tag: str) -> None:
        """Close it; the end of a block ends its paragraph."""
        if tag in _INLINE or tag == "a":
            self._pop(tag)
            return
        if tag in ("td", "th"):
            self._end_cell(tag)
            return
        self._end_paragraph()
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "pre":
            self._is_pre = False
        elif tag == "table":
            self._end_table()
        elif re.fullmatch(r"h[1-6]", tag):
            self._heading = ""

    def handle_data(self, data: str) -> None:
        """Keep the text with the look it has here."""
        if not self._is_pre:
            # No-break spaces are part of the text; only these four are layout of the source.
            data = re.sub(r"[ \t\r\n]+", " ", data)
            ends_in_space = not self._pieces or self._pieces[-1][0].endswith((" ", "\n"))
            data = data.lstrip(" ") if ends_in_space else data
        if data:
            self._pieces.append((data, self._marks[-1]))

    def _push(self, tag: str, marks: Marks) -> None:
        self._open.append(tag)
        self._marks.append(marks)

    def _pop(self, tag: str) -> None:
        if tag not in self._open:
            return
        while self._open.pop() != tag:
            self._marks.pop()
        self._marks.pop()

    def _start_block(self, tag: str, values: dict[str, str | None]) -> None:
        if tag in ("td", "th"):
            self._start_cell(tag)
            return
        self._end_paragraph()
        if tag in ("ul", "ol"):
            self._start_list(tag, values.get("start"))
        elif tag == "li" and self._lists:
            self._lists[-1].item_waits = True
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._is_pre = True
        elif tag == "hr":
            self._out.append(paragraph("Rule", ""))
        elif tag == "table":
            self._start_table()
        elif tag == "tr" and self._table is not None and self._table_depth == 1:
            self._table.append([])
        elif re.fullmatch(r"h[1-6]", tag):
            self._heading = f"Heading{max(4, int(tag[1]))}"

    def _start_list(self, tag: str, start: str | None) -> None:
        is_ordered = tag == "ol"
        number = BULLETS
        if is_ordered:
            first = int(start) if start and re.fullmatch(r"[0-9]{1,6}", start) else 1
            number = self._document.numbered_list(level=min(len(self._lists), 8), start=first)
        self._lists.append(_List(number, is_ordered))

    def _end_paragraph(self) -> None:
        pieces, self._pieces = self._pieces, []
        while pieces and not pieces[-1][0].rstrip(" \n"):
            pieces.pop()
        if not pieces:
            return
        last, marks = pieces[-1]
        pieces[-1] = (last.rstrip("\n") if self._is_pre else last.rstrip(" \n"), marks)
        rtl = is_rtl("".join(text for text, _ in pieces))
        if rtl:
            pieces = [(text, replace(marks, rtl=True)) for text, marks in pieces]
        self._out.append(self._laid_out(runs(pieces), rtl=rtl))

    def _laid_out(self, content: str, *, rtl: bool) -> str:
        is_cell = self._table_depth > 0
        left = 0 if is_cell else self._frame.left
        # However deep a text nests, its lines keep most of the page.
        left += min(self._quotes, 6) * QUOTE_STEP + min(len(self._lists), 9) * LIST_STEP
        before, hanging, style = "", 0, self._style(is_cell=is_cell)
        if self._lists and self._lists[-1].item_waits:
            last = self._lists[-1]
            last.item_waits = False
            level = min(len(self._lists) - 1, 8)
            before = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{last.number}"/></w:numPr>'
            hanging = LIST_STEP
        # Beside a paragraph set in further, the border would leave the line of the others.
        is_flush = not is_cell and not self._quotes and len(self._lists) <= 1
        if self._frame.muted and is_flush:
            before += border("left", space=8, width=12)
        return paragraph(style, content, before=before, rtl=rtl, left=left, hanging=hanging)

    def _style(self, *, is_cell: bool) -> str:
        if self._heading:
            return self._heading
        if self._is_pre:
            return "Code"
        if self._lists:
            return "ListNumber" if self._lists[-1].is_ordered else "ListBullet"
        if self._quotes:
            return "Quote"
        return "TableText" if is_cell else "BodyText"

    # Tables; one inside another is read as text of its cell.

    def _start_table(self) -> None:
        self._table_depth += 1
        if self._table_depth == 1:
            self._table = []
            self._outer, self._out = self._out, []

    def _start_cell(self, tag: str) -> None:
        self._end_paragraph()
        if self._table_depth == 1 and tag == "th":
            self._push(tag, replace(self._marks[-1], bold=True))

    def _end_cell(self, tag: str) -> None:
        self._end_paragraph()
        if self._table is None or self._table_depth != 1:
            return
        self._pop(tag)
        if not self._table:
            self._table.append([])
        self._table[-1].append("".join(self._out) or paragraph("TableText", ""))
        self._out = []

    def _end_table(self) -> None:
        if self._table_depth != 1 or self._table is None:
            self._table_depth = max(0, self._table_depth - 1)
            return
        rows = [row for row in self._table if row]
        loose, self._out = self._out, self._outer
        self._table, self._table_depth = None, 0
        left = self._frame.left
        if rows:
            self._out.append(table(rows, left=left, width=TEXT_WIDTH - left))
        self._out.extend(loose)


def html_of(text: str) -> str:
    """Give plain text as paragraphs, for a row that was never rendered."""
    blocks = re.split(r"\n[ \t]*\n", text)
    return "".join(f"<p>{escape(block.strip()).replace(chr(10), '<br>')}</p>" for block in blocks)

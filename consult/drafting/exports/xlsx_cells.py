"""What fits into a cell of a workbook, and a sheet that is filled from top to bottom."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from consult.core.cells import spreadsheet_safe
from consult.core.text import xml_safe

MOST_UNITS = 32_767
"""UTF-16 code units of one cell."""
_PART_UNITS = 32_000
_LINE_HEIGHT = 15  # points
_MOST_HEIGHT = 405
_FORBIDDEN_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")


class Sheet:
    """A sheet that is written from top to bottom."""

    def __init__(self, worksheet: Any, widths: Sequence[int]) -> None:
        self.worksheet = worksheet
        self.next_row = 0
        self._widths = widths

    def add_title(self, text: str, style: Any = None) -> None:
        """Write one line that may run over the columns beside it."""
        self.worksheet.write_string(self.next_row, 0, text, style)
        self.next_row += 1

    def add(self, cells: Sequence[str], style: Any) -> None:
        """Write one row of cells as high as its longest text needs, within what Excel allows."""
        # LibreOffice shows one line of a wrapped text unless the file says how high the row is.
        lines = max(map(lines_of, cells, self._widths), default=1)
        if lines > 1:
            height = min(lines * _LINE_HEIGHT, _MOST_HEIGHT)
            self.worksheet.set_row(self.next_row, height)
        for column, cell in enumerate(cells):
            if cell:
                self.worksheet.write_string(self.next_row, column, cell, style)
        self.next_row += 1


def cell(text: str) -> str:
    """Give text that a cell can hold and that no program takes for a formula."""
    return inert(xml_safe(text))


def inert(text: str) -> str:
    """Give text that no program takes for a formula, with an apostrophe where one would."""
    safe, _ = spreadsheet_safe(text)
    # xlsxwriter passes a string between these two on as XML of its own.
    if safe.startswith("<r>") and safe.endswith("</r>"):
        return f"'{safe}"
    return safe


def lines_of(text: str, width: int) -> int:
    """Guess how many lines a text takes in a column of ``width`` characters."""
    # Words do not fill a line to its end: a tenth of it stays empty.
    usable = max(1, width * 9 // 10)
    return sum(max(1, -(-len(line) // usable)) for line in text.split("\n"))


def units(text: str) -> int:
    """Count a text as Excel does: in UTF-16 code units."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def parts(text: str) -> Iterator[str]:
    """Cut into parts that fit a cell, after a line or a word where there is one near the end."""
    while units(text) > _PART_UNITS:
        end = _PART_UNITS // 2 if any(c > "\uffff" for c in text[:_PART_UNITS]) else _PART_UNITS
        border = max(text.rfind("\n", end - 2_000, end), text.rfind(" ", end - 2_000, end)) + 1
        end = border or end
        yield text[:end]
        text = text[end:]
    yield text


def sheet_name(text: str) -> str:
    """Give the text as Excel takes it for the name of a sheet."""
    return _FORBIDDEN_IN_SHEET_NAMES.sub(" ", text).strip()[:31]

"""A workbook: what the export is, a sheet per question, and a sheet for texts too long for a cell.

Every cell is a string, so no text can become a formula or a link; those that would become one when
the workbook is saved as something else also get a leading apostrophe.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from xlsxwriter import Workbook

from consult.core.text import xml_safe
from consult.drafting.exports.rows import (
    ExportHeader,
    ExportQuestion,
    ExportRow,
    by_question,
    cover_facts,
    parsed_instant,
    question_title,
    replacing,
    word,
)
from consult.drafting.exports.xlsx_cells import (
    MOST_UNITS,
    Sheet,
    cell,
    inert,
    parts,
    sheet_name,
    units,
)

# The name of each column and its width in characters; paper shows them up to the text.
_COLUMNS: tuple[tuple[str, int], ...] = (
    ("reference", 15),
    ("author", 22),
    ("organisation", 22),
    ("category", 18),
    ("language", 11),
    ("objectives", 12),
    ("text", 80),
    ("in_reply_to", 15),
    ("depth", 8),
    ("type", 10),
    ("country", 9),
    ("region", 18),
    ("on_behalf_of", 18),
    ("created_at", 21),
    ("published_at", 21),
    ("edited_at", 21),
    ("context", 9),
    ("unconfirmed", 13),
    ("removed", 11),
    ("attachments", 24),
    ("permalink", 64),
    ("id", 24),
    ("source", 16),
    ("escaped", 14),
)
_PRINTED = [name for name, _ in _COLUMNS].index("text")
_EXCERPT = 1_000
_NO_INSTANT = datetime(1980, 1, 1, tzinfo=UTC)


def write(
    path: Path,
    header: ExportHeader,
    questions: Sequence[ExportQuestion],
    rows: Iterable[ExportRow],
) -> None:
    """Write a workbook of strings, keeping one row in memory at a time."""
    with (
        replacing(path) as temporary,
        tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder,
    ):
        book = _Book(temporary, header, folder=folder)
        try:
            book.write_about()
            for question in questions:
                book.open_sheet(question)
            for question, group in by_question(questions, rows):
                book.open_sheet(question)
                for row in group:
                    book.write_row(question, row)
        except BaseException:
            book.abandon()
            raise
        book.close()


class _Book:
    """A workbook being written, with its sheets by question."""

    def __init__(self, path: Path, header: ExportHeader, *, folder: str) -> None:
        self.header = header
        self._book = Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_numbers": False,
                "strings_to_formulas": False,
                "strings_to_urls": False,
            },
        )
        base = {"valign": "top", "text_wrap": True, "num_format": "@"}
        self._plain = self._book.add_format(base)
        self._muted = self._book.add_format(base | {"font_color": "#6B7280", "italic": True})
        self._head = self._book.add_format(
            base | {"bold": True, "bg_color": "#E6ECF3", "bottom": 1, "valign": "vcenter"}
        )
        self._title = self._book.add_format({"bold": True, "font_size": 14})
        self._sheets: dict[int, Sheet] = {}
        self._overflow: Sheet | None = None
        self._set_properties()

    def _set_properties(self) -> None:
        as_of = self.header.as_of
        # Without an instant xlsxwriter would ask the clock, and no two exports would be equal.
        created = parsed_instant(as_of) if as_of else _NO_INSTANT
        self._book.set_properties(
            {
                "title": xml_safe(self.header.space_title),
                "author": xml_safe(self.header.forum_title),
                "created": created.replace(tzinfo=None),
            }
        )

    def _add_sheet(self, name: str, widths: Sequence[int]) -> Sheet:
        worksheet = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            worksheet.set_column(column, column, width)
        worksheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        worksheet.set_landscape()
        worksheet.set_paper(9)
        worksheet.fit_to_pages(1, 0)
        return Sheet(worksheet, widths)

    def write_about(self) -> None:
        """Write the cover: what this is, the facts, what the columns mean."""
        header = self.header
        sheet = self._add_sheet(sheet_name(word(header, "sheet_about")), (34, 90))
        sheet.add_title(cell(f"{header.space_code} · {header.space_title}"), self._title)
        sheet.add_title(cell(word(header, "document_title")))
        sheet.next_row += 1
        for label, value in cover_facts(header):
            sheet.add((cell(label), cell(value)), self._plain)
        sheet.add(["", cell(word(header, "context_note"))], self._muted)
        sheet.next_row += 1
        sheet.add_title(cell(word(header, "dictionary")), self._title)
        for name, _width in _COLUMNS:
            meaning = (word(header, f"column_{name}"), word(header, f"meaning_{name}"))
            sheet.add([cell(text) for text in meaning], self._plain)

    def open_sheet(self, question: ExportQuestion) -> None:
        """Make the sheet of a question, with its frozen head, unless it is there already."""
        if question.number in self._sheets:
            return
        name = f"Q{question.number}"
        sheet = self._add_sheet(name, [width for _, width in _COLUMNS])
        sheet.add_title(cell(question_title(self.header, question)), self._title)
        sheet.add(
            [cell(word(self.header, f"column_{column}")) for column, _ in _COLUMNS], self._head
        )
        sheet.worksheet.freeze_panes(2, 1)
        sheet.worksheet.repeat_rows(1)
        self._sheets[question.number] = sheet

    def write_row(self, question: ExportQuestion, row: ExportRow) -> None:
        """Write one contribution into the sheet of its question."""
        clean = {name: xml_safe(value) for name, value in self._cells(row).items()}
        safe = {name: inert(value) for name, value in clean.items()}
        escaped = ", ".join(
            word(self.header, f"column_{name}")
            for name, _ in _COLUMNS
            if safe.get(name) != clean.get(name)
        )
        fitting = {name: self._fitted(row, name, value) for name, value in safe.items()}
        style = self._muted if row.context or row.is_tombstone else self._plain
        values = fitting | {"escaped": cell(escaped)}
        self._sheets[question.number].add([values[name] for name, _ in _COLUMNS], style)

    def _cells(self, row: ExportRow) -> Mapping[str, str]:
        gone = row.is_tombstone
        return {
            "reference": row.reference or "",
            "type": row.type,
            "in_reply_to": row.in_reply_to or "",
            "depth": str(row.depth),
            "author": row.author_value("name"),
            "organisation": row.author_value("organisation"),
            "category": "" if gone else row.category_label or row.author_value("category"),
            "country": row.author_value("country"),
            "region": "" if gone else row.region_label or row.author_value("region"),
            "on_behalf_of": row.author_value("on_behalf_of"),
            "language": row.language_label or row.language or "",
            "objectives": "" if gone else ", ".join(str(number) for number in row.objectives),
            "text": row.plain_text,
            "created_at": row.created_at or "",
            "published_at": row.published_at or "",
            "edited_at": row.edited_at or "",
            "context": word(self.header, "yes") if row.context else "",
            "unconfirmed": word(self.header, "yes") if row.unconfirmed else "",
            "removed": row.removed,
            "attachments": ""
            if gone
            else "\n".join(str(attachment.get("name", "")) for attachment in row.attachments),
            "permalink": row.permalink,
            "id": row.id,
            "source": row.source or "",
        }

    def _fitted(self, row: ExportRow, column: str, value: str) -> str:
        if units(value) <= MOST_UNITS:
            return value
        sheet = self._overflow_sheet()
        pointer = word(
            self.header,
            "overflow_pointer",
            sheet=sheet_name(word(self.header, "sheet_overflow")),
            row=sheet.next_row + 1,
        )
        title = word(self.header, f"column_{column}")
        for part, text in enumerate(parts(value), start=1):
            sheet.add(
                (cell(row.reference or row.id), cell(title), str(part), inert(text)), self._plain
            )
        return f"{value[:_EXCERPT]}…\n\n[{pointer}]"

    def _overflow_sheet(self) -> Sheet:
        if self._overflow is None:
            name = sheet_name(word(self.header, "sheet_overflow"))
            self._overflow = self._add_sheet(name, (16, 14, 8, 120))
            heads = ("column_reference", "overflow_column", "overflow_part", "column_text")
            self._overflow.add([cell(word(self.header, key)) for key in heads], self._head)
            self._overflow.worksheet.freeze_panes(1, 0)
        return self._overflow

    def close(self) -> None:
        """Set the filters, whose last row is known only now, and write the file."""
        for sheet in self._sheets.values():
            last = max(sheet.next_row - 1, 1)
            sheet.worksheet.autofilter(1, 0, last, len(_COLUMNS) - 1)
            sheet.worksheet.print_area(0, 0, last, _PRINTED)
        self._book.close()

    def abandon(self) -> None:
        """Close the files that xlsxwriter keeps open for a workbook that will not be written."""
        for worksheet in self._book.worksheets():
            worksheet.row_data_fh.close()

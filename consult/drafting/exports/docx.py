"""A Word document: cover, contents, a heading per question, thread and reply, in real styles.

The XML is streamed: building a tree of the whole document takes time that grows with its square.
The parts are our own and small; nothing in them points outside the file but checked links.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from consult.drafting.exports.docx_parts import (
    APP_PROPERTIES,
    CONTENT_TYPES,
    DOCUMENT_END,
    DOCUMENT_START,
    FIRST_NUMBERED,
    PACKAGE_LINKS,
    PART_LINKS,
    SETTINGS,
    TYPES,
    core_properties,
    cover,
    numbering,
    page_footer,
    page_header,
    store,
)
from consult.drafting.exports.docx_reader import Reader, html_of
from consult.drafting.exports.docx_runs import (
    Frame,
    Marks,
    language_tag,
    paragraph,
    run,
    runs,
    safe_link,
)
from consult.drafting.exports.docx_styles import styles
from consult.drafting.exports.rows import (
    ExportHeader,
    ExportQuestion,
    ExportRow,
    author_line,
    by_question,
    question_title,
    removal_line,
    replacing,
    row_facts,
    shortened,
    word,
)

__all__ = ["safe_link", "write"]

_MOST_STEPS = 3
_MOST_THREADS_IN_CONTENTS = 300


def write(
    path: Path,
    header: ExportHeader,
    questions: Sequence[ExportQuestion],
    rows: Iterable[ExportRow],
) -> None:
    """Write a document, keeping one row in memory at a time.

    The body waits in a temporary file, because the contents in front of it name its headings.
    """
    with replacing(path) as temporary, ExitStack() as spools:
        document = _Document(header, *(spools.enter_context(TemporaryFile()) for _ in range(2)))
        for question, group in by_question(questions, rows):
            document.add_question(question)
            empty = True
            for row in group:
                document.add_row(row)
                empty = False
            if empty:
                document.add_line("Facts", word(header, "no_contributions"))
        with ZipFile(temporary, "w", ZIP_DEFLATED) as archive:
            document.save(archive)


class _Document:
    """A document being written: its body, its links and its lists."""

    def __init__(self, header: ExportHeader, body: IO[bytes], links: IO[bytes]) -> None:
        self.header = header
        self._body = body
        self._links = links
        self._link_count = 0
        self._list_starts: list[tuple[int, int]] = []
        self._bookmarks = 0
        self._threads = 0
        self._contents: list[tuple[int, str, str]] = []

    # What the readers of HTML ask for.

    def link(self, url: str) -> str | None:
        """Give the id of a relationship to ``url``, or nothing for a link that may not be one."""
        target = safe_link(url)
        if target is None:
            return None
        self._link_count += 1
        identifier = f"rLink{self._link_count}"
        self._links.write(
            f'<Relationship Id="{identifier}" Type="{TYPES}/hyperlink" '
            f'Target={quoteattr(target)} TargetMode="External"/>'.encode()
        )
        return identifier

    def numbered_list(self, *, level: int, start: int) -> int:
        """Give the number of a new list of the document that counts from ``start``."""
        self._list_starts.append((level, start))
        return FIRST_NUMBERED + len(self._list_starts) - 1

    # The body.

    def add_line(self, style: str, text: str, *, left: int = 0) -> None:
        """Write one paragraph of one look."""
        self._write(paragraph(style, run(text), left=left))

    def add_question(self, question: ExportQuestion) -> None:
        """Write the heading of a question; each begins a page."""
        self._heading(1, question_title(self.header, question), Frame())

    def add_row(self, row: ExportRow) -> None:
        """Write one contribution: heading, facts, permalink, text; a tombstone is one line."""
        # A participant's question stands at the depth of its answers and under its own heading.
        frame = Frame(min(row.depth, _MOST_STEPS), row.context, language_tag(row.language))
        if row.is_tombstone:
            line = removal_line(self.header, row)
            self.add_line("Removed", line, left=frame.left)
            return
        name = " · ".join(part for part in (row.reference, author_line(row)) if part)
        if row.context:
            name = f"{word(self.header, 'context')} · {name}"
        self._heading(2 if row.depth == 0 else 3, name, frame)
        self._facts(row, frame)
        self._text(row, frame)

    def _heading(self, level: int, text: str, frame: Frame) -> None:
        self._bookmarks += 1
        anchor = f"_Toc{self._bookmarks:08}"
        # A bookmark's id counts from 0 in the whole document.
        number = self._bookmarks - 1
        content = run(" ".join(text.split()), Marks(muted=frame.muted))
        self._write(
            paragraph(
                f"Heading{level}",
                f'<w:bookmarkStart w:id="{number}" w:name="{anchor}"/>{content}'
                f'<w:bookmarkEnd w:id="{number}"/>',
                left=frame.left,
            )
        )
        self._threads += level == 2
        if level == 1 or (level == 2 and self._threads <= _MOST_THREADS_IN_CONTENTS):
            self._contents.append((level, anchor, shortened(" ".join(text.split()), 140)))

    def _facts(self, row: ExportRow, frame: Frame) -> None:
        facts = run(" · ".join(row_facts(self.header, row)))
        link = self.link(row.permalink)
        address = runs([(row.permalink, Marks(link=link))]) if row.permalink else ""
        between = "<w:r><w:br/></w:r>" if facts and address else ""
        self._write(paragraph("Facts", f"{facts}{between}{address}", left=frame.left))

    def _text(self, row: ExportRow, frame: Frame) -> None:
        reader = Reader(self, frame)
        reader.feed(row.html if row.html is not None else html_of(row.text))
        reader.close()
        self._write("".join(reader.finished()))

    def _write(self, xml: str) -> None:
        self._body.write(xml.encode("utf-8"))

    # The file.

    def save(self, archive: ZipFile) -> None:
        """Write every part into the archive, always in the same order and with the same dates."""
        header = self.header
        store(archive, "[Content_Types].xml", CONTENT_TYPES)
        store(archive, "_rels/.rels", PACKAGE_LINKS)
        store(archive, "docProps/core.xml", core_properties(header))
        store(archive, "docProps/app.xml", APP_PROPERTIES)
        store(archive, "word/styles.xml", styles(language_tag(header.locale) or "en-GB"))
        store(archive, "word/settings.xml", SETTINGS)
        store(archive, "word/numbering.xml", numbering(self._list_starts))
        store(archive, "word/header1.xml", page_header(header))
        store(archive, "word/footer1.xml", page_footer(header))
        self._body.seek(0)
        self._links.seek(0)
        front = f"{DOCUMENT_START}{cover(header)}{self._contents_xml()}".encode()
        store(archive, "word/document.xml", front, self._body, DOCUMENT_END)
        store(archive, "word/_rels/document.xml.rels", PART_LINKS, self._links, "</Relationships>")

    def _contents_xml(self) -> str:
        levels = 2 if self._threads <= _MOST_THREADS_IN_CONTENTS else 1
        entries = [entry for entry in self._contents if entry[0] <= levels]
        begin = (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve">'
            f' TOC \\o "1-{levels}" \\h \\z \\u </w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        lines = [
            f'<w:hyperlink w:anchor="{anchor}" w:history="1">{run(text)}</w:hyperlink>'
            for _, anchor, text in entries
        ] or [""]
        styles = [f"TOC{level}" for level, _, _ in entries] or ["TOC1"]
        lines[0] = begin + lines[0]
        lines[-1] += end
        body = "".join(paragraph(style, line) for style, line in zip(styles, lines, strict=True))
        heading = paragraph("TOCHeading", run(word(self.header, "contents")))
        return (
            '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
            f"<w:docPartUnique/></w:docPartObj></w:sdtPr><w:sdtContent>{heading}{body}"
            "</w:sdtContent></w:sdt>"
        )

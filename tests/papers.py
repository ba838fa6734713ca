"""Position papers for tests, made on the spot: honest ones of each kind, and hostile ones."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import docx
from odfdo import Document, Header, List, Paragraph, Table
from pypdf import PdfReader, PdfWriter

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 504


def pdf(*pages: Sequence[str], more: Sequence[bytes] = (), catalog: bytes = b"") -> bytes:
    """Return a PDF whose pages hold these lines; `more` are further objects, from number 4 on.

    `catalog` stands in the catalogue: `/OpenAction 4 0 R`.
    """
    pages = pages or (["Our city has learned."],)
    first = 4 + len(more)
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        *more,
    ]
    for index, lines in enumerate(pages):
        number = first + 2 * index
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {number + 1} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(stream(zlib.compress(_drawn(lines)), b"/Filter /FlateDecode"))
    return _assembled(objects)


def stream(data: bytes, keys: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), keys, data)


def _drawn(lines: Sequence[str]) -> bytes:
    shown = []
    for line in lines:
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        shown.append(f"({escaped}) Tj 0 -14 Td".encode("cp1252"))
    return b"BT /F1 11 Tf 56 780 Td " + b" ".join(shown) + b" ET"


def _assembled(objects: Sequence[bytes]) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    )
    return out.getvalue()


def encrypted_pdf() -> bytes:
    """Return a PDF under a password."""
    writer = PdfWriter(PdfReader(io.BytesIO(pdf())))
    writer.encrypt("a password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word(*paragraphs: str, rows: Sequence[Sequence[str]] = ()) -> bytes:
    """Return a DOCX with paragraphs, then a table."""
    document = docx.Document()
    for text in paragraphs or ("Our city has learned.",):
        document.add_paragraph(text)
    if rows:
        table = document.add_table(rows=len(rows), cols=len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def odt(*paragraphs: str, heading: str = "", items: Sequence[str] = ()) -> bytes:
    """Return an ODT with a heading, paragraphs, a list and a table with one cell."""
    document = Document("text")
    document.body.clear()
    if heading:
        document.body.append(Header(1, heading))
    for text in paragraphs or ("Our city has learned.",):
        document.body.append(Paragraph(text))
    if items:
        document.body.append(List(list(items)))
        table = Table("T", width=2, height=1)
        table.set_value("A1", "first cell")
        table.set_value("B1", "second cell")
        document.body.append(table)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def noted_odt(text: str, note: str) -> bytes:
    """Return an ODT whose one paragraph has a footnote behind its first word."""
    document = Document("text")
    document.body.clear()
    paragraph = Paragraph(text)
    document.body.append(paragraph)
    paragraph.insert_note(after=text.split(maxsplit=1)[0], note_id="n1", citation="1", body=note)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed(package: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """Return a package with parts replaced or added; None takes one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            content = parts.get(member.filename, old.read(member))
            if content is not None:
                new.writestr(member.filename, content, member.compress_type)
        for name in parts.keys() - set(old.namelist()):
            content = parts[name]
            if content is not None:
                new.writestr(name, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def part_of(package: bytes, name: str) -> bytes:
    """Return a part of a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return opened.read(name)


def edited(package: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """Return a package in which a part says something else."""
    before = part_of(package, name)
    assert old in before, name
    return changed(package, {name: before.replace(old, new, 1)})


def bomb(size: int, *, package: bytes | None = None) -> bytes:
    """Return a package in which one XML part unfolds into that many bytes of blanks."""
    out = io.BytesIO(package or word())
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as opened,
        opened.open("word/more.xml", "w", force_zip64=True) as part,
    ):
        part.write(b"<x>")
        for _ in range(size >> 20):
            part.write(b" " * (1 << 20))
        part.write(b"</x>")
    return out.getvalue()

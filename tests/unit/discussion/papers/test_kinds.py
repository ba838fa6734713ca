"""What a file is, by its bytes; and every reason for which one is not taken."""

from __future__ import annotations

import io
import re
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from consult.core import bodies
from consult.discussion.papers import kinds, shapes
from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused
from tests import papers as make

R = PaperRefusal
WORD_NAMESPACE = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELS = "word/_rels/document.xml.rels"
RELATION = (
    b'<Relationship Id="x9" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'relationships/%s" Target="%s" TargetMode="External"/></Relationships>'
)


def refusal(content: bytes) -> PaperRefusal:
    with pytest.raises(Refused) as caught:
        kinds.examine(io.BytesIO(content))
    return caught.value.refusal


def related(kind: bytes, target: bytes) -> bytes:
    return make.edited(make.word(), RELS, b"</Relationships>", RELATION % (kind, target))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (make.pdf(), Kind.PDF),
        (make.pdf(catalog=b"/OpenAction [2 0 R /XYZ null null 0]"), Kind.PDF),
        (make.pdf(catalog=b"/OpenAction << /S /GoTo /D [2 0 R /Fit] >>"), Kind.PDF),
        (make.pdf(more=[b"<< /Type /Annot /Subtype /Link /A << /S /URI /URI (x) >> >>"]), Kind.PDF),
        (make.word(), Kind.DOCX),
        (related(b"hyperlink", b"https://example.org/"), Kind.DOCX),
        (related(b"attachedTemplate", b"file:///C:\\Templates\\letter.dotx"), Kind.DOCX),
        (make.odt(), Kind.ODT),
        (b"Our city has learned.", Kind.TXT),
        ("Señal, œuvre, 漢字".encode(), Kind.TXT),
        ("\ufeffSeñal".encode(), Kind.TXT),
        ("Señal".encode("utf-16"), Kind.TXT),
        (b"\xfe\xff" + "Señal".encode("utf-16-be"), Kind.TXT),
        ("Señal – “œuvre”".encode("cp1252"), Kind.TXT),
        (b"We ask: is 3 < 5? <see below> Tab\tand\fpage\r\n", Kind.TXT),
    ],
)
def test_a_kind_is_known_by_its_content(content: bytes, kind: Kind) -> None:
    assert kinds.examine(io.BytesIO(content)) is kind


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", R.EMPTY),
        (b"x" * (shapes.MAX_FILE + 1), R.TOO_LARGE),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), R.NOT_A_KIND),
        (b"GIF89a/*\x00\x01*/=1;alert(1)", R.NOT_A_KIND),
        (b"\x7fELF" + bytes(200), R.NOT_A_KIND),
        ("Señal".encode("utf-32"), R.NOT_A_KIND),
        ("Señal".encode("utf-16-le"), R.NOT_A_KIND),
        (b"\xff\xfe\x00", R.NOT_A_KIND),
        (b"caf\xe9 \x81", R.NOT_A_KIND),
        (b"{\\rtf1 hello}", R.NOT_A_KIND),
        (make.OLE, R.OLD_WORD),
        (make.OLE + "EncryptedPackage".encode("utf-16-le"), R.ENCRYPTED),
        (b"<!DOCTYPE html><p>hello", R.MARKUP),
        (b"\xef\xbb\xbf  <html>", R.MARKUP),
        ("<svg onload=x>".encode("utf-16"), R.MARKUP),
        (b'<?xml version="1.0"?><office:document/>', R.MARKUP),
        (b"<?php system('x');", R.MARKUP),
        (b"#!/bin/sh\nrm -r /", R.MARKUP),
        (b"Dear all,\n<script>alert(1)</script>", R.MARKUP),
        (b"Dear all,\n%PDF-1.4\n", R.TWO_KINDS),
        (b"Dear all,\n" + make.pdf(), R.TWO_KINDS),
        (make.pdf() + make.word(), R.TWO_KINDS),
        (make.pdf().replace(b"%\xe2\xe3\xcf\xd3", b"%<script>x</script>", 1), R.TWO_KINDS),
        (b"PK" + make.word(), R.TWO_KINDS),
        (b"%PDF-1.7 and nothing else", R.DAMAGED),
        (make.pdf()[:200], R.DAMAGED),
        (make.word()[:-200], R.DAMAGED),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_document_of_ours_is_refused(content: bytes, reason: PaperRefusal) -> None:
    assert refusal(content) is reason


# --- PDF ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        make.pdf(catalog=b"/OpenAction 4 0 R", more=[b"<< /S /JavaScript /JS (app.alert(1)) >>"]),
        make.pdf(more=[b"<< /S /J#61vaScript /J#53 (x) >>"]),
        make.pdf(more=[b"<< /Type /Action /S /Launch /F (cmd.exe) >>"]),
        make.pdf(more=[b"<< /S /GoToR /F (\\\\\\\\host\\\\x) >>"]),
        make.pdf(more=[b"<< /S /#53ubmitForm /F (https://example.org) >>"]),
        make.pdf(catalog=b"/OpenAction << /S /URI /URI (https://example.org) >>"),
        make.pdf(
            catalog=b"/OpenAction << /S /GoTo /D [2 0 R /Fit] /Next << /S /URI /URI (x) >> >>"
        ),
        make.pdf(more=[b"<< /AA << /O << /S /URI /URI (x) >> >> >>"]),
        make.pdf(catalog=b"/Names << /EmbeddedFiles << /Names [] >> >>"),
        make.pdf(more=[b"<< /Type /Filespec /F (x) /#45F << /F 3 0 R >> >>"]),
        make.pdf(more=[b"<< /Type /Annot /Subtype /FileAttachment >>"]),
        make.pdf(more=[b"<< /Type /Annot /Subtype /RichMedia >>"]),
        make.pdf(catalog=b"/AcroForm << /XFA 4 0 R >>", more=[make.stream(b"x")]),
    ],
)
def test_a_pdf_that_acts_is_refused(hostile: bytes) -> None:
    assert refusal(hostile) is R.ACTIVE


def test_active_content_in_an_object_stream_is_found() -> None:
    inside = b"4 0 << /S /JavaScr#69pt /JS (x) >>"
    held = make.stream(zlib.compress(inside), b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")
    start = make.pdf(more=[b"null", held])
    # An update in the modern form: a cross-reference stream that puts object 4 into object 5.
    place = len(start)
    table = b"".join(struct.pack("!BHB", *row) for row in ((2, 5, 0), (1, place, 0)))
    previous = start.rindex(b"xref\n0")
    update = b"8 0 obj\n" + make.stream(
        table,
        b"/Type /XRef /Size 9 /W [1 2 1] /Index [4 1 8 1] /Root 1 0 R /Prev %d" % previous,
    )
    whole = start + update + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % place
    assert refusal(whole) is R.ACTIVE


def test_a_pdf_under_a_password_is_refused() -> None:
    assert refusal(make.encrypted_pdf()) is R.ENCRYPTED


def test_a_pdf_stream_that_unfolds_without_end_is_refused() -> None:
    blanks = zlib.compress(b" " * (150 << 20), 9)
    assert len(blanks) < 200_000
    hostile = make.pdf(more=[make.stream(blanks, b"/Filter /FlateDecode")])
    assert refusal(hostile) is R.BOMB
    twice = zlib.compress(zlib.compress(b" " * (150 << 20), 9), 9)
    assert len(twice) < 2_000
    nested = make.pdf(more=[make.stream(twice, b"/Filter [/FlateDecode /FlateDecode]")])
    assert refusal(nested) is R.BOMB


def test_a_stream_of_a_few_megabytes_of_blanks_is_a_bomb_and_a_blank_scan_is_none() -> None:
    blanks = zlib.compress(b" " * (3 << 20), 9)
    assert refusal(make.pdf(more=[make.stream(blanks, b"/Filter /FlateDecode")])) is R.BOMB
    keys = b"/Subtype /Image /Width 1774 /Height 1774 /BitsPerComponent 8 /Filter /FlateDecode"
    assert kinds.examine(io.BytesIO(make.pdf(more=[make.stream(blanks, keys)]))) is Kind.PDF


PICTURE = b"/Subtype /Image /Width 20000 /Height 20000 /BitsPerComponent 8 /Filter "


def picture(size: int, *, keys: bytes = PICTURE + b"/FlateDecode") -> bytes:
    """Return a PDF with a blank picture of that many bytes, made without holding them."""
    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(bytes(1 << 20)) for _ in range(size >> 20))
    return make.pdf(more=[make.stream(packed + packing.flush(), keys)])


def test_the_bytes_of_a_picture_are_counted_without_being_kept() -> None:
    scan = io.BytesIO(picture(450 << 20))
    tracemalloc.start()
    try:
        assert kinds.examine(scan) is Kind.PDF
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 16 << 20


def test_pictures_beyond_the_room_are_a_bomb_however_they_are_packed() -> None:
    assert refusal(picture(501 << 20)) is R.BOMB
    once = zlib.compress(bytes(150 << 20), 9)
    keys = PICTURE + b"[/ASCIIHexDecode /FlateDecode]"
    assert refusal(make.pdf(more=[make.stream(once.hex().encode() + b">", keys)])) is R.BOMB


def test_what_came_out_before_the_damage_counts() -> None:
    broken = zlib.compress(b" " * (150 << 20), 9)[:-4] + b"oops"
    assert refusal(make.pdf(more=[make.stream(broken, b"/Filter /FlateDecode")])) is R.BOMB


# --- DOCX ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        make.edited(
            make.word(),
            "[Content_Types].xml",
            b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            b"application/vnd.ms-word.document.macroEnabled.main+xml",
        ),
        make.changed(make.word(), {"word/vbaProject.bin": b"code"}),
        make.changed(make.word(), {"word/activeX/activeX1.xml": b"<x/>"}),
        make.changed(make.word(), {"word/embeddings/oleObject1.bin": b"object"}),
        make.changed(make.word(), {"word/embeddings/other.docx": make.word()}),
        make.changed(
            make.word(),
            {"word/embeddings/book.xlsx": make.changed(make.word(), {"xl/vbaProject.bin": b"x"})},
        ),
        make.changed(make.word(), {"word/media/image1.png": make.OLE}),
        make.changed(make.word(), {"word/media/image1.png": b"MZ\x90\x00"}),
        related(b"attachedTemplate", b"https://example.org/evil.dotm"),
        related(b"attachedTemplate", b"file:///\\\\host\\share\\evil.dotm"),
        related(b"image", b"https://example.org/beacon.png"),
        related(b"oleObject", b"file:///C:/x"),
        related(b"frame", b"https://example.org/"),
        make.edited(
            make.word(),
            "word/document.xml",
            b"</w:p>",
            b'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> DDE</w:instrText>'
            b'</w:r><w:r><w:instrText>AUTO c:\\\\cmd "x"</w:instrText></w:r></w:p>',
        ),
        make.edited(
            make.word(), "word/document.xml", b"</w:p>", b'<w:fldSimple w:instr="DDE x y"/></w:p>'
        ),
        make.edited(make.word(), "word/document.xml", b"</w:p>", b"<w:r><w:object/></w:r></w:p>"),
        make.changed(
            make.word(), {"more/part.xml": b'<w:altChunk xmlns:w="' + WORD_NAMESPACE + b'"/>'}
        ),
        make.changed(
            make.word(),
            {"word/_rels/more.xml.RELS": b"<r>" + RELATION[:-16] % (b"frame", b"x:") + b"</r>"},
        ),
        make.changed(make.word(), {"word/document.xml/[0].piece": b"<x/>"}),
    ],
)
def test_a_word_document_that_acts_is_refused(hostile: bytes) -> None:
    assert refusal(hostile) is R.ACTIVE


def renamed(content_type: bytes) -> bytes:
    """Return a document whose main part, which calls a program, is called `word/document.foo`."""
    calling = make.edited(
        make.word(), "word/document.xml", b"</w:p>", b'<w:fldSimple w:instr="DDEAUTO x"/></w:p>'
    )
    parts = {
        "word/document.foo": make.part_of(calling, "word/document.xml"),
        "word/document.xml": None,
    }
    moved = make.changed(calling, parts)
    moved = make.edited(moved, "_rels/.rels", b"word/document.xml", b"word/document.foo")
    types = make.part_of(moved, "[Content_Types].xml")
    rest = re.sub(rb'<Override PartName="/word/document.xml"[^>]*/>', content_type, types)
    assert rest != types
    return make.changed(moved, {"[Content_Types].xml": rest})


MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


@pytest.mark.parametrize(
    "content_type",
    [
        b'<Override PartName="/word/document.foo" ContentType="' + MAIN + b'"/>',
        b'<Override PartName="/word/document.foo" ContentType="' + MAIN + b' ; charset=utf-8"/>',
        b'<Default Extension="foo" ContentType="' + MAIN + b'"/>',
        b'<Default Extension="foo" ContentType="Text/XML"/>',
    ],
)
def test_a_part_that_is_xml_under_another_name_is_refused(content_type: bytes) -> None:
    assert refusal(renamed(content_type)) is R.ACTIVE


def test_drawings_and_data_of_other_vocabularies_are_no_active_content() -> None:
    types = make.part_of(make.word(), "[Content_Types].xml").replace(
        b"</Types>", b'<Default Extension="svg" ContentType="image/svg+xml"/></Types>'
    )
    harmless = make.changed(
        make.word(),
        {
            "[Content_Types].xml": types,
            "word/media/image1.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
            "customXml/item1.xml": b'<object xmlns="urn:example:archive"><control/></object>',
        },
    )
    assert kinds.examine(io.BytesIO(harmless)) is Kind.DOCX


def test_names_that_differ_in_case_alone_are_refused() -> None:
    assert refusal(make.changed(make.word(), {"[content_types].XML": b"<x/>"})) is R.DAMAGED


def test_the_numbers_behind_a_chart_are_no_active_content() -> None:
    book = make.changed(make.word(), {})
    harmless = make.changed(make.word(), {"word/embeddings/Microsoft_Excel_Sheet.xlsx": book})
    assert kinds.examine(io.BytesIO(harmless)) is Kind.DOCX


@pytest.mark.parametrize("entity", [b'SYSTEM "file:///etc/passwd"', b'"lol"'])
def test_a_document_type_in_any_part_is_refused_before_an_entity_is_read(entity: bytes) -> None:
    hostile = make.edited(
        make.word(),
        "word/document.xml",
        b"<w:document",
        b"<!DOCTYPE x [<!ENTITY e " + entity + b">]><w:document",
    )
    assert refusal(hostile) is R.ACTIVE


def test_a_package_of_another_kind_is_refused() -> None:
    sheet = make.edited(make.word(), "[Content_Types].xml", b"wordprocessingml.document", b"spread")
    assert refusal(sheet) is R.NOT_A_KIND
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("a.txt", "hello")
    assert refusal(archive.getvalue()) is R.NOT_A_KIND
    assert refusal(make.changed(make.word(), {"mimetype": b"x"})) is R.TWO_KINDS


def test_bytes_around_a_package_make_it_two_kinds() -> None:
    assert refusal(make.word() + b"\x00trailing") is R.TWO_KINDS
    commented = io.BytesIO(make.word())
    with zipfile.ZipFile(commented, "a") as package:
        package.comment = b"<script>alert(1)</script>"
    assert refusal(commented.getvalue()) is R.TWO_KINDS


# --- Bombs --------------------------------------------------------------------------------------


def test_ten_gigabytes_in_ten_kilobytes_are_refused_having_unfolded_a_hundred_megabytes() -> None:
    hostile = make.bomb(300 << 20)
    assert len(hostile) < 400_000
    assert refusal(hostile) is R.BOMB


def test_a_directory_that_claims_little_is_not_believed() -> None:
    hostile = bytearray(make.bomb(40 << 20))
    with zipfile.ZipFile(io.BytesIO(bytes(hostile))) as package:
        member = package.getinfo("word/more.xml")
    size = struct.pack("<L", member.file_size)
    place = bytes(hostile).rindex(size)
    hostile[place : place + 4] = struct.pack("<L", 10)
    assert refusal(bytes(hostile)) in {R.BOMB, R.DAMAGED}


def test_members_that_share_their_bytes_are_refused() -> None:
    """The directory of David Fifield's bomb: one compressed kernel under many names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", b"<x>" + b"ab" * 4000 + b"</x>")
        kernel = package.infolist()[0]
        for number in range(400):
            twin = zipfile.ZipInfo(f"word/{number}.xml")
            twin.header_offset = kernel.header_offset
            twin.compress_size, twin.file_size = kernel.compress_size, kernel.file_size
            twin.CRC, twin.compress_type = kernel.CRC, kernel.compress_type
            package.filelist.append(twin)
            package.NameToInfo[twin.filename] = twin
    assert refusal(out.getvalue()) in {R.BOMB, R.DAMAGED}


def test_more_than_a_thousand_members_are_refused() -> None:
    assert refusal(make.changed(make.word(), {f"word/{n}.txt": b"" for n in range(1000)})) is R.BOMB


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "word\\..\\x"])
def test_members_with_paths_that_lead_out_are_refused(name: str) -> None:
    assert refusal(make.changed(make.word(), {name: b"x"})) is R.DAMAGED


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(make.word())
    place = bytes(content).rindex(b"PK\x01\x02")
    content[place + 8] |= 1
    assert refusal(bytes(content)) is R.ENCRYPTED


# --- ODT ----------------------------------------------------------------------------------------

LISTENER = (
    b'<office:event-listeners><script:event-listener script:event-name="dom:load"'
    b' xlink:href="vnd.sun.star.script:x"/></office:event-listeners>'
)


@pytest.mark.parametrize(
    "hostile",
    [
        make.changed(make.odt(), {"Basic/Standard/Module1.xml": b"<x/>"}),
        make.changed(make.odt(), {"Scripts/python/x.py": b"print()"}),
        make.changed(make.odt(), {"Object 1": make.OLE}),
        make.edited(
            make.odt(),
            "content.xml",
            b"<office:body",
            b'<e:x xmlns:e="e"><e:event-listener/></e:x><office:body',
        ),
        make.edited(
            make.odt(), "content.xml", b"</text:p>", b"<text:script>x</text:script></text:p>"
        ),
        make.edited(
            make.odt(),
            "content.xml",
            b"</text:p>",
            b'<text:a xmlns:q="http://www.w3.org/1999/xlink"'
            b' q:href="vnd.sun.star.script:x">x</text:a></text:p>',
        ),
        make.edited(
            make.odt(),
            "content.xml",
            b"</text:p>",
            b'<text:section-source xmlns:q="http://www.w3.org/1999/xlink"'
            b' q:href="https://example.org/x"/></text:p>',
        ),
        make.edited(
            make.odt(),
            "META-INF/manifest.xml",
            b"</manifest:manifest>",
            b'<manifest:file-entry manifest:full-path="Object 1"'
            b' manifest:media-type="application/vnd.sun.star.oleobject"/></manifest:manifest>',
        ),
    ],
)
def test_an_opendocument_text_that_acts_is_refused(hostile: bytes) -> None:
    assert refusal(hostile) is R.ACTIVE


def test_an_encrypted_opendocument_text_is_refused() -> None:
    hidden = make.edited(
        make.odt(),
        "META-INF/manifest.xml",
        b"</manifest:manifest>",
        b'<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/>'
        b"</manifest:file-entry></manifest:manifest>",
    )
    assert refusal(hidden) is R.ENCRYPTED
    assert refusal(make.changed(make.odt(), {"encrypted-package": b"x"})) is R.ENCRYPTED


def test_a_link_in_an_opendocument_text_is_no_active_content() -> None:
    linked = make.edited(
        make.odt(),
        "content.xml",
        b"</text:p>",
        b'<text:a xmlns:q="http://www.w3.org/1999/xlink" q:href="https://example.org/">x</text:a>'
        b"</text:p>",
    )
    assert kinds.examine(io.BytesIO(linked)) is Kind.ODT


def test_another_opendocument_is_refused() -> None:
    sheet = make.changed(
        make.odt(), {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}
    )
    assert refusal(sheet) is R.NOT_A_KIND


def test_what_a_form_cuts_off_and_what_a_check_refuses_is_the_same_size() -> None:
    assert (bodies.MAX_FILE, bodies.MAX_FILES) == (shapes.MAX_FILE, shapes.MAX_FILES)

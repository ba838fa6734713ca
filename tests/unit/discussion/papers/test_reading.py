"""The words of a file by paragraph and page, in reading order; in a child that may be killed."""

from __future__ import annotations

import io
import subprocess
import time

import pytest

from consult.discussion.papers import child, from_pdf, isolation, reading, shapes
from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused
from tests import papers as make

LEARNED = "Our city has learned that remittances matter to families,"


def words(content: bytes, kind: Kind) -> list[tuple[int | None, str]]:
    return list(reading.read(io.BytesIO(content), kind=kind).paragraphs)


def test_a_pdf_is_read_by_page_and_paragraph() -> None:
    content = make.pdf(
        [
            "Position of the City of Example",
            f"{LEARNED} and that co-",
            "operation between offices takes time.",
            "Second paragraph of the page, which is long enough to be one of its own here.",
        ],
        [],
        ["On page three: señal, œuvre."],
    )
    text = reading.read(io.BytesIO(content), kind=Kind.PDF)
    assert text.pages == 3
    assert text.paragraphs == (
        (1, "Position of the City of Example"),
        (1, f"{LEARNED} and that cooperation between offices takes time."),
        (1, "Second paragraph of the page, which is long enough to be one of its own here."),
        (3, "On page three: señal, œuvre."),
    )


def test_lines_of_a_list_are_paragraphs_of_their_own() -> None:
    lines = ["The points are:", "• the first one", "that goes on", "2. the second one", "", "End"]
    assert [line for line in from_pdf.joined(lines) if line] == [
        "The points are:",
        "• the first one that goes on",
        "2. the second one",
        "End",
    ]


def test_a_word_document_is_read_with_its_tables_notes_and_boxes_in_their_place() -> None:
    content = make.word("First paragraph.", "Second paragraph.", rows=[["A1", "B1"], ["A2", "B2"]])
    content = make.edited(
        content,
        "word/document.xml",
        b"First paragraph.</w:t></w:r>",
        b'First paragraph.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:del><w:r>'
        b"<w:delText>Deleted</w:delText></w:r></w:del><w:r><w:txbxContent><w:p><w:r><w:t>In a box"
        b"</w:t></w:r></w:p></w:txbxContent></w:r>",
    )
    relation = (
        b'<Relationship Id="n1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships/footnotes" Target="footnotes.xml"/></Relationships>'
    )
    content = make.edited(content, "word/_rels/document.xml.rels", b"</Relationships>", relation)
    content = make.edited(
        content,
        "[Content_Types].xml",
        b"</Types>",
        b'<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-'
        b'officedocument.wordprocessingml.footnotes+xml"/></Types>',
    )
    content = make.changed(
        content,
        {
            "word/footnotes.xml": b'<w:footnotes xmlns:w="http://schemas.openxmlformats.org/'
            b'wordprocessingml/2006/main"><w:footnote w:id="2"><w:p><w:r><w:t>As seen in 2022.'
            b"</w:t></w:r></w:p></w:footnote></w:footnotes>"
        },
    )
    assert words(content, Kind.DOCX) == [
        (None, "First paragraph. [2]"),
        (None, "[2] As seen in 2022."),
        (None, "In a box"),
        (None, "Second paragraph."),
        (None, "A1 | B1"),
        (None, "A2 | B2"),
    ]


def test_an_opendocument_text_is_read_in_its_order() -> None:
    content = make.odt("First  paragraph.", heading="A heading", items=["one", "two"])
    assert words(content, Kind.ODT) == [
        (None, "A heading"),
        (None, "First paragraph."),
        (None, "one"),
        (None, "two"),
        (None, "first cell | second cell"),
    ]


def test_a_note_of_an_opendocument_text_stands_behind_its_paragraph() -> None:
    assert words(make.noted_odt("Remittances matter.", "As seen in 2022."), Kind.ODT) == [
        (None, "Remittances [1] matter."),
        (None, "[1] As seen in 2022."),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_plain_text_has_paragraphs_between_empty_lines(encoding: str) -> None:
    content = "First line\r\nof the señal.\r\n \r\n\r\nSecond.\f***\n\nThird.".encode(encoding)
    assert words(content, Kind.TXT) == [
        (None, "First line of the señal."),
        (None, "Second."),
        (None, "Third."),
    ]


def test_what_is_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CHARACTERS", 20)
    monkeypatch.setattr(from_pdf, "MAX_PAGES", 2)
    assert words(b"A first line.\n\nA second line.\n\nA third.", Kind.TXT) == [
        (None, "A first line."),
        (None, "A secon"),
    ]
    assert [page for page, _ in words(make.pdf(["a"], ["b"], ["c"]), Kind.PDF)] == [1, 2]
    assert reading.read(io.BytesIO(make.pdf(["a"], ["b"], ["c"])), kind=Kind.PDF).pages == 3


def test_what_takes_too_long_is_read_as_far_as_time_allows() -> None:
    stream = io.BytesIO(make.pdf(["a"], ["b"], ["c"]))
    text = reading.read(stream, kind=Kind.PDF, seconds=0)
    assert text.paragraphs == ((1, "a"),)
    said = child.answer("pdf", stream, seconds=10)
    assert [page for page, _words in said["paragraphs"]] == [1, 2, 3]


def test_pictures_of_pages_have_no_words() -> None:
    assert words(make.pdf([], []), Kind.PDF) == []


# --- The child ----------------------------------------------------------------------------------


def test_the_child_answers_like_the_parser_itself() -> None:
    for content, kind in ((make.pdf(), Kind.PDF), (make.word(), Kind.DOCX), (make.odt(), Kind.ODT)):
        stream = io.BytesIO(content)
        assert isolation.check(stream) is kind
        text = isolation.read(stream, kind=kind)
        assert text == reading.read(io.BytesIO(content), kind=kind)
        assert text.paragraphs


def test_the_child_says_why_a_file_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        isolation.check(io.BytesIO(make.encrypted_pdf()))
    assert (caught.value.refusal, caught.value.kind) == (PaperRefusal.ENCRYPTED, Kind.PDF)
    said = child.answer("check", io.BytesIO(b""), seconds=1)
    assert said == {"refusal": PaperRefusal.EMPTY, "kind": None}


def test_a_file_that_hangs_its_parser_is_given_up_in_time() -> None:
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        isolation.check(io.BytesIO(make.pdf()), seconds=0.01)
    assert caught.value.refusal is PaperRefusal.BOMB
    with pytest.raises(isolation.Unreadable):
        isolation.read(io.BytesIO(make.pdf()), kind=Kind.PDF, seconds=0.01)
    assert time.monotonic() - began < 5


def test_a_file_that_breaks_its_parser_is_unreadable() -> None:
    with pytest.raises(isolation.Unreadable):
        isolation.read(io.BytesIO(b"%PDF-1.7 nothing"), kind=Kind.PDF)
    with pytest.raises(isolation.Unreadable):
        isolation.read(io.BytesIO(make.odt()), kind=Kind.DOCX)


def test_the_child_gets_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def run(command: list[str], **values: object) -> object:
        seen.update(values)
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setenv("CONSULT_SECRET_KEY", "secret")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(Refused):
        isolation.check(io.BytesIO(b"x"))
    assert "secret" not in str(seen["env"])


def test_a_text_of_the_largest_size_is_read_in_time() -> None:
    content = (b"Our city has learned much about this. " * 25 + b"\n\n") * 5000
    assert len(content) < shapes.MAX_FILE
    text = isolation.read(io.BytesIO(content), kind=Kind.TXT)
    assert sum(len(words) for _page, words in text.paragraphs) == shapes.MAX_CHARACTERS

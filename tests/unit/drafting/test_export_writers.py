"""The writers: same bytes for same rows, nothing lost in JSON Lines, nothing active elsewhere."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from lxml import etree
from markdown_it import MarkdownIt

from consult.drafting.exports import FORMATS
from consult.drafting.exports.docx import safe_link
from consult.drafting.exports.markdown import escaped
from consult.drafting.exports.rows import (
    LABELS,
    ExportHeader,
    ExportQuestion,
    ExportRow,
    by_question,
    checksum,
    day_in_words,
    filter_in_words,
    to_line,
)

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
COMMENT_KEYS = [
    "type",
    "id",
    "source",
    "space",
    "question",
    "parent",
    "author",
    "language",
    "format",
    "body",
    "objectives",
    "tags",
    "state",
    "created_at",
    "published_at",
    "edited_at",
    "reference",
    "context",
    "removed",
    "attachments",
]
LONG = "A sentence that stands here many times. " * 1_000
QUESTIONS = [
    ExportQuestion(1, "What works where you live, and for whom?"),
    ExportQuestion(2, "What does it cost to send money home?"),
    ExportQuestion(3, "What should be done next?"),
    ExportQuestion(4, "Who keeps the figures?", "participant"),
]


def make_author(name: str = "Harbour Desk", **over: Any) -> dict[str, Any]:
    return {
        "id": "a1",
        "name": name,
        "organisation": None,
        "category": "civil-society",
        "country": "CO",
        "region": None,
        "on_behalf_of": None,
    } | over


def make_row(position: int, words: str, **over: Any) -> ExportRow:
    values: dict[str, Any] = {
        "type": "comment",
        "id": f"c{position}",
        "source": "sample",
        "space": "round-table-3",
        "question": 1,
        "author": make_author(),
        "language": "en",
        "format": "text",
        "body": words,
        "html": None,
        "text": words,
        "created_at": "2022-01-20T10:00:00Z",
        "published_at": "2022-01-21T10:00:00Z",
        "reference": f"RT3-Q1-{position:04}",
        "permalink": f"https://example.org/en/contributions/RT3-Q1-{position:04}",
        "category_label": "Civil society",
        "language_label": "English",
    }
    return ExportRow(**(values | over))


def make_rows() -> list[ExportRow]:
    nested = (
        "<p>First, <strong>a desk</strong> and <em>a form</em>:</p><ol start='3'><li><p>open it</p>"
        "<ul><li>in May</li><li>in June<ul><li>late</li></ul></li></ul></li><li>keep it</li></ol>"
        "<blockquote><p>Quoted words</p></blockquote><h4>Costs</h4><table><thead><tr><th>Year</th>"
        "<th>Sum</th></tr></thead><tbody><tr><td>2021</td></tr></tbody></table><pre><code>a  b\n"
        "c</code></pre><hr><p>H<sup>2</sup> <del>gone</del> <code>x=1</code></p>"
    )
    links = (
        '<p><a href="https://example.org/a b?x=%zz&amp;y=1">good</a> '
        '<a href="javascript:alert(1)">script</a> <a href="file:///etc/hosts">file</a> '
        '<a href="mailto:desk@example.org">mail</a></p>'
    )
    return [
        make_row(
            1,
            "# Our desk\n\n- *one*\n- two",
            format="markdown",
            html=nested,
            text="Our desk one two",
            context=True,
            objectives=[15],
        ),
        make_row(
            2,
            "¿Cuánto cuestan las remesas?",
            parent="c1",
            depth=1,
            in_reply_to="RT3-Q1-0001",
            language="es",
            language_label="Spanish",
            objectives=[16, 20],
            tags=[{"objective": 20, "start": None, "end": None, "by": "author"}],
            attachments=[{"name": "=cmd.pdf", "sha256": "ab", "type": "application/pdf"}],
        ),
        make_row(
            3,
            "Moins cher, dit-on : « 3 % ».",
            parent="c2",
            depth=7,
            in_reply_to="RT3-Q1-0002",
            language="fr",
            language_label="French",
            edited_at="2022-02-01T08:00:00Z",
        ),
        make_row(4, "words nobody may read", removed="hidden", author=None, body=None),
        make_row(
            5, '=HYPERLINK("http://example.org","x")', question=2, author=make_author("@SUM(A1)")
        ),
        make_row(6, "a\x00b\x0bc\ufffe]]>&<tag>\u2028next", question=2),
        make_row(7, LONG, question=2),
        make_row(8, "links", question=2, format="html", html=links, text="links"),
        make_row(9, "مرحبا بكم في النقاش", question=2, language=None, language_label=None),
        make_row(
            10,
            "Who keeps the figures?",
            id="q-p1",
            type="question",
            question=None,
            number=4,
            kind="participant",
            reference="RT3-Q4",
        ),
        make_row(11, "<r><t>raw</t></r>", question="q-p1", source=None, created_at=None),
    ]


def make_header(rows: list[ExportRow] | None = None, **over: Any) -> ExportHeader:
    header = ExportHeader(
        forum="imrf-2022",
        forum_title="Review Forum",
        space="round-table-3",
        space_title="Round table 3",
        space_code="RT3",
        as_of="2022-02-14T10:00:00Z",
        filter={"objectives": [20], "language": None, "category": "civil-society"},
        counts={"questions": 1, "comments": 10, "context": 1},
        sha256=checksum(rows if rows is not None else make_rows()),
        locale="en",
        labels={**LABELS, "category=civil-society": "Civil society"},
        generated_role="Drafter",
    )
    return replace(header, **over)


def write(folder: Path, suffix: str, rows: list[ExportRow] | None = None) -> Path:
    rows = make_rows() if rows is None else rows
    path = folder / f"export.{suffix}"
    FORMATS[suffix](path, make_header(rows), QUESTIONS, iter(rows))
    return path


def part_of(path: Path, name: str) -> Any:
    with zipfile.ZipFile(path) as archive:
        return etree.fromstring(archive.read(name))


def paragraph_with(document: Any, text: str) -> Any:
    for paragraph in document.iter(f"{W}p"):
        if text in "".join(paragraph.itertext(f"{W}t")):
            return paragraph
    raise AssertionError(f"no paragraph holds {text!r}")


def records(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


# Every format


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_rows_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first = write(tmp_path, suffix).read_bytes()
    assert first == write(tmp_path, suffix).read_bytes()
    assert first != write(tmp_path, suffix, make_rows()[:5]).read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_rows_that_fail_leave_no_file_behind(tmp_path: Path, suffix: str) -> None:
    def failing() -> Iterator[ExportRow]:
        yield from make_rows()
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        FORMATS[suffix](tmp_path / "export", make_header(), QUESTIONS, failing())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_failing_export_keeps_the_file_that_was_there(tmp_path: Path, suffix: str) -> None:
    before = write(tmp_path, suffix).read_bytes()

    def failing() -> Iterator[ExportRow]:
        yield make_rows()[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        FORMATS[suffix](tmp_path / f"export.{suffix}", make_header(), QUESTIONS, failing())
    assert (tmp_path / f"export.{suffix}").read_bytes() == before


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_tombstone_shows_no_word_of_what_was_removed(tmp_path: Path, suffix: str) -> None:
    secret = "LK-hidden-marker"
    row = make_row(
        1,
        secret,
        removed="hidden",
        author=make_author(secret),
        html=f"<p>{secret}</p>",
        attachments=[{"name": secret}],
        category_label=secret,
    )
    raw = write(tmp_path, suffix, [row])
    contents = [raw.read_bytes()]
    if zipfile.is_zipfile(raw):
        with zipfile.ZipFile(raw) as archive:
            contents = [archive.read(name) for name in archive.namelist()]
    assert not any(secret.encode() in content for content in contents)
    assert any(b"RT3-Q1-0001" in content for content in contents)


@pytest.mark.parametrize("suffix", ["docx", "xlsx", "md"])
def test_formats_for_people_show_filter_counts_instant_role_and_checksum(
    tmp_path: Path, suffix: str
) -> None:
    path = write(tmp_path, suffix)
    if suffix == "xlsx":
        sheet = openpyxl.load_workbook(path)["About"]
        text = "\n".join(str(cell.value) for row in sheet for cell in row)
    elif suffix == "docx":
        text = "\n".join(part_of(path, "word/document.xml").itertext())
    else:
        text = path.read_text(encoding="utf-8")
    for fact in ("Objectives: 20; Categories: Civil society", "14 February 2022, 10:00 UTC"):
        assert fact in text
    assert "Drafter" in text
    assert make_header().sha256 in text


# Rows


def test_a_comment_line_has_exactly_the_keys_of_the_contract_in_its_order() -> None:
    assert list(to_line(make_rows()[1])) == COMMENT_KEYS


def test_a_question_line_has_number_and_kind_in_place_of_question_and_parent() -> None:
    expected = [key for key in COMMENT_KEYS if key not in ("question", "parent")]
    assert list(to_line(make_rows()[9])) == [*expected[:4], "number", "kind", *expected[4:]]


def test_a_tombstone_line_has_neither_author_nor_body() -> None:
    line = to_line(replace(make_rows()[3], body="left by mistake", author=make_author()))
    assert (line["author"], line["body"], line["reference"]) == (None, None, "RT3-Q1-0004")


def test_the_checksum_is_over_canonical_lines() -> None:
    row = make_rows()[1]
    line = json.dumps(to_line(row), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert checksum([row]) == hashlib.sha256(f"{line}\n".encode()).hexdigest()


def test_answers_to_a_participants_question_come_under_its_number() -> None:
    groups = [
        (question.number, [row.id for row in group])
        for question, group in by_question(QUESTIONS, make_rows())
    ]
    assert groups[2] == (3, [])
    assert groups[3] == (4, ["q-p1", "c11"])
    assert [number for number, _ in groups] == [1, 2, 3, 4]


def test_rows_under_a_question_nobody_named_still_come_out() -> None:
    rows = [make_row(1, "x", question=9)]
    groups = [(q.number, len(list(group))) for q, group in by_question(QUESTIONS[:1], rows)]
    assert sorted(groups) == [(1, 0), (9, 1)]


@pytest.mark.parametrize(
    ("locale", "day"),
    [("en", "14 February 2022"), ("fr", "14 février 2022"), ("es", "14 de febrero de 2022")],
)
def test_days_are_written_in_the_language_of_the_export(locale: str, day: str) -> None:
    assert day_in_words("2022-02-14T23:30:00Z", locale) == day


def test_an_empty_filter_is_said_in_words() -> None:
    assert filter_in_words(make_header(filter={"language": None})) == "No filter"


# JSON Lines


def test_json_lines_lose_nothing(tmp_path: Path) -> None:
    raw = write(tmp_path, "jsonl").read_bytes()
    assert raw.endswith(b"\n")
    header, *lines = [json.loads(line) for line in raw.decode().removesuffix("\n").split("\n")]
    assert lines == [to_line(row) for row in make_rows()]
    assert list(header) == [
        "type",
        "version",
        "forum",
        "space",
        "as_of",
        "filter",
        "counts",
        "sha256",
    ]
    assert header["version"] == 1
    assert header["sha256"] == checksum(make_rows())


def test_json_lines_keep_a_lone_surrogate_as_an_escape(tmp_path: Path) -> None:
    path = write(tmp_path, "jsonl", [make_row(1, "é \ud800")])
    assert json.loads(path.read_text().split("\n")[1])["body"] == "é \ud800"


# CSV


def test_csv_is_quoted_and_ended_as_rfc_4180_says(tmp_path: Path) -> None:
    raw = write(tmp_path, "csv").read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"type",')
    assert raw.endswith(b'"\r\n')
    assert len(records(tmp_path / "export.csv")) == len(make_rows())


def test_csv_keeps_texts_and_repeats_the_header_in_each_row(tmp_path: Path) -> None:
    rows = records(write(tmp_path, "csv"))
    assert rows[1]["body"] == "¿Cuánto cuestan las remesas?"
    assert rows[1]["objectives"] == "16;20"
    assert json.loads(rows[1]["tags"])[0]["objective"] == 20
    assert rows[6]["text"] == LONG
    assert {row["export_sha256"] for row in rows} == {checksum(make_rows())}
    assert json.loads(rows[0]["export_filter"])["objectives"] == [20]


def test_csv_holds_no_formula_and_names_the_cells_it_changed(tmp_path: Path) -> None:
    rows = records(write(tmp_path, "csv"))
    for row in rows:
        for cell in row.values():
            assert not re.match(r"[\s\"]*[=+@|%]", cell)
    assert rows[4]["body"] == '\'=HYPERLINK("http://example.org","x")'
    assert rows[4]["escaped"] == "author_name;body;text"
    assert rows[1]["escaped"] == ""


# XLSX


def test_a_workbook_has_a_sheet_per_question_with_frozen_head_and_filter(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path, "xlsx"))
    assert book.sheetnames == ["About", "Q1", "Q2", "Q3", "Q4", "Overflow"]
    sheet = book["Q2"]
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:X7"
    assert [cell.value for cell in sheet[2]][:3] == ["Reference", "Author", "Organisation"]


def test_a_workbook_holds_strings_only(tmp_path: Path) -> None:
    path = write(tmp_path, "xlsx")
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell.value for cell in cells if re.match(r"\s*[=+@|%]", str(cell.value))]
    assert not [cell for cell in cells if cell.hyperlink]
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]


def test_a_text_that_looks_like_the_markup_of_a_cell_stays_text(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write(tmp_path, "xlsx"))["Q4"]
    assert "'<r><t>raw</t></r>" in [cell.value for cell in sheet[4]]


def test_a_text_too_long_for_a_cell_is_whole_in_the_overflow_sheet(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path, "xlsx"))
    parts = list(book["Overflow"].iter_rows(min_row=2, values_only=True))
    assert "".join(str(row[3]) for row in parts) == LONG
    assert {row[0] for row in parts} == {"RT3-Q1-0007"}
    assert all(len(str(row[3])) <= 32_767 for row in parts)
    [pointer] = [
        cell.value for cell in book["Q2"][5] if "“Overflow”, from row 2" in str(cell.value)
    ]
    assert pointer.startswith("A sentence that stands here")


def test_a_long_text_of_wide_characters_is_cut_by_what_a_cell_counts(tmp_path: Path) -> None:
    wide = "\U0001f30d" * 20_000
    book = openpyxl.load_workbook(write(tmp_path, "xlsx", [make_row(1, wide)]))
    parts = [str(row[3]) for row in book["Overflow"].iter_rows(min_row=2, values_only=True)]
    assert "".join(parts) == wide
    assert all(len(part.encode("utf-16-le")) // 2 <= 32_767 for part in parts)


# DOCX


def test_a_document_opens_with_real_heading_styles(tmp_path: Path) -> None:
    document = docx.Document(str(write(tmp_path, "docx")))
    headings = [
        (paragraph.style.name, paragraph.text)
        for paragraph in document.paragraphs
        if paragraph.style is not None and paragraph.style.name in ("Heading 1", "Heading 2")
    ]
    assert headings[0] == ("Heading 1", "Question 1. What works where you live, and for whom?")
    assert headings[1] == ("Heading 2", "Context · RT3-Q1-0001 · Harbour Desk")
    replies = [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 3"]
    assert replies == ["RT3-Q1-0002 · Harbour Desk", "RT3-Q1-0003 · Harbour Desk"]
    assert document.core_properties.title == "RT3 · Round table 3"
    assert str(document.core_properties.created).startswith("2022-02-14 10:00:00")


@pytest.mark.parametrize(
    ("text", "language"), [("remesas", "es-ES"), ("Moins cher", "fr-FR"), ("A sentence", "en-GB")]
)
def test_each_paragraph_says_its_language(tmp_path: Path, text: str, language: str) -> None:
    paragraph = paragraph_with(part_of(write(tmp_path, "docx"), "word/document.xml"), text)
    assert {tag.get(f"{W}val") for tag in paragraph.iter(f"{W}lang")} == {language}


def test_text_from_right_to_left_is_set_from_right_to_left(tmp_path: Path) -> None:
    paragraph = paragraph_with(part_of(write(tmp_path, "docx"), "word/document.xml"), "مرحبا")
    assert paragraph.find(f"{W}pPr/{W}bidi") is not None
    assert paragraph.find(f"{W}r/{W}rPr/{W}rtl") is not None


def test_every_style_and_list_a_paragraph_names_exists(tmp_path: Path) -> None:
    path = write(tmp_path, "docx")
    document = part_of(path, "word/document.xml")
    styles = {s.get(f"{W}styleId") for s in part_of(path, "word/styles.xml").iter(f"{W}style")}
    numbers = {n.get(f"{W}numId") for n in part_of(path, "word/numbering.xml").iter(f"{W}num")}
    used = {
        tag.get(f"{W}val")
        for name in ("pStyle", "rStyle", "tblStyle")
        for tag in document.iter(f"{W}{name}")
    }
    assert used <= styles
    assert {tag.get(f"{W}val") for tag in document.iter(f"{W}numId")} == numbers == {"1", "2"}


def test_nested_lists_are_numbered_by_the_document(tmp_path: Path) -> None:
    path = write(tmp_path, "docx")
    document = part_of(path, "word/document.xml")

    def place(text: str) -> tuple[str, str]:
        numbering = paragraph_with(document, text).find(f"{W}pPr/{W}numPr")
        return numbering[0].get(f"{W}val"), numbering[1].get(f"{W}val")

    assert place("open it") == place("keep it") == ("0", "2")
    assert place("in June") == ("1", "1")
    assert place("late") == ("2", "1")
    start = part_of(path, "word/numbering.xml").find(f".//{W}startOverride")
    assert start.get(f"{W}val") == "3"


def test_only_links_of_three_schemes_leave_the_document(tmp_path: Path) -> None:
    path = write(tmp_path, "docx")
    targets = [
        link.get("Target")
        for link in part_of(path, "word/_rels/document.xml.rels")
        if link.get("TargetMode") == "External"
    ]
    assert "https://example.org/a%20b?x=%25zz&y=1" in targets
    assert "mailto:desk@example.org" in targets
    assert all(target.startswith(("https://", "mailto:")) for target in targets)
    document = part_of(path, "word/document.xml")
    assert paragraph_with(document, "script") is not None


def test_the_contents_lead_to_bookmarks_that_exist_once(tmp_path: Path) -> None:
    document = part_of(write(tmp_path, "docx"), "word/document.xml")
    names = [tag.get(f"{W}name") for tag in document.iter(f"{W}bookmarkStart")]
    anchors = [
        tag.get(f"{W}anchor")
        for tag in document.iter(f"{W}hyperlink")
        if tag.get(f"{W}anchor") is not None
    ]
    assert len(names) == len(set(names))
    assert len(anchors) > len(QUESTIONS)
    assert set(anchors) <= set(names)


def test_context_is_marked_with_a_word_and_set_back(tmp_path: Path) -> None:
    document = part_of(write(tmp_path, "docx"), "word/document.xml")
    paragraph = paragraph_with(document, "First, ")
    assert paragraph.find(f"{W}pPr/{W}pBdr/{W}left") is not None
    assert {tag.get(f"{W}val") for tag in paragraph.iter(f"{W}color")} == {"6B7280"}


def test_replies_are_set_in_by_at_most_three_steps(tmp_path: Path) -> None:
    document = part_of(write(tmp_path, "docx"), "word/document.xml")

    def left(text: str) -> int:
        return int(paragraph_with(document, text).find(f"{W}pPr/{W}ind").get(f"{W}left"))

    assert left("Moins cher") == 3 * left("remesas?")


def test_a_question_without_contributions_says_so(tmp_path: Path) -> None:
    document = part_of(write(tmp_path, "docx"), "word/document.xml")
    assert paragraph_with(document, LABELS["no_contributions"]) is not None


def test_a_document_refers_to_no_template(tmp_path: Path) -> None:
    with zipfile.ZipFile(write(tmp_path, "docx")) as archive:
        settings = archive.read("word/settings.xml")
    assert b"attachedTemplate" not in settings


def test_html_left_open_still_gives_a_document(tmp_path: Path) -> None:
    broken = (
        "<table><tr><td><p>cell<table><tr><td>inner</table><ul><li>item</ol></b><blockquote>end"
    )
    path = write(tmp_path, "docx", [make_row(1, "x", html=broken)])
    text = "".join(part_of(path, "word/document.xml").itertext(f"{W}t"))
    for word in ("cell", "inner", "item", "end"):
        assert word in text
    docx.Document(str(path))


def test_a_text_that_nests_very_deep_stays_on_the_page(tmp_path: Path) -> None:
    html = "<ul><li>" * 60 + "<blockquote>" * 60 + "deep"
    path = write(tmp_path, "docx", [make_row(1, "x", html=html)])
    paragraph = paragraph_with(part_of(path, "word/document.xml"), "deep")
    assert int(paragraph.find(f"{W}pPr/{W}ind").get(f"{W}left")) < 6_000
    assert int(paragraph.find(f"{W}pPr/{W}numPr/{W}ilvl").get(f"{W}val")) == 8


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/é#a#b", "https://example.org/%C3%A9#a%23b"),
        ("HTTPS://example.org", "HTTPS://example.org"),
        ("java\nscript:alert(1)", None),
        ("https:///nowhere", None),
        ("https://example.org:port/", None),
        ("//example.org", None),
        ("data:text/html,x", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_link_is_kept_only_where_word_can_hold_it(url: str, expected: str | None) -> None:
    assert safe_link(url) == expected


# Markdown


@pytest.mark.parametrize(
    "text",
    [
        "# not a heading",
        "1. not a list\n2) nor this",
        "- nor\n+ nor\n* nor",
        "    not code\n\n\ttab",
        "a *b* _c_ `d` [e](http://example.org) ![f](g) <b>h</b> &amp; i\\",
        "title\n=====\n---",
        "| a | b |\n|---|---|",
        "> quote ~~gone~~",
        "\u00a0leading no-break space",
    ],
)
def test_plain_text_reads_the_same_after_markdown(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(escaped(text))
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}
    paragraphs = []
    for token in tokens:
        children = token.children or []
        assert {child.type for child in children} <= {"text", "text_special", "hardbreak"}
        paragraphs.append(
            "".join("\n" if child.type == "hardbreak" else child.content for child in children)
        )
    assert "\n\n".join(paragraph for paragraph in paragraphs if paragraph) == text


def test_markdown_keeps_the_source_of_markdown_texts_in_a_quotation(tmp_path: Path) -> None:
    lines = write(tmp_path, "md").read_text(encoding="utf-8").split("\n")
    start = lines.index("> # Our desk")
    quoted = [line.removeprefix(">").removeprefix(" ") for line in lines[start : start + 4]]
    assert "\n".join(quoted) == make_rows()[0].body


def test_markdown_nests_replies_as_quotations(tmp_path: Path) -> None:
    text = write(tmp_path, "md").read_text(encoding="utf-8")
    assert "\n### Context · RT3-Q1-0001 · Harbour Desk\n" in text
    assert "\n> ### RT3-Q1-0002 · Harbour Desk\n" in text
    assert "\n> > ¿Cuánto cuestan las remesas?\n" in text


def test_a_fence_left_open_in_markdown_does_not_reach_the_next_text(tmp_path: Path) -> None:
    rows = [
        make_row(1, "```\nopen", format="markdown"),
        make_row(2, "<script>", format="markdown"),
        make_row(3, "after"),
    ]
    source = write(tmp_path, "md", rows).read_text(encoding="utf-8")
    tokens = MarkdownIt("commonmark", {"html": False}).parse(source)
    headings = [
        tokens[index + 1].content
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h3"
    ]
    assert headings == [f"RT3-Q1-000{number} · Harbour Desk" for number in (1, 2, 3)]

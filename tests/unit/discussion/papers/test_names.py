"""Names of files: what is left of hostile ones, and the ending that each gets."""

from __future__ import annotations

import unicodedata

import pytest

from consult.discussion.papers import names
from consult.discussion.papers.shapes import Kind


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Paper.pdf", "Paper.pdf"),
        ("PAPER.PDF", "PAPER.PDF"),
        ("paper", "paper.pdf"),
        ("", "paper.pdf"),
        (".pdf", "pdf.pdf"),
        ("...", "paper.pdf"),
        ("run.exe", "run.exe.pdf"),
        ("page.html", "page.html.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\Paper.pdf", "Paper.pdf"),
        ("/etc/cron.d/x.pdf", "x.pdf"),
        ("a\r\nContent-Type: text/html\r\n\r\n.pdf", "html.pdf"),
        ('x"; filename="y.exe.pdf', "x_; filename=_y.exe.pdf"),
        ("a\u202efdp.exe", "afdp.exe.pdf"),
        ("a\u200b\u2066b\u2069.pdf", "ab.pdf"),
        ("nul\x00.pdf", "nul.pdf"),
        ("lone\ud800.pdf", "lone.pdf"),
        ("Cafe\u0301 de Bogota\u0301.pdf", "Café de Bogotá.pdf"),
        ("  spaced \t out .pdf ", "spaced out.pdf"),
        ("ورقة الموقف.pdf", "ورقة الموقف.pdf"),
        ("-rf.pdf", "-rf.pdf"),
        ("<b>x</b>.pdf", "b_.pdf"),
        ("x.tar.gz", "x.tar.gz.pdf"),
        ("trailing.pdf. . .", "trailing.pdf"),
    ],
)
def test_a_name_is_made_harmless(given: str, kept: str) -> None:
    assert names.clean_name(given, kind=Kind.PDF) == kept


@pytest.mark.parametrize("letter", ["a", "é", "👩‍👩‍👧", "ن"])
def test_a_long_name_keeps_its_ending(letter: str) -> None:
    kept = names.clean_name(letter * 10_000 + ".docx", kind=Kind.DOCX)
    assert len(kept) <= names.MAX_NAME
    assert kept.endswith("….docx")
    assert unicodedata.is_normalized("NFC", kept)


def test_cleaning_a_clean_name_changes_nothing() -> None:
    for name in (
        "Paper.pdf",
        "Ordre du jour – suite.pdf",
        "a_b.pdf",
        "x.exe.pdf",
        "…" * 196 + ".pdf",
    ):
        assert names.clean_name(name, kind=Kind.PDF) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.pdf", Kind.PDF),
        ("x.PDF", Kind.PDF),
        ("x.text", Kind.TXT),
        ("x.docx", Kind.DOCX),
        ("x.doc", None),
        ("x.pdf.exe", None),
        ("x", None),
        ("x.pdf\u202e", Kind.PDF),
    ],
)
def test_a_name_claims_a_kind_by_its_ending(name: str, kind: Kind | None) -> None:
    assert names.kind_by_name(name) is kind

"""Every refusal has whole sentences that name the file and what to do."""

from __future__ import annotations

import pytest
from flask import Flask

from consult.discussion.papers.shapes import Kind, PaperRefusal, PaperRefused
from consult.discussion.views import paper_words


@pytest.mark.parametrize("refusal", PaperRefusal)
def test_every_refusal_names_the_file_and_a_way_out(app: Flask, refusal: PaperRefusal) -> None:
    said = paper_words.sentence(PaperRefused(refusal, "Our 100% paper.pdf"))
    assert said.startswith("“Our 100% paper.pdf” ")
    assert said.count(". ") >= 1
    assert said.endswith(".")


def test_a_lying_name_is_told_with_both_kinds(app: Flask) -> None:
    refused = PaperRefused(PaperRefusal.LYING_NAME, "x.docx", Kind.DOCX, Kind.ODT)
    assert paper_words.sentence(refused) == (
        "“x.docx” is called a Word document, but is an OpenDocument text. Give it the ending .odt,"
        " or save it as what its name says, and attach it again."
    )

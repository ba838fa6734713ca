"""Cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.core.cells import spreadsheet_safe
from consult.core.remarks import TextRemark

ANYTHING = st.text(alphabet=st.characters(), max_size=60)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\nx",
        "|x",
        "%0A",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "  =1",
        "\u00a0=1",
        '"=1',
        "'=1",
        "« =1",
        "\u200b=1",
        "\ufeff=1",
        "\u202e=1",
        "- a point of a list",
        "-1,2,3=x",
        "+1 202 555 0100",
        "=",
    ],
)
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert spreadsheet_safe(cell) == ("'" + cell, True)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "   ",
        "words",
        "a=b",
        "-5",
        "+3.5",
        "-1,200.50",
        "-1\u202f200,5",
        "100 %",
        "l’accès",
        "« oui »",
        "(=1)",
        "1+1",
        "é",
    ],
)
def test_an_innocent_cell_stays_as_it_is(cell: str) -> None:
    assert spreadsheet_safe(cell) == (cell, False)


@given(ANYTHING)
def test_no_cell_begins_like_a_formula_and_the_apostrophe_can_be_cut_off(text: str) -> None:
    safe, is_changed = spreadsheet_safe(text)
    assert safe.removeprefix("'") == text if is_changed else safe == text
    if not is_changed:
        is_number = re.fullmatch(r"[+-][0-9 ,.\u00a0\u202f]+", text)
        assert is_number or not safe.strip().startswith(tuple("=+-@|%"))


# What may surprise --------------------------------------------------------------------------

MARKS, CONTROL, INVISIBLE, BIDI = TextRemark

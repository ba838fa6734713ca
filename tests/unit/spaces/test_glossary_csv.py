"""The glossary as a table for spreadsheets."""

from __future__ import annotations

import pytest

from consult.spaces.definitions.glossary_csv import (
    BrokenTable,
    FileProblem,
    read_table,
    text_of,
    write_table,
)
from consult.spaces.notions import CheckedNotion

HEAD = "key,en,fr,es,objectives,note\n"
OBJECTIVES = (5, 7, 20)


def read(text):
    return read_table(text, objectives=OBJECTIVES)


def problems_of(text):
    with pytest.raises(BrokenTable) as caught:
        read(text)
    return [(found.line, found.column, found.code) for found in caught.value.problems]


def test_what_is_written_reads_the_same():
    notions = [
        (
            "remittances",
            CheckedNotion(
                terms={"en": ["remittances", "money, sent home"], "es": ["remesas"]},
                objectives=[5, 20],
                note='Said as "remesas"\nin the region.',
            ),
        ),
        ("régularisation", CheckedNotion(terms={"fr": ["régularisation"]})),
    ]
    table = read(text_of(write_table(notions)))
    assert [(entry.key, entry.notion) for entry in table] == notions


@pytest.mark.parametrize("start", ["=1+1", "+41 (0)", "-x", "@SUM(A1)", "%x", "＝cmd", "'=x"])
def test_no_cell_is_a_formula_and_its_term_stays(start):
    raw = write_table([(start, CheckedNotion(terms={"en": [start]}, note=start))])
    cells = text_of(raw).splitlines()[1].split(",")
    assert cells[0] == cells[1] == f'"\'{start}"'
    (entry,) = read(text_of(raw))
    assert (entry.key, entry.notion.terms["en"], entry.notion.note) == (start, [start], start)


def test_the_file_begins_with_the_mark_that_spreadsheets_look_for():
    assert write_table([]).startswith(b'\xef\xbb\xbf"key","en"')


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_cells_are_parted_as_the_spreadsheet_of_a_country_does(sign):
    text = sign.join(["es", "fr", "en"]) + "\n" + sign.join(["remesas", "", "remittances | wires"])
    (entry,) = read(text)
    assert entry.key == "remittances"
    assert entry.notion.terms == {"en": ["remittances", "wires"], "es": ["remesas"]}
    assert entry.keeps == {"objectives", "note"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_accents_survive_every_way_to_save_unicode(encoding):
    raw = f"{HEAD},,régularisation,,,\n".encode(encoding)
    (entry,) = read(text_of(raw))
    assert entry.notion.terms == {"fr": ["régularisation"]}


def test_another_encoding_is_refused_with_the_line_of_the_first_accent():
    with pytest.raises(BrokenTable) as caught:
        text_of(f"{HEAD},,régularisation,,,\n".encode("cp1252"))
    assert caught.value.problems == [FileProblem(2, "table-encoding")]


def test_a_file_of_more_than_a_megabyte_is_refused():
    with pytest.raises(BrokenTable) as caught:
        text_of(b"x" * (1024 * 1024 + 1))
    assert caught.value.problems[0].code == "table-large"


@pytest.mark.parametrize(
    "head", ["", "key,en,fr\n", "key,en,fr,es,colour\n", "en,en,fr,es\n", "remesas,x\n"]
)
def test_other_columns_are_refused(head):
    assert problems_of(head) == [(1, None, "table-columns")]


def test_every_wrong_line_is_told_with_its_column():
    text = HEAD + (
        "a,,,,,\n"
        "b,fine,,,21,\n"
        '"c","on two\nlines",,,,\n'
        f"d,{'x' * 121},,,,\n"
        "c,again,,,,\n"
        "e,good,,,5,,too much\n"
    )
    assert problems_of(text) == [
        (2, "en", "glossary-empty"),
        (3, "objectives", "glossary-objective"),
        (6, "en", "glossary-term-long"),
        (7, "key", "table-key-twice"),
        (8, None, "table-cells"),
    ]


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_line():
    assert problems_of(f'{HEAD}a,fine,,,,\nb,"never closed,,,,\n') == [(3, None, "table-quotes")]


def test_empty_lines_and_cells_beyond_the_last_column_do_not_matter():
    (entry,) = read(f"{HEAD},,,,,\n\nreturn,return,retour,,5 | 7,,,\n")
    assert entry.notion.objectives == [5, 7]


@pytest.mark.parametrize("numbers", ["5 | 7", "5|7", '"5, 7"', "5; 7", "5 7"])
def test_numbers_of_objectives_may_be_parted_as_one_likes(numbers):
    (entry,) = read(f"{HEAD}a,a,,,{numbers},\n")
    assert entry.notion.objectives == [5, 7]


def test_a_table_beyond_the_room_of_a_glossary_is_refused():
    lines = "".join(f"k{number},t{number},,,,\n" for number in range(2001))
    assert problems_of(HEAD + lines) == [(1, None, "glossary-full")]

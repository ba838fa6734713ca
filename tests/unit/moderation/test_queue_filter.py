"""The filter of the queue as an address says it, and what becomes of typed words."""

from __future__ import annotations

import datetime as dt

import pytest

from consult.moderation.forms import read_filter, read_since
from consult.moderation.queries.queue import ItemKind, QueueFilter
from consult.moderation.queries.queue_words import MAX_WORDS, variants, words_of


def test_an_address_is_read_and_said_again() -> None:
    values = {
        "space": "round-table-3",
        "question": "2",
        "language": "fr",
        "category": "academia",
        "objective": "16",
        "kind": "appeal",
        "q": "portes ouvertes",
        "like": "AAAA-BBBB-CCCC-DDDD",
    }
    wanted = read_filter(values | {"after": "EEEE-FFFF-GGGG-HHHH.flag"}, per_page=20)
    assert wanted.values == values
    assert wanted.kind is ItemKind.APPEAL
    assert wanted.after == "EEEE-FFFF-GGGG-HHHH.flag"
    assert wanted.without("q", "like").keys() == values.keys() - {"q", "like"}


def test_what_is_unknown_is_no_condition() -> None:
    values = {"kind": "x", "language": "xx", "question": "-1", "space": "a\0b", "q": "  "}
    assert read_filter(values, per_page=20).values == {}


@pytest.mark.parametrize(
    ("wanted", "is_folded"),
    [
        ({}, True),
        ({"space": "a", "language": "fr", "after": "x"}, True),
        ({"q": "a"}, False),
        ({"kind": ItemKind.NEW}, False),
        ({"like": "a"}, False),
        ({"objective": 15}, False),
    ],
)
def test_only_the_plain_list_is_folded(wanted: dict[str, object], is_folded: bool) -> None:
    assert QueueFilter(**wanted).is_folded is is_folded  # type: ignore[arg-type]


def test_words_are_folded_and_their_number_is_bounded() -> None:
    assert words_of("École  ÉTÉ") == ("ecole", "ete")
    assert len(words_of("a " * 90)) == MAX_WORDS


def test_a_letter_stands_for_all_that_are_the_same_without_case_and_accents() -> None:
    assert set("eEéÉèêëĒ") <= set(variants()["e"])
    assert set("σςΣ") <= set(variants()["σ"])
    assert "1" not in variants()


@pytest.mark.parametrize("since", ["", "yesterday", "2026-01-01T10:00", "0001-01-01T00:00+23:59"])
def test_no_instant_is_none(since: str) -> None:
    assert read_since({"since": since}) is None


def test_an_instant_is_read() -> None:
    expected = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)
    assert read_since({"since": "2026-01-01T10:00:00+01:00"}) == expected

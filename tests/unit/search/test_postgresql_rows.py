"""How a document lies in PostgreSQL: rows within the server's limits, lexemes as text."""

from collections import defaultdict
from random import Random

import pytest

from consult.search.backends.postgresql_query import MAX_WAYS, of_filters, of_form
from consult.search.backends.postgresql_rows import (
    MAX_BYTES,
    OVERLAP,
    as_rows,
    passages,
    quoted,
    storable,
)
from consult.search.documents import Filters
from consult.search.plan import Form
from tests.indexes import make_document


def placed(count: int, *, seed: int, words: int, length: int = 8) -> list[tuple[str, int]]:
    dice = Random(seed)
    position, pairs = 0, []
    for _ in range(count):
        position += 1 if dice.random() < 0.98 else 21
        word = f"{dice.randrange(words):0{length}}"
        pairs += [(f"={word}", position), (f"~{word[:3]}", position)]
    return pairs


@pytest.mark.parametrize(
    "pairs",
    [
        placed(40_000, seed=1, words=20_000),
        placed(40_000, seed=2, words=3),
        placed(30_000, seed=3, words=10**60, length=64),
        [],
    ],
    ids=["a paper", "few words", "long words", "nothing"],
)
def test_no_lexeme_and_no_position_of_a_long_text_is_lost(pairs: list[tuple[str, int]]) -> None:
    kept: defaultdict[str, set[int]] = defaultdict(set)
    last = 0
    for passage in passages(pairs):
        for lexeme, positions in passage.positions.items():
            assert max(positions) < 16_384
            assert len(positions) <= 256
            kept[lexeme].update(passage.start - 1 + position for position in positions)
        size = sum(len(lexeme) + 2 * len(at) for lexeme, at in passage.positions.items())
        assert size < MAX_BYTES + 10_000
        assert passage.start > last or last == 0
        last = passage.start
    wanted = defaultdict(set)
    for lexeme, position in pairs:
        wanted[lexeme].add(position)
    assert kept == wanted


def test_rows_overlap_so_that_words_side_by_side_stay_so() -> None:
    first, second, *_ = passages(placed(20_000, seed=2, words=3))
    end = max(max(positions) for positions in first.positions.values())
    assert end - (second.start - first.start) >= OVERLAP - 21


def test_every_row_of_a_long_text_says_what_filters_and_counts_ask_for() -> None:
    rows, words = as_rows(make_document(1, "ay " * 2_000, region="Americas"))
    assert len(rows) > 1
    assert rows[0]["start"] == 0
    assert len({row["start"] for row in rows}) == len(rows)
    for row in rows:
        assert row["length"] == 2_000
        assert row["words"].startswith("'#space:rt3' '#question:1' '#language:es' '#category:ngo'")
        assert "'#region:Americas'" in row["words"]
    assert words == {"=ay"}


def test_a_text_without_a_word_has_a_row() -> None:
    (row,), words = as_rows(make_document(1, "…"))
    assert row["start"] == 0
    assert words == set()


@pytest.mark.parametrize(
    ("lexeme", "said"),
    [
        ("=plain", "'=plain'"),
        ("it's", "'it''s'"),
        ("back\\slash", "'back\\\\slash'"),
        ("a & !b | (c):*", "'a & !b | (c):*'"),
        ("nul\x00", "'nul\ufffd'"),
    ],
)
def test_a_lexeme_is_quoted_whatever_is_in_it(lexeme: str, said: str) -> None:
    assert quoted(lexeme) == said


def test_halves_of_characters_are_replaced() -> None:
    assert storable("a\ud800b") == "a?b"


def test_a_form_within_filters_is_one_query() -> None:
    form = Form((frozenset({"=b", "=a"}), frozenset({"=c"})))
    filters = Filters(objective=16, space="it's")
    assert of_form(form, filters=filters) == (
        "(((('=a' | '=b') <1> ('=c'))) & '#space:it''s' & '#objective:16')"
    )
    assert of_filters(filters) == "('#space:it''s' & '#objective:16')"
    assert of_filters(Filters()) is None


def test_a_form_that_no_text_can_have_is_no_query() -> None:
    assert of_form(Form(), filters=Filters()) is None
    assert of_form(Form((frozenset({"=a"}), frozenset())), filters=Filters()) is None


def test_the_ways_in_which_words_may_be_spread_are_bounded() -> None:
    words = tuple(frozenset({f"={number}"}) for number in range(20))
    query = of_form(Form(words, slack=3), filters=Filters())
    assert query is not None
    assert query.count("'=0'") <= MAX_WAYS
    assert len(query) < 5_000

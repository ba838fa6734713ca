"""What changed between two texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consult.discussion.queries.difference import Change, Part, difference

TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d."]), max_size=6).map(" ".join), max_size=6
).map("\n".join)


def sides(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the words that the difference shows of the old text and of the new one."""
    old: list[str] = []
    new: list[str] = []
    for paragraph in difference(before, after):
        for part in paragraph:
            if part.change is not Change.ADDED:
                old += part.text.split()
            if part.change is not Change.REMOVED:
                new += part.text.split()
    return old, new


@given(TEXTS, TEXTS)
def test_every_word_of_both_texts_is_shown_in_its_order(before: str, after: str) -> None:
    assert sides(before, after) == (before.split(), after.split())


@given(TEXTS)
def test_equal_texts_differ_in_nothing(text: str) -> None:
    changes = {part.change for paragraph in difference(text, text) for part in paragraph}
    assert changes <= {Change.SAME}


def test_one_word_of_a_sentence_is_told_from_its_neighbours() -> None:
    assert difference("for 1,200 families", "for 1,340 families") == [
        (
            Part(Change.SAME, "for "),
            Part(Change.REMOVED, "1,200 "),
            Part(Change.ADDED, "1,340 "),
            Part(Change.SAME, "families"),
        )
    ]


def test_a_new_paragraph_leaves_its_neighbours_alone() -> None:
    shown = difference("one\ntwo", "one\nand a half\ntwo")
    assert [[part.change for part in paragraph] for paragraph in shown] == [
        [Change.SAME],
        [Change.ADDED],
        [Change.SAME],
    ]


def test_beyond_the_bound_a_passage_counts_as_replaced_as_a_whole() -> None:
    before, after = "a b " * 12_500, "b c a " * 8_300
    (paragraph,) = difference(before, after)
    assert [part.change for part in paragraph] == [Change.REMOVED, Change.ADDED]

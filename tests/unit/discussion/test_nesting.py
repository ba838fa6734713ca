"""Rows of a page stand under what they reply to, and their lists always close."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.discussion.queries.row_shapes import Row, nest

MOST = 3


def nested(*places):
    rows = [Row(name=str(number), anchor=str(number)) for number in range(len(places))]
    nest(rows, places, most=MOST)
    return rows


def levels(*places):
    return [row.level for row in nested(*places)]


def html(rows):
    """Return the tags that the template writes, each article as its number."""
    tags = []
    for row in rows:
        tags += ["<ol>"] * row.begins_list + ["<li>", row.name]
        tags += ["<details>"] * bool(row.replies)
        if row.ends >= 0:
            tags += ["</li>"] + ["</ol>", "</li>"] * row.ends
            tags += ["</ol>", "</details>", "</li>"] * row.ends_thread
    return tags


def test_replies_stand_under_what_they_answer():
    assert levels((1, ""), (1, "0001"), (1, "00010002"), (1, "0003"), (2, "")) == [0, 1, 2, 1, 0]


def test_a_page_that_begins_in_the_middle_of_a_thread_nests_only_what_is_below():
    assert levels((1, "00010002"), (1, "000100020003"), (1, "0004"), (1, "00040005")) == [
        0,
        1,
        0,
        1,
    ]


def test_a_reply_whose_parent_was_left_out_stands_by_itself():
    assert levels((1, ""), (2, "0001"), (2, "00010002"), (3, "0001")) == [0, 0, 1, 0]


def test_siblings_without_their_parent_stand_side_by_side():
    assert levels((1, "0001"), (1, "0002"), (1, "0003")) == [0, 0, 0]


def test_deeper_replies_than_the_steps_are_flat():
    assert levels(*((1, "0001" * depth) for depth in range(6))) == [0, 1, 2, 3, 3, 3]


def test_a_thread_tells_how_many_replies_stand_on_the_page():
    rows = nested((1, ""), (1, "0001"), (1, "00010002"), (2, ""), (3, ""), (3, "0001"))
    assert [row.replies for row in rows] == [2, 0, 0, 0, 1, 0]


places = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.lists(st.sampled_from(["0001", "0002", "000z"]), max_size=6).map("".join),
    ),
    min_size=1,
    max_size=30,
    unique=True,
).map(sorted)


@given(places)
def test_lists_close_whatever_a_page_holds(some):
    rows = nested(*some)
    open_tags: list[str] = []
    for tag in html(rows):
        if name := re.fullmatch(r"</(\w+)>", tag):
            assert open_tags.pop() == name.group(1)
        elif name := re.fullmatch(r"<(\w+)>", tag):
            # A list of replies stands inside an item, an item inside a list.
            assert tag != "<li>" or not open_tags or open_tags[-1] == "ol"
            open_tags.append(name.group(1))
    assert open_tags == []


@given(places)
def test_a_row_is_never_under_another_thread_or_a_stranger(some):
    above: list[tuple[int, tuple[str, str]]] = []
    for row, place in zip(nested(*some), some, strict=True):
        while above and above[-1][0] >= row.level:
            above.pop()
        if row.level and row.level < MOST:
            _, parent = above[-1]
            assert parent[0] == place[0]
            assert place[1].startswith(parent[1])
        above.append((row.level, place))


@pytest.mark.parametrize("count", [0, 1])
def test_short_pages_are_no_exception(count):
    assert levels(*[(1, "")] * count) == [0] * count

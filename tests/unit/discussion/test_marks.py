"""Marks of passages are found again after the text was changed."""

from __future__ import annotations

import pytest

from consult.core import markup
from consult.core.passages import passages
from consult.discussion.services import marks

TEXT = "First about schools.\n\nSecond about work.\n\nThird about health."


def _passages(source):
    return passages(markup.render(source))


def _settled(values, source):
    return [
        (passage.text, value)
        for passage, value in marks.settle(marks.read(values), _passages(source))
    ]


def _mark(index, value, source=TEXT):
    return str(marks.mark(_passages(source)[index], value))


def test_a_mark_belongs_to_its_passage():
    assert _settled([_mark(1, 20)], TEXT) == [("Second about work.", "20")]


def test_a_mark_follows_its_passage_to_another_place():
    moved = "Second about work.\n\nFirst about schools.\n\nThird about health."
    assert _settled([_mark(1, 20)], moved) == [("Second about work.", "20")]


def test_a_mark_stays_with_a_passage_whose_words_were_changed():
    changed = TEXT.replace("Second about work.", "Second about decent work.")
    assert _settled([_mark(1, 20)], changed) == [("Second about decent work.", "20")]


def test_a_mark_does_not_jump_to_the_passage_that_took_the_place_of_another_marked_one():
    shorter = "First about schools.\n\nThird about health."
    assert _settled([_mark(1, 20), _mark(2, 15)], shorter) == [("Third about health.", "15")]


def test_marks_of_a_passage_that_is_gone_go_with_it():
    assert _settled([_mark(2, 15)], "First about schools.") == []


def test_of_two_passages_with_the_same_words_each_keeps_its_mark():
    twice = "The same.\n\nBetween.\n\nThe same."
    values = [_mark(0, 3, twice), _mark(2, 7, twice)]
    found = marks.settle(marks.read(values), _passages(twice))
    assert [(one.index, value) for one, value in found] == [(0, "3"), (2, "7")]


@pytest.mark.parametrize("value", ["", "1", "1.zz.3", "1.ab12cd34.", "-1.ab12cd34.3", "x" * 5000])
def test_what_is_no_mark_is_left_out(value):
    assert marks.read([value]) == ()

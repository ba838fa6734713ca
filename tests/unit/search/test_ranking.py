"""Ranking: which texts a search takes, step by step, and how it orders them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.plan import FILLED, FILLED_OF, SCARCE, Concept, Form, Plan
from consult.search.ranking import (
    CLOSELY,
    FEWEST,
    Matching,
    closely,
    matched,
    occurrences,
)


def form(*words, weight=1.0, via=None, slack=0):
    return Form(tuple(frozenset({word}) for word in words), weight, via, slack)


def concept(*words, place=0, **options):
    return Concept(tuple(form(word, **options) for word in words), place)


def matching(found, *, concepts=None, among=10_000):
    return Matching(
        concepts or [concept(f"={n}", place=n) for n in range(len(found))],
        [dict.fromkeys(texts, 0) if not isinstance(texts, dict) else texts for texts in found],
        among,
        lambda text: (0.0, text),
    )


def order(match, places, *, lengths=None):
    best = match.best(CLOSELY)
    look = lambda text: (places.get(text, {}), (lengths or {}).get(text, 100))  # noqa: E731 - short
    return [one.text for one in closely(match, best, look)]


# --- Which texts ---------------------------------------------------------------------------------


def test_where_many_texts_have_all_no_other_is_added():
    both = range(FEWEST)
    match = matching([both, [*both, 5_000]])
    assert match.whole == set(both)
    assert match.partial == set()


def test_where_few_have_all_those_with_most_follow_and_then_those_with_any():
    match = matching([[1, 2, 3], [1, 2, 4, 5], [1, 6]])
    assert match.whole == {1}
    assert match.partial == {2, 3, 4, 5, 6}
    steps = [(one.text, one.step) for one in match.best(10)]
    assert steps[0] == (1, "all")
    assert steps[1] == (2, "most")
    assert {step for _, step in steps[2:]} == {"any"}


def test_texts_with_any_are_left_out_where_enough_have_most():
    match = matching([range(150), range(150), range(900, 999)])
    assert match.partial == set(range(150))


def test_a_word_of_most_texts_brings_none_on_its_own():
    match = matching([range(60), [1, 99]], among=100)
    assert match.partial == {99}


def test_function_words_bring_none_on_their_own():
    dull = Concept((form("=de"),), is_telling=False)
    match = matching([[1, 2], [2, 3]], concepts=[dull, Concept((form("=la"),), is_telling=False)])
    assert match.whole == {2}
    assert match.partial == set()


def test_a_single_concept_is_never_relaxed():
    match = matching([[1, 2]])
    assert (match.whole, match.partial) == ({1, 2}, set())


def test_no_more_are_added_than_are_looked_at_closely():
    match = matching([range(5_000), range(5_000, 9_000)], among=20_000)
    assert len(match.partial) == CLOSELY


@given(st.lists(st.sets(st.integers(0, 300)), min_size=1, max_size=5))
def test_every_text_is_listed_once_and_the_whole_ones_first(found):
    match = matching([list(texts) for texts in found], among=400)
    listed = match.best(1_000)
    assert len({one.text for one in listed}) == len(listed)
    assert {one.text for one in listed} == match.whole | match.partial
    steps = [one.step for one in listed]
    assert steps == sorted(steps, key=["all", "most", "any"].index)


def test_what_only_comes_near_is_not_whole_and_follows():
    near = Concept((form("=a"), Form((frozenset({"=b"}),), 0.3, "b", is_loose=True)))
    match = matching([{1: 1, 2: 0}], concepts=[near])
    assert (match.whole, match.partial) == ({2}, {1})
    assert [(one.text, one.step) for one in match.best(9)] == [(2, "all"), (1, "any")]


def test_a_search_that_does_not_relax_takes_whole_texts_only():
    match = replace(matching([[1, 2], [2, 3]]), relaxes=False)
    assert (match.whole, match.partial) == ({2}, set())


@pytest.mark.parametrize(("texts", "is_wider"), [(SCARCE - 1, True), (SCARCE, False)])
def test_the_wider_plan_is_asked_only_where_little_is_found(texts, is_wider):
    narrow, wide = concept("=a"), concept("=b")
    plan = Plan(concepts=(narrow,), wider=Plan(concepts=(wide,)))

    def match(concepts, relaxes, most):
        return replace(matching([range(texts)], concepts=concepts), relaxes=relaxes, most=most)

    assert matched(plan, match).concepts[0] == (wide if is_wider else narrow)
    assert matched(replace(plan, relaxes=False), match).concepts[0] == narrow


@pytest.mark.parametrize(("texts", "is_loose"), [(FEWEST - 1, True), (FEWEST, False)])
def test_what_only_comes_near_is_asked_for_where_few_texts_have_all(texts, is_loose):
    both = Concept((form("=a"), Form((frozenset({"=b"}),), 0.3, "b", is_loose=True)))

    def match(concepts, relaxes, most):
        return matching([range(texts)], concepts=concepts)

    (said,) = matched(Plan(concepts=(both,)), match).concepts
    assert len(said.forms) == 1 + is_loose


@pytest.mark.parametrize(
    ("among", "enough"), [(40, SCARCE), (15 * FILLED_OF, 15), (10_000, FILLED)]
)
def test_a_wider_plan_adds_texts_only_until_there_are_enough(among, enough):
    near = Concept((form("=a"), Form((frozenset({"=b"}),), 0.1, "b", is_loose=True)))
    plan = Plan(concepts=(near,), wider=Plan(concepts=(near,)))

    def match(concepts, relaxes, most):
        found = {1: 0} if most == CLOSELY else {1: 0, **dict.fromkeys(range(2, among // 2), 1)}
        one = matching([found], concepts=concepts)
        return replace(one, relaxes=relaxes, most=most, among=among)

    found = matched(plan, match)
    assert found.whole == {1}
    assert len(found.partial) == enough - 1


# --- In which order ------------------------------------------------------------------------------


def test_a_direct_hit_comes_before_a_derived_one_and_that_before_the_glossarys():
    known = Concept((form("=a"), form("~a", weight=0.6), form("=b", weight=0.5, via="b")))
    match = matching([{1: 2, 2: 1, 3: 0}], concepts=[known])
    assert [one.text for one in match.best(9)] == [3, 2, 1]
    assert [one.via for one in match.best(9)] == [None, None, "b"]


def test_the_newest_of_equal_texts_comes_first():
    assert [one.text for one in matching([[3, 9, 4]]).best(2)] == [9, 4]


def test_a_rare_word_weighs_more_than_a_common_one():
    match = matching([range(2, 40), [1]], among=100)
    assert match.best(2)[0].text == 1


def test_words_side_by_side_come_before_words_apart():
    match = matching([[1, 2], [1, 2]])
    places = {1: {"=0": [5], "=1": [6]}, 2: {"=0": [5], "=1": [60]}}
    assert order(match, places) == [1, 2]


def test_words_stand_as_near_as_in_the_query():
    match = matching([[1, 2], [1, 2]], concepts=[concept("=0"), concept("=1", place=3)])
    places = {1: {"=0": [5], "=1": [8]}, 2: {"=0": [5], "=1": [12]}}
    assert order(match, places) == [1, 2]


def test_a_text_that_says_it_more_often_comes_first():
    places = {1: {"=0": [5, 9, 40]}, 2: {"=0": [5]}}
    assert order(matching([[1, 2]]), places) == [1, 2]


def test_a_short_text_comes_before_a_long_one():
    places = {1: {"=0": [5]}, 2: {"=0": [5]}}
    assert order(matching([[1, 2]]), places, lengths={1: 40, 2: 4_000}) == [1, 2]


def test_nearness_never_lifts_a_text_over_one_that_has_more():
    match = matching([[1, 2], [1, 2], [1]])
    places = {1: {"=0": [5], "=1": [500], "=2": [900]}, 2: {"=0": [5], "=1": [6]}}
    assert order(match, places) == [1, 2]


def test_a_closer_look_never_lowers_a_score():
    match = matching([[1, 2, 3], [2, 3]])
    first = {one.text: one.score for one in match.best(9)}
    near = closely(match, match.best(9), lambda text: ({"=0": [text], "=1": [9]}, 50))
    assert all(one.score >= first[one.text] for one in near)


# --- Where forms stand ---------------------------------------------------------------------------


def test_a_form_stands_where_its_words_follow_each_other():
    places = {"=a": [1, 7], "=b": [2, 9]}
    assert list(occurrences(form("=a", "=b"), places)) == [(1, 2)]
    assert list(occurrences(form("=a", "=b", slack=1), places)) == [(1, 2), (7, 9)]
    assert list(occurrences(form("=b", "=a"), places)) == []


def test_a_repeated_word_does_not_hide_the_one_that_leads_on():
    places = {"=a": [1], "=b": [2, 3], "=c": [5]}
    assert list(occurrences(form("=a", "=b", "=c", slack=1), places)) == [(1, 5)]


def test_a_form_without_words_stands_nowhere():
    assert list(occurrences(Form(), {"=a": [1]})) == []

"""The store of rendered texts keeps to its bounds."""

from __future__ import annotations

import sys

from markupsafe import Markup

from consult.discussion.fragments import Fragments, PageFragments


def test_the_longest_unasked_goes_first():
    store = Fragments(most_fragments=2)
    store.put(("a",), Markup("A"))
    store.put(("b",), Markup("B"))
    store.get(("a",))
    store.put(("c",), Markup("C"))
    assert store.get(("a",)) == "A"
    assert store.get(("b",)) is None
    assert store.get(("c",)) == "C"


def test_bytes_are_bounded_whatever_comes():
    text = Markup("x") * 1000
    store = Fragments(most_bytes=3 * sys.getsizeof(text))
    for number in range(10):
        store.put((number,), text)
        assert store.bytes <= 3 * sys.getsizeof(text)
    assert len(store) == 3


def test_what_is_larger_than_all_bytes_pushes_nothing_out():
    store = Fragments(most_bytes=500)
    store.put(("a",), Markup("A"))
    store.put(("huge",), Markup("x") * 1000)
    assert store.get(("a",)) == "A"
    assert store.get(("huge",)) is None


def test_a_key_that_is_put_twice_counts_once():
    store = Fragments()
    store.put(("a",), Markup("x") * 500)
    store.put(("a",), Markup("y"))
    assert (len(store), store.bytes) == (1, sys.getsizeof(Markup("y")))


def test_pages_that_differ_share_nothing():
    store = Fragments()
    page = PageFragments(store=store, locale="en", zone="UTC", offers_reply=False)
    assert page.keep(("a",), Markup("A")) == "A"
    assert page.get(("a",)) == "A"
    for other in (
        PageFragments(store=store, locale="fr", zone="UTC", offers_reply=False),
        PageFragments(store=store, locale="en", zone="Asia/Tokyo", offers_reply=False),
        PageFragments(store=store, locale="en", zone="UTC", offers_reply=True),
        PageFragments(store=store, locale="en", zone="UTC", offers_reply=False, offers_report=True),
    ):
        assert other.get(("a",)) is None

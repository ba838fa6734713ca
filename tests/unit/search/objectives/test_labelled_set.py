"""The labelled passages that proposals are measured with: whole, and those looked at come out."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.objectives import DEFINITION, Labelled, material_of, read_labelled, tally
from consult.search.analysis import LANGUAGES
from consult.search.objectives import profiles
from consult.spaces.definitions import read


@pytest.fixture(scope="module")
def labelled() -> list[Labelled]:
    return read_labelled()


def test_every_language_has_its_passages_and_a_third_is_unseen(labelled: list[Labelled]) -> None:
    counts = Counter((one.language, one.part) for one in labelled)
    assert len(labelled) >= 150
    for language in LANGUAGES:
        assert counts[language, "seen"] >= 52
        assert counts[language, "unseen"] * 2 >= counts[language, "seen"]


def test_every_objective_stands_in_both_parts_of_every_language(labelled: list[Labelled]) -> None:
    for language in LANGUAGES:
        for part in ("seen", "unseen"):
            mine = [one for one in labelled if (one.language, one.part) == (language, part)]
            assert {one.objectives[0] for one in mine} == set(range(1, 24))


def test_passages_are_short_and_each_stands_once(labelled: list[Labelled]) -> None:
    assert all(40 <= len(one.text.split()) <= 90 for one in labelled)
    assert len({one.text for one in labelled}) == len(labelled)


def test_passages_that_were_looked_at_get_their_objective(labelled: list[Labelled]) -> None:
    profile = profiles.make(material_of(read(DEFINITION).content))
    tallies = tally(profile, [one for one in labelled if one.part == "seen"])
    for language in LANGUAGES:
        first, three = tallies["seen", language].shares
        assert first >= 0.9
        assert three >= 0.98

"""The labelled passages that proposals are measured with: whole, and those looked at come out."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from bench.objectives import DEFINITION, PARTS, Labelled, material_of, read_labelled, tally
from consult.search.analysis import LANGUAGES
from consult.search.objectives import profiles
from consult.search.objectives.profiles import Profile
from consult.search.objectives.scoring import score
from consult.search.objectives.suggesting import SURE_ENOUGH
from consult.spaces.definitions import read

DEMONSTRATION = DEFINITION.with_name("demonstration.yaml")


@pytest.fixture(scope="module")
def labelled() -> list[Labelled]:
    return read_labelled()


def test_every_language_has_its_passages_and_a_third_is_unseen(labelled: list[Labelled]) -> None:
    counts = Counter((one.language, one.part) for one in labelled)
    assert len(labelled) >= 150
    for language in LANGUAGES:
        assert counts[language, "seen"] >= 52
        assert counts[language, "unseen"] * 2 >= counts[language, "seen"]


def test_every_objective_stands_in_every_part_of_every_language(labelled: list[Labelled]) -> None:
    for language in LANGUAGES:
        for part in PARTS:
            mine = [one for one in labelled if (one.language, one.part) == (language, part)]
            assert {one.objectives[0] for one in mine} == set(range(1, 24))


def test_passages_are_short_and_each_stands_once(labelled: list[Labelled]) -> None:
    assert all(40 <= len(one.text.split()) <= 90 for one in labelled)
    assert len({one.text for one in labelled}) == len(labelled)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profiles.make(material_of(read(DEFINITION).content))


def test_passages_that_were_looked_at_get_their_objective(
    profile: Profile, labelled: list[Labelled]
) -> None:
    tallies = tally(profile, [one for one in labelled if one.part == "seen"])
    for language in LANGUAGES:
        first, three = tallies["seen", language].shares
        assert first >= 0.9
        assert three >= 0.98


def test_a_text_that_waits_in_the_demonstration_speaks_of_an_objective_it_has_not(
    profile: Profile,
) -> None:
    entries = yaml.safe_load(DEMONSTRATION.read_text(encoding="utf-8"))["contributions"]
    waiting = [one for one in entries if one["state"] == "pending" and not one["objectives"]]
    found = [score(profile, one["body"], language=one["language"])[0] for one in waiting]
    assert [one.number for one in found if one.score >= SURE_ENOUGH]

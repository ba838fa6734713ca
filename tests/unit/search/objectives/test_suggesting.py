"""What is proposed for the passages of a text, and for the text as a whole."""

from __future__ import annotations

import pytest

from consult.core.markup import render
from consult.core.passages import passages
from consult.core.ports import Suggestion
from consult.search.objectives import profiles
from consult.search.objectives.material import Material, Subject
from consult.search.objectives.profiles import Profile
from consult.search.objectives.suggesting import best, suggest

NUMBERS = frozenset({1, 2, 3, 4, 5})
WORDS = {
    1: "census statistics surveys figures indicators",
    2: "drought hunger floods harvest irrigation",
    3: "leaflets hotline website radio orientation",
    4: "passport birth certificate registry identity",
    5: "visa quota pathway sponsorship reunification",
}
DROUGHT = "After the drought came hunger, and irrigation would save the harvest."
CENSUS = "The census and the surveys give figures, but no indicators."
TITLES = {
    "fr": "sécheresse faim irrigation récolte",
    "es": "sequía hambre riego cosecha",
}


@pytest.fixture(scope="module")
def profile() -> Profile:
    subjects = [
        Subject(
            number, {"en": [words]} | ({} if number != 2 else {c: [t] for c, t in TITLES.items()})
        )
        for number, words in WORDS.items()
    ]
    return profiles.make(Material(subjects))


def suggestions(profile: Profile, source: str, **over: object) -> list[Suggestion]:
    asked = {"numbers": NUMBERS, "language": "en"} | over
    return suggest(profile, passages(render(source)), **asked)  # type: ignore[arg-type]


def test_each_passage_is_proposed_what_it_speaks_of(profile: Profile) -> None:
    found = suggestions(profile, f"{CENSUS}\n\n{DROUGHT}")
    assert [(one.passage, one.objective, one.is_named) for one in found] == [
        (0, 1, False),
        (1, 2, False),
    ]
    assert set(found[1].named.split(", ")) <= {"drought", "hunger", "irrigation", "harvest"}


def test_naming_comes_before_speaking_of(profile: Profile) -> None:
    (one,) = suggestions(profile, f"On Objective 2: {DROUGHT}")
    assert (one.objective, one.is_named, one.score) == (2, True, 1.0)
    assert one.named == "Objective 2"


def test_a_text_that_names_one_objective_and_speaks_of_another_gets_both(profile: Profile) -> None:
    found = suggestions(profile, f"See objective 5. {DROUGHT}")
    assert [(one.objective, one.is_named) for one in found] == [(2, False), (5, True)]


def test_words_that_tell_too_little_propose_nothing(profile: Profile) -> None:
    assert suggestions(profile, "Thank you very much for the good figures on page nine.") == []


def test_only_objectives_that_may_be_proposed_are(profile: Profile) -> None:
    assert suggestions(profile, DROUGHT, numbers={1, 3}) == []


def test_at_most_three_objectives_are_proposed_that_a_text_does_not_name(profile: Profile) -> None:
    source = "\n\n".join(f"All of {words}, and more {words}." for words in WORDS.values())
    found = suggestions(profile, source)
    assert len({one.objective for one in found}) == 3


def test_what_only_the_whole_text_says_is_proposed_where_it_says_most(profile: Profile) -> None:
    source = "Our village has a drought and no harvest.\n\nThere is hunger in it, and little else."
    for passage in source.split("\n\n"):
        assert suggestions(profile, passage) == []
    (one,) = suggestions(profile, source)
    assert (one.objective, one.passage) == (2, 0)


def test_chance_does_not_add_up_over_a_long_text(profile: Profile) -> None:
    source = "\n\n".join(
        f"In the {word} nothing else stood that anybody could have wanted, and so it went on."
        for word in WORDS[2].split() * 6
    )
    assert suggestions(profile, source) == []


def test_a_heading_gets_no_proposal_of_its_own(profile: Profile) -> None:
    found = suggestions(profile, f"# Drought, hunger and harvest\n\n{DROUGHT}")
    assert [one.passage for one in found] == [1]


def test_a_passage_in_another_language_is_read_in_its_own(profile: Profile) -> None:
    french = (
        "Nous avons connu la sécheresse et la faim dans nos villages, et sans irrigation la"
        " récolte sera perdue encore une fois cette année."
    )
    found = suggestions(profile, f"We add a word from our members in the Sahel region.\n\n{french}")
    assert [(one.passage, one.objective) for one in found] == [(1, 2)]


def test_without_a_language_the_text_tells_its_own(profile: Profile) -> None:
    spanish = "La sequía trajo hambre a las aldeas y sin riego no habrá cosecha para nadie."
    assert [one.objective for one in suggestions(profile, spanish, language=None)] == [2]


def test_the_best_for_a_text_come_once_named_ones_first(profile: Profile) -> None:
    source = f"{DROUGHT}\n\nSee objective 4.\n\nAgain: {DROUGHT}"
    found = best(profile, passages(render(source)), numbers=NUMBERS, language="en")
    assert [(one.objective, one.is_named) for one in found] == [(4, True), (2, False)]
    assert 0.5 <= found[1].score <= 1


def test_who_judges_scores_gets_less_sure_ones_too(profile: Profile) -> None:
    found = passages(render("There is some hunger in the village where we live."))
    assert best(profile, found, numbers=NUMBERS, language="en") == []
    (one,) = best(profile, found, numbers=NUMBERS, language="en", least=0.05)
    assert one.objective == 2


def test_an_empty_text_gets_nothing(profile: Profile) -> None:
    assert suggestions(profile, "") == []
    assert best(profile, [], numbers=NUMBERS, language=None) == []

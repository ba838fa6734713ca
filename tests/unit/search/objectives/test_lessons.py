"""What tags teach: words that several authors use of one objective more than of others."""

from __future__ import annotations

from consult.search.objectives.learning import FEWEST_AUTHORS, MOST_WORDS, Taught, weigh


def taught(
    objective: int, words: str, *, authors: int = FEWEST_AUTHORS, first: int = 0
) -> list[Taught]:
    return [Taught(objective, first + n, words, "en") for n in range(authors)]


OTHERS = taught(1, "ships and harbours", first=100) + taught(3, "courts and judges", first=200)


def test_a_word_that_several_authors_use_of_one_objective_is_learned() -> None:
    found = weigh([*OTHERS, *taught(2, "blackboards and chalk")])
    assert "en:chalk" in found[2]
    assert "en:chalk" not in found.get(1, {})
    assert 0 < found[2]["en:chalk"] <= 1


def test_a_word_that_few_authors_use_is_not_kept() -> None:
    found = weigh([*OTHERS, *taught(2, "Ouagadougou", authors=FEWEST_AUTHORS - 1)])
    assert not any("ouagadougou" in lexeme for words in found.values() for lexeme in words)


def test_one_author_who_says_it_often_counts_once() -> None:
    often = [Taught(2, 7, "chalk", "en")] * 20
    assert "en:chalk" not in weigh([*OTHERS, *often]).get(2, {})


def test_a_word_said_of_all_objectives_teaches_nothing() -> None:
    everywhere = [one for n in (1, 2, 3) for one in taught(n, "together", first=10 * n)]
    assert weigh(everywhere) == {}


def test_more_texts_teach_more() -> None:
    few = weigh([*OTHERS, *taught(2, "chalk", authors=3)])[2]["en:chalk"]
    many = weigh([*OTHERS * 7, *taught(2, "chalk", authors=21)])[2]["en:chalk"]
    assert many > few


def test_nothing_teaches_nothing() -> None:
    assert weigh([]) == {}


def test_what_is_kept_of_an_objective_is_bounded() -> None:
    words = " ".join(
        f"word{letter}{other}" for letter in "bcdfghjklmnp" for other in "aeiouyxzqrstvw"
    )
    found = weigh([*OTHERS, *taught(2, words * 2)])
    assert len(found[2]) <= MOST_WORDS

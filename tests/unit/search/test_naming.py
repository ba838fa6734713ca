"""Which words name objectives, and which only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.naming import LONGEST_NAMED, find, plainly

NUMBERS = range(1, 24)


def numbers_in(text: str) -> list[int]:
    return [number for mention in find(text, numbers=NUMBERS) for number in mention.numbers]


NAMED = {
    # English.
    "Objective 16:": [16],
    "Objective 16 – what our town does": [16],
    "OBJECTIVE 16": [16],
    "objective 16.": [16],
    "See Objective\u00a016, please.": [16],
    "Objective16": [16],
    "Objective-16": [16],
    "Objective - 16": [16],
    "Objective #16": [16],
    "Objective 06": [6],
    "Objective \uff11\uff16": [16],
    "objective no. 6": [6],
    "Objective No 16": [16],
    "objective number 16": [16],
    "Objectives nos. 3 and 7": [3, 7],
    "Obj. 16": [16],
    "obj 16": [16],
    "OBJ.16": [16],
    "Objs. 3 and 7": [3, 7],
    "(Objective 16)": [16],
    "objective (16)": [16],
    "Objective: 16": [16],
    "Objective: 16. We sing together.": [16],
    "Objective 16 (SDG 10.7)": [16],
    "Objective 16.Inclusion of newcomers": [16],
    "We want objective 16. 3 reasons follow.": [16],
    "Objective 16 is about three things": [16],
    "Under objective 16 people meet as neighbours": [16],
    "GCM 13": [13],
    "GCM13": [13],
    "GCM-13": [13],
    "GCM Objective 13": [13],
    "GCM Obj. 13": [13],
    "the GCM's objective 7": [7],
    "GCM objectives 1 & 2": [1, 2],
    "GCM 3, 7 and 17": [3, 7, 17],
    "Objective 1 of our project": [1],
    "objectives 3, 7 and 17": [3, 7, 17],
    "Objectives 3, 7, and 17 matter": [3, 7, 17],
    "objectives 7, 8, 12 should come first": [7, 8, 12],
    "objectives 3 and 7": [3, 7],
    "objectives 3 or 7": [3, 7],
    "objectives 3 as well as 7": [3, 7],
    "objectives 3 + 7": [3, 7],
    "objectives 3/7/17": [3, 7, 17],
    "objectives 3; 7; 17": [3, 7, 17],
    "objective 16 and objective 17": [16, 17],
    "Objective 16 (and 17)": [16, 17],
    "Objective 16, 17": [16, 17],
    "Objective 3, 7 and 17": [3, 7, 17],
    "Objectives: 3, 7 and 17": [3, 7, 17],
    "Objectives: 3, 7 and 17 of the Compact": [3, 7, 17],
    "objectives (3 and 7)": [3, 7],
    "Objectives 1 (figures), 3 (information) and 17 (media)": [1, 3, 17],
    "Under objective 16, 3 countries reported": [16],
    "Under objective 16, 3 countries and 5 towns reported": [16],
    "Under objectives 3 and 7, 12 countries reported": [3, 7],
    "Under objectives 3, 12 countries reported": [3],
    "objectives 3 and 7 countries": [3],
    "Objectives 3-5": [3, 4, 5],
    "Objectives 3–5, 7 and 10—12": [3, 4, 5, 7, 10, 11, 12],
    "objectives 3 to 5 and 7": [3, 4, 5, 7],
    "objectives from 3 to 5": [3, 4, 5],
    "Objectives 1-23": list(range(1, 24)),
    "Objective 3-5": [3, 4, 5],
    "objectives 5 – 7": [5, 6, 7],
    "objective 5 – 7 proposals": [5],
    "Objective 16 - 3 ideas": [16],
    "Objectives 16-3": [16],
    "objective 16 to 20 people": [16],
    "objectives 20-30": [20],
    "Objective sixteen": [16],
    "Objective twenty-two": [22],
    "objective twenty one": [21],
    "objectives five and six": [5, 6],
    "objectives 3, 7 and 99": [3, 7],
    "SDG 10, objective 16": [16],
    "SDG 16 and objective 16": [16],
    # French.
    "Objectif 16\u00a0:": [16],
    "Objectif 16\u202f:": [16],
    "l'objectif n° 16": [16],
    "l’objectif nº\u00a016": [16],
    "l’objectif №\u202f16": [16],
    "L’OBJECTIF N°16": [16],
    "objectif numéro 16": [16],
    "objectif numero 16": [16],
    "objectifs 3, 7 et 17": [3, 7, 17],
    "les objectifs n° 3 et n° 7": [3, 7],
    "les objectifs nos 3 et 7": [3, 7],
    "objectifs 3, 7 ainsi que 17": [3, 7, 17],
    "les objectifs 3 et le 7": [3, 7],
    "objectifs 3 à 5": [3, 4, 5],
    "objectifs 3 a 5": [3, 4, 5],
    "objectif vingt et un": [21],
    "l’objectif dix-sept": [17],
    "PMM 13": [13],
    "PMM, objectif 13": [13],
    "Pacte mondial, objectif 13": [13],
    "Contribution tardive : un seul point, objectif 12 : les guichets": [12],
    "l’objectif 15 prévoit une sanction": [15],
    # Spanish.
    "Objetivo 16": [16],
    "OBJETIVO 16.": [16],
    "objetivo núm. 16": [16],
    "Objetivo num. 16": [16],
    "Objetivo N.º 16": [16],
    "Objetivo Nº16": [16],
    "objetivo nro. 16": [16],
    "objetivo número 16": [16],
    "Objetivo 16º": [16],
    "objetivos 3, 7 y 17": [3, 7, 17],
    "objetivos 1 e 2": [1, 2],
    "objetivos 7 u 8": [7, 8],
    "objetivos 3, 7 y el 17": [3, 7, 17],
    "objetivos 3, 7 así como 17": [3, 7, 17],
    "objetivos del 3 al 5": [3, 4, 5],
    "objetivos 3 a 5": [3, 4, 5],
    "objetivo veintidós": [22],
    "objetivo dieciseis": [16],
    "objetivo 13 del Pacto": [13],
    "el objetivo 13 del Pacto Mundial para la Migración": [13],
    # As people misspell it.
    "objetive 16": [16],
    "objectivo 16": [16],
}

NOT_NAMED = [
    # Other lists.
    "SDG 16",
    "Sustainable Development Goal 16",
    "SDG target 10.7",
    "SDG objective 16",
    "the SDGs (objective 16)",
    "Sustainable Development Objective 16",
    "Objective 16 of the SDGs",
    "Objective 16 of the 2030 Agenda",
    "Objective 16 (SDG)",
    "Goal 16",
    "ODD 16",
    "ODD, objectif 16",
    "objectif 16 des ODD",
    "objectif 16 de l’Agenda 2030",
    "objectif de développement durable 16",
    "objectif 16 de développement durable",
    "ODS 16",
    "meta 16",
    "objetivo 16 de los ODS",
    "objetivo 16 de la Agenda 2030",
    "Objetivo de Desarrollo Sostenible 16",
    "objetivo 16 de desarrollo sostenible",
    "article 16",
    "page 16",
    "objectives, p. 16",
    "objectives on page 16",
    "sub-objective 3",
    "sous-objectif 3",
    # Parts, and numbers that are none of ours.
    "objective 16.3",
    "objetivo 16.3.1",
    "objective 16a",
    "Objective 99",
    "objective 0",
    "objective 2030",
    "objective 16:30",
    "Objectives: 1. Collect figures 2. Share them",
    # What is counted.
    "16 objectives",
    "objectives of 16 countries",
    "objectifs de 3 pays",
    "objetivos de 16 países",
    "objectives from 16 countries",
    "objetivos del 16 de mayo",
    "objectives (16)",
    "objective: 16 million people",
    "objective 16 million",
    "objective: 16 people",
    "objectives: 3 new halls",
    "Objectives: 3 teachers and 7 nurses",
    "objective 16 000",
    "objective 16,000 people",
    "objectif 16\u202f000 personnes",
    "objective 16%",
    "objectif 16 %",
    "objective 16 percent",
    "objectif 16 pour cent",
    "objetivo 16 por ciento",
    "objectif 16 ans",
    "objetivo 3 años",
    "objective 5-year plan",
    "GCM 10 years on",
    "GCM 5th anniversary",
    "GCM 16 countries",
    "GCM (16)",
    "the objectives two years ago",
    "objectives three times as high",
    "objective two-fold",
    # Words that only look like numbers, or like the noun.
    "avec pour objectif un monde plus calme",
    "un objectif neuf",
    "the objective one should pursue",
    "el objetivo uno debería ver",
    "objectif\n16",
    "objection 16",
    "object 16",
    "objectively 16",
    "kobjective 16",
    "objective",
    "",
]


@pytest.mark.parametrize("text", NAMED)
def test_objectives_are_found_by_their_numbers(text: str) -> None:
    assert numbers_in(text) == NAMED[text]


@pytest.mark.parametrize("text", NOT_NAMED)
def test_what_only_looks_like_an_objective_is_not_found(text: str) -> None:
    assert numbers_in(text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Para el Objetivo Núm.\u00a016, gracias", "Objetivo Núm.\u00a016"),
        ("L’objectif 3 compte", "objectif 3"),
        ("our GCM objectives 3, 7 and 17.", "GCM objectives 3, 7 and 17"),
        ("Objectives 3 (figures) and 7", "Objectives 3 (figures) and 7"),
    ],
)
def test_the_words_are_quoted_as_typed(text: str, named: str) -> None:
    assert [mention.named for mention in find(text, numbers=NUMBERS)] == [named]


def test_a_long_list_is_quoted_in_short() -> None:
    (mention,) = find("Objectives " + "3, 7, " * 100 + "9", numbers=NUMBERS)
    assert mention.numbers == (3, 7, 9)
    assert len(mention.named) <= LONGEST_NAMED
    assert mention.named.endswith("…")


def test_every_mention_of_a_text_is_found_with_its_place() -> None:
    text = "Objectif 3 d’abord, puis l’objectif 7 ; les objectifs 3 et 9 enfin."
    found = find(text, numbers=NUMBERS)
    assert [mention.numbers for mention in found] == [(3,), (7,), (3, 9)]
    assert [text[mention.start : mention.end] for mention in found] == [m.named for m in found]


def test_only_the_numbers_that_are_asked_for_are_found() -> None:
    found = find("objectives 3, 7 and 17", numbers={7})
    assert [mention.numbers for mention in found] == [(7,)]


PIECES = st.sampled_from(
    "objective objectives obj. objs gcm pmm n° núm. ( ) : , ; - – / and et y e to a al from del"
    " 1 16 16.3 23 99 000 million % vingt et un twenty three sdg of the \u00a0 \n".split(" ")
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=60), st.sampled_from(["", " "]))
def test_any_text_is_read_to_its_end(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    position = 0
    for mention in find(text, numbers=NUMBERS):
        assert position <= mention.start < mention.end <= len(text)
        assert mention.numbers
        assert set(mention.numbers) <= set(NUMBERS)
        assert len(set(mention.numbers)) == len(mention.numbers)
        position = mention.end


@pytest.mark.parametrize(
    "piece",
    [
        *("objective ", "objectives 1, ", "1, 2-3, ", "objective (", "(", "gcm ", "obj.", "o", " "),
        *("objectives 1 (", "objective 1 and ", "n° ", "16 ", "\u0301", "objetivos del "),
        *("sustainable development objective 16 ", "objective 1-23, ", "twenty ", "1-2-3-"),
    ],
)
def test_a_hostile_text_is_read_to_its_end(piece: str) -> None:
    text = "objectives " + piece * (100_000 // len(piece))
    assert len(find(text, numbers=NUMBERS)) <= len(text)


@given(st.text())
def test_reading_plainly_moves_nothing(text: str) -> None:
    assert len(plainly(text)) == len(text)

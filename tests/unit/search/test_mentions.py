"""What names objectives in a text is proposed for the passages it was put above or into."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.core.markup import render
from consult.core.passages import Passage, passages
from consult.core.ports import Suggestion
from consult.search.mentions import MOST_SUGGESTIONS, NAMED_ABOVE, suggest

NUMBERS = frozenset(range(1, 24))


def suggestions(source: str, *, format: str = "markdown") -> list[Suggestion]:
    return suggest(passages(render(source, format=format)), numbers=NUMBERS)


def proposed(source: str, *, format: str = "markdown") -> dict[int, list[int]]:
    """Return numbers of objectives by index of passage."""
    found: dict[int, list[int]] = {}
    for one in suggestions(source, format=format):
        found.setdefault(one.passage, []).append(one.objective)
    return found


LAYOUTS = {
    # In a passage itself.
    "a sentence of a paragraph": (
        "Our harbour town trains nurses.\n\nFor us Objective 18 starts with the diploma.",
        {1: [18]},
    ),
    "two objectives of a paragraph in the order of their numbers": (
        "L’objectif 17 nous occupe, et l’objectif 3 aussi.",
        {0: [3, 17]},
    ),
    "the same objective twice in a paragraph": (
        "El objetivo 8 es urgente. Sin el objetivo 8 no hay confianza.",
        {0: [8]},
    ),
    "items that begin with an objective": (
        "- Objective 16: evening classes\n- Objectif 17 : une radio\n- Objetivo 20: una tarifa",
        {0: [16], 1: [17], 2: [20]},
    ),
    "an inner item belongs to the outer one": (
        "- Schools\n  - see Objective 15\n- Clinics",
        {0: [15]},
    ),
    "a table": ("| Topic | Where |\n|---|---|\n| Doctors | Objective 15 |", {0: [15]}),
    "a quoted paragraph": ("> We spoke of objective 7.\n\nAnd rightly so.", {0: [7]}),
    # Headings.
    "a heading proposes for all passages under it": (
        "## Objective 16\n\nClasses.\n\n- Halls\n- Parks\n\n## Otherwise\n\nThank you.",
        {1: [16], 2: [16], 3: [16]},
    ),
    "a heading with a title": (
        "# Objectif 7 : réduire les vulnérabilités\n\nTrois foyers.\n\nDeux avocates.",
        {1: [7], 2: [7]},
    ),
    "a lower heading does not end a section": (
        "# Objetivo 15\n\nUno.\n\n## En las islas\n\nDos.\n\n# Otra cosa\n\nTres.",
        {1: [15], 3: [15]},
    ),
    "a lower heading adds to the higher one": (
        "# Objectives 15 and 16\n\nOne.\n\n## Objective 20\n\nTwo.\n\n## Else\n\nThree.",
        {1: [15, 16], 3: [15, 16, 20], 5: [15, 16]},
    ),
    "a heading of the same level ends a section": (
        "## Objective 3\n\nOne.\n\n## Objective 4\n\nTwo.",
        {1: [3], 3: [4]},
    ),
    "a heading of a higher level ends a section": (
        "# Part one\n\n## Objective 3\n\nOne.\n\n# Part two\n\nTwo.",
        {2: [3]},
    ),
    "a heading with nothing under it keeps its proposal": (
        "Hello.\n\n# Objective 12",
        {1: [12]},
    ),
    "of two headings in a row the one without passages keeps its proposal": (
        "## Objective 5\n\n## Objective 6\n\nContracts.",
        {0: [5], 2: [6]},
    ),
    "a quoted heading heads nothing": ("> # Objective 5\n\nContracts.", {0: [5]}),
    # Lines on their own.
    "a line that only names an objective": (
        "Hello.\n\nObjective 16:\n\nClasses.\n\nHalls.",
        {2: [16], 3: [16]},
    ),
    "a bold line without a colon": ("**Objetivo 20**\n\nTarifas claras.", {1: [20]}),
    "a line with several objectives": (
        "Objectifs 3, 7 et 17 :\n\nDes mots simples.",
        {1: [3, 7, 17]},
    ),
    "a line that names the compact too": (
        "Objective 13 of the Global Compact\n\nNo child in a cell.",
        {1: [13]},
    ),
    "a line up to the next such line": (
        "Objective 15:\n\nA doctor.\n\nObjective 16:\n\nA choir.\n\nA club.",
        {1: [15], 3: [16], 4: [16]},
    ),
    "a line up to the next heading": (
        "Objetivo 15:\n\nUn médico.\n\n## Despedida\n\nGracias.",
        {1: [15]},
    ),
    "a line for a list": ("GCM 16\n\n- choir\n- club", {1: [16], 2: [16]}),
    "a title line heads and counts itself": (
        "Objective 15: Access to basic services\n\nA counter.\n\nA phone.",
        {0: [15], 1: [15], 2: [15]},
    ),
    "a title without a sign": ("Objectif 20 Envois de fonds\n\nUn prix.", {0: [20], 1: [20]}),
    "a title with a dash": ("Objetivo 6 – Contratación\n\nUn contrato.", {0: [6], 1: [6]}),
    "a numbered line": ("A) Objective 9\n\nRescue boats.", {1: [9]}),
    "one numbered item heads what follows": (
        "1. Objective 9\n\nRescue boats.\n\n2. Objective 10\n\nCourts.",
        {1: [9], 3: [10]},
    ),
    "items of one list head nothing": (
        "- Objective 9\n- Objective 10\n\nThese two matter most.",
        {0: [9], 1: [10]},
    ),
    "a line with nothing under it keeps its proposal": ("Objective 16:", {0: [16]}),
    "lines without anything between them each keep theirs": (
        "Objective 15:\n\nObjective 16:\n\nA choir.",
        {0: [15], 2: [16]},
    ),
    "a first line that says what it is about": (
        "Re: objectives 3, 7\n\nDear all,\n\nPlease print less.",
        {1: [3, 7], 2: [3, 7]},
    ),
    "a first line in French": ("Objet : objectif 22\n\nNos pensions.", {1: [22]}),
    "a first line in Spanish": ("Asunto: objetivo 22\n\nNuestras pensiones.", {1: [22]}),
    "a line with an introduction": (
        "En ce qui concerne l’objectif 21 :\n\nLe retour.\n\nLe travail.",
        {1: [21], 2: [21]},
    ),
    "an opening with more words that ends in a colon": (
        "Regarding Objective 7, we have two remarks:\n\nFirst.\n\nSecond.",
        {0: [7], 1: [7], 2: [7]},
    ),
    "a sentence heads nothing": (
        "Objective 16 is important to us.\n\nThe weather is good.",
        {0: [16]},
    ),
    "a sentence without a full stop heads nothing": (
        "We support objective 16\n\nThe weather is good.",
        {0: [16]},
    ),
    "a line break inside a paragraph does not make a line of its own": (
        "Objective 16:  \nclasses and halls.\n\nThe weather is good.",
        {0: [16]},
    ),
    "a last line of a paragraph heads what follows": (
        "So much for schools.  \nObjetivo 16:\n\nUn coro.",
        {0: [16], 1: [16]},
    ),
    # Sentences that lead into a list.
    "a sentence leads into a list": (
        "To reach objectives 5 and 6 we ask for:\n\n- visas\n- contracts\n\nThank you.",
        {0: [5, 6], 1: [5, 6], 2: [5, 6]},
    ),
    "a sentence leads into a list in French": (
        "Nous demandons pour l’objectif 6 trois choses :\n\n1. un contrat\n2. un numéro",
        {0: [6], 1: [6], 2: [6]},
    ),
    "a sentence leads into a list in Spanish": (
        "Para cumplir el objetivo 6 pedimos:\n\n- un contrato\n- un teléfono\n\n> Gracias.",
        {0: [6], 1: [6], 2: [6]},
    ),
    "without a colon a sentence leads into nothing": (
        "We care for objective 6.\n\n- visas\n- contracts",
        {0: [6]},
    ),
    "with a colon a sentence leads only into a list": (
        "What we wish for Objective 6 is this:\n\nContracts.\n\n- visas",
        {0: [6]},
    ),
    "an item has its own objective besides that of the sentence": (
        "Our wishes for Objective 6 are:\n\n- contracts\n- Objective 18: diplomas",
        {0: [6], 1: [6], 2: [6, 18]},
    ),
    # Together.
    "a heading, a line and a paragraph": (
        "# Objective 1\n\nObjective 2:\n\nAs to objective 3, figures.",
        {2: [1, 2, 3]},
    ),
    "nothing": ("SDG 16 and article 13 matter in 2030.", {}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_objectives_are_proposed_where_they_were_put(layout: str) -> None:
    source, expected = LAYOUTS[layout]
    assert proposed(source) == expected


def test_words_are_quoted_as_they_were_typed() -> None:
    (one,) = suggestions("Voir l’Objectif\u00a0n°\u00a016, s’il vous plaît.")
    assert one == Suggestion(objective=16, passage=0, named="Objectif\u00a0n°\u00a016")


def test_what_stands_above_is_told() -> None:
    (one,) = suggestions("## Objective 16: inclusion\n\nClasses.")
    assert one == Suggestion(
        16, 1, named="Objective 16", heading="Objective 16: inclusion", score=NAMED_ABOVE
    )


def test_what_the_passage_says_itself_counts_before_what_stands_above() -> None:
    (one,) = suggestions("## Objective 16\n\nFor Obj. 16 we ask for classes.")
    assert (one.named, one.heading) == ("Obj. 16", None)


def test_the_nearest_above_counts_before_those_further_up() -> None:
    found = suggestions("# Objective 16\n\n## GCM 16\n\nClasses.")
    assert [one.heading for one in found if one.passage == 2] == ["GCM 16"]


def test_a_long_heading_is_told_in_short() -> None:
    heading = "Objective 16: " + "classes and halls " * 20
    (one,) = suggestions(f"# {heading}\n\nYes.")
    assert one.heading is not None
    assert len(one.heading) <= 120
    assert heading.startswith(one.heading.removesuffix("…"))


def test_lines_of_a_plain_text_head_paragraphs_too() -> None:
    source = "Objective 15:\n\nA doctor.\n\nObjective 16:\n\nA choir."
    assert proposed(source, format="text") == {1: [15], 3: [16]}


def test_headings_of_a_pasted_page_head_paragraphs_too() -> None:
    source = "<h2>Objectif 15</h2><p>Un médecin.</p><h2>Fin</h2><p>Merci.</p>"
    assert proposed(source, format="html") == {1: [15]}


def test_only_objectives_of_the_space_are_proposed() -> None:
    found = suggest(passages(render("Objectives 3, 7 and 17.")), numbers=[7, 8])
    assert [one.objective for one in found] == [7]


def test_nothing_is_proposed_where_no_objective_may_be() -> None:
    assert suggest(passages(render("Objective 3.")), numbers=[]) == []


def test_a_text_made_to_be_long_gets_a_bounded_number_of_suggestions() -> None:
    blocks = [Passage(0, 0, 16, "heading", 1, "Objectives 1-23:")]
    blocks += [Passage(n, 20 * n, 20 * n + 1, "paragraph", 0, "x") for n in range(1, 5000)]
    assert len(suggest(blocks, numbers=NUMBERS)) == MOST_SUGGESTIONS


LINES = st.sampled_from(
    [
        *("", "Objective 16:", "## Objectif 7 : bien", "# Partie", "- Objetivo 20: tarifas"),
        *("- item", "1. GCM 13", "Objectives 3, 7 and 17 matter:", "> Objective 5", "Text.", "***"),
        *(
            "**Objective 1**",
            "| Objective 2 | b |",
            "|---|---|",
            "    objective 9",
            "Objectives 1-23",
        ),
    ]
)


@settings(deadline=None)
@given(st.lists(LINES | st.text(max_size=20), max_size=15).map("\n".join))
def test_suggestions_are_ordered_and_none_comes_twice(source: str) -> None:
    blocks = passages(render(source))
    found = suggest(blocks, numbers=NUMBERS)
    keys = [(one.passage, one.objective) for one in found]
    assert keys == sorted(set(keys))
    for one in found:
        assert one.objective in NUMBERS
        source_of_words = blocks[one.passage].text if one.heading is None else one.heading
        assert one.heading is None or any(one.heading[:50] in block.text for block in blocks)
        assert one.named in source_of_words or one.named.endswith("…")

"""What a notion of the glossary may be."""

from __future__ import annotations

import pytest

from consult.core.errors import Invalid
from consult.spaces.notions import MOST_TERMS, SaidNotion, checked, new_edition, terms_in


def said(**fields):
    terms = {code: fields.pop(code, "") for code in ("en", "fr", "es")}
    return SaidNotion(terms=terms, **fields)


def problems_of(notion):
    with pytest.raises(Invalid) as caught:
        checked(notion, objectives=(5, 20))
    return caught.value.problems


def test_terms_stand_on_lines_or_between_bars_in_their_order():
    assert terms_in("remittances\n money  transfers \n\nwires|cash") == [
        "remittances",
        "money transfers",
        "wires",
        "cash",
    ]


def test_a_term_stands_once_whatever_its_accents_and_capitals():
    assert terms_in("Régularisation\nregularisation\nREGULARISATION") == ["Régularisation"]


def test_a_notion_is_kept_with_its_languages_objectives_and_note():
    notion = checked(
        said(fr="envois de fonds", es="remesas", objectives=["20", "5", "20"], note=" Official. "),
        objectives=(5, 20),
    )
    assert notion.terms == {"fr": ["envois de fonds"], "es": ["remesas"]}
    assert (notion.objectives, notion.note) == ([5, 20], "Official.")
    assert notion.key == "envois de fonds"


def test_a_notion_without_any_term_is_refused():
    assert problems_of(said(note="nothing")) == {"terms_en": ["glossary-empty"]}


def test_every_field_tells_what_is_wrong_with_it():
    assert problems_of(
        said(
            en="x" * 121,
            fr="…",
            es="\n".join(f"término {number}" for number in range(MOST_TERMS + 1)),
            objectives=["21", "twenty"],
            note="x" * 601,
        )
    ) == {
        "terms_en": ["glossary-term-long"],
        "terms_fr": ["glossary-term-empty"],
        "terms_es": ["glossary-terms-many"],
        "objectives": ["glossary-objective"],
        "note": ["glossary-note-long"],
    }


def test_no_two_editions_are_the_same():
    assert len({new_edition() for _ in range(100)}) == 100

"""What a person types, as groups of alternatives and exclusions."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.grammar import (
    MAX_CHARACTERS,
    MAX_TERMS,
    TRUNCATED_CHARACTERS,
    TRUNCATED_TERMS,
    Clause,
    Phrase,
    Prefix,
    Query,
    Word,
    parse,
)


def words(*texts: str) -> tuple[tuple[Clause, ...], ...]:
    return tuple((Word((text,)),) for text in texts)


def test_words_are_all_required() -> None:
    assert parse("Remesas  Costos") == Query(words("remesas", "costos"))


@pytest.mark.parametrize(
    "text", ['"titre de séjour"', "«\u00a0titre de séjour\u00a0»", "“Titre de séjour”"]
)
def test_quotes_of_every_language_make_a_phrase(text: str) -> None:
    assert parse(text).groups == ((Phrase(("titre", "de", "séjour")),),)


def test_minus_excludes_words_phrases_and_prefixes() -> None:
    query = parse('remesas -costos -"muy caro" -banc*')
    assert query.groups == words("remesas")
    assert query.excluded == (Word(("costos",)), Phrase(("muy", "caro")), Prefix("banc"))


def test_minus_inside_a_word_is_a_hyphen() -> None:
    assert parse("porte-parole").groups == ((Word(("porte", "parole")),),)


@pytest.mark.parametrize("operator", ["OR", "OU", "O"])
def test_operator_joins_its_neighbours_only(operator: str) -> None:
    query = parse(f"coût remesas {operator} remittances visa")
    assert query.groups == (
        (Word(("coût",)),),
        (Word(("remesas",)), Word(("remittances",))),
        (Word(("visa",)),),
    )


@pytest.mark.parametrize("text", ["OR", "OR remesas", "remesas OR", "remesas OR -visa"])
def test_operator_that_joins_nothing_is_a_word(text: str) -> None:
    assert (Word(("or",)),) in parse(text).groups


def test_lower_case_or_is_a_word() -> None:
    assert parse("mines or argent").groups == words("mines", "or", "argent")


def test_prefix_takes_three_letters() -> None:
    assert parse("tra*").groups == ((Prefix("tra"),),)
    assert parse("l’accu*").groups == ((Prefix("accu"),),)
    assert parse("tr* * **").groups == words("tr")


def test_wildcard_elsewhere_is_ignored() -> None:
    assert parse("re*mesas *visa v?sa").groups == words("re", "mesas", "visa", "v", "sa")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status:pending", ("status", "pending")),
        ("(remesas AND [visa TO zulu])", ("remesas", "and", "visa", "to", "zulu")),
        ("a\\b /.+x/ ^2~", ("a", "b", "x", "2")),
        ('re"mesas', ("re", "mesas")),
        ("vi\x00sa\x1bcard", ("vi", "sa", "card")),
        ("' OR 1=1 --", ("or", "1", "1")),
        ("art. 16", ("art", "16")),
        ("l’accueil", ("accueil",)),
        ("L'ACCUEIL", ("accueil",)),
    ],
)
def test_everything_else_is_words(text: str, expected: tuple[str, ...]) -> None:
    assert parse(text) == Query(words(*expected))


@pytest.mark.parametrize("text", ["", "   ", "()", '""', "- --", "*", "\ud800", '-"'])
def test_nothing_to_look_for_is_empty(text: str) -> None:
    assert parse(text).is_empty


def test_function_words_are_required_only_where_there_is_nothing_else() -> None:
    assert parse("les droits de la famille").required == words("droits", "famille")
    assert parse("de la").required == words("de", "la")


def test_long_query_is_cut_between_words_and_says_so() -> None:
    query = parse("remesas " + "x" * MAX_CHARACTERS)
    assert query == Query(words("remesas"), notes=(TRUNCATED_CHARACTERS,))


def test_spaces_at_the_end_are_not_a_long_query() -> None:
    assert parse("remesas" + " " * 500).notes == ()


def test_too_many_words_are_cut_and_the_query_says_so() -> None:
    query = parse(" ".join(f"w{number}" for number in range(MAX_TERMS + 5)))
    assert len(query.groups) == MAX_TERMS
    assert query.notes == (TRUNCATED_TERMS,)


def test_exactly_as_many_words_as_allowed_are_not_cut() -> None:
    assert parse(" ".join(f"w{number}" for number in range(MAX_TERMS))).notes == ()


@pytest.mark.parametrize("text", ["(" * 5_000, "((((a" * 20_000, '"' * 100_000, "-" * 100_000])
def test_hostile_input_costs_next_to_nothing(text: str) -> None:
    began = time.process_time()
    assert len(parse(text).groups) <= MAX_TERMS
    assert time.process_time() - began < 0.1


def test_canonical_form_is_readable() -> None:
    assert str(parse("L'Accueil  OR visa* -“Titre  de séjour”")) == (
        'accueil OR visa* -"titre de séjour"'
    )


@given(st.text(alphabet="abcéñœßlsoOR’'-\"* :(1\u0301", max_size=60))
def test_canonical_form_means_the_same(text: str) -> None:
    query = parse(text)
    again = parse(str(query))
    assert (again.groups, again.excluded) == (query.groups, query.excluded)


@given(st.text())
def test_any_text_gives_a_bounded_query(text: str) -> None:
    query = parse(text)
    sizes = [clause.size for group in query.groups for clause in group]
    assert sum(sizes) + sum(clause.size for clause in query.excluded) <= MAX_TERMS

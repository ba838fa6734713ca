"""Plans: which forms a query looks for, what each weighs, what the glossary adds, the bounds."""

from __future__ import annotations

import pytest

from consult.search.concepts import EXACT, ROOT, STEM
from consult.search.glossary import Notion, NotionKind
from consult.search.grammar import parse
from consult.search.plan import COGNATE, MAX_EXPANSION, MAX_FORMS, TERM, expanded, make

NOTIONS = (
    Notion(
        "permit",
        {
            "en": ("residence permit", "residence card"),
            "fr": ("titre de séjour", "carte de séjour"),
            "es": ("permiso de residencia",),
        },
    ),
    Notion(
        "portability", {"en": ("portability",), "fr": ("portabilité",), "es": ("portabilidad",)}
    ),
    Notion("remittances", {"en": ("remittances",), "fr": ("envois de fonds",), "es": ("remesas",)}),
)


def concepts(query, **options):
    return make(parse(query), **options).concepts


def vias(concept, *, loose=False):
    return {form.via for form in concept.forms if form.via and form.is_loose == loose}


def weight_of(concept, *lexemes):
    return max(
        form.weight
        for form in concept.forms
        if len(form.words) == len(lexemes)
        and all(lexeme in word for lexeme, word in zip(lexemes, form.words, strict=True))
    )


def test_an_exact_word_weighs_more_than_its_stem_and_that_more_than_its_root():
    (concept,) = concepts("naturalización")
    assert weight_of(concept, "=naturalizacion") == EXACT
    assert weight_of(concept, "es:naturaliz") == STEM
    roots = [form for form in concept.forms if any(w[0] == "~" for w in next(iter(form.words)))]
    assert [form.weight for form in roots] == [ROOT]


def test_a_name_in_the_title_weighs_least():
    (concept,) = concepts("mensah")
    assert concept.forms[-1].words == (frozenset({"@mensah"}),)


def test_forms_stand_by_falling_weight():
    for concept in concepts('titre de séjour remit* "de la" co-operation', notions=NOTIONS):
        weights = [form.weight for form in concept.forms if not form.is_loose]
        assert weights == sorted(weights, reverse=True)


def test_function_words_are_asked_for_only_where_there_is_nothing_else():
    (right,) = concepts("les droits de la")
    assert weight_of(right, "=droits") == EXACT
    assert [concept.is_telling for concept in concepts("de la")] == [False, False]


def test_words_keep_their_places_in_the_query():
    assert [concept.place for concept in concepts("le titre de séjour ici")] == [1, 3, 4]


def test_a_single_quoted_word_is_exact_only():
    (concept,) = concepts('"droits"', notions=NOTIONS)
    assert {word for form in concept.forms for words in form.words for word in words} == {
        "=droits",
        "@droits",
    }


def test_a_phrase_is_found_with_a_changed_number_in_the_middle_but_weighs_less_so():
    (concept,) = concepts('"titre de séjour"')
    assert weight_of(concept, "=titre", "=de", "=sejour") == EXACT
    assert weight_of(concept, "fr:titr", "=de", "=sejour") == 0.8
    assert all(form.slack == 0 for form in concept.forms)


def test_a_hyphenated_word_is_looked_for_whole_and_in_parts():
    (concept,) = concepts("co-operation")
    assert weight_of(concept, "=cooperation") == EXACT
    assert weight_of(concept, "=co", "=operation") == EXACT


def test_alternatives_are_one_concept():
    (concept,) = concepts("visa OR remit*")
    assert weight_of(concept, "=visa") == EXACT
    assert [form.start for form in concept.forms if form.start] == ["=remit", "@remit"]


def test_what_is_excluded_is_neither_roots_nor_the_glossary():
    plan = make(parse("visa -remesas"), notions=NOTIONS)
    lexemes = {word for form in plan.excluded for words in form.words for word in words}
    assert {"=remesas", "es:remes"} <= lexemes
    assert not any(lexeme[0] == "~" for lexeme in lexemes)
    assert not any(form.via for form in plan.excluded)


@pytest.mark.parametrize("query", ["remittances", "remesa", "ENVOI de fonds", "envois fonds"])
def test_a_term_is_recognised_in_any_language_and_inflection(query):
    brought = {via for concept in concepts(query, notions=NOTIONS) for via in vias(concept)}
    assert len(brought & {"remittances", "remesas", "envois de fonds"}) >= 2


def test_a_term_of_several_words_is_looked_for_together_and_its_words_alone_weigh_less():
    title, stay = concepts("titres de séjour", notions=NOTIONS)
    for concept in (title, stay):
        assert weight_of(concept, "=titres", "=sejour") == EXACT
        assert weight_of(concept, "fr:titr", "=sejour") == STEM
        assert vias(concept) == {
            "residence permit",
            "residence card",
            "carte de séjour",
            "permiso de residencia",
        }
    assert weight_of(title, "=titres") < TERM
    assert weight_of(stay, "=sejour") < TERM


def test_the_longest_term_is_taken():
    notions = (*NOTIONS, Notion("stay", {"fr": ("séjour",), "es": ("estancia",)}))
    for concept in concepts("titre de séjour", notions=notions):
        assert "estancia" not in vias(concept)
        assert "estancia" in vias(concept, loose=True) or concept.place == 0
    (stay,) = concepts("séjour", notions=notions)
    assert vias(stay) == {"estancia"}


def test_a_word_comes_near_narrower_terms_that_contain_it():
    (residence,) = concepts("residence", notions=NOTIONS)
    assert not vias(residence)
    assert vias(residence, loose=True) == {
        "titre de séjour",
        "carte de séjour",
        "permiso de residencia",
    }


def test_a_word_of_very_many_terms_comes_near_none():
    notions = [
        Notion(str(n), {"en": (f"legal topic{n}",), "fr": (f"sujet{n}",)}) for n in range(40)
    ]
    (legal,) = concepts("legal", notions=notions)
    assert not vias(legal, loose=True)


def test_a_wider_plan_has_terms_of_the_same_objective_as_loose_forms():
    notions = (
        Notion("remit", {"en": ("remittances",), "es": ("remesas",)}, (20,)),
        Notion("fees", {"en": ("transfer fees",), "fr": ("frais",)}, (20,)),
        Notion("visa", {"en": ("visa",), "fr": ("visa",)}, (12,)),
    )
    plan = make(parse("remittances"), notions=notions)
    assert plan.wider is not None
    assert vias(plan.concepts[0], loose=True) == set()
    assert vias(plan.wider.concepts[0], loose=True) == {"transfer fees", "frais"}
    assert vias(plan.wider.concepts[0]) == vias(plan.concepts[0]) == {"remesas"}
    assert make(parse("remittances"), notions=notions, across=False).wider is None


def test_loose_forms_stand_behind_all_others():
    notions = (*NOTIONS, Notion("stay", {"fr": ("séjour",), "es": ("estancia",)}))
    for concept in concepts("titre de séjour", notions=notions):
        loose = [form.is_loose for form in concept.forms]
        assert loose == sorted(loose)


def test_function_words_inside_a_term_may_stand_between_its_words():
    title, _stay = concepts("titre séjour", notions=NOTIONS)
    (permit,) = [form for form in title.forms if form.via == "permiso de residencia"]
    assert len(permit.words) == 2
    assert permit.slack >= 1


def test_a_term_of_the_same_family_weighs_more_than_another_one():
    (concept,) = concepts("portability", notions=NOTIONS)
    by_term = {form.via: form.weight for form in concept.forms if form.via}
    assert by_term == {"portabilité": COGNATE, "portabilidad": COGNATE}
    (concept,) = concepts("remittances", notions=NOTIONS)
    assert {form.weight for form in concept.forms if form.via} == {TERM}


def test_switched_off_only_what_was_typed_and_its_inflections_are_looked_for():
    (concept,) = concepts("portability", notions=NOTIONS, across=False)
    assert not vias(concept)
    assert {form.weight for form in concept.forms} == {EXACT, STEM, 0.3}


def test_long_titles_of_objectives_are_no_terms():
    title = "Promote faster, safer and cheaper transfer of remittances"
    notions = (
        Notion("o", {"en": (title,), "es": ("promover remesas",)}, (20,), NotionKind.OBJECTIVE),
    )
    assert not any(vias(concept) for concept in concepts(title, notions=notions))


def test_a_plan_has_a_bounded_number_of_forms():
    terms = tuple(f"word{n} other" for n in range(400))
    notions = (Notion("large", {"en": ("visa", *terms)}),)
    plan = make(parse(" ".join(["visa"] * 20) + ' -a -"b c"'), notions=notions)
    assert plan.size <= MAX_FORMS
    more = (*notions, Notion("other", {"fr": terms}, (1,)), Notion("own", {"en": ("pass",)}, (1,)))
    wider = make(parse("pass visa"), notions=more).wider
    assert wider is not None
    assert wider.size <= MAX_FORMS
    assert make(parse("visa"), notions=notions).size > MAX_FORMS / 2


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000,
        '"' * 999,
        "a* " * 30_000,
        "OR " * 70,
        "-a " * 70,
        "x" * 100_000,
        "\x00 status:x",
    ],
)
def test_hostile_input_makes_a_small_plan(text):
    assert make(parse(text), notions=NOTIONS).size <= MAX_FORMS


def test_a_prefix_stands_for_a_bounded_number_of_the_words_there_are():
    plan = make(parse("remit*"))
    found = expanded(plan, lambda start: (f"{start}{n}" for n in range(10_000)))
    (concept,) = found.concepts
    assert [len(form.words[0]) for form in concept.forms] == [MAX_EXPANSION] * 2
    assert not any(form.start for form in concept.forms)


TRATA = (
    Notion("trafficking", {"en": ("human trafficking",), "es": ("trata de personas",)}, (10,)),
    *(
        Notion(f"of trata {n}", {"en": (f"topic{n}",), "es": (f"tema{n} de trata",)}, (10,))
        for n in range(40)
    ),
)


def test_a_word_of_very_many_terms_means_those_that_begin_with_it():
    (trata,) = concepts("trata", notions=TRATA)
    assert vias(trata, loose=True) == {"human trafficking"}
    (personas,) = concepts("tema1", notions=TRATA)
    assert "human trafficking" not in vias(personas, loose=True)


def test_terms_that_begin_alike_and_share_no_objective_are_not_meant():
    notions = (*TRATA, Notion("treatment", {"fr": ("soins",), "es": ("trata médica",)}, (15,)))
    (trata,) = concepts("trata", notions=notions)
    assert not vias(trata, loose=True)


def test_what_another_language_takes_for_a_form_of_a_known_word_only_comes_near():
    notions = (Notion("work", {"en": ("work permit",)}),)
    (unknown,) = concepts("permit")
    (known,) = concepts("permit", notions=notions)
    assert weight_of(unknown, "es:permit") == weight_of(known, "en:permit") == STEM
    strange = [form for form in known.forms if "es:permit" in form.words[0]]
    assert strange
    assert all(form.is_loose and form.weight < ROOT for form in strange)


def test_a_number_says_nothing_without_its_word():
    assert [concept.is_telling for concept in concepts("art. 16")] == [True, False]
    assert [concept.is_telling for concept in concepts("16")] == [True]


def test_related_terms_of_nearer_notions_weigh_more():
    notions = (
        Notion("fees", {"en": ("transfer fees",)}, (20,)),
        Notion("costs", {"en": ("transfer costs",)}, (20,)),
        Notion("diaspora", {"en": ("diaspora",)}, (20,)),
    )
    wider = make(parse("transfer fees"), notions=notions).wider
    assert wider is not None
    weights = {form.via: form.weight for form in wider.concepts[0].forms if form.via}
    assert weights["transfer costs"] > weights["diaspora"]

"""Lexemes: what an index keeps of a text, at which positions, and what a query asks it for."""

from __future__ import annotations

from consult.search.documents import Document
from consult.search.lexemes import GAP, of_document, of_whole, of_word


def placed(text, *, title="", language="fr", spans=()):
    document = Document(
        id=1,
        version=1,
        space="rt3",
        question=1,
        language=language,
        category=None,
        objectives=(),
        region=None,
        published_at=0.0,
        text=text,
        title=title,
        spans=spans,
    )
    return list(of_document(document))


def test_every_lexeme_of_a_word_stands_at_its_position():
    found = placed("égalité réelle")
    assert {lexeme for lexeme, position in found if position == 1} >= {"=egalite", "fr:egal"}
    assert ("=reelle", 2) in found


def test_a_paragraph_begins_after_a_gap():
    assert [place for place in placed("un visa\n\nrefus") if place[0][0] == "="] == [
        ("=un", 1),
        ("=visa", 2),
        ("=refus", 3 + GAP),
    ]


def test_a_line_break_is_no_gap():
    assert ("=refus", 3) in placed("un visa\nrefus")


def test_the_title_stands_before_the_text_and_only_in_lexemes_of_its_own():
    found = placed("visa", title="Ama Mensah")
    assert found[:2] == [("@ama", 1), ("@mensah", 2)]
    assert ("=visa", 2 + GAP) in found
    assert not any(lexeme[1:] == "ama" and lexeme[0] != "@" for lexeme, _ in found)


def test_a_passage_is_stemmed_by_its_own_language():
    lexemes = {lexeme for lexeme, _ in placed("visas educaciones", spans=((6, 17, "es"),))}
    assert "es:educ" in lexemes
    assert not any(lexeme.startswith("fr:educ") for lexeme in lexemes)


def test_a_hyphenated_word_stands_in_parts_and_whole_at_its_beginning():
    found = placed("une co-opération ici")
    assert {("=co", 2), ("=operation", 3), ("=cooperation", 2), ("=ici", 4)} <= set(found)


def test_a_query_is_read_in_all_three_languages():
    (word,) = of_word("nations")
    assert word.exact == {"=nations"}
    assert {stem[:3] for stem in word.stems} == {"en:", "fr:", "es:"}
    assert word.title == {"@nations"}


def test_a_hyphenated_word_of_a_query_is_looked_for_in_parts_and_whole():
    whole = of_whole("co-operation")
    assert whole is not None
    assert whole.exact == {"=cooperation"}
    assert [part.exact for part in of_word("co-operation")] == [{"=co"}, {"=operation"}]
    assert of_whole("operation") is None

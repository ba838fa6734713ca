"""A text is parted into what can be tagged and cited, and nothing of it falls between."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.core.markup import SafeHtml, render, sanitise, to_text
from consult.core.passages import Passage, passages, with_languages

EVERYTHING = """\
# Our town

First paragraph
goes on.

## Wishes

- classes
  - in the evening

  and halls
- parks

1. one
2. two

> quoted one
>
> quoted two
>
> - quoted item

| a | b |
|---|---|
| c | d |

    words as typed

Last **words** with a [link](https://example.org/).
"""


def parts(source: str, *, format: str = "markdown") -> list[tuple[str, int, str]]:
    found = passages(render(source, format=format))
    return [(one.kind, one.level, one.text) for one in found]


def test_a_text_is_parted_in_reading_order() -> None:
    assert parts(EVERYTHING) == [
        ("heading", 1, "Our town"),
        ("paragraph", 0, "First paragraph goes on."),
        ("heading", 2, "Wishes"),
        ("item", 0, "classes\n\nin the evening\n\nand halls"),
        ("item", 0, "parks"),
        ("item", 0, "one"),
        ("item", 0, "two"),
        ("other", 0, "quoted one"),
        ("other", 0, "quoted two"),
        ("other", 0, "quoted item"),
        ("other", 0, "a\tb\nc\td"),
        ("other", 0, "words as typed"),
        ("paragraph", 0, "Last words with a link."),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        ("***", []),
        ("one\n\n***\n\ntwo", [("paragraph", 0, "one"), ("paragraph", 0, "two")]),
        ("# a\n\n### b\n\n# c", [("heading", 1, "a"), ("heading", 2, "b"), ("heading", 1, "c")]),
        ("> # quoted heading", [("other", 0, "quoted heading")]),
        ("> > twice", [("other", 0, "twice")]),
        ("- item\n\n  > quoted in it", [("item", 0, "item\n\nquoted in it")]),
        ("- - inner only", [("item", 0, "inner only")]),
        ("one  \ntwo", [("paragraph", 0, "one\ntwo")]),
        ("a &amp; b < c", [("paragraph", 0, "a & b < c")]),
        ("*e*\u0301x", [("paragraph", 0, "éx")]),
    ],
)
def test_each_block_is_one_passage(source: str, expected: list[tuple[str, int, str]]) -> None:
    assert parts(source) == expected


def test_words_outside_any_element_are_a_paragraph() -> None:
    found = passages(sanitise("loose <em>words</em><p>framed</p>more"))
    assert [(one.kind, one.text) for one in found] == [
        ("paragraph", "loose words"),
        ("paragraph", "framed"),
        ("paragraph", "more"),
    ]


def test_spans_are_of_the_plain_text() -> None:
    html = render(EVERYTHING)
    plain = to_text(html)
    for one in passages(html):
        assert plain[one.start : one.end] == one.text


def test_a_digest_is_of_the_words_alone() -> None:
    first, second, third = passages(render("same\n\nsame\n\nother"))
    assert first.digest == second.digest != third.digest
    assert re.fullmatch("[0-9a-f]{8}", first.digest)


def test_html_of_another_making_is_refused() -> None:
    with pytest.raises(ValueError, match="not made by"):
        passages("<li>a<ul><li>b</li></ul></li>")


def test_a_text_of_many_blocks_is_parted_whole() -> None:
    assert len(passages(render("x\n\n" * 2500))) == 2500
    assert len(passages(render("word " * 40_000))) == 1


# Languages ----------------------------------------------------------------------------------


def test_a_language_stands_on_the_element_of_its_passage() -> None:
    html = render("# Titre\n\nHello.\n\nBonjour.\n\n- uno\n- two\n\n> Hola\n\n| c |\n|---|")
    marked = with_languages(html, {0: "fr", 2: "fr", 3: "es", 5: "es", 6: "fr"})
    assert '<h4 lang="fr">Titre</h4>' in marked
    assert "<p>Hello.</p>" in marked
    assert '<p lang="fr">Bonjour.</p>' in marked
    assert '<li lang="es">uno</li>' in marked
    assert "<li>two</li>" in marked
    assert '<p lang="es">Hola</p>' in marked
    assert '<table lang="fr">' in marked


def test_html_with_languages_is_safe_and_stable() -> None:
    marked = with_languages(render("Bonjour.\n\n```\nx < y\n```"), {0: "fr", 1: "es"})
    assert isinstance(marked, SafeHtml)
    assert sanitise(marked) == marked


def test_a_language_that_was_pasted_is_replaced() -> None:
    html = render('<p lang="es" dir="ltr">Bonjour.</p>', format="html")
    assert with_languages(html, {0: "fr"}) == '<p lang="fr" dir="ltr">Bonjour.</p>'


def test_an_index_without_a_passage_changes_nothing() -> None:
    html = render("Bonjour.")
    assert with_languages(html, {5: "fr", -1: "es"}) == html


def test_a_preformatted_passage_keeps_no_language() -> None:
    html = render("    words as typed")
    assert with_languages(html, {0: "fr"}) == html


@pytest.mark.parametrize("language", ["de", "", 'fr"><script>', "FR"])
def test_a_language_that_is_none_of_ours_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="en, fr or es"):
        with_languages(render("Hallo."), {0: language})


# Any text -----------------------------------------------------------------------------------

MARKDOWN = st.sampled_from(
    [
        *("# Head", "## Sub *x*", "para", "- item", "  - inner", "1. first", "   2. deep", "> q"),
        *("> - quoted item", "> # quoted head", "> > twice", "| a | b |", "|---|---|", "| c | |"),
        *("| | |", "    code", "```", "", "", "  ", "text  ", "hard\\", "---", "***", "**bold**"),
        *("e\u0301\u0301", "&nbsp;", "\u00a0", "<b>", "\u0301", "*e*\u0301", "&#x301;", "&#10;"),
        *("`\u0301`", "![](https://example.org)", "[a](https://example.org)", "\u200b", "`  `"),
        *("\u2003x\u2003", "\x1f", "\x85", "a\u2028b", "&#13;a", "\u202eb"),
    ]
)
HTML = st.sampled_from(
    [
        *("<p>", "</p>", "<ul>", "<li>", "</li>", "</ul>", "<ol>", "<blockquote>", "</blockquote>"),
        *("<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<pre>", "</pre>", "<br>"),
        *("<hr>", "<h4>", "</h4>", "<h2 lang=fr>", "a", "b ", "\n", " ", "\u00a0", "<b>", "</b>"),
        *("\u0301", "&nbsp;", "<p lang='es'>", "\t", "\n\t", "&lt;p&gt;", "<a href=//x.example>"),
    ]
)
ODD = st.text(alphabet=st.sampled_from("ab #>-*_`|\\\t1.&;<\u0301\u00a0\u200b \x1c\u3000"))


def is_sound(html: str, found: list[Passage]) -> bool:
    """Whether spans ascend, hold the words they say, and leave nothing out but blanks."""
    plain, at = to_text(html), 0
    for index, one in enumerate(found):
        assert one.index == index
        assert one.text
        assert plain[one.start : one.end] == one.text
        assert one.start >= at
        assert not plain[at : one.start].strip()
        at = one.end
    return not plain[at:].strip()


@settings(deadline=None)
@given(st.lists(MARKDOWN | ODD, max_size=25).map("\n".join), st.sampled_from(["markdown", "text"]))
def test_nothing_of_a_text_falls_between_its_passages(source: str, format: str) -> None:
    html = render(source, format=format)
    assert is_sound(html, passages(html))


@settings(deadline=None)
@given(st.lists(HTML, max_size=40).map("".join))
def test_nothing_of_a_pasted_text_falls_between_its_passages(source: str) -> None:
    for html in (render(source, format="html"), sanitise(source)):
        assert is_sound(html, passages(html))


@settings(deadline=None)
@given(
    st.lists(MARKDOWN, max_size=20).map("\n".join),
    st.dictionaries(st.integers(0, 20), st.sampled_from(["en", "fr", "es"])),
)
def test_languages_change_neither_words_nor_passages(
    source: str, languages: dict[int, str]
) -> None:
    html = render(source)
    marked = with_languages(html, languages)
    assert sanitise(marked) == marked
    assert to_text(marked) == to_text(html)
    assert passages(marked) == passages(html)

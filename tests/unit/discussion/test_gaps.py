"""Taking passages out: nothing of them is left, everything else stays as it was."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from consult.core import markup
from consult.core.errors import Invalid
from consult.discussion.services.gaps import PHRASES, Folded, Original, Shortened, folded, missing
from consult.discussion.services.shortening import take_out

GAP = PHRASES["en"]


def original(source: str, *, format: str = "markdown", language: str = "en") -> Original:
    html = str(markup.render(source, format=format))
    return Original(source, format, html, markup.to_text(html), language)


def cut(source: str, *passages: str, format: str = "markdown", language: str = "en") -> Shortened:
    return take_out(original(source, format=format, language=language), passages)


@pytest.mark.parametrize(
    ("source", "passage", "expected"),
    [
        ("Ask Ann Lee, please.", "Ann Lee", f"Ask *{GAP}*, please."),
        ("Ann Lee and ann  LEE and Ànn\nLee.", "Ann Lee", f"*{GAP}* and *{GAP}* and *{GAP}*."),
        ("Annual meeting with Ann.", "Ann", f"Annual meeting with *{GAP}*."),
        ("Ask **Ann** _Lee_ now.", "Ann Lee", f"Ask *{GAP}* now."),
        ("Ask [Ann Lee](https://a.example/x) now.", "Ann Lee", f"Ask *{GAP}* now."),
        ("Write [to me](mailto:ann@x.org) now.", "ann@x.org", f"Write to me *{GAP}* now."),
        ("Write ann@x.org now.", "ann@x.org", f"Write *{GAP}* now."),
        ("See https://x.org/ann-lee/page now.", "ann-lee", f"See *{GAP}* now."),
        ("- one Ann\n- Lee two", "Ann Lee", f"- one *{GAP}* two"),
        ("A first Ann\n\nLee second", "Ann Lee", f"A first *{GAP}* second"),
        ("Run `ann lee now` please.", "ann lee", f"Run `{GAP} now` please."),
        ("Call +44 20 7946 0958 now.", "+44 20 7946 0958", f"Call *{GAP}* now."),
        ("One two, three.", "two, three", f"One *{GAP}*."),
        ("One \\*two\\* three.", "*two*", f"One *{GAP}* three."),
        ("Fish &amp; chips here.", "Fish & chips", f"*{GAP}* here."),
    ],
)
def test_a_passage_goes_whatever_its_markup(source: str, passage: str, expected: str) -> None:
    made = cut(source, passage)
    assert made.format in {"markdown", "html"}
    assert made.text == markup.to_text(markup.render(expected))
    assert made.text.count(GAP) == made.gaps


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_gap_is_told_in_the_language_of_the_text(language: str) -> None:
    made = cut("Ask Ann now.", "Ann", language=language)
    assert made.source == f"Ask *{PHRASES[language]}* now."


def test_several_passages_go_at_once_and_neighbours_leave_one_gap() -> None:
    made = cut("Ask Ann Lee or Bob Ray today.", "Ann", "Lee", "Bob Ray")
    assert made.text == f"Ask {GAP} or {GAP} today."
    assert made.gaps == 2


def test_a_second_redaction_leaves_earlier_gaps_alone() -> None:
    made = cut(cut("Ask Ann or Bob today.", "Ann").source, "Bob")
    assert made.text == f"Ask {GAP} or {GAP} today."
    with pytest.raises(Invalid):
        cut(made.source, "removed by the moderators")


@pytest.mark.parametrize(
    "source",
    [
        'See [this](https://x.example "Ann Lee") and that.',
        "See [this][a] and that.\n\n[a]: https://x.example/ann-lee",
        "See that, with Ann Lee.\n\n[unused]: https://x.example 'Ann Lee'",
        "See [that](https://x.example/?q=Ann%20Lee) here.",
        "See [that](mailto:x@y.org?subject=Ann+Lee) here, with Ann Lee.",
    ],
)
def test_nothing_is_left_in_hidden_parts_of_the_source(source: str) -> None:
    text = original(source)
    if not missing(text, ["Ann Lee"]):
        made = take_out(text, ["Ann Lee"])
        hidden = re.sub(r"[-+_%20]+", " ", made.source + made.html).lower()
        assert "ann lee" not in hidden


def test_comments_in_pasted_html_go_as_well() -> None:
    made = cut("<p>Hello Ann, <b>good</b> day<!-- Ann --></p>", "Ann", format="html")
    assert made.format == "html"
    assert "Ann" not in made.source
    assert made.text == f"Hello {GAP}, good day"


def test_plain_text_stays_plain() -> None:
    made = cut("Ask *Ann*\nnow.", "Ann", format="text")
    assert (made.format, made.source) == ("text", f"Ask *{GAP}*\nnow.")


@pytest.mark.parametrize("passage", ["Ann", "ann.", "Ask Ann"])
def test_nothing_but_gaps_is_refused(passage: str) -> None:
    source = "Ask Ann." if passage == "Ask Ann" else "Ann."
    with pytest.raises(Invalid) as refused:
        cut(source, passage)
    assert refused.value.problems == {"passages": ["redaction-everything"]}


def test_words_that_are_not_there_are_named() -> None:
    text = original("Ask Ann about [it](mailto:bob@x.org).")
    assert missing(text, ["Ann", "Carl", "bob@x.org", "As"]) == ["Carl", "As"]
    with pytest.raises(Invalid) as refused:
        take_out(text, ["Carl"])
    assert refused.value.problems == {"passages": ["passage-unknown"]}


def test_too_many_or_too_long_passages_are_refused() -> None:
    for passages in ([f"word{n}" for n in range(51)], ["x" * 2001]):
        with pytest.raises(Invalid) as refused:
            cut("Some text.", *passages)
        assert refused.value.problems == {"passages": ["passages-many"]}


@pytest.mark.parametrize(
    ("source", "passage"),
    [
        ("\\*" * 1900 + " end of it", "*" * 1900 + " end"),
        ("\\* " * 3000 + "end of it", "* " * 900 + "of"),
        ("Some words. " + "a**b" * 5000, "a" * 1900),
        ("[" * 5000 + " Ann " + "](" * 5000, "Ann"),
        ("Ann " * 10_000 + "Lee says so", "Ann"),
        ("ab " * 10_000 + "Lee", "ab " * 500 + "Lee"),
    ],
)
def test_hostile_texts_take_no_more_than_moments(source: str, passage: str) -> None:
    begun = time.monotonic()
    with contextlib.suppress(Invalid):
        cut(source, passage)
    assert time.monotonic() - begun < 20


WORDS = st.sampled_from(
    "Ann Lee ann lee Ánn Bob the office of a well-known +44 20 7946 x@y.org don't ﬁne".split()
)
WRAPS = st.sampled_from(
    ["{}", "**{}**", "*{}*", "`{}`", "[{}](https://a.example/b)", "[{}](mailto:x@y.org)", "~~{}~~"]
)
JOINS = st.sampled_from([" ", "\n", "\n\n", ", ", " – ", "\n- ", "\n> ", "\n\n# ", "\\\n"])
PIECES = st.lists(st.tuples(WORDS, WRAPS, JOINS), min_size=2, max_size=14)


def _said(text: str) -> str:
    return "".join(text.replace(GAP, " ").split())


@settings(max_examples=300, deadline=None)
@given(PIECES, st.integers(0, 13), st.integers(1, 4), st.sampled_from(["markdown", "text"]))
@example([("Ann", "**{}**", " "), ("Lee", "{}", "\n\n"), ("Bob", "{}", "")], 0, 2, "markdown")
def test_whatever_comes_out_says_everything_but_the_passage(
    pieces: list[tuple[str, str, str]], start: int, length: int, format: str
) -> None:
    source = "".join(wrap.format(word) + join for word, wrap, join in pieces)
    text = original(source, format=format)
    words = text.text.split()
    assume(words)
    begin = start % len(words)
    passage = " ".join(words[begin : begin + length])
    assume(any(c.isalnum() for c in passage))
    try:
        made = take_out(text, [passage])
    except Invalid:
        # Refusing is always right; doing half of it never is.
        return
    key = folded(passage)
    assert next(Folded(made.text.replace(GAP, "|")).find(key), None) is None
    assert made.html == str(markup.render(made.source, format=made.format))
    assert made.text.count(GAP) == made.gaps
    kept = text.text
    for a, b in reversed(made.spans):
        kept = kept[:a] + kept[b:]
    assert _said(made.text) == _said(kept)
    for address in re.findall(r'href="([^"]*)"', made.html):
        assert address in text.html


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(min_size=1, max_size=8))
def test_any_text_is_searched_and_cut_without_an_error_of_another_kind(
    source: str, passage: str
) -> None:
    text = original(source)
    try:
        made = take_out(text, [passage])
    except Invalid:
        return
    assert next(Folded(made.text.replace(GAP, "|")).find(folded(passage)), None) is None

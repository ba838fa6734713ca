"""Preparing what was found for the page: passages, how they were found, groups by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from consult.core.i18n import format_day, language_label, locale, ngettext
from consult.core.i18n import gettext as _
from consult.discussion.queries.reply_places import ReplyPlace
from consult.search.analysis import Token, analyse, fold, stems
from consult.search.documents import Step
from consult.search.grammar import Clause, Phrase, Prefix, Query
from consult.search.queries import Answer, Asked, Found

MOST_WORDS: Final = 3
"""Words that a hit names as those by which it was found."""


Pieces = Sequence[tuple[str, str]]
"""Text in pieces with what each is: plain (``""``), typed (``word``), or some ``other`` word."""


@dataclass(frozen=True)
class Through:
    """By what a text was found that does not say what was typed."""

    words: str
    language: str
    language_label: str
    is_glossary: bool


@dataclass(frozen=True)
class Item:
    """One text as the list shows it."""

    found: Found
    name: Pieces
    affiliation: Pieces
    passage: Pieces
    language: str
    """In which the passage stands; sometimes another one than its text's."""
    language_label: str
    """Of the text."""
    passage_label: str | None
    """Of the passage, where that is another one."""
    day: str | None
    place: ReplyPlace | None
    """Where it stands in its thread; None for what is no reply."""
    through: Through | None


@dataclass(frozen=True)
class Group:
    """Texts of one step, which follow each other."""

    heading: str | None
    first: int
    """Place of the first one in the whole result, from 1."""
    items: Sequence[Item]
    is_related: bool
    """Whether they speak of related subjects only."""


def is_single(query: Query) -> bool:
    """Whether one thing is looked for: what has not all of it is only on a related subject."""
    return len(query.required) == 1


def groups_of(answer: Answer, asked: Asked, *, places: Mapping[str, ReplyPlace]) -> list[Group]:
    """Return the texts of a page in groups by how much of what was asked for they have.

    Where all have everything there is one group, without a heading.
    """
    is_divided = has_steps(answer)
    first = (asked.page - 1) * asked.per_page + 1
    made = []
    for step, run in groupby(answer.items, key=lambda found: _step(found, is_divided=is_divided)):
        items = [_item(found, answer.query, place=places.get(found.reference)) for found in run]
        heading = _heading_of(step, answer.query) if is_divided else None
        is_related = step != "all" and is_single(answer.query)
        made.append(Group(heading, first, items, is_related))
        first += len(items)
    return made


def _step(found: Found, *, is_divided: bool) -> Step:
    return found.step if is_divided else "all"


def has_steps(answer: Answer) -> bool:
    """Whether some of what was found has not everything that was asked for."""
    return answer.whole is not None and answer.whole < answer.total


def _heading_of(step: Step, query: Query) -> str:
    """Return how much of what was asked for the texts of a step have, in words."""
    if is_single(query):
        return _("Matching your search") if step == "all" else _("On related subjects")
    headings: dict[Step, str] = {
        "all": _("With all your words"),
        "most": _("With most of your words"),
        "any": _("With some of your words, or on related subjects"),
    }
    return headings[step]


def counts_of(answer: Answer) -> list[str]:
    """Return sentences that say how many have all that was asked for; none where all have."""
    if not has_steps(answer):
        return []
    whole = answer.whole or 0
    rest = answer.total - whole
    if is_single(answer.query):
        return _counts_of_single(whole, rest)
    if not whole:
        return [
            _("No contribution has all your words."),
            ngettext(
                "%(num)s has some of them or is on a related subject.",
                "%(num)s have some of them or are on related subjects.",
                rest,
            ),
        ]
    return [
        ngettext(
            "%(num)s contribution has all your words.",
            "%(num)s contributions have all your words.",
            whole,
        ),
        ngettext(
            "%(num)s more has some of them or is on a related subject.",
            "%(num)s more have some of them or are on related subjects.",
            rest,
        ),
    ]


def terms_of(groups: Sequence[Group]) -> list[str]:
    """Return the terms of the glossary that brought texts, without those of related subjects."""
    items = [item for group in groups if not group.is_related for item in group.items]
    return list(
        dict.fromkeys(
            item.through.words
            for item in items
            if item.through and item.through.words == item.found.via and item.found.step != "any"
        )
    )


def _counts_of_single(whole: int, rest: int) -> list[str]:
    if not whole:
        return [
            _("No contribution matches your search."),
            ngettext("%(num)s is on a related subject.", "%(num)s are on related subjects.", rest),
        ]
    return [
        ngettext(
            "%(num)s contribution matches your search.",
            "%(num)s contributions match your search.",
            whole,
        ),
        ngettext(
            "%(num)s more is on a related subject.", "%(num)s more are on related subjects.", rest
        ),
    ]


def _item(found: Found, query: Query, *, place: ReplyPlace | None) -> Item:
    author = found.author
    language = found.excerpt.language or found.language
    said = _Typed(query, language=language)
    through = _through(found, said, language=language)
    affiliation = " · ".join(str(one) for one in (author.organisation, author.category) if one)
    # Where the passage shows no reason, the name and the organisation may.
    is_in_name = not found.excerpt.is_marked
    return Item(
        found=found,
        name=_pieces(author.name, said) if is_in_name else [(author.name, "")],
        affiliation=_pieces(affiliation, said) if is_in_name else [(affiliation, "")],
        passage=[
            (text, ("word" if said.is_in(text) else "other") if is_marked else "")
            for text, is_marked in found.excerpt.parts
        ],
        language=language,
        language_label=language_label(found.language),
        passage_label=None if language == found.language else language_label(language),
        day=format_day(found.published_at) if found.published_at else None,
        place=place,
        through=through,
    )


def _pieces(text: str, said: _Typed) -> Pieces:
    """Return a text with the typed words in it marked."""
    made, end = [], 0
    for token in said.tokens(text):
        if token.start >= end and said.has(token):
            made += [(text[end : token.start], ""), (text[token.start : token.end], "word")]
            end = token.end
    return [*made, (text[end:], "")]


def _through(found: Found, said: _Typed, *, language: str) -> Through | None:
    """Return by which words a text was found; None where it says what was typed.

    Other words in the reader's own language need no mention: they are marked.
    """
    marked = [text for text, is_marked in found.excerpt.parts if is_marked]
    if found.via is not None and not said.is_all_of(found.via):
        shown = [text for text in marked if not said.is_in(text)]
        words = _brought_by(found.via, shown, language=language)
        return Through(words, language, language_label(language), is_glossary=True)
    if not marked or language == locale() or any(said.is_in(text) for text in marked):
        return None
    words = ", ".join(dict.fromkeys(marked[:MOST_WORDS]))
    return Through(words, language, language_label(language), is_glossary=False)


def _brought_by(via: str, shown: Sequence[str], *, language: str) -> str:
    """Return a term of the glossary; where the passage shows other ones instead, those."""

    def stems_in(text: str) -> set[str]:
        return {stem for token in analyse(text, language=language) for stem in token.stems}

    if not shown or any(stems_in(via) & stems_in(text) for text in shown):
        return via
    return ", ".join(list({fold(text): text for text in shown}.values())[:MOST_WORDS])


class _Typed:
    """The words of a query as they were typed, and their forms in the language of a passage."""

    def __init__(self, query: Query, *, language: str) -> None:
        clauses = [clause for group in query.required for clause in group]
        words = [word for clause in clauses for word in _words(clause)]
        self._language = language
        self._words = {fold(word) for word in words}
        self._stems = {stem for word in words for stem in stems(word, language=language)}
        self._starts = tuple(fold(one.start) for one in clauses if isinstance(one, Prefix))

    def is_in(self, text: str) -> bool:
        """Whether a marked piece of text holds one of them."""
        return any(map(self.has, self.tokens(text)))

    def is_all_of(self, text: str) -> bool:
        """Whether every word of a text is one of them."""
        return all(map(self.has, self.tokens(text)))

    def tokens(self, text: str) -> list[Token]:
        """Return the words of a text."""
        return analyse(text, language=self._language)

    def has(self, token: Token) -> bool:
        """Whether a word is one of them."""
        return (
            token.exact in self._words
            or token.exact.startswith(self._starts)
            or not self._stems.isdisjoint(token.stems)
        )


def _words(clause: Clause) -> Iterator[str]:
    if isinstance(clause, Phrase):
        yield from clause.words
    elif not isinstance(clause, Prefix):
        yield from clause.parts

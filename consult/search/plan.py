"""What a query looks for, ready for any backend: concepts, and the forms in which texts say them.

A backend knows lexemes and positions, nothing of languages or of a glossary: everything that
makes *étrangers* answer to *etranger* or *remittances* to *remesas* is decided here and in
:mod:`consult.search.analysis`, so that both backends answer alike. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, NamedTuple

from consult.search.concepts import EXACT, STEM, of_clause, of_group
from consult.search.concepts import Concept as Concept
from consult.search.concepts import Form as Form
from consult.search.glossary import Notion
from consult.search.grammar import Group, Prefix, Query, Word, is_function_word, is_number
from consult.search.lexemes import OfWord, of_word
from consult.search.lexicon import Lexicon, Recognised, lexicon
from consult.search.terms import Spoken

MAX_FORMS: Final = 400
"""Forms of a whole plan; what the glossary would bring beyond them is left out."""

KEPT_FOR_RELATED: Final = 100
"""Of these forms, how many synonyms leave to related terms."""

SCARCE: Final = 10
"""Where fewer texts have most of what was asked for, those with related terms come, too."""
FILLED: Final = 20
"""Up to how many texts are found then; fewer where a forum has few."""
FILLED_OF: Final = 5
"""Of how many texts one is found then."""

MAX_EXPANSION: Final = 200
"""How many words of the index a prefix stands for at most."""

TERM: Final = 0.5
COGNATE: Final = 0.62
"""Of a term of the glossary that is also of the family of what was typed."""
APART: Final = 0.45
"""By how much a word weighs that was asked for as part of a term and stands without the rest."""
RELATED: Final = 0.15
"""Of a term that shares two objectives, or one and a word, with what was asked for."""
DISTANT: Final = 0.1
"""Of a term that shares an objective only."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a backend is told: texts with every concept come first, then those with most of
    them, then those with any; texts with an excluded form never come.
    """

    query: Query = field(default_factory=Query)
    concepts: tuple[Concept, ...] = ()
    excluded: tuple[Form, ...] = ()
    relaxes: bool = True
    """Whether texts without all of it come at all."""
    wider: Plan | None = None
    """What is looked for where this finds too little: related terms, too."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that every text matches."""
        return self.query.is_empty

    @property
    def size(self) -> int:
        """How many forms it has, which bounds the work of a search."""
        return sum(len(concept.forms) for concept in self.concepts) + len(self.excluded)


def make(query: Query, *, notions: Sequence[Notion] = (), across: bool = True) -> Plan:
    """Return the plan of a query; ``notions`` are those of the forum's glossary.

    Without ``across`` it looks for what was typed and its inflections only: neither the glossary
    nor roots, which languages share, bring other words.
    """
    asked = list(_asked(query))
    known = lexicon(notions if across else ())
    wanted = [of_group(one.group, roots=across, languages=known.languages_of) for one in asked]
    related: list[list[Form]] = [[] for _ in asked]
    room = MAX_FORMS - sum(map(len, wanted)) - 4 * len(query.excluded)
    recognised = list(_recognised(asked, known))
    _weaken(wanted, (found for found in recognised if found.recognised.is_term))
    room -= _add(_of_term, recognised, to=wanted, room=room - KEPT_FOR_RELATED)
    _add(_of_related, recognised, to=related, room=room)
    plan = Plan(
        query=query,
        concepts=tuple(_concepts(asked, wanted)),
        excluded=_in_order(
            form
            for clause in query.excluded
            for form in of_clause(clause, roots=False)
            if form.weight >= STEM or isinstance(clause, Prefix)
        ),
    )
    if not any(related):
        return plan
    both = [[*own, *more] for own, more in zip(wanted, related, strict=True)]
    return replace(plan, wider=replace(plan, concepts=tuple(_concepts(asked, both))))


def expanded(plan: Plan, words: Callable[[str], Iterable[str]]) -> Plan:
    """Return a plan whose prefixes are replaced by the lexemes that begin so.

    ``words`` gives those an index or a text has; at most `MAX_EXPANSION` of them are taken.
    """

    def of(form: Form) -> Form:
        if form.start is None:
            return form
        found = frozenset(islice(words(form.start), MAX_EXPANSION))
        return replace(form, words=(found,), start=None)

    return replace(
        plan,
        concepts=tuple(
            replace(concept, forms=tuple(map(of, concept.forms))) for concept in plan.concepts
        ),
        excluded=tuple(map(of, plan.excluded)),
        wider=plan.wider and expanded(plan.wider, words),
    )


class _Asked(NamedTuple):
    """A group that must match, and which word of the query it begins with."""

    group: Group
    place: int


class _Found(NamedTuple):
    """A term of the glossary in the query: which groups say it, its words, and the other terms."""

    numbers: Sequence[int]
    words: Sequence[OfWord]
    recognised: Recognised


def _asked(query: Query) -> Iterator[_Asked]:
    required = set(query.required)
    place = 0
    for group in query.groups:
        if group in required:
            yield _Asked(group, place)
        place += max(clause.size for clause in group)


def _recognised(asked: Sequence[_Asked], known: Lexicon) -> Iterator[_Found]:
    """Yield the terms of the glossary that unbroken runs of words of the query say."""
    for run in _runs(asked):
        words = [word for word, _ in run]
        for recognised in known.recognise(words):
            said = run[recognised.start : recognised.end]
            numbers = list(dict.fromkeys(number for _, number in said))
            yield _Found(numbers, [word for word, _ in said], recognised)


def _runs(asked: Sequence[_Asked]) -> Iterator[list[tuple[OfWord, int]]]:
    """Yield runs of words with the numbers of their groups; alternatives stand for themselves."""
    run: list[tuple[OfWord, int]] = []
    for number, (group, _place) in enumerate(asked):
        words = [[(w, number) for w in of_word(c.text)] for c in group if isinstance(c, Word)]
        if len(group) == 1 and words:
            run += words[0]
            continue
        yield run
        yield from words
        run = []
    yield run


def _weaken(wanted: list[list[Form]], terms: Iterable[_Found]) -> None:
    """Let words weigh less that were asked for as parts of a term, where they stand alone."""
    for number in {n for found in terms if len(found.words) > 1 for n in found.numbers}:
        alone = wanted[number]
        wanted[number] = [replace(form, weight=form.weight * APART) for form in alone]


def _add(
    forms: Callable[[_Found], Iterable[Form]],
    recognised: Iterable[_Found],
    *,
    to: list[list[Form]],
    room: int,
) -> int:
    """Add forms to each group that says a term, terms as a whole first; return how many.

    Each has its share of the room, and the later ones what is left.
    """
    waiting = sorted(recognised, key=lambda found: not found.recognised.is_term)
    left = max(0, room)
    for place, found in enumerate(waiting):
        share = left // (len(waiting) - place)
        added = list(islice(forms(found), share // len(found.numbers)))
        for number in found.numbers:
            to[number] += added
        left -= len(added) * len(found.numbers)
    return max(0, room) - left


def _of_term(found: _Found) -> Iterator[Form]:
    """Yield the words of a term together, then what else its notion is called."""
    known = found.recognised
    if known.is_term and len(found.words) > 1:
        yield Form(tuple(word.exact for word in found.words), EXACT, slack=known.slack)
        yield Form(tuple(word.stems | word.exact for word in found.words), STEM, slack=known.slack)
    for term in known.others:
        yield _said(term, _weight_of_term(term, found), is_loose=not known.is_term)


def _of_related(found: _Found) -> Iterator[Form]:
    return (
        _said(term, RELATED if is_near else DISTANT, is_loose=True)
        for term, is_near in found.recognised.related
    )


def _said(term: Spoken, weight: float, *, is_loose: bool) -> Form:
    words = tuple(word.stems | word.exact for word in term.words)
    return Form(words, weight, via=term.text, slack=term.slack, is_loose=is_loose)


def _weight_of_term(term: Spoken, found: _Found) -> float:
    surety = found.recognised.surety
    if len(term.words) == len(found.words) and all(
        one.roots & other.roots for one, other in zip(term.words, found.words, strict=True)
    ):
        return COGNATE * surety
    return TERM * surety


def _concepts(asked: Sequence[_Asked], wanted: Sequence[Sequence[Form]]) -> Iterator[Concept]:
    only_numbers = all(is_number(one.group) for one in asked)
    for one, forms in zip(asked, wanted, strict=True):
        if forms:
            telling = not is_function_word(one.group) and (only_numbers or not is_number(one.group))
            yield Concept(_in_order(forms), one.place, is_telling=telling)


def _in_order(forms: Iterable[Form]) -> tuple[Form, ...]:
    return tuple(sorted(dict.fromkeys(forms), key=lambda form: (form.is_loose, -form.weight)))

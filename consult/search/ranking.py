"""Which texts a search answers with, and in which order: the same for every backend. Pure.

A backend says which texts have which form of each concept. First all texts with every concept are
taken; where they are few, the best of those with most of them, and of those with any telling one,
are added behind. The first of them are then looked at closely: how often and how near each other
the concepts stand, in how long a text.

How rare a concept is, is counted over the texts that this very search may show, so that no hidden
text moves another one.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Final, Literal, NamedTuple

from consult.search.closeness import Occurrence, all_occurrences, nearness, often
from consult.search.closeness import Places as Places
from consult.search.closeness import occurrences as occurrences
from consult.search.plan import FILLED, FILLED_OF, SCARCE, Concept, Form, Plan

FEWEST: Final = 100
"""Where fewer texts have all that was asked for, others are added."""
CLOSELY: Final = 200
"""Texts that are looked at closely; others are only added up to as many."""
MOST_OCCURRENCES: Final = 50
"""Places of a concept in one text that count."""
MOST: Final = 0.6
"""The share of what was asked for, by rareness, from which a text has most of it."""
LOOSELY: Final = 0.5
"""How much a loose form counts for that share."""

_OFTEN: Final = 0.3
"""What a concept gains at most by being said often."""
_CLOSE: Final = 0.6
"""What two concepts gain at most by standing as near each other as in the query."""

Step = Literal["all", "most", "any"]
"""How much of what was asked for a text has."""
STEPS: Final[tuple[Step, ...]] = ("any", "most", "all")
"""The best step last."""

_Standing = tuple[int | None, ...]
"""For each concept the number of the best form that a text has."""


class Candidate(NamedTuple):
    """A text that matches: how much of what was asked for it has, its score, what brought it."""

    text: int
    step: Step
    score: float
    via: str | None


@dataclass(frozen=True)
class Matching:
    """Which texts match, and how well by the forms they have.

    ``found`` has for each concept the number of the best form by text. Texts are numbered as the
    backend likes, and only those that the search may show are in it; ``among`` is how many it may
    show at all, matching or not. ``recency`` tells the order of texts that are alike otherwise.
    """

    concepts: Sequence[Concept]
    found: Sequence[Mapping[int, int]]
    among: int
    recency: Callable[[int], tuple[float, int]]
    relaxes: bool = True
    """Whether texts are added that have not everything."""
    most: int = CLOSELY
    """How many texts are taken in all where some are added."""

    @cached_property
    def rareness(self) -> tuple[float, ...]:
        """How telling each concept is, the greater the fewer texts have it."""
        return tuple(math.log1p((self.among + 1) / (len(texts) + 0.5)) for texts in self.found)

    @cached_property
    def whole(self) -> frozenset[int]:
        """The texts with all that was asked for."""
        least, *others = sorted(map(self._firmly, range(len(self.found))), key=len)
        return frozenset(least).intersection(*others)

    @cached_property
    def partial(self) -> frozenset[int]:
        """The texts that are added where the whole ones are few, the best of them."""
        if not self.relaxes or len(self.whole) >= FEWEST:
            return frozenset()
        telling = (
            texts
            for concept, texts in zip(self.concepts, self.found, strict=True)
            if concept.is_telling and 2 * len(texts) <= self.among
        )
        groups = self._groups(frozenset().union(*telling) - self.whole)
        most = [group for group in groups if self._step(group[0]) == "most"]
        taken = self._taken(most, self.most - len(self.whole))
        if len(self.whole) + len(taken) < FEWEST:
            rest = [group for group in groups if self._step(group[0]) == "any"]
            taken += self._taken(rest, self.most - len(self.whole) - len(taken))
        return frozenset(taken)

    @property
    def good(self) -> int:
        """How many texts have at least most of what was asked for."""
        partial = self._groups(self.partial)
        return len(self.whole) + sum(
            len(texts) for said, texts in partial if self._step(said) == "most"
        )

    def candidate(self, text: int) -> Candidate:
        """Return what is known of one text that matches."""
        return self._candidate(text, tuple(texts.get(text) for texts in self.found))

    def best(self, count: int) -> list[Candidate]:
        """Return the best texts by step and first score, the newest of equal ones first."""
        groups = [*self._groups(self.whole), *self._groups(self.partial)]
        said = {text: standing for standing, texts in groups for text in texts}
        return [self._candidate(text, said[text]) for text in self._taken(groups, count)]

    def _firmly(self, number: int) -> Collection[int]:
        """Return the texts that have a concept by a form that is not loose."""
        concept, texts = self.concepts[number], self.found[number]
        firm = sum(not form.is_loose for form in concept.forms)
        if firm == len(concept.forms):
            return texts
        return frozenset(text for text, form in texts.items() if form < firm)

    def _candidate(self, text: int, said: _Standing) -> Candidate:
        return Candidate(text, self._step(said), self._score(said), self._via(said))

    def _groups(self, texts: Collection[int]) -> list[tuple[_Standing, list[int]]]:
        """Return the texts by the forms they have, which are few ways: the best way first."""
        groups: dict[_Standing, list[int]] = {}
        ordered = list(texts)
        columns = [map(found.get, ordered) for found in self.found]
        for text, said in zip(ordered, zip(*columns, strict=True), strict=True):
            groups.setdefault(said, []).append(text)
        return sorted(groups.items(), key=lambda group: self._rank(group[0]), reverse=True)

    def _taken(self, groups: Iterable[tuple[_Standing, list[int]]], count: int) -> list[int]:
        taken: list[int] = []
        for _said, texts in groups:
            if len(taken) >= count:
                break
            taken += heapq.nlargest(count - len(taken), texts, key=self.recency)
        return taken

    def _rank(self, said: _Standing) -> tuple[int, float, tuple[int, ...]]:
        # Sums of the same parts in another order differ in the last digits.
        score = round(self._score(said), 6)
        forms = tuple(-1 if form is None else -form for form in said)
        return STEPS.index(self._step(said)), score, forms

    def _step(self, said: _Standing) -> Step:
        had, is_whole = 0.0, True
        for rare, concept, form in zip(self.rareness, self.concepts, said, strict=True):
            if form is None or concept.forms[form].is_loose:
                is_whole = False
            if form is not None:
                had += rare * (LOOSELY if concept.forms[form].is_loose else 1.0)
        if is_whole:
            return "all"
        return "most" if had >= MOST * sum(self.rareness) else "any"

    def _score(self, said: _Standing) -> float:
        return sum(
            rare * concept.forms[form].weight
            for rare, concept, form in zip(self.rareness, self.concepts, said, strict=True)
            if form is not None
        )

    def _via(self, said: _Standing) -> str | None:
        brought = [
            (rare, term)
            for rare, concept, form in zip(self.rareness, self.concepts, said, strict=True)
            if form is not None and (term := concept.forms[form].via)
        ]
        return max(brought)[1] if brought else None


def said_by(
    concepts: Sequence[Concept], having: Callable[[Form], Collection[int]]
) -> tuple[list[Concept], list[Mapping[int, int]]]:
    """Return the concepts with those of their forms that any text has, and the best ones by text.

    ``having`` gives the texts that the search may show and that have a form.
    """
    said: list[Concept] = []
    found: list[Mapping[int, int]] = []
    for concept in concepts:
        forms = tuple(form for form in concept.forms if having(form))
        best: dict[int, int] = {}
        # The best form comes last and stays.
        for number in reversed(range(len(forms))):
            best.update(dict.fromkeys(having(forms[number]), number))
        said.append(replace(concept, forms=forms))
        found.append(best)
    return said, found


def matched(plan: Plan, match: Callable[[Sequence[Concept], bool, int], Matching]) -> Matching:
    """Return what matches a plan; what only comes near is asked for where that is too little.

    ``match`` makes a matching of concepts, whether it relaxes, and how many texts it takes.
    """
    firm = [
        replace(concept, forms=tuple(form for form in concept.forms if not form.is_loose))
        for concept in plan.concepts
    ]
    matching = match(firm, plan.relaxes, CLOSELY)
    if not plan.relaxes or len(matching.whole) >= FEWEST:
        return matching
    if any(form.is_loose for concept in plan.concepts for form in concept.forms):
        matching = match(plan.concepts, plan.relaxes, CLOSELY)
    room = min(FILLED, max(SCARCE, matching.among // FILLED_OF))
    found = len(matching.whole) + len(matching.partial)
    if plan.wider is None or found >= room or matching.good >= SCARCE:
        return matching
    return match(plan.wider.concepts, plan.relaxes, room)


def lexemes_of(matching: Matching, candidates: Sequence[Candidate]) -> frozenset[str]:
    """Return the lexemes whose places a closer look at the candidates asks for."""
    return frozenset(
        lexeme
        for forms in _looked_for(matching, candidates)
        for form in forms
        for word in form.words
        for lexeme in word
    )


def closely(
    matching: Matching,
    candidates: Sequence[Candidate],
    look: Callable[[int], tuple[Places, int]],
) -> list[Candidate]:
    """Return the candidates in the order of a closer look; those beyond `CLOSELY` stay behind.

    ``look`` gives where lexemes stand in a text, at least those of :func:`lexemes_of`, and its
    length in words.
    """
    forms = _looked_for(matching, candidates)
    near = [
        one._replace(score=one.score + _gain(matching, forms, *look(one.text)))
        for one in candidates[:CLOSELY]
    ]
    near.sort(
        key=lambda one: (STEPS.index(one.step), round(one.score, 6), matching.recency(one.text)),
        reverse=True,
    )
    return [*near, *candidates[CLOSELY:]]


def _looked_for(matching: Matching, candidates: Sequence[Candidate]) -> list[Sequence[Form]]:
    """Return for each concept the forms that a closer look counts.

    Where few texts have all that was asked for, how many related terms they say tells most. Else
    what was typed is looked for, and of the glossary the terms that brought one of the candidates.
    """
    if len(matching.whole) < FEWEST:
        return [concept.forms for concept in matching.concepts]
    looked_for: list[Sequence[Form]] = []
    for concept, texts in zip(matching.concepts, matching.found, strict=True):
        best = {texts.get(one.text) for one in candidates[:CLOSELY]}
        looked_for.append(
            [
                form
                for number, form in enumerate(concept.forms)
                if not form.is_loose and (form.via is None or number in best)
            ]
        )
    return looked_for


def _gain(
    matching: Matching, forms: Sequence[Sequence[Form]], places: Places, length: int
) -> float:
    """Return what a text gains by how often and how near each other it says the concepts."""
    gain = 0.0
    last: tuple[Concept, float, list[Occurrence]] | None = None
    for concept, rare, ways in zip(matching.concepts, matching.rareness, forms, strict=True):
        said = list(islice(all_occurrences(ways, places), MOST_OCCURRENCES))
        if not said:
            continue
        gain += rare * _OFTEN * often(said, length)
        if last is not None:
            apart = concept.place - last[0].place
            gain += _CLOSE * min(rare, last[1]) * nearness(last[2], said, apart=apart)
        last = concept, rare, said
    return gain

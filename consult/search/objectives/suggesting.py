"""Objectives proposed for the passages of a text: those it names, then those it speaks of. Pure.

Naming comes first and is sure. Of the objectives that a text only speaks of at most three are
proposed, each for the passages in which it is told, and none where the words tell too little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from consult.core.passages import Passage
from consult.core.ports import Suggestion
from consult.search import mentions
from consult.search.objectives.profiles import Profile
from consult.search.objectives.scoring import score
from consult.search.objectives.small_words import language_by_small_words

MOST_OBJECTIVES: Final = 3
"""That are proposed for one text which does not name them."""
MOST_PASSAGES: Final = 100
"""That are read for what they speak of; those behind them may still name objectives."""
SURE_ENOUGH: Final = 0.5
"""Score from which on an objective is proposed to whoever writes or decides."""
SHORTEST: Final = 20
"""Characters of a passage that can speak of anything."""
LONGEST_WHOLE: Final = 2000
"""Characters of a text whose passages are also read together: of a longer one, chance would add up
to something."""
OWN_LANGUAGE: Final = 60
"""Characters from which on a passage may be in another language than its text."""


def suggest(
    profile: Profile,
    passages: Sequence[Passage],
    *,
    numbers: Collection[int],
    language: str | None,
) -> list[Suggestion]:
    """Return what is proposed for the passages of a text, in reading order, then by number.

    `numbers` are the objectives that may be proposed, `language` is that of the text, None where
    nobody has said it. An objective that only the text as a whole speaks of is proposed for the
    passage that speaks most of it.
    """
    found = {
        (one.passage, one.objective): one for one in mentions.suggest(passages, numbers=numbers)
    }
    spoken = _spoken_of(profile, passages, numbers=numbers, language=language)
    for chosen in _surest(spoken, least=SURE_ENOUGH, beside=SURE_ENOUGH, without=()):
        told = [one for one in spoken if one.objective == chosen.objective]
        sure = [one for one in told if one.score >= SURE_ENOUGH] or [chosen]
        for one in sure:
            found.setdefault((one.passage, one.objective), one)
    return [found[key] for key in sorted(found)][: mentions.MOST_SUGGESTIONS]


def best(
    profile: Profile,
    passages: Sequence[Passage],
    *,
    numbers: Collection[int],
    language: str | None,
    least: float = SURE_ENOUGH,
    beside: float = SURE_ENOUGH,
) -> list[Suggestion]:
    """Return the objectives proposed for a text as a whole, each once, the surest first.

    What it names comes first, then at most three that it speaks of: the first of them has a score
    of `least` or more, the others of `beside`.
    """
    named: dict[int, Suggestion] = {}
    for one in mentions.suggest(passages, numbers=numbers):
        known = named.get(one.objective)
        if known is None or one.score > known.score:
            named[one.objective] = one
    spoken = _spoken_of(profile, passages, numbers=numbers, language=language)
    by_name = sorted(named.values(), key=lambda one: (-one.score, one.objective))
    return [*by_name, *_surest(spoken, least=least, beside=beside, without=named)]


def _surest(
    spoken: Iterable[Suggestion], *, least: float, beside: float, without: Collection[int]
) -> list[Suggestion]:
    """Return for the three surest objectives the suggestion with the highest score."""
    found: dict[int, Suggestion] = {}
    for one in sorted(spoken, key=lambda one: (-one.score, one.objective)):
        if one.objective not in without and one.score >= (beside if found else least):
            found.setdefault(one.objective, one)
    return list(found.values())[:MOST_OBJECTIVES]


def _spoken_of(
    profile: Profile,
    passages: Sequence[Passage],
    *,
    numbers: Collection[int],
    language: str | None,
) -> list[Suggestion]:
    """Return what each passage speaks of, and what all of them together do."""
    read = passages[:MOST_PASSAGES]
    whole = "\n\n".join(passage.text for passage in read)
    main = language or language_by_small_words(whole) or ""
    found = [
        Suggestion(one.number, passage.index, ", ".join(one.words), is_named=False, score=one.score)
        for passage in read
        if passage.kind != "heading" and len(passage.text) >= SHORTEST
        for one in score(profile, passage.text, language=_language_of(passage, main=main))
        if one.number in numbers
    ]
    if len(read) > 1 and len(whole) <= LONGEST_WHOLE:
        found += _of_all(profile, whole, found, language=main, numbers=numbers)
    return found


def _language_of(passage: Passage, *, main: str) -> str:
    """Return the language of a passage, that of its text where it is too short to tell."""
    if len(passage.text) < OWN_LANGUAGE:
        return main
    return language_by_small_words(passage.text) or main


def _of_all(
    profile: Profile,
    text: str,
    spoken: Iterable[Suggestion],
    *,
    language: str,
    numbers: Collection[int],
) -> list[Suggestion]:
    """Return what a whole text speaks of, for the passage in which each is told most surely."""
    places: Mapping[int, int] = {
        one.objective: one.passage for one in sorted(spoken, key=lambda one: one.score)
    }
    return [
        Suggestion(
            one.number, places[one.number], ", ".join(one.words), is_named=False, score=one.score
        )
        for one in score(profile, text, language=language)
        if one.number in numbers and one.number in places
    ]

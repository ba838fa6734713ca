"""How surely a text speaks of each objective, and by which of its words. Pure."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from consult.search.analysis import Token
from consult.search.objectives.profiles import Phrase, Profile, known_by, telling_words

MOST_WORDS: Final = 3
"""Shown as the reason."""
MOST_READ: Final = 20_000
"""Characters of a text; what somebody writes about stands before that."""
AGAIN: Final = 0.3
"""What a word counts that is said a second time; after that it counts nothing."""
SLACK: Final = 1
"""Other telling words that may stand between two words of a term."""
TEMPERATURE: Final = 0.3
"""How much more must speak for an objective than for another one to be sure; fitted."""
NOTHING: Final = 1.4
"""How much speaks for no objective at all in any text; fitted."""

_APART: Final = re.compile(r"[.,;:!?…()]\s|\n\s*\n")
"""Stands between two words that make no phrase, however near they are."""
_BEGUN: Final = re.compile(r"(?:\A|[.:!?…]\s|\n)[\s«“‘\"'(¡¿–—-]*\Z")
"""Ends what stands before the first word of a sentence."""
_BEFORE: Final = 12
"""Characters before a word that tell whether it begins a sentence."""


@dataclass(frozen=True, slots=True)
class Scored:
    """How surely a text is about an objective."""

    number: int
    score: float
    """From 0 to 1."""
    words: tuple[str, ...]
    """Words and phrases that speak for it, in the text's own spelling, the most telling first."""


@dataclass(slots=True)
class _Evidence:
    """What speaks for one objective."""

    weight: float = 0.0
    spans: list[tuple[float, int, int]] = field(default_factory=list)
    """Each with how much it tells a reader."""

    def add(self, weight: float, start: int, end: int, *, within: float = 0.0) -> None:
        """Add what speaks; `within` is what was added already for the words inside it."""
        self.weight += weight
        self.spans.append((weight + within, start, end))


def score(profile: Profile, text: str, *, language: str) -> list[Scored]:
    """Return the objectives that a text speaks of, the surest first.

    Scores of one text add up to less than 1: objectives compete with each other, and with a text
    about none of them. Reads the first 20,000 characters; time is linear in them.
    """
    text = text[:MOST_READ]
    found = _evidence(profile, telling_words(text, language=language))
    sure = _shares({number: one.weight for number, one in found.items()})
    scored = [
        Scored(number, round(sure[number], 3), _words(text, one.spans))
        for number, one in found.items()
    ]
    return sorted(scored, key=lambda one: (-sure[one.number], one.number))


def _evidence(profile: Profile, tokens: Sequence[Token]) -> dict[int, _Evidence]:
    lexemes = [known_by(token) for token in tokens]
    found: dict[int, _Evidence] = defaultdict(_Evidence)
    times: dict[str, int] = defaultdict(int)
    speaks: list[dict[int, float]] = []
    for token, own in zip(tokens, lexemes, strict=True):
        times[own[0]] += 1
        counts = (1.0, AGAIN)[times[own[0]] - 1] if times[own[0]] <= 2 else 0.0
        speaks.append(_strongest(profile, own) if counts else {})
        for number, weight in speaks[-1].items():
            found[number].add(weight * counts, token.start, token.end)
    _add_phrases(profile, tokens, lexemes, speaks, found)
    return found


def _strongest(profile: Profile, lexemes: Sequence[str]) -> dict[int, float]:
    """Return for each objective the weight of that lexeme of a word that speaks most for it."""
    best: dict[int, float] = {}
    for lexeme in lexemes:
        for number, weight in profile.weights.get(lexeme, {}).items():
            best[number] = max(best.get(number, 0.0), weight)
    return best


def _add_phrases(
    profile: Profile,
    tokens: Sequence[Token],
    lexemes: Sequence[Sequence[str]],
    speaks: Sequence[Mapping[int, float]],
    found: dict[int, _Evidence],
) -> None:
    """Add the terms of several words, each place once for an objective."""
    for at, own in enumerate(lexemes):
        said: dict[int, tuple[float, int]] = {}
        known = {id(one): one for lexeme in own for one in profile.phrases.get(lexeme, ())}
        for phrase in known.values():
            end = _end_of(phrase, lexemes, at)
            if end is not None:
                for number in phrase.objectives:
                    said[number] = max(said.get(number, (0.0, 0)), (phrase.weight, end))
        for number, (weight, end) in said.items():
            within = sum(words.get(number, 0.0) for words in speaks[at : end + 1])
            found[number].add(weight, tokens[at].start, tokens[end].end, within=within)


def _end_of(phrase: Phrase, lexemes: Sequence[Sequence[str]], at: int) -> int | None:
    """Return the place of a term's last word where it begins at a place; None where it does not."""
    for wanted in phrase.words[1:]:
        ahead = range(at + 1, min(at + 2 + SLACK, len(lexemes)))
        place = next((one for one in ahead if not wanted.isdisjoint(lexemes[one])), None)
        if place is None:
            return None
        at = place
    return at


def _shares(weights: dict[int, float]) -> dict[int, float]:
    """Return the share of each objective among all, and nothing at all, as one competitor."""
    highest = max([NOTHING, *weights.values()])
    powers = {
        number: math.exp((weight - highest) / TEMPERATURE) for number, weight in weights.items()
    }
    total = sum(powers.values()) + math.exp((NOTHING - highest) / TEMPERATURE)
    return {number: power / total for number, power in powers.items()}


def _words(text: str, spans: Sequence[tuple[float, int, int]]) -> tuple[str, ...]:
    """Return the most telling words and phrases, each once, none inside one that is shown."""
    shown: list[tuple[int, int]] = []
    words: dict[str, str] = {}
    for _weight, start, end in sorted(spans, key=lambda span: (-span[0], span[1], -span[2])):
        is_inside = any(start < other_end and other < end for other, other_end in shown)
        if is_inside or _APART.search(text, start, end):
            continue
        word = _as_inside_a_sentence(text, start, end)
        if word.casefold() not in words:
            shown.append((start, end))
            words[word.casefold()] = word
        if len(words) == MOST_WORDS:
            break
    return tuple(words.values())


def _as_inside_a_sentence(text: str, start: int, end: int) -> str:
    """Return words in their own spelling, without the capital of a sentence's beginning."""
    word = " ".join(text[start:end].split())
    before = text[max(0, start - _BEFORE) : start]
    # An acronym keeps its capitals wherever it stands.
    if word[1:2].islower() and _BEGUN.search(before):
        return word[0].lower() + word[1:]
    return word

"""Texts of the corpus: seeded, in three languages, with natural frequencies of words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

from bench.words import SMALL, SUBJECT

LANGUAGES = ("en", "en", "en", "fr", "fr", "es", "es")
"""Drawn from evenly: three English texts to two French and two Spanish ones."""
MEDIAN_WORDS = 110
FEWEST, MOST = 8, 900


@dataclass(frozen=True, slots=True)
class Words:
    """A list of words with their running weights."""

    words: list[str]
    weights: list[float]


@cache
def _zipf(language: str, *, is_small: bool) -> Words:
    words = (SMALL if is_small else SUBJECT)[language]
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    return Words(words, weights)


def draw_text(random: Random, language: str) -> str:
    """Return Markdown of some paragraphs; its length is log-normal around `MEDIAN_WORDS`."""
    left = round(min(MOST, max(FEWEST, MEDIAN_WORDS * random.lognormvariate(0, 0.75))))
    paragraphs: list[str] = []
    while left > 0:
        length = min(left, random.randint(30, 90))
        left -= length
        as_list = bool(paragraphs) and random.random() < 0.12
        paragraphs.append(_list(random, language) if as_list else _prose(random, language, length))
    return "\n\n".join(paragraphs)


def _prose(random: Random, language: str, length: int) -> str:
    sentences = []
    while length > 0:
        sentences.append(_sentence(random, language, min(length, random.randint(7, 26))))
        length -= 26
    if random.random() < 0.1:
        sentences[0] = f"**{sentences[0]}**"
    if random.random() < 0.04:
        sentences.append(f"https://example.org/{random.randrange(10_000)}")
    return " ".join(sentences)


def _list(random: Random, language: str) -> str:
    return "\n".join(f"- {_sentence(random, language, 9)}" for _ in range(random.randint(2, 5)))


def _sentence(random: Random, language: str, length: int) -> str:
    small, subject = _zipf(language, is_small=True), _zipf(language, is_small=False)
    words = []
    for position in range(max(3, length)):
        of = subject if position % 2 or random.random() < 0.2 else small
        words.append(random.choices(of.words, cum_weights=of.weights)[0])
        if 4 < position < length - 3 and random.random() < 0.07:
            words[-1] += ","
    text = " ".join(words)
    return text[0].upper() + text[1:] + "."

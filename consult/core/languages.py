"""Which language a text is in; it only proposes, whoever writes can correct it.

Words are counted by py3langid where the extra `langdetect` is installed; without it, the small
words of a language vote. Scripts are told apart either way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from consult.core.characters import INVISIBLE
from consult.core.passages import Passage

try:
    from py3langid import langid
except ImportError:  # The extra `langdetect` is not installed; the vote of stop words remains.
    langid = None

SHORTEST_FOR_GUESS = 20
"""Characters from which on a language is guessed."""
SHORTEST_FOREIGN = 60
"""Letters from which on a text may be told to be in a language that is none of ours."""
LANGUAGES = ("en", "fr", "es")

_SAMPLE = 4000
_LETTERS = re.compile(r"[^\W\d_]+")
_SHARE = 0.7
"""Of the letters that must be of a script for the text to be in it."""
_FEWEST_SCRIPT_LETTERS = 3
_LIKELY = 0.9
_UNLIKELY = 0.02
_KIN = frozenset("an ext pcm wa".split())
"""Languages that the model takes short texts in ours for."""
_EMOJI = re.compile("[^\ufe0f\u20e3](?:\ufe0f\u20e3?|\u20e3)")

_STOP_WORDS = {
    "en": frozenset(
        "the of and to in is that it for on with as are be this by from at have has not or which"
        " their they we our should must can will all been more also who its an these those".split()
    ),
    "fr": frozenset(
        "le la les des du de et à au aux en est que qui dans pour sur avec par une un ce cette ces"
        " sont être nous leur leurs ils elles pas ne plus ou ont se il elle doit doivent mais"
        " l d qu".split()
    ),
    "es": frozenset(
        "el la los las de del y a al en es que para por con una un este esta estos estas son ser"
        " se su sus no más o como lo nos nuestro deben debe pero han ha entre sin sobre también"
        " muy".split()
    ),
}
_FOREIGN_STOP_WORDS = {
    "de": frozenset(
        "der die das den dem des und ist nicht ein eine einen einem einer zu zum zur auf für mit"
        " von bei wir sie ihre ihr es im am auch sich als dass aber oder wird werden haben hat sind"
        " aus nach an wie noch nur kann müssen".split()
    ),
    "pt": frozenset(
        "o os as um uma dos das do da no na nos nas em com ao aos à às é são não mais pelo pela"
        " pelos pelas seu sua isso também muito foi ou até há nossa nosso e que de para por se"
        " como mas a ser têm tem".split()
    ),
    "it": frozenset(
        "il lo la i gli le un una di del dello della dei degli delle e è che non per con da dal"
        " dalla nel nella nei nelle al alla ai alle si sono come più ma anche ha hanno questo"
        " questa loro essere".split()
    ),
    "nl": frozenset(
        "de het een en van in is dat niet zijn op te voor met aan ook als maar om bij door naar"
        " wij we zij hun ons onze worden wordt heeft hebben kan moeten nog uit er".split()
    ),
}


@dataclass(frozen=True)
class Recognition:
    """What a text's words tell of its language."""

    language: str | None
    """One of ours, None where that is unsure."""
    is_foreign: bool = False
    """It is clearly in another language."""


def guess_language(text: str) -> str | None:
    """Propose `en`, `fr` or `es` for a text of 20 characters or more; None where that is unsure.

    It only proposes: whoever writes can correct it.
    """
    sample = text[:_SAMPLE].strip()
    return _guessed(sample, _probabilities(sample)) if _is_latin(sample) else None


def recognise(text: str) -> Recognition:
    """Return the language that a text seems to be in, judged by its first 4,000 characters.

    It is foreign where seven letters in ten are of another script, or where 60 letters and more
    are clearly words of another language. A short text, or one that may be Spanish as well as its
    neighbour, is not called foreign.
    """
    sample = text[:_SAMPLE].strip()
    if _is_in_another_script(sample):
        return Recognition(None, is_foreign=True)
    if not _is_latin(sample):
        return Recognition(None)
    probabilities = _probabilities(sample)
    if _is_foreign(sample, probabilities):
        return Recognition(None, is_foreign=True)
    return Recognition(_guessed(sample, probabilities))


def languages_of(passages: Sequence[Passage], *, main: str) -> dict[int, str]:
    """Propose languages for passages by index: those of 60 letters and more in another of ours."""
    found = {}
    for passage in passages:
        if len("".join(_LETTERS.findall(passage.text))) < SHORTEST_FOREIGN:
            continue
        language = recognise(passage.text).language
        if language is not None and language != main:
            found[passage.index] = language
    return found


def has_words(text: str) -> bool:
    """Tell whether a text holds a letter or digit of any script that can be seen.

    Emoji are none, also those that are made of a letter or digit.
    """
    return any(
        character.isalnum() and character not in INVISIBLE for character in _EMOJI.sub("", text)
    )


# --- Scripts ------------------------------------------------------------------------------------


def _latin_and_all(sample: str) -> tuple[int, int]:
    letters = "".join(_LETTERS.findall(sample))
    latin = sum(1 for c in letters if c < "\u0250" or "\u1e00" <= c <= "\u1eff")
    return latin, len(letters)


def _is_latin(sample: str) -> bool:
    latin, letters = _latin_and_all(sample)
    is_long_enough = len(sample) >= SHORTEST_FOR_GUESS and latin >= SHORTEST_FOR_GUESS / 2
    return is_long_enough and latin >= letters * _SHARE


def _is_in_another_script(sample: str) -> bool:
    latin, letters = _latin_and_all(sample)
    others = letters - latin
    return others >= _FEWEST_SCRIPT_LETTERS and others >= letters * _SHARE


# --- Words --------------------------------------------------------------------------------------


def _probabilities(sample: str) -> Mapping[str, float] | None:
    identifier = _identifier()
    return None if identifier is None else dict(identifier.rank(sample))


@cache
def _identifier() -> Any:
    """Return the model of all its languages, 70 MB that are read when the first text comes."""
    if langid is None:
        return None
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def _guessed(sample: str, probabilities: Mapping[str, float] | None) -> str | None:
    if probabilities is not None:
        first = max(LANGUAGES, key=probabilities.__getitem__)
        ours = sum(probabilities[language] for language in LANGUAGES)
        if ours >= _UNLIKELY and probabilities[first] >= _LIKELY * ours:
            return first
    return _voted(sample)


def _is_foreign(sample: str, probabilities: Mapping[str, float] | None) -> bool:
    latin, _letters = _latin_and_all(sample)
    if latin < SHORTEST_FOREIGN:
        return False
    if probabilities is None:
        return _is_outvoted(sample)
    first = max(probabilities, key=probabilities.__getitem__)
    ours = sum(probabilities[language] for language in (*LANGUAGES, *_KIN))
    return ours < _UNLIKELY and probabilities[first] >= _LIKELY


def _voted(sample: str) -> str | None:
    votes = _votes(sample)
    first, second = sorted(votes, key=lambda language: votes[language], reverse=True)[:2]
    is_clear = votes[first] >= 2 and votes[first] >= 1.5 * votes[second]
    return first if is_clear else None


def _votes(sample: str) -> dict[str, int]:
    words = Counter(_LETTERS.findall(sample.casefold()))
    return {
        language: sum(words[word] for word in stop_words)
        for language, stop_words in _STOP_WORDS.items()
    }


def _is_outvoted(sample: str) -> bool:
    """Tell whether small words of another language clearly outnumber those of each of ours.

    Words that both have do not count, because neighbours share most of them.
    """
    words = Counter(_LETTERS.findall(sample.casefold()))

    def beats(theirs: frozenset[str], ours: frozenset[str]) -> bool:
        votes = sum(words[word] for word in theirs - ours)
        return votes >= 3 and votes >= 2 * sum(words[word] for word in ours - theirs)

    return any(
        all(beats(theirs, ours) for ours in _STOP_WORDS.values())
        for theirs in _FOREIGN_STOP_WORDS.values()
    )

"""Copies of texts as campaigns make them: with another greeting, other words, slips of the hand."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from random import Random

from bench.words import SMALL, SUBJECT

GREETINGS = {
    "en": ("Dear Secretariat,", "To whom it may concern,", "Good morning,", "Dear colleagues,"),
    "fr": ("Madame, Monsieur,", "Chers collègues,", "Bonjour,", "À l’attention du secrétariat,"),
    "es": ("Estimados señores:", "A quien corresponda:", "Buenos días:", "Estimados colegas:"),
}
SIGNATURES = {
    "en": "Yours sincerely,\n\n{name}, {place}",
    "fr": "Veuillez agréer nos salutations distinguées.\n\n{name}, {place}",
    "es": "Reciban un cordial saludo.\n\n{name}, {place}",
}
NAMES = ("Ana", "Bola", "Chen", "Dina", "Emeka", "Farah", "Goran", "Hiba", "Inés", "Jonas")
PLACES = ("Alder", "Brook", "Cedar", "Dune", "Elm", "Fern", "Grove", "Harbour", "Juniper", "Lagoon")

Change = Callable[[Random, str, str], str]
"""Takes a text and its language."""


def same(_random: Random, text: str, _language: str) -> str:
    """Leave the text as it is."""
    return text


def other_dress(random: Random, text: str, _language: str) -> str:
    """Change case, accents, punctuation and line ends only."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    plain = bare.replace(",", "" if random.random() < 0.5 else " –").replace("**", "")
    return (plain.upper() if random.random() < 0.5 else plain.lower()).replace("\n\n", "\n")


def other_frame(random: Random, text: str, language: str) -> str:
    """Put a greeting before the text and a signature under it."""
    greeting = random.choice(GREETINGS[language])
    name, place = random.choice(NAMES), random.choice(PLACES)
    signed = SIGNATURES[language].format(name=name, place=place)
    return f"{greeting}\n\n{text}\n\n{signed}"


def sentence_more(random: Random, text: str, language: str) -> str:
    """Add a sentence of about eight words."""
    sentence = " ".join(_word(random, language) for _ in range(8)).capitalize() + "."
    sentences = text.split(". ")
    sentences.insert(random.randint(0, len(sentences)), sentence.rstrip("."))
    return ". ".join(sentences)


def sentence_less(random: Random, text: str, _language: str) -> str:
    """Take a sentence of at most a fifth of the text out, where there is one."""
    sentences = text.split(". ")
    short = [s for s in sentences if len(s.split()) * 5 <= len(text.split())]
    if short:
        sentences.remove(random.choice(short))
    return ". ".join(sentences)


def paragraphs_moved(random: Random, text: str, _language: str) -> str:
    """Put the paragraphs, or the sentences of a single one, into another order."""
    mark = "\n\n" if "\n\n" in text else ". "
    parts = text.split(mark)
    random.shuffle(parts)
    return mark.join(parts)


def words_replaced(share: float) -> Change:
    """Return a change that takes other words for that share of them, at least for one."""

    def change(random: Random, text: str, language: str) -> str:
        return _each(random, text, share, lambda _word_was: _word(random, language))

    return change


def slips(share: float) -> Change:
    """Return a change that misspells that share of the words, at least one."""

    def change(random: Random, text: str, _language: str) -> str:
        return _each(random, text, share, lambda word: _misspelt(random, word))

    return change


CHANGES: Mapping[str, Change] = {
    "same": same,
    "other_dress": other_dress,
    "other_frame": other_frame,
    "sentence_more": sentence_more,
    "sentence_less": sentence_less,
    "paragraphs_moved": paragraphs_moved,
    "words_5": words_replaced(0.05),
    "words_10": words_replaced(0.10),
    "words_20": words_replaced(0.20),
    "slips_5": slips(0.05),
}


def _word(random: Random, language: str) -> str:
    return random.choice(random.choice((SMALL, SUBJECT))[language])


def _each(random: Random, text: str, share: float, change: Callable[[str], str]) -> str:
    paragraphs = [paragraph.split(" ") for paragraph in text.split("\n")]
    places = [(p, w) for p, words in enumerate(paragraphs) for w, word in enumerate(words) if word]
    for p, w in random.sample(places, max(1, round(share * len(places)))):
        paragraphs[p][w] = change(paragraphs[p][w])
    return "\n".join(" ".join(words) for words in paragraphs)


def _misspelt(random: Random, word: str) -> str:
    if len(word) < 3:
        return word + word[-1:]
    at = random.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

"""Passwords: hashing them with Argon2id and refusing those that are guessed first.

Nothing is asked about letters, digits or signs: length counts, and what everybody tries
first is refused. All of it works offline (`common_passwords.txt`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 15
"""Code points where the password is the only factor."""
MIN_LENGTH_OF_TWO = 8
"""Code points where a second factor is switched on."""
MAX_BYTES = 1024
"""UTF-8 bytes; longer ones are refused, never cut."""

OF_ITS_OWN = 5
"""A password needs this many letters besides what is easy to guess."""
ROWS = (
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertzuiop",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
)
"""Neighbours on keyboards and in the alphabet."""
RUN = 4
"""Neighbours in a row that count as one run."""
LOOK_ALIKES = str.maketrans("@4031!5$7", "aaoelisst")


class Hasher:
    """Argon2id with the costs of one installation; instances may be shared by threads."""

    def __init__(self, *, time_cost: int, memory_cost: int) -> None:
        self._argon2 = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=1, type=Type.ID
        )
        self._nobodys = self._argon2.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash to store; the salt and the costs are part of it."""
        return self._argon2.hash(prepared(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether a password fits; without a stored hash it does equal work and says no."""
        if is_too_long(password):
            stored, password = None, ""
        try:
            self._argon2.verify(stored or self._nobodys, prepared(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other costs than today's."""
        return self._argon2.check_needs_rehash(stored)


def prepared(password: str) -> str:
    """Return the password as it is hashed: NFC, so that every keyboard types the same one."""
    return unicodedata.normalize("NFC", password)


def is_too_long(password: str) -> bool:
    """Whether a password is refused for its size, before any work is done on it."""
    if len(password) > MAX_BYTES:
        return True
    return len(prepared(password).encode("utf-8", "replace")) > MAX_BYTES


def check(
    password: str, *, context_words: Iterable[str] = (), min_length: int = MIN_LENGTH
) -> str | None:
    """Return what is wrong with a new password as a problem code, or None.

    `context_words` are things known about the person and the site: names, the address, the
    forum's title; a password made of them and little else is refused.
    """
    if is_too_long(password):
        return "password-long"
    if len(prepared(password)) < min_length:
        return "password-short" if min_length >= MIN_LENGTH else "password-short-of-two"
    return "password-common" if is_guessable(password, context_words=context_words) else None


def is_guessable(password: str, *, context_words: Iterable[str] = ()) -> bool:
    """Whether a password is a common one, a run, a repetition or made of known words."""
    plain = _letters_of(password)
    own = {word for text in context_words for word in _words_of(text)}
    readings = {plain, _letters_of(unicodedata.normalize("NFKC", password).translate(LOOK_ALIKES))}
    return any(_is_guessable_reading(reading, own=own) for reading in readings)


def _is_guessable_reading(letters: str, *, own: set[str]) -> bool:
    if letters in common() or len(set(letters)) < OF_ITS_OWN or _repeats(letters):
        return True
    rest = _without_runs(_without(letters, own))
    known = set(_common_pattern().findall(rest))
    # Three common words make a phrase, one or two with a year behind them do not.
    if len(known) > 2:
        return False
    rest = _common_pattern().sub("", rest)
    return len(re.sub(r"\d", "", rest)) < OF_ITS_OWN and len(rest) < 2 * OF_ITS_OWN


def _letters_of(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = unicodedata.normalize("NFKD", folded)
    letters = "".join(c for c in bare if c.isalnum())
    # A password of signs only has no letters to judge; it is judged as it stands.
    return letters or folded


def _words_of(text: str) -> Iterable[str]:
    words = [_letters_of(word) for word in re.split(r"[\W_]+", text) if word]
    yield from (word for word in [*words, _letters_of(text)] if len(word) >= RUN)


def _without(letters: str, words: set[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        letters = letters.replace(word, "")
    return letters


def _repeats(letters: str) -> bool:
    """Whether a unit of up to half the length is said again and again."""
    return any(
        all(c == letters[i % size] for i, c in enumerate(letters))
        for size in range(1, len(letters) // 2 + 1)
    )


def _without_runs(letters: str) -> str:
    kept: list[str] = []
    start = 0
    while start < len(letters):
        length = _run_at(letters, start)
        if length < RUN:
            kept.append(letters[start])
            length = 1
        start += length
    return "".join(kept)


def _run_at(letters: str, start: int) -> int:
    """Return the length of the longest run of neighbours or equal letters that begins here."""
    pairs = _neighbours()
    step = pairs.get(letters[start : start + 2])
    longest = 1
    for row in step or ():
        end = start + 2
        while end < len(letters) and row in pairs.get(letters[end - 1 : end + 1], ()):
            end += 1
        longest = max(longest, end - start)
    same = start
    while same < len(letters) and letters[same] == letters[start]:
        same += 1
    return max(longest, same - start)


@cache
def _neighbours() -> dict[str, frozenset[int]]:
    """Return for each pair of neighbours the rows, numbered with a sign for the direction."""
    pairs: dict[str, set[int]] = {}
    for number, row in enumerate(ROWS, 1):
        for left, right in pairwise(row):
            pairs.setdefault(left + right, set()).add(number)
            pairs.setdefault(right + left, set()).add(-number)
    return {pair: frozenset(rows) for pair, rows in pairs.items()}


@cache
def common() -> frozenset[str]:
    """Return the list of common passwords and of the words they are made of, folded."""
    path = Path(__file__).with_name("common_passwords.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(
        _letters_of(line) for line in lines if line.strip() and not line.startswith("#")
    )


@cache
def _common_pattern() -> re.Pattern[str]:
    words = sorted((word for word in common() if len(word) >= RUN), key=lambda w: (-len(w), w))
    return re.compile("|".join(map(re.escape, words)))

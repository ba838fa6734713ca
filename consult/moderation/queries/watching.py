"""Which watch words of a space stand in a text.

Every list is tried, whatever the language of the text: that is what its author says, and a text
may quote another one. So it waits rather once too often than once too rarely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from consult.core.i18n import LOCALES
from consult.spaces.policy import words_of

Lists = Mapping[str, Sequence[str]]
"""Words and phrases by language, as `Space.watch_words` holds them."""


def matches(texts: Iterable[str], lists: Lists, *, language: str) -> list[str]:
    """Return the watch words that stand in any of the texts, as the organisers wrote them.

    Whole words, in any case and with or without accents; a phrase stands where its words follow
    each other. Those of the text's own language come first.
    """
    wanted = [word for code in _order(lists, language) for word in lists[code]]
    if not wanted:
        return []
    said = [words_of(text) for text in texts]
    known = {word for words in said for word in words}
    lines = [f" {' '.join(words)} " for words in said]
    found: dict[str, None] = {}
    for word in wanted:
        parts = words_of(word)
        if not parts or not known.issuperset(parts):
            continue
        if len(parts) == 1 or any(f" {' '.join(parts)} " in line for line in lines):
            found[word] = None
    return list(found)


def _order(lists: Lists, language: str) -> list[str]:
    codes = [code for code in LOCALES if code in lists]
    codes += [code for code in lists if code not in codes]
    return sorted(codes, key=lambda code: code != language)

"""How French and Spanish sentences must be set; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

NARROW, WIDE = "\u202f", "\u00a0"

_NOT_WORDS = re.compile(r"<[^>]*>|&\w+;|https?://\S+|%\(\w+\)[sd]|\{\w+\}|\w+://")


def problems(text: str, *, locale: str) -> Iterator[str]:
    """Yield a sentence for each rule of the locale that a translation breaks."""
    words = _NOT_WORDS.sub("x", text)
    if locale == "fr":
        yield from _french(words)
    elif locale == "es":
        yield from _spanish(words)


def _french(words: str) -> Iterator[str]:
    if re.search(r"[^\u202f\u00a0\s!?;][;!?]|[ \t\n][;!?]", words) or words[:1] in {";", "!", "?"}:
        yield "put a narrow no-break space (U+202F) before ; ! and ?"
    if re.search(r"(?<!\d)(?<!\u00a0):|(?<=\d):(?!\d)", words):
        yield "put a no-break space (U+00A0) before :"
    if re.search(r"«(?![\u202f\u00a0])|(?<![\u202f\u00a0])»", words):
        yield "put no-break spaces inside « and »"
    if "'" in words:
        yield "write ’ instead of '"
    if '"' in words:
        yield "write « and » instead of straight quotation marks"


def _spanish(words: str) -> Iterator[str]:
    for opening, closing in ("¿?", "¡!"):
        if words.count(opening) != words.count(closing):
            yield f"write {opening} and {closing} in pairs"

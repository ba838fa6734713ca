"""Gaps in rendered HTML, letter by letter; always possible, whatever the markup around them."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consult.core import markup
from consult.discussion.services.gaps import Candidate, Original, Span, joined, says

_PIECE = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>|&[^;\s]{1,40};|[^<&]|[<&]", re.DOTALL)
_PLAIN_INSIDE = frozenset(("em", "code", "pre"))
"""Elements in which a gap is not emphasised."""


@dataclass
class _Unit:
    """A tag, or one letter as it stands in the HTML."""

    raw: str
    name: str = ""
    """Of a tag."""
    is_end: bool = False
    at: int | None = None
    """Where the letter stands in the plain text; None for tags and blanks."""


def _units(html: str, text: str) -> list[_Unit] | None:
    """Return the pieces of rendered HTML; None where its letters are not those of the text."""
    letters = [index for index, letter in enumerate(text) if not letter.isspace()]
    units, count = [], 0
    for piece in _PIECE.finditer(html):
        if piece[2]:
            units.append(_Unit(piece[0], piece[2], piece[1] == "/"))
            continue
        shown = entities.unescape(piece[0])
        unit = _Unit(piece[0])
        for letter in shown:
            if letter.isspace():
                continue
            if count >= len(letters) or text[letters[count]] != letter:
                return None
            unit.at = letters[count]
            count += 1
        units.append(unit)
    return units if count == len(letters) else None


def _links(units: Sequence[_Unit]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last piece of each link."""
    begin = None
    for index, unit in enumerate(units):
        if unit.name == "a" and not unit.is_end:
            begin = index
        elif unit.name == "a" and begin is not None:
            yield begin, index
            begin = None


def with_whole_addresses(html: str, text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the spans, those in a web or mail address that is a link grown to all of it.

    What is left of an address would still lead somewhere, or be read as another one.
    """
    units = _units(html, text)
    grown = list(spans)
    for begin, end in _links(units or ()):
        letters = [unit.at for unit in (units or ())[begin:end] if unit.at is not None]
        if not letters:
            continue
        words = text[letters[0] : letters[-1] + 1]
        is_address = ("/" in words or "@" in words) and not any(c.isspace() for c in words)
        if is_address and any(a < letters[-1] + 1 and letters[0] < b for a, b in spans):
            grown.append((letters[0], letters[-1] + 1))
    return joined(text, grown)


def candidates(
    original: Original, spans: Sequence[Span], passages: Sequence[str]
) -> Iterator[Candidate]:
    """Yield the rendered text with gaps as HTML; nothing where text and HTML do not agree."""
    units = _units(original.html, original.text)
    if units is None:
        return
    gone, unlinked, behind = set[int](), 0, set[int]()
    for begin, end in _links(units):
        letters = [unit.at for unit in units[begin:end] if unit.at is not None]
        is_cut = any(a <= at < b for at in letters for a, b in spans)
        href = entities.unescape(units[begin].raw)
        if is_cut or says(_address(href), passages):
            gone |= {begin, end}
            if not is_cut:
                unlinked += 1
                behind.add(end)
    html = "".join(_written(units, spans, original.phrase, gone=gone, behind=behind))
    source = str(markup.sanitise(html))
    yield Candidate(source, "html", unlinked)


def _address(tag: str) -> str:
    found = re.search(r'href="([^"]*)"', tag)
    return found[1] if found else ""


def _written(
    units: Sequence[_Unit], spans: Sequence[Span], phrase: str, *, gone: set[int], behind: set[int]
) -> Iterator[str]:
    """Yield the pieces of the HTML with gaps; `behind` are ends of links with a gap after them."""
    open_ones: list[str] = []
    waiting = list(spans)
    inside: Span | None = None
    for index, unit in enumerate(units):
        if unit.name:
            if index not in gone:
                yield unit.raw
                _follow(open_ones, unit)
            elif index in behind:
                yield " " + _gap(phrase, open_ones)
            continue
        if unit.at is not None:
            inside = waiting[0] if waiting and waiting[0][0] <= unit.at < waiting[0][1] else None
        if inside is None:
            yield unit.raw
        elif unit.at is not None and unit.at == inside[0]:
            yield _gap(phrase, open_ones)
        if inside is not None and unit.at is not None and unit.at >= inside[1] - 1:
            waiting.pop(0)
            inside = None


def _gap(phrase: str, open_ones: Sequence[str]) -> str:
    words = entities.escape(phrase, quote=False)
    return words if _PLAIN_INSIDE & set(open_ones) else f"<em>{words}</em>"


def _follow(open_ones: list[str], unit: _Unit) -> None:
    if unit.name in ("br", "hr"):
        return
    if not unit.is_end:
        open_ones.append(unit.name)
    elif unit.name in open_ones:
        open_ones.remove(unit.name)

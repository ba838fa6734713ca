"""The passages of a text: what somebody can tag, put in another language, cite.

A passage is a block of the rendered text: a heading, a paragraph, an item of a list, a table.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from consult.core.markup import SafeHtml, sanitise, to_text
from consult.core.tidy_html import is_allowed_attribute

Kind = Literal["heading", "paragraph", "item", "other"]

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")
_LANG = re.compile(r' lang="[^"]*"')
_WHOLE = frozenset("p h4 h5 h6 li table pre".split())
"""Elements that are a passage with everything in them."""
_BETWEEN = frozenset("ul ol blockquote hr".split())
"""Elements whose parts are passages, and the line between two."""
_TOP_HEADING = 4
"""Rank of the highest heading that a text may have: `consult.core.markup` lowers the others."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A block of a text, as a half-open span of its plain text."""

    index: int
    """From 0, in reading order."""
    start: int
    """Code points of `markup.to_text`."""
    end: int
    kind: Kind
    level: int
    """Of a heading, 1 the highest; 0 for everything else."""
    text: str

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of its words, by which a form finds it again."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]


class _Block(NamedTuple):
    """An element of rendered HTML with words in it; `name` is empty for words outside any."""

    name: str
    begin: int
    """Where its start tag begins."""
    end: int
    is_quoted: bool
    text: str


def passages(html: str) -> list[Passage]:
    """Return the passages of HTML that `markup.render` made, in reading order.

    They are the headings, the paragraphs, each item of an outermost list with the lists in it,
    each table and each preformatted block; what is quoted is of kind `other`. Their spans leave
    out nothing of `markup.to_text` but blanks. Raises `ValueError` for HTML of another making.
    """
    plain, at = to_text(html), 0
    found = []
    for index, block in enumerate(_blocks(html)):
        while at < len(plain) and plain[at].isspace():
            at += 1
        end = at + len(block.text)
        if plain[at:end] != block.text:
            raise ValueError("This HTML was not made by consult.core.markup.")
        kind, level = _kind(block)
        found.append(Passage(index, at, end, kind, level, block.text))
        at = end
    return found


def with_languages(html: str, languages: Mapping[int, str]) -> SafeHtml:
    """Return rendered HTML with the language of some passages, by index, on their elements.

    The plain text stays as it is. An index that no passage has changes nothing, nor does one of
    preformatted words. Raises `ValueError` for a language other than `en`, `fr` and `es`.
    """
    if not all(is_allowed_attribute("p", "lang", language) for language in languages.values()):
        raise ValueError("A passage is in en, fr or es.")
    pieces, position = [], 0
    for index, block in enumerate(_blocks(html)):
        if index not in languages or not block.name:
            continue
        tag_end = html.index(">", block.begin) + 1
        opening = _LANG.sub("", html[block.begin : tag_end])
        stem = len(block.name) + 1
        pieces += [html[position : block.begin], opening[:stem]]
        pieces += [f' lang="{languages[index]}"', opening[stem:]]
        position = tag_end
    return sanitise("".join([*pieces, html[position:]]))


def _kind(block: _Block) -> tuple[Kind, int]:
    if block.is_quoted or block.name in ("table", "pre"):
        return "other", 0
    if block.name == "li":
        return "item", 0
    if block.name.startswith("h"):
        return "heading", int(block.name[1]) - _TOP_HEADING + 1
    return "paragraph", 0


def _blocks(html: str) -> Iterator[_Block]:
    """Yield the blocks that hold words, in reading order."""
    for name, begin, end, is_quoted in _elements(html):
        # An item alone would be read as one of an inner list.
        source = f"<ul>{html[begin:end]}</ul>" if name == "li" else html[begin:end]
        text = to_text(source)
        if text:
            yield _Block(name, begin, end, is_quoted, text)


def _elements(html: str) -> Iterator[tuple[str, int, int, bool]]:
    """Yield name, begin, end and whether it is quoted of each outermost whole element."""
    name, depth, begin, quotes = "", 0, 0, 0
    for tag in _TAG.finditer(html):
        is_end, which = bool(tag[1]), tag[2]
        if depth:
            depth += (which == name) * (-1 if is_end else 1)
            if not depth:
                yield name, begin, tag.end(), quotes > 0
                name, begin = "", tag.end()
        elif which in _WHOLE or which in _BETWEEN:
            yield "", begin, tag.start(), quotes > 0
            quotes += (which == "blockquote") * (-1 if is_end else 1)
            if which in _WHOLE and not is_end:
                name, depth, begin = which, 1, tag.start()
            else:
                begin = tag.end()
    yield "", begin, len(html), quotes > 0

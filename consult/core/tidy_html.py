"""Any HTML made balanced, shallow and valid, so that every parser reads it the same way.

Which elements and attributes a contribution may have stands here. It is the first step of
`consult.core.markup`, which trusts nothing of it and cleans the result again.
"""

from __future__ import annotations

import html
import re
from itertools import groupby
from typing import NamedTuple

from consult.core.html_tokens import attribute, decoded, tokens
from consult.core.links import safe_href
from consult.core.text import clean_characters

MAX_DEPTH = 48
"""Blocks inside blocks; deeper ones lose their frame and keep their words."""

_INLINE = frozenset("strong em del code sup a".split())
_LEAVES = frozenset("p h4 h5 h6 pre".split())
_LISTS = frozenset(("ul", "ol"))
_CELLS = frozenset(("td", "th"))
_TABLE_PARTS = frozenset("table thead tbody tr".split())
_SECTIONS = ("thead", "tbody")
_PARENTS = {
    **dict.fromkeys(_SECTIONS, ("table",)),
    "tr": (*_SECTIONS, "table"),
    **dict.fromkeys(sorted(_CELLS), ("tr", *_SECTIONS, "table")),
}
_TABLE_INSIDE = frozenset("thead tbody tr td th".split())
_CONTAINERS = _LISTS | _CELLS | _TABLE_PARTS | {"blockquote", "li"}
TAGS = _INLINE | _LEAVES | _CONTAINERS | {"br", "hr"}
_SAME_AS = {
    "b": "strong",
    **dict.fromkeys("i cite dfn var".split(), "em"),
    "s": "del",
    "strike": "del",
    **dict.fromkeys("tt kbd samp".split(), "code"),
    **dict.fromkeys(
        "div section article aside main header footer nav address center figure figcaption"
        " caption dl dt dd details summary fieldset legend form".split(),
        "p",
    ),
    "h1": "h4",
    "h2": "h5",
    "h3": "h6",
    "tfoot": "tbody",
    "listing": "pre",
    "dir": "ul",
}
_LANGUAGES = frozenset(("en", "fr", "es"))
_DIRECTIONS = frozenset(("ltr", "rtl", "auto"))
WITH_LANGUAGE = frozenset("p h4 h5 h6 blockquote li table".split())


def is_allowed_attribute(tag: str, name: str, value: str) -> bool:
    """Tell whether an element of a contribution may have this attribute with this value."""
    if tag == "a":
        return name == "href" and safe_href(html.unescape(value)) is not None
    if name == "lang":
        return tag in WITH_LANGUAGE and value in _LANGUAGES
    if name == "dir":
        return tag in WITH_LANGUAGE and value in _DIRECTIONS
    return tag == "ol" and name == "start" and re.fullmatch(r"[0-9]{1,9}", value) is not None


class _Piece(NamedTuple):
    """A tag, or characters that are not escaped yet."""

    text: str
    is_tag: bool


class Tidier:
    """Turns any HTML into balanced, shallow HTML that every parser reads the same way.

    That is what makes the later passes quick and cleaning twice the same as cleaning once.
    Each `_open` element keeps where it begins in `_out` and whether something can be seen in it;
    one without is left out.
    """

    def __init__(self, *, paragraphs: bool) -> None:
        self._paragraphs = paragraphs
        self._out: list[_Piece] = []
        self._open: list[str] = []
        self._begins: list[int] = []
        self._is_seen: list[bool] = []

    def tidied(self, source: str) -> str:
        """Return the tidy form of ``source``; use an instance once."""
        for kind, name, rest in tokens(source):
            if kind == "text":
                self._text(rest)
            elif kind == "end":
                self._end(_SAME_AS.get(name, name))
            else:
                self._start(_SAME_AS.get(name, name), rest)
        while self._open:
            self._pop()
        # Characters that only now stand side by side may be one in NFC.
        return "".join(
            "".join(piece.text for piece in run)
            if is_tag
            else html.escape(clean_characters("".join(piece.text for piece in run)), quote=False)
            for is_tag, run in groupby(self._out, key=lambda piece: piece.is_tag)
        )

    # Text.

    def _text(self, raw: str) -> None:
        text = clean_characters(decoded(raw))
        if not text or text.isspace():
            if self._top() not in _LISTS | _TABLE_PARTS:
                self._put(text)
            return
        self._make_room_for_text()
        self._put(text)
        if self._open:
            self._is_seen[-1] = True

    def _put(self, text: str) -> None:
        if self._out and self._out[-1] == _Piece("<pre>", is_tag=True):
            # Parsers drop a line end here, once each time they read.
            text = text.lstrip("\n")
        if text:
            self._out.append(_Piece(text, is_tag=False))

    def _put_tag(self, tag: str) -> None:
        self._out.append(_Piece(tag, is_tag=True))

    def _make_room_for_text(self) -> None:
        self._make_room()
        if self._paragraphs and self._top() in (None, "blockquote"):
            self._push("p")

    def _make_room(self) -> None:
        """Open what must stand between a list or table and its content."""
        if self._top() in _LISTS:
            self._push_item()
        if self._top() == "table":
            self._push("tbody")
        if self._top() in ("thead", "tbody"):
            self._push("tr")
        if self._top() == "tr":
            self._push("td")

    def _push_item(self) -> None:
        if self._out[-1] != _Piece("</li>", is_tag=True):
            self._push("li")
            return
        # A list right inside a list belongs to the item before it.
        self._out.pop()
        self._open.append("li")
        self._begins.append(len(self._out))
        self._is_seen.append(True)

    # Tags.

    def _start(self, name: str, attributes: str) -> None:
        if name in _INLINE:
            self._start_inline(name, attributes)
        elif name == "br":
            self._make_room_for_text()
            self._put_tag("<br>")
        elif name in _TABLE_INSIDE:
            self._start_in_table(name)
        elif name == "li":
            self._start_item(attributes)
        elif name in TAGS:
            self._start_block(name, attributes)

    def _start_inline(self, name: str, attributes: str) -> None:
        is_open = name in self._open[self._leaf_index() :]
        if name == "a" and is_open:
            self._end("a")
        elif is_open:
            return
        href = safe_href(attribute(attributes, "href") or "") if name == "a" else None
        if name == "a" and href is None:
            return
        self._make_room_for_text()
        self._push(name, f' href="{html.escape(href)}"' if href else "")

    def _start_block(self, name: str, attributes: str) -> None:
        self._pop_to(self._leaf_index())
        self._make_room()
        if name == "hr":
            self._put_tag("<hr>")
            self._is_seen[-1:] = [True] * len(self._is_seen[-1:])
        elif name in _LEAVES or len(self._open) < MAX_DEPTH:
            self._push(name, _kept_attributes(name, attributes))

    def _start_item(self, attributes: str) -> None:
        if not self._close("li"):
            self._pop_to(self._leaf_index())
        if self._top() not in _LISTS:
            self._start_block("ul", "")
        if self._top() in _LISTS:
            self._push("li", _kept_attributes("li", attributes))

    def _start_in_table(self, name: str) -> None:
        if "table" not in self._open:
            self._pop_to(self._leaf_index())
            return
        while self._top() not in _PARENTS[name]:
            self._pop()
        if self._top() == "table" and name not in _SECTIONS:
            self._push("tbody")
        if self._top() in _SECTIONS and name in _CELLS:
            self._push("tr")
        self._push(name)

    def _end(self, name: str) -> None:
        if name in _INLINE or name in _LEAVES:
            leaf = self._leaf_index()
            if name in self._open[leaf:]:
                self._pop_to(leaf + self._open[leaf:].index(name))
        elif name in _CONTAINERS:
            self._close(name)

    def _close(self, name: str) -> bool:
        """Close the nearest ``name``, not across the borders of its table or list."""
        borders: frozenset[str] = frozenset(("table",))
        if name not in _TABLE_INSIDE and name != "table":
            borders |= _CELLS
        if name == "li":
            borders |= _LISTS | {"blockquote"}
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] == name:
                self._pop_to(index)
                return True
            if self._open[index] in borders:
                return False
        return False

    # The stack.

    def _top(self) -> str | None:
        return self._open[-1] if self._open else None

    def _leaf_index(self) -> int:
        """Where the run of paragraph and inline elements at the end of the stack begins."""
        index = len(self._open)
        while index and self._open[index - 1] not in _CONTAINERS:
            index -= 1
        return index

    def _push(self, name: str, attributes: str = "") -> None:
        self._open.append(name)
        self._begins.append(len(self._out))
        self._is_seen.append(name in _CELLS)
        self._put_tag(f"<{name}{attributes}>")

    def _pop_to(self, index: int) -> None:
        while len(self._open) > index:
            self._pop()

    def _pop(self) -> None:
        name, begin, is_seen = self._open.pop(), self._begins.pop(), self._is_seen.pop()
        if is_seen:
            self._put_tag(f"</{name}>")
            self._is_seen[-1:] = [True] * len(self._is_seen[-1:])
            return
        blanks = self._out[begin + 1 :]
        del self._out[begin:]
        if name in _INLINE:
            for blank in blanks:
                if blank.is_tag:
                    self._out.append(blank)
                else:
                    self._put(blank.text)


def _kept_attributes(name: str, attributes: str) -> str:
    if not attributes.strip():
        return ""
    kept = []
    for wanted in ("lang", "dir", "start"):
        value = (attribute(attributes, wanted) or "").lower()
        value = value.partition("-")[0] if wanted == "lang" else value
        if is_allowed_attribute(name, wanted, value):
            kept.append(f' {wanted}="{value}"')
    return "".join(kept)

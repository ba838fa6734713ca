"""Any HTML made balanced, shallow and valid, so that every parser reads it the same way.

Which elements and attributes a contribution may have stands here. It is the first step of
`consult.core.markup`, which trusts nothing of it and cleans the result again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

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
_DROPPED_WITH_CONTENT = frozenset(
    "script style title textarea noscript svg math template iframe noembed noframes xmp object"
    " select xml audio video canvas button datalist".split()
)
_LANGUAGES = frozenset(("en", "fr", "es"))
_DIRECTIONS = frozenset(("ltr", "rtl", "auto"))
WITH_LANGUAGE = frozenset(("p", "blockquote", "li"))

_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9:-]*+)"
    r"((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
)
_UGLY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*+)([^<>]*+)>")
_DECLARATION = re.compile(r"<[!?][A-Za-z\[/][^<>]*+>")
_ATTRIBUTE = re.compile(
    r"(?<![^\s\"'/])([A-Za-z]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][A-Za-z0-9]{1,40};)")


def is_allowed_attribute(tag: str, name: str, value: str) -> bool:
    """Tell whether an element of a contribution may have this attribute with this value."""
    if tag == "a":
        return name == "href" and safe_href(html.unescape(value)) is not None
    if name == "lang":
        return tag in WITH_LANGUAGE and value in _LANGUAGES
    if name == "dir":
        return tag in WITH_LANGUAGE and value in _DIRECTIONS
    return tag == "ol" and name == "start" and re.fullmatch(r"[0-9]{1,9}", value) is not None


class Tidier:
    """Turns any HTML into balanced, shallow HTML that every parser reads the same way.

    That is what makes the later passes quick and cleaning twice the same as cleaning once.
    Each `_open` element keeps where it begins in `_out` and whether something can be seen in it;
    one without is left out.
    """

    def __init__(self, *, paragraphs: bool) -> None:
        self._paragraphs = paragraphs
        self._out: list[str] = []
        self._open: list[str] = []
        self._begins: list[int] = []
        self._is_seen: list[bool] = []

    def tidied(self, source: str) -> str:
        """Return the tidy form of ``source``; use an instance once."""
        for kind, name, rest in _tokens(source):
            if kind == "text":
                self._text(rest)
            elif kind == "end":
                self._end(name)
            else:
                self._start(name, rest)
        while self._open:
            self._pop()
        return "".join(self._out)

    # Text.

    def _text(self, raw: str) -> None:
        text = clean_characters(_decoded(raw))
        if not text or text.isspace():
            if self._top() not in _LISTS | _TABLE_PARTS:
                self._put(text)
            return
        self._make_room_for_text()
        self._put(html.escape(text, quote=False))
        if self._open:
            self._is_seen[-1] = True

    def _put(self, text: str) -> None:
        if self._out and self._out[-1].startswith("<pre"):
            # Parsers drop a line end here, once each time they read.
            text = text.lstrip("\n")
        if text:
            self._out.append(text)

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
        if self._out[-1] != "</li>":
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
            self._out.append("<br>")
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
        href = safe_href(_attribute(attributes, "href") or "") if name == "a" else None
        if name == "a" and href is None:
            return
        self._make_room_for_text()
        self._push(name, f' href="{html.escape(href)}"' if href else "")

    def _start_block(self, name: str, attributes: str) -> None:
        self._pop_to(self._leaf_index())
        self._make_room()
        if name == "hr":
            self._out.append("<hr>")
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
        self._out.append(f"<{name}{attributes}>")

    def _pop_to(self, index: int) -> None:
        while len(self._open) > index:
            self._pop()

    def _pop(self) -> None:
        name, begin, is_seen = self._open.pop(), self._begins.pop(), self._is_seen.pop()
        if is_seen:
            self._out.append(f"</{name}>")
            self._is_seen[-1:] = [True] * len(self._is_seen[-1:])
            return
        blanks = self._out[begin + 1 :]
        del self._out[begin:]
        if name in _INLINE:
            for blank in blanks:
                self._put(blank)


def _tokens(source: str) -> Iterator[tuple[str, str, str]]:
    """Yield `(text | start | end, name, raw text or attributes)`; never more than linear time."""
    position, missing = 0, set[str]()
    while position < len(source):
        sign = source.find("<", position)
        if sign < 0:
            yield "text", "", source[position:]
            return
        if sign > position:
            yield "text", "", source[position:sign]
        position = _after_unseen(source, sign, missing)
        if position > sign:
            continue
        tag = _TAG.match(source, sign) or _UGLY_TAG.match(source, sign)
        if tag is None:
            yield "text", "", "&lt;"
            position = sign + 1
            continue
        name = tag[2].lower()
        position = tag.end()
        if name in _DROPPED_WITH_CONTENT and not tag[1]:
            position = _after(source, f"</{name}", position, missing)
        else:
            yield "end" if tag[1] else "start", _SAME_AS.get(name, name), tag[3]


def _after_unseen(source: str, sign: int, missing: set[str]) -> int:
    """Return where a comment or declaration that begins at ``sign`` is over, else ``sign``."""
    if source.startswith("<!--", sign):
        after = _after(source, "-->", sign + 2, missing)
        return after if after > sign + 2 else sign
    declaration = _DECLARATION.match(source, sign)
    return declaration.end() if declaration else sign


def _after(source: str, mark: str, position: int, missing: set[str]) -> int:
    """Return the place after the next ``mark``, whatever its case; ``position`` without one."""
    if mark in missing:
        return position
    found = re.compile(re.escape(mark), re.IGNORECASE | re.ASCII).search(source, position)
    if found is None:
        missing.add(mark)
        return position
    if mark == "-->":
        return found.end()
    close = source.find(">", found.end())
    return close + 1 if close >= 0 else found.end()


def _decoded(raw: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), raw)


def _attribute(attributes: str, wanted: str) -> str | None:
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == wanted:
            return clean_characters(_decoded(match[2] or match[3] or match[4] or ""))
    return None


def _kept_attributes(name: str, attributes: str) -> str:
    if not attributes.strip():
        return ""
    kept = []
    for attribute in ("lang", "dir", "start"):
        value = (_attribute(attributes, attribute) or "").lower()
        value = value.partition("-")[0] if attribute == "lang" else value
        if is_allowed_attribute(name, attribute, value):
            kept.append(f' {attribute}="{value}"')
    return "".join(kept)

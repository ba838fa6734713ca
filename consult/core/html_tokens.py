"""Reading any HTML as tags and text, in linear time, whatever it is.

Nothing is judged here, and nothing is trusted: `consult.core.tidy_html` decides what stays.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from consult.core.text import clean_characters

_DROPPED_WITH_CONTENT = frozenset(
    "script style title textarea noscript svg math template iframe noembed noframes xmp object"
    " select xml audio video canvas button datalist".split()
)
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


def tokens(source: str) -> Iterator[tuple[str, str, str]]:
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
            yield "end" if tag[1] else "start", name, tag[3]


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


def decoded(raw: str) -> str:
    """Return characters for their entities; named ones only with a semicolon."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), raw)


def attribute(attributes: str, wanted: str) -> str | None:
    """Return the decoded value of the first attribute named ``wanted``, or None."""
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == wanted:
            return clean_characters(decoded(match[2] or match[3] or match[4] or ""))
    return None

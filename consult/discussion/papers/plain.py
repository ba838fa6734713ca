"""Plain text: which bytes are one, and in which encoding."""

from __future__ import annotations

import codecs
import re

from consult.discussion.papers.shapes import PaperRefusal, Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
"""What no program for writing puts into a text; tab, line ends, form feed and NEL may be there."""
_BEGINS_LIKE_CODE = re.compile(r"\s*(?:<[!?a-z/%]|#!|@echo\b)", re.IGNORECASE)
_BEGINS_OTHERWISE = re.compile(r"\s*(?:\{\\rtf|%!ps|mime-version:)", re.IGNORECASE)
"""Rich text, PostScript, mail: documents of other kinds in letters."""
_HOLDS_MARKUP = re.compile(r"<(?:!doctype|html|script|svg|iframe)\b", re.IGNORECASE)
_OTHER_KIND = re.compile(r"%PDF-\d")


def decoded(content: bytes) -> str:
    """Return the text of plain bytes: UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises `Refused` for what is no text, and for a web page or a script in its clothes.
    """
    text = _characters(content)
    if _CONTROLS.search(text) or _BEGINS_OTHERWISE.match(text):
        raise Refused(PaperRefusal.NOT_A_KIND)
    if _BEGINS_LIKE_CODE.match(text) or _HOLDS_MARKUP.search(text):
        raise Refused(PaperRefusal.MARKUP)
    if _OTHER_KIND.search(text, 0, 1024):
        raise Refused(PaperRefusal.TWO_KINDS)
    return text


def _characters(content: bytes) -> str:
    if content.startswith(_UTF32):
        raise Refused(PaperRefusal.NOT_A_KIND)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _strictly(content, "cp1252")


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Refused(PaperRefusal.NOT_A_KIND) from None

"""DOCX: the body in its order, a table by rows, notes behind what they explain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.parser import parse_xml

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GAPS = {f"{_W}tab": " ", f"{_W}br": " ", f"{_W}cr": " ", f"{_W}noBreakHyphen": "\u2011"}
_NOTES = {
    f"{_W}footnoteReference": ("footnote", RELATIONSHIP_TYPE.FOOTNOTES),
    f"{_W}endnoteReference": ("endnote", RELATIONSHIP_TYPE.ENDNOTES),
}
_LEFT_OUT = frozenset((_FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr"))
_BOX = f"{_W}txbxContent"


def paragraphs(stream: IO[bytes]) -> tuple[int | None, Iterable[tuple[int | None, str]]]:
    """Return no number of pages, which only a program that prints knows, and the paragraphs."""
    document = docx.Document(stream)
    notes = {kind: _notes(document, kind, relation) for kind, relation in _NOTES.values()}
    return None, ((None, text) for text in _blocks(document.element.body, notes))


def _notes(document: Any, kind: str, relation: str) -> dict[str, str]:
    """Return the notes by number; the library keeps their part without reading it."""
    found = {}
    for related in document.part.rels.values():
        if related.reltype == relation and not related.is_external:
            for note in parse_xml(related.target_part.blob).iter(f"{_W}{kind}"):
                words = " ".join(_blocks(note, {}))
                if words:
                    found[note.get(f"{_W}id", "")] = words
    return found


def _blocks(element: Any, notes: dict[str, dict[str, str]]) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}p":
            yield from _paragraph(child, notes)
        elif child.tag == f"{_W}tr":
            cells = (" ".join(_blocks(cell, notes)) for cell in child.iter(f"{_W}tc"))
            yield " | ".join(cell for cell in cells if cell)
        elif child.tag not in _LEFT_OUT and isinstance(child.tag, str):
            yield from _blocks(child, notes)


def _paragraph(element: Any, notes: dict[str, dict[str, str]]) -> Iterator[str]:
    words: list[str] = []
    behind: list[str] = []
    boxes: list[Any] = []
    _collect(element, words, behind, boxes, notes)
    yield "".join(words)
    yield from behind
    for box in boxes:
        yield from _blocks(box, notes)


def _collect(
    element: Any,
    words: list[str],
    behind: list[str],
    boxes: list[Any],
    notes: dict[str, dict[str, str]],
) -> None:
    """Sort what stands in a paragraph into its words, its notes and its text boxes."""
    for child in element:
        if child.tag == f"{_W}t":
            words.append(child.text or "")
        elif child.tag in _GAPS:
            words.append(_GAPS[child.tag])
        elif child.tag in _NOTES:
            number = child.get(f"{_W}id", "")
            note = notes.get(_NOTES[child.tag][0], {}).get(number)
            if note:
                words.append(f" [{number}]")
                behind.append(f"[{number}] {note}")
        elif child.tag == _BOX:
            boxes.append(child)
        elif child.tag not in _LEFT_OUT and isinstance(child.tag, str):
            _collect(child, words, behind, boxes, notes)

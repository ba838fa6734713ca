"""ODT: the body in its order, a table by rows, notes behind what they explain."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO, Any

from odfdo import Document

_GAPS = frozenset(("text:line-break", "text:s", "text:tab"))
_PARAGRAPHS = frozenset(("text:h", "text:p"))
_LEFT_OUT = frozenset(
    (
        "office:annotation",
        "office:forms",
        "text:bibliography-configuration",
        "text:sequence-decls",
        "text:tracked-changes",
    )
)
_FRAMES = frozenset(("draw:a", "draw:frame", "draw:g", "draw:text-box"))


def paragraphs(stream: IO[bytes]) -> tuple[int | None, Iterable[tuple[int | None, str]]]:
    """Return no number of pages, which only a program that prints knows, and the paragraphs."""
    document = Document(io.BytesIO(stream.read()))
    return None, ((None, text) for text in _blocks(document.body))


def _blocks(element: Any) -> Iterator[str]:
    for child in element.children:
        if child.tag in _PARAGRAPHS:
            yield from _paragraph(child)
        elif child.tag == "table:table-row":
            cells = (" ".join(_blocks(cell)) for cell in child.children)
            yield " | ".join(cell for cell in cells if cell)
        elif child.tag not in _LEFT_OUT:
            yield from _blocks(child)


def _paragraph(element: Any) -> Iterator[str]:
    words: list[str] = []
    behind: list[str] = []
    frames: list[Any] = []
    _collect(element, words, behind, frames)
    yield "".join(words)
    yield from behind
    for frame in frames:
        yield from _blocks(frame)


def _collect(element: Any, words: list[str], behind: list[str], frames: list[Any]) -> None:
    """Sort what stands in a paragraph into its words, its notes and its frames."""
    words.append(element.text or "")
    for child in element.children:
        if child.tag in _GAPS:
            words.append(" ")
        elif child.tag == "text:note":
            mark, note = _note(child)
            words.append(f" [{mark}]")
            behind.append(f"[{mark}] {note}")
        elif child.tag in _FRAMES:
            frames.append(child)
        elif child.tag not in _LEFT_OUT:
            _collect(child, words, behind, frames)
        words.append(child.tail or "")


def _note(element: Any) -> tuple[str, str]:
    mark, words = "", []
    for child in element.children:
        if child.tag == "text:note-citation":
            mark = (child.text or "").strip()
        else:
            words += list(_blocks(child))
    return mark, " ".join(words)

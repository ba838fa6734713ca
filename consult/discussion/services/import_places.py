"""What an import knows before it writes: lines as they were read, and the places they stand at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from consult.core.errors import BrokenInput
from consult.discussion.interchange import (
    HeaderLine,
    QuestionLine,
    TextLine,
    parse,
)
from consult.discussion.services.texts import PreparedText
from consult.discussion.services.threads import ordinal
from consult.discussion.states import ContributionKind

MAX_LINE = 4 * 1024 * 1024
"""Bytes of one line; fifty thousand escaped characters are far less."""
CHUNK = 500
"""Rows of one statement."""

Key = tuple[str | None, str]
"""Source and id; for what was written here None and the UUID."""
T = TypeVar("T")


@dataclass(frozen=True)
class Parsed:
    """A line with where it stands and the source that its ids belong to."""

    file: str
    number: int
    line: TextLine
    source: str | None

    @property
    def key(self) -> Key:
        """Source and id of the text."""
        return self.source, self.line.id

    @property
    def kind(self) -> ContributionKind:
        """What the line tells of."""
        return ContributionKind(self.line.type)

    def wrong(self, message: str) -> BrokenInput:
        """Return the error that names this line."""
        return BrokenInput(self.file, self.number, message)


@dataclass
class QuestionRef:
    """A question, there already or to be made."""

    space_id: int
    number: int = 0
    id: int = 0


@dataclass
class SpaceFacts:
    """What lines of a space may name."""

    id: int
    slug: str
    code: str
    forum_id: int
    objectives: dict[int, int]
    """Ids of objectives under review by number."""
    categories: dict[str, int]
    regions: dict[str, int]
    by_number: dict[int, QuestionRef] = field(default_factory=dict)
    by_id: dict[int, QuestionRef] = field(default_factory=dict)


@dataclass
class AuthorDraft:
    """Who speaks; `id` is 0 until the row is there."""

    forum_id: int
    source: str | None
    external_id: str | None
    name: str
    organisation: str | None = None
    category: str | None = None
    country: str | None = None
    region: str | None = None
    on_behalf_of: str | None = None
    is_erased: bool = False
    id: int = 0


@dataclass(frozen=True)
class File:
    """A file to be kept with a text."""

    name: str
    media_type: str
    sha256: str
    path: Path


@dataclass(eq=False)
class Node:
    """A contribution at its place in a thread: a row that is there, or one to be made."""

    key: Key
    kind: ContributionKind
    space: SpaceFacts
    question: QuestionRef | None
    own: QuestionRef | None = None
    """The row of a participant's question that was once public."""
    parent: Node | None = None
    root: Node | None = None
    """First comment of the thread; None for that one itself."""
    id: int = 0
    path: str = ""
    depth: int = 1
    ordinal: int | None = None
    next_child: int = 1
    new_replies: int = 0
    """Public ones that this import adds to the thread; kept on its first comment."""
    was_public: bool = False
    parsed: Parsed | None = None
    author: AuthorDraft | None = None
    source: str | None = None
    """The words as they will be kept; None for a tombstone."""
    prepared: PreparedText | None = None
    files: tuple[File, ...] = ()
    reference: str | None = None

    @property
    def line(self) -> TextLine:
        """The line of a contribution to be made."""
        if self.parsed is None:
            raise ValueError("a row that is there has no line of its own")
        return self.parsed.line

    @property
    def is_public(self) -> bool:
        """Whether readers will get the text of a contribution to be made."""
        return self.line.state == "published" and self.line.removed == "none"


def read(path: Path, *, source: str | None) -> tuple[HeaderLine | None, list[Parsed]]:
    """Return the header, if there is one, and the lines of a file.

    `source` names the file in the ids of its lines; None takes the name without suffix. Raises
    `BrokenInput` for the first line that cannot be read.
    """
    own_source = source or path.stem
    header: HeaderLine | None = None
    lines: list[Parsed] = []
    for number, text in _texts(path):
        line = parse(text, source=str(path), number=number)
        if isinstance(line, HeaderLine):
            if header is not None or lines:
                raise BrokenInput(str(path), number, "Keep the header as the first line only.")
            header = line
            continue
        lines.append(
            Parsed(str(path), number, line, line.source if line.says_source else own_source)
        )
    return header, lines


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(MAX_LINE + 1), b""), 1):
            if len(raw) > MAX_LINE:
                raise BrokenInput(
                    str(path), number, f"Shorten this line to at most {MAX_LINE:,} bytes."
                )
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise BrokenInput(
                    str(path), number, f"Save the file as UTF-8: byte {error.start + 1} is not."
                ) from None
            if text.strip():
                yield number, text


def order_threads(roots: Sequence[Node], *, now: dt.datetime) -> None:
    """Give threads of one question, in the order of the file, their ordinal.

    A dated one goes by its instant. An undated one follows the thread before it, else it comes
    just before the next dated one, else now; equal ordinals go by row id, the order of the file.
    """
    previous: int | None = None
    for root in roots:
        if root.ordinal is None and root.line.created_at is not None:
            root.ordinal = ordinal(root.line.created_at)
        if root.ordinal is None:
            root.ordinal = previous
        previous = root.ordinal
    following = ordinal(now)
    for root in reversed(roots):
        if root.ordinal is None:
            root.ordinal = following
        following = root.ordinal


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield a sequence in pieces that fit into one statement."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def asks(parsed: Parsed) -> Iterator[Key]:
    """Yield the keys of contributions that a line names: its own, its parent, its question."""
    yield parsed.key
    line = parsed.line
    if isinstance(line, QuestionLine):
        return
    if line.parent is not None:
        yield parsed.source, line.parent
    if isinstance(line.question, str):
        yield parsed.source, line.question

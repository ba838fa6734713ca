"""What every writer takes: a header, the questions and the rows, as plain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """What an export says about itself: where from, by which filter, as of when, how much."""

    forum: str
    forum_title: str
    space: str
    space_title: str
    space_code: str
    as_of: str | None
    """ISO 8601 in UTC: the newest public change in the space, never the clock."""
    filter: dict[str, Any]
    counts: dict[str, int]
    """``questions``, ``comments`` and ``context``."""
    sha256: str
    """``checksum`` of the rows."""
    locale: str
    labels: Mapping[str, str]
    generated_role: str


@dataclass(frozen=True, slots=True)
class ExportQuestion:
    """A question as a heading."""

    number: int
    text: str
    kind: Literal["guiding", "participant"] = "guiding"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """One line: a comment, or a question posed by a participant.

    Rows come by question (a participant's question before its answers), then parents before
    children. ``html`` must come from ``consult.core.markup``; ``text`` is the plain text of it.
    """

    type: Literal["question", "comment"]
    id: str
    source: str | None = None
    space: str
    question: int | str | None = None
    """The number of a guiding question or the id of a question line; unused on question lines."""
    number: int | None = None
    kind: str | None = None
    parent: str | None = None
    author: Mapping[str, Any] | None = None
    language: str | None = None
    format: str = "markdown"
    body: str | None = None
    html: str | None = None
    text: str = ""
    objectives: Sequence[int] = ()
    tags: Sequence[Mapping[str, Any]] = ()
    state: str = "published"
    created_at: str | None = None
    published_at: str | None = None
    edited_at: str | None = None
    reference: str | None = None
    context: bool = False
    removed: str = "none"
    attachments: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    depth: int = 0
    permalink: str = ""
    in_reply_to: str | None = None
    category_label: str | None = None
    region_label: str | None = None
    language_label: str | None = None
    unconfirmed: bool = False
    """Filed for its author, who has not confirmed it yet; marked, and in no count."""

    @property
    def is_tombstone(self) -> bool:
        """Tell whether only the place in the thread is left; such a row shows no word of it."""
        return self.removed != "none" or self.author is None

    @property
    def plain_text(self) -> str:
        """Give the plain text, or nothing for a tombstone."""
        return "" if self.is_tombstone else self.text

    def author_value(self, key: str) -> str:
        """Give one of the author's details as text; empty where there is none."""
        if self.is_tombstone or self.author is None:
            return ""
        return str(self.author.get(key) or "")


class Writer(Protocol):
    """Writes one file of one format."""

    def __call__(
        self,
        path: Path,
        header: ExportHeader,
        questions: Sequence[ExportQuestion],
        rows: Iterable[ExportRow],
    ) -> None:
        """Write ``path`` in one step, reading ``rows`` once; nothing is left if that fails."""

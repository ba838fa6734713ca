"""The shapes of an export's lines: plain values, without a database behind them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from consult.discussion.states import ContributionKind, Removed, RevisionState


@dataclass(frozen=True)
class Finding:
    """What a search found, and what it was, as the header of an export tells it."""

    references: frozenset[str]
    """Of the public texts that were found; whether they are exported is decided again."""
    words: str = ""
    region: str | None = None
    kind: str | None = None
    month: str | None = None
    is_across: bool = True
    """Whether the glossary brought other words and languages."""
    needed: str | None = None
    """Which of the words a text must have: `all`, or `some` where such ones are among them."""


@dataclass(frozen=True)
class ExportFilter:
    """What an export is narrowed to; empty conditions do not narrow."""

    objectives: tuple[int, ...] = ()
    """Numbers; a text with any of them matches."""
    questions: tuple[int, ...] = ()
    language: str | None = None
    category: str | None = None
    state: RevisionState = RevisionState.PUBLISHED
    finding: Finding | None = None
    """Only what a search found; None for everything."""

    @property
    def is_narrowed(self) -> bool:
        """Whether something is left out, so that what is kept for its replies gets marked."""
        return bool(
            self.objectives
            or self.questions
            or self.language
            or self.category
            or self.state != RevisionState.PUBLISHED
            or self.finding is not None
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which text of a contribution is told, and whether only for what hangs on it."""

    revision_id: int | None = None
    """None for the published one."""
    context: bool = False


@dataclass(frozen=True, slots=True)
class LineAuthor:
    """Who speaks, as readers see it; a pseudonym keeps only the category."""

    id: str
    name: str
    organisation: str | None
    category: str | None
    country: str | None
    region: str | None
    on_behalf_of: str | None


@dataclass(frozen=True, slots=True)
class LineTag:
    """An objective of a span, or one that a moderator gave."""

    objective: int
    start: int | None
    end: int | None
    by: str


@dataclass(frozen=True, slots=True)
class LineAttachment:
    """A file that came with a text."""

    name: str
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One contribution; of a removed one only its place in the thread."""

    kind: ContributionKind
    id: str
    source: str | None
    space: str
    question: int | str | None
    """The number of a guiding question, or the id of a participant's one; None for a question."""
    number: int | None
    """A participant's question's own number."""
    parent: str | None
    in_reply_to: str | None
    """The reference of the parent."""
    author: LineAuthor | None
    language: str | None
    format: str
    body: str | None
    html: str
    text: str
    objectives: tuple[int, ...]
    tags: tuple[LineTag, ...]
    state: RevisionState
    created_at: dt.datetime | None
    published_at: dt.datetime | None
    edited_at: dt.datetime | None
    reference: str | None
    context: bool
    """Outside the filter, kept for what hangs on it."""
    removed: Removed
    attachments: tuple[LineAttachment, ...]
    depth: int
    permalink: str
    is_unconfirmed: bool = False
    """Filed for its author, who has not confirmed it yet."""

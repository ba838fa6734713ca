"""The shapes of a page's rows: plain values, their words looked up before the template's loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from consult.core.i18n import DEFAULT_LOCALE, gettext, language_label, locale
from consult.core.markup import SafeHtml
from consult.discussion.states import Removed, RevisionState
from consult.spaces.queries import ObjectiveRow

Key = tuple[object, ...]
"""All that a public text's HTML is made from, apart from what the whole page shares."""
Known = Callable[[Key], Markup | None]
"""Gives the HTML that was rendered for a key, None where there is none."""


def nothing_known(_key: Key) -> None:
    """Know no HTML, so that every row is built."""
    return


NO_HTML = SafeHtml.from_storage("")


@dataclass(slots=True)
class Row:
    """A contribution as a page shows it, or the nameless place of one that was removed."""

    name: str
    """Reference, or the receipt of an own text that waits; used in addresses."""
    anchor: str
    level: int
    """Step of indentation, 0 for a thread's first comment."""
    author: str = ""
    affiliation: str = ""
    """Organisation, category, on whose behalf, in one line."""
    sent_label: str = ""
    sent_iso: str = ""
    edited_label: str | None = None
    language: str = ""
    language_label: str = ""
    html: SafeHtml = NO_HTML
    rest_html: SafeHtml | None = None
    """What is folded away; None where the text is short."""
    words: int = 0
    objectives: tuple[tuple[int, str], ...] = ()
    """Number and label of each."""
    reply_to: tuple[str, str] | None = None
    """Name and reference of what it answers."""
    reply_is_here: bool = False
    """What it answers stands on the same page."""
    tombstone: str | None = None
    """Why the place is empty; None for a text."""
    is_public: bool = False
    is_own: bool = False
    state: RevisionState | None = None
    """State of the own text where it is not simply published."""
    key: Key | None = None
    """Under which its HTML may be kept; None where it shows something to its author only."""
    begins_list: bool = False
    """A list of replies begins before this row, inside the item of the row before it."""
    ends: int = 0
    """-1: replies follow inside this row's item; n: the item and n lists around it end."""

    fragment: ClassVar[None] = None


@dataclass(slots=True)
class Kept:
    """A public contribution whose HTML was rendered before."""

    fragment: Markup
    level: int
    begins_list: bool = False
    ends: int = 0


@dataclass(frozen=True)
class Labels:
    """Words that rows need, looked up once for a page."""

    tombstones: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    on_behalf: str = ""
    zone: str | None = None
    locale: str = DEFAULT_LOCALE
    objectives: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Number and label by id, of those that the page has read already."""


def labels(*, zone: str | None, objectives: Iterable[ObjectiveRow] = ()) -> Labels:
    """Return the words in the current locale; `zone` is the one in which hours are told."""
    return Labels(
        tombstones={
            Removed.HIDDEN: gettext("This contribution was hidden by the moderators"),
            Removed.WITHDRAWN: gettext("This contribution was withdrawn by its author"),
            Removed.ERASED: gettext("This contribution was erased"),
        },
        languages={code: language_label(code) for code in ("en", "fr", "es")},
        on_behalf=gettext("on behalf of %(group)s", group="\x00"),
        zone=zone,
        locale=locale(),
        objectives={one.id: (one.number, one.label) for one in objectives},
    )


def nest(rows: Sequence[Row | Kept]) -> None:
    """Say for each row whether it begins a list of replies and how many lists end after it.

    A page may begin in the middle of a thread: no row stands more than one step deeper than
    the row before it, so that the lists always close.
    """
    before: Row | Kept | None = None
    for row in rows:
        row.level = min(row.level, before.level + 1) if before else 0
        if before is not None:
            row.begins_list = row.level > before.level
            before.ends = before.level - row.level
        before = row
    if before is not None:
        before.ends = before.level

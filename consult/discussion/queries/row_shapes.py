"""The shapes of a page's rows: plain values, their words looked up before the template's loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from consult.core.i18n import DEFAULT_LOCALE, gettext, language_label, locale, pgettext
from consult.core.markup import SafeHtml
from consult.discussion.queries.attachments import AttachmentRow
from consult.discussion.states import Capacity, Removed, RevisionState
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
    level: int = 0
    """Step of indentation, 0 for what stands under nothing else on the page."""
    author: str = ""
    badges: tuple[str, ...] = ()
    """In which capacity its author speaks, whether it is an official answer, and whether nobody
    has confirmed yet that it is theirs."""
    affiliation: str = ""
    """Organisation, category, on whose behalf, in one line."""
    sent_label: str = ""
    sent_iso: str = ""
    edited_label: str | None = None
    redacted: str | None = None
    """When and why moderators took something out of the text, in one sentence."""
    language: str = ""
    language_label: str = ""
    html: SafeHtml = NO_HTML
    rest_html: SafeHtml | None = None
    """What is folded away; None where the text is short."""
    words: int = 0
    objectives: tuple[tuple[int, str], ...] = ()
    """Number and label of each."""
    files: tuple[AttachmentRow, ...] = ()
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
    news: str = ""
    """`new` or `changed` since the reader's last visit."""
    replies: int = 0
    """How many rows stand below it on the page; counted where its own level is 0."""
    begins_list: bool = False
    """A list of replies begins before this row, inside the item of the row before it."""
    ends: int = 0
    """-1: replies follow inside this row's item; n: the item and n lists around it end."""
    ends_thread: bool = False
    """After that the list of all replies to a row of level 0 ends too."""

    fragment: ClassVar[None] = None


@dataclass(slots=True)
class Kept:
    """A public contribution whose HTML was rendered before; fields as in `Row`."""

    name: str
    anchor: str
    fragment: Markup
    author: str = ""
    """Only where replies follow, whose list says to whom they reply."""
    level: int = 0
    news: str = ""
    replies: int = 0
    begins_list: bool = False
    ends: int = 0
    ends_thread: bool = False


@dataclass(frozen=True)
class Labels:
    """Words that rows need, looked up once for a page."""

    tombstones: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    on_behalf: str = ""
    capacities: Mapping[str, str] = field(default_factory=dict)
    official: str = ""
    unconfirmed: str = ""
    zone: str | None = None
    locale: str = DEFAULT_LOCALE
    objectives: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Number and label by id, of those that the page has read already."""
    holds: bool = True
    """Whether nobody gets a file before its virus scan."""


def labels(*, zone: str | None, holds: bool, objectives: Iterable[ObjectiveRow] = ()) -> Labels:
    """Return the words in the current locale; `zone` is the one in which hours are told, `holds`
    says whether nobody gets a file before its virus scan.
    """
    return Labels(
        holds=holds,
        tombstones={
            Removed.HIDDEN: gettext("This contribution was hidden by the moderators"),
            Removed.WITHDRAWN: gettext("This contribution was withdrawn by its author"),
            Removed.ERASED: gettext("This contribution was erased"),
        },
        languages={code: language_label(code) for code in ("en", "fr", "es")},
        on_behalf=gettext("on behalf of %(group)s", group="\x00"),
        capacities={
            Capacity.MODERATOR: pgettext("badge", "Moderator"),
            Capacity.DRAFTER: pgettext("badge", "Drafting agency"),
            Capacity.SECRETARIAT: pgettext("badge", "Secretariat"),
        },
        official=gettext("Official answer"),
        unconfirmed=unconfirmed_words(),
        zone=zone,
        locale=locale(),
        objectives={one.id: (one.number, one.label) for one in objectives},
    )


def unconfirmed_words() -> str:
    """Return what marks a text that was filed for somebody who has not confirmed it yet."""
    return gettext("Entered by the secretariat, not confirmed yet")


Place = tuple[int | None, str]
"""Thread and path of a row."""


def nest(rows: Sequence[Row | Kept], places: Sequence[Place], *, most: int) -> None:
    """Say for each row how far it is indented, up to `most` steps, and where lists begin and end.

    A row stands under the nearest one above it in its thread that is on the page: a page may
    begin in the middle of a thread, and a filter may leave parents out.
    """
    above: list[Place] = []
    root = before = None
    for row, place in zip(rows, places, strict=True):
        while above and not _is_below(place, above[-1]):
            above.pop()
        row.level = min(len(above), most)
        above.append(place)
        if before is not None:
            _end(before, level=row.level)
            row.begins_list = row.level > before.level
        if row.level == 0:
            root = row
        elif root is not None:
            root.replies += 1
        before = row
    if before is not None:
        _end(before, level=0)


def _is_below(place: Place, other: Place) -> bool:
    return place[0] == other[0] and place[1].startswith(other[1])


def _end(row: Row | Kept, *, level: int) -> None:
    """Say which lists end after a row, given the level of the next one."""
    row.ends = row.level - level
    row.ends_thread = level == 0 and row.level > 0
    row.ends -= row.ends_thread

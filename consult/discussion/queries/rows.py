"""How a contribution is shown: one flat row, its labels ready before the template's loop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, null, select
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.i18n import format_instant, gettext, language_label
from consult.core.markup import SafeHtml
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import public_contributions
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Author, Category, Objective, Organisation
from consult.spaces.queries import shown_author

FOLD_AFTER = 1200
"""Characters of text after which the rest is folded; it stays in the page."""
INDENTS = 3
"""Steps of indentation; deeper replies are flat and say in words what they answer."""


NESTING = ("ul", "ol", "blockquote", "table")
"""Elements inside which a text is never cut."""


@dataclass(frozen=True, slots=True)
class Row:
    """A contribution as a page shows it, or the nameless place of one that was removed."""

    name: str
    """Reference, or the receipt of an own text that waits; used in addresses."""
    anchor: str
    author: str
    affiliation: str
    """Organisation, category, on whose behalf, in one line."""
    sent_label: str
    sent_iso: str
    edited_label: str | None
    language: str
    language_label: str
    html: SafeHtml
    rest_html: SafeHtml | None
    """What is folded away; None where the text is short."""
    words: int
    objectives: tuple[tuple[int, str], ...]
    """Number and label of each."""
    reply_to: tuple[str, str] | None
    """Name and reference of what it answers."""
    tombstone: str | None
    """Why the place is empty; None for a text."""
    level: int
    """Step of indentation, 0 for a thread's first comment."""
    is_public: bool
    is_own: bool
    state: RevisionState | None
    """State of the own text where it is not simply published."""
    begins_list: bool = False
    """A list of replies begins before this row, inside the item of the row before it."""
    ends: int = 0
    """-1: replies follow inside this row's item; n: the item and n lists around it end."""


@dataclass(frozen=True)
class Labels:
    """Words that rows need, looked up once for a page."""

    tombstones: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    on_behalf: str = ""
    zone: str | None = None


def labels(*, zone: str | None) -> Labels:
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
    )


Parent = aliased(Contribution, name="parent")
ParentAuthor = aliased(Author, name="parent_author")
ParentOrganisation = aliased(Organisation, name="parent_organisation")


def shown_revision(actor: Actor) -> ColumnElement[Any]:
    """Return the id of the revision that a page shows: the public one, an own waiting one."""
    own = Contribution.author_id.in_(sorted(actor.author_ids))
    return case(
        (public_contributions(), Contribution.published_revision_id),
        (
            and_(own, Contribution.removed == Removed.NONE),
            Contribution.open_revision_id,
        ),
        else_=null(),
    )


def select_rows(actor: Actor, *, revision: ColumnElement[Any] | None = None) -> Select[Any]:
    """Return the statement whose rows `build` turns into `Row`s; add conditions and an order."""
    shown = shown_revision(actor) if revision is None else revision
    parent_is_public = and_(
        Parent.published_revision_id.is_not(None), Parent.removed == Removed.NONE
    )
    return (
        select(
            Contribution.id,
            Contribution.reference,
            Contribution.receipt,
            Contribution.depth,
            Contribution.removed,
            Contribution.author_id,
            Contribution.published_revision_id,
            Contribution.sent_at,
            Contribution.edited_at,
            Contribution.thread_id,
            Contribution.parent_id,
            Revision.id.label("revision_id"),
            Revision.state,
            Revision.html,
            Revision.words,
            Revision.language,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
            case((parent_is_public, Parent.reference), else_=null()).label("parent_reference"),
            case((parent_is_public, ParentAuthor.name), else_=null()).label("parent_name"),
            ParentAuthor.display.label("parent_display"),
            ParentAuthor.pseudonym_number.label("parent_pseudonym"),
            ParentOrganisation.name.label("parent_organisation"),
        )
        .select_from(Contribution)
        .outerjoin(Revision, Revision.id == shown)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(Parent, Parent.id == Contribution.parent_id)
        .outerjoin(ParentAuthor, ParentAuthor.id == Parent.author_id)
        .outerjoin(ParentOrganisation, ParentOrganisation.id == ParentAuthor.organisation_id)
    )


def public_tags(
    session: Session, revision_ids: Iterable[int]
) -> dict[int, tuple[tuple[int, str], ...]]:
    """Return number and label of the objectives of each revision, as the public sees them."""
    ids = sorted(revision_ids)
    found: dict[int, dict[int, str]] = {}
    if ids:
        for revision_id, number, short_title in session.execute(
            select(RevisionTag.revision_id, Objective.number, Objective.short_title)
            .join(Objective, Objective.id == RevisionTag.objective_id)
            .where(RevisionTag.revision_id.in_(ids), RevisionTag.is_public)
            .order_by(RevisionTag.revision_id, Objective.number)
        ):
            found.setdefault(revision_id, {})[number] = f"{number} – {short_title}"
    return {revision_id: tuple(tags.items()) for revision_id, tags in found.items()}


def build(session: Session, raw: Sequence[Any], *, actor: Actor, words: Labels) -> list[Row]:
    """Turn database rows, in the order they are shown, into rows of a page."""
    tags = public_tags(session, (r.revision_id for r in raw if r.revision_id is not None))
    rows = [
        _tombstone(r, words=words)
        if r.revision_id is None
        else _row(r, tags=tags.get(r.revision_id, ()), actor=actor, words=words)
        for r in raw
    ]
    return nested(rows)


def nested(rows: list[Row]) -> list[Row]:
    """Say for each row whether it begins a list of replies and how many lists end after it.

    A page may begin in the middle of a thread: no row stands more than one step deeper than
    the row before it, so that the lists always close.
    """
    levels: list[int] = []
    for row in rows:
        levels.append(min(row.level, levels[-1] + 1) if levels else 0)
    result = []
    for position, row in enumerate(rows):
        level = levels[position]
        before = levels[position - 1] if position else 0
        after = levels[position + 1] if position + 1 < len(rows) else 0
        result.append(_with(row, level=level, begins_list=level > before, ends=level - after))
    return result


def _with(row: Row, **changes: Any) -> Row:
    values = {name: getattr(row, name) for name in Row.__slots__}
    return Row(**values | changes)


def _level(depth: int) -> int:
    return min(depth - 1, INDENTS)


def _tombstone(r: Any, *, words: Labels) -> Row:
    name = r.reference or ""
    return Row(
        name=name,
        anchor=name.lower(),
        author="",
        affiliation="",
        sent_label="",
        sent_iso="",
        edited_label=None,
        language="",
        language_label="",
        html=SafeHtml.from_storage(""),
        rest_html=None,
        words=0,
        objectives=(),
        reply_to=None,
        tombstone=words.tombstones.get(r.removed, words.tombstones.get(Removed.ERASED, "")),
        level=_level(r.depth),
        is_public=False,
        is_own=False,
        state=None,
    )


def _row(r: Any, *, tags: tuple[tuple[int, str], ...], actor: Actor, words: Labels) -> Row:
    public = r.published_revision_id is not None and r.removed == Removed.NONE
    name = r.reference or r.receipt or ""
    author = shown_author(
        display=r.display,
        name=r.name,
        organisation=r.organisation,
        category=r.category,
        on_behalf_of=r.on_behalf_of,
        pseudonym_number=r.pseudonym_number,
    )
    group = author.on_behalf_of
    affiliation = " · ".join(
        part
        for part in (
            author.organisation,
            str(author.category) if author.category else None,
            words.on_behalf.replace("\x00", group) if group else None,
        )
        if part
    )
    head, rest = fold(r.html)
    sent_at: dt.datetime | None = r.sent_at
    return Row(
        name=name,
        anchor=name.lower(),
        author=author.name,
        affiliation=affiliation,
        sent_label=format_instant(sent_at, zone_name=words.zone) if sent_at else "",
        sent_iso=sent_at.isoformat() if sent_at else "",
        edited_label=format_instant(r.edited_at, zone_name=words.zone) if r.edited_at else None,
        language=r.language,
        language_label=words.languages.get(r.language, r.language),
        html=SafeHtml.from_storage(head),
        rest_html=SafeHtml.from_storage(rest) if rest else None,
        words=r.words,
        objectives=tags,
        reply_to=_reply_to(r),
        tombstone=None,
        level=_level(r.depth),
        is_public=public,
        is_own=r.author_id in actor.author_ids,
        state=None if r.state == RevisionState.PUBLISHED else RevisionState(r.state),
    )


def _reply_to(r: Any) -> tuple[str, str] | None:
    if r.parent_reference is None or r.parent_name is None:
        return None
    parent = shown_author(
        display=r.parent_display,
        name=r.parent_name,
        organisation=r.parent_organisation,
        category=None,
        on_behalf_of=None,
        pseudonym_number=r.parent_pseudonym,
    )
    return parent.name, r.parent_reference


def fold(html: str) -> tuple[str, str]:
    """Split rendered HTML after a paragraph near the fold; the rest is empty for short texts.

    Only between blocks at the top level: the cut is taken where no element is open.
    """
    if len(html) <= FOLD_AFTER * 1.4:
        return html, ""
    at = html.find("</p>", FOLD_AFTER)
    while at != -1:
        cut = at + len("</p>")
        head = html[:cut]
        if all(
            head.count(f"<{tag}") == head.count(f"</{tag}>") for tag in ("ul", "ol", "blockquote")
        ):
            rest = html[cut:].strip()
            return (head, rest) if len(rest) > FOLD_AFTER // 4 else (html, "")
        at = html.find("</p>", cut)
    return html, ""

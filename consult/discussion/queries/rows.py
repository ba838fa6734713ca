"""How a contribution is shown: one flat row, its labels ready before the template's loop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, null, select
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.i18n import format_instant
from consult.core.markup import SafeHtml
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import official_answers, own_texts, public_contributions
from consult.discussion.queries import attachments
from consult.discussion.queries.redactions import reasons_of, redaction_words
from consult.discussion.queries.row_shapes import Kept as Kept
from consult.discussion.queries.row_shapes import Key as Key
from consult.discussion.queries.row_shapes import Known as Known
from consult.discussion.queries.row_shapes import Labels as Labels
from consult.discussion.queries.row_shapes import Row as Row
from consult.discussion.queries.row_shapes import labels as labels
from consult.discussion.queries.row_shapes import nest
from consult.discussion.queries.row_shapes import nothing_known as nothing_known
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Author, Category, Objective, Organisation
from consult.spaces.queries import shown_author, shown_in

FOLD_AFTER = 1200
"""Characters of text after which the rest is folded; it stays in the page."""
INDENTS = 3
"""Steps of indentation; deeper replies are flat and say in words what they answer."""

KEY_COLUMNS = 10
"""How many columns of `select_rows` belong to the key of a fragment."""

Objectives = tuple[tuple[int, str], ...]

Parent = aliased(Contribution, name="parent")
ParentAuthor = aliased(Author, name="parent_author")
ParentOrganisation = aliased(Organisation, name="parent_organisation")


def shown_revision(actor: Actor | None) -> ColumnElement[Any]:
    """Return the id of the revision that a page shows: the public one, an own waiting one."""
    return case(
        (public_contributions(), Contribution.published_revision_id),
        (
            and_(own_texts(actor), Contribution.removed == Removed.NONE),
            Contribution.open_revision_id,
        ),
        else_=null(),
    )


def select_rows(actor: Actor | None, *, revision: ColumnElement[Any] | None = None) -> Select[Any]:
    """Return the statement whose rows `build` takes; add conditions and an order.

    Without an actor it fits everybody: their authors are the parameter `AUTHOR_IDS`.
    """
    shown = shown_revision(actor) if revision is None else revision
    parent_is_public = and_(
        Parent.published_revision_id.is_not(None), Parent.removed == Removed.NONE
    )
    return (
        select(
            # The first columns are a fragment's key: see `_key`.
            Contribution.uid,
            Contribution.public_version,
            Revision.id.label("revision_id"),
            Author.version.label("author_version"),
            case((parent_is_public, Parent.reference), else_=null()).label("parent_reference"),
            Parent.public_version.label("parent_version"),
            ParentAuthor.version.label("parent_author_version"),
            Contribution.capacity,
            official_answers().label("is_official"),
            Contribution.is_unconfirmed,
            Contribution.reference,
            Contribution.receipt,
            Contribution.thread_id,
            Contribution.path,
            Contribution.removed,
            Contribution.author_id,
            Contribution.published_revision_id,
            Contribution.sent_at,
            Contribution.first_published_at,
            Contribution.edited_at,
            Revision.state,
            Revision.html,
            Revision.words,
            Revision.language,
            Revision.redacted_for,
            Revision.decided_at.label("text_decided_at"),
            _objective_ids().label("objective_ids"),
            attachments.packed().label("files"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
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


def _objective_ids() -> ColumnElement[Any]:
    """Return the public objectives of a row's text as one string, so that a page needs no second
    statement; their labels are looked up once for the page.
    """
    return (
        select(func.aggregate_strings(cast(RevisionTag.objective_id, String), ","))
        .where(RevisionTag.revision_id == Revision.id, RevisionTag.is_public)
        .correlate(Revision)
        .scalar_subquery()
    )


def build(session: Session, raw: Sequence[Any], *, actor: Actor, words: Labels) -> list[Row]:
    """Turn database rows, in the order they are shown, into rows of a page."""
    rows = build_unknown(session, raw, actor=actor, words=words, known=nothing_known)
    return [row for row in rows if isinstance(row, Row)]


def build_unknown(
    session: Session,
    raw: Sequence[Any],
    *,
    actor: Actor,
    words: Labels,
    known: Known,
    since: dt.datetime | None = None,
) -> list[Row | Kept]:
    """Do as `build`, but take the HTML of public texts whose keys are known as it is.

    With `since`, texts of others that are new or were changed after it are marked.
    """
    here = {r.reference for r in raw if r.reference}
    tags = _tags(session, {r.objective_ids for r in raw if r.objective_ids}, words=words)
    reasons = reasons_of(session, [r.revision_id for r in raw if r.redacted_for])
    rows: list[Row | Kept] = []
    for r in raw:
        if r.revision_id is None:
            rows.append(_tombstone(r, words=words))
            continue
        is_here = r.parent_reference in here
        objectives = tags.get(r.objective_ids, ())
        reason = reasons.get(r.revision_id, "")
        key = _key(r, actor=actor, is_here=is_here, objectives=objectives, words=words)
        key = (*key, reason) if key and reason else key
        fragment = known(key) if key else None
        if fragment is not None:
            rows.append(Kept(r.reference, r.reference.lower(), fragment))
            continue
        row = _row(r, objectives=objectives, is_here=is_here, words=words)
        row.redacted = (
            redaction_words(r, reason=reason, zone=words.zone) if r.redacted_for else None
        )
        row.is_own, row.key = r.author_id in actor.author_ids, key
        rows.append(row)
    nest(rows, [(r.thread_id, r.path) for r in raw], most=INDENTS)
    for made, r in zip(rows, raw, strict=True):
        if since is not None:
            made.news = _news(r, actor=actor, since=since)
        if made.replies and isinstance(made, Kept):
            made.author = shown_in(r).name
    return rows


def _news(r: Any, *, actor: Actor, since: dt.datetime) -> str:
    if r.author_id in actor.author_ids or not _is_public(r):
        return ""
    if r.first_published_at is not None and r.first_published_at > since:
        return "new"
    return "changed" if r.edited_at is not None and r.edited_at > since else ""


def _tags(session: Session, found: Iterable[str], *, words: Labels) -> dict[str, Objectives]:
    """Return numbers and labels for each list of objectives; one statement for unknown ones."""
    ids = {text: {int(part) for part in text.split(",")} for text in found}
    by_id = dict(words.objectives)
    unknown = {one for some in ids.values() for one in some} - by_id.keys()
    if unknown:
        statement = select(Objective.id, Objective.number, Objective.short_title)
        for key, number, title in session.execute(
            statement.where(Objective.id.in_(sorted(unknown)))
        ):
            by_id[key] = number, f"{number} – {title}"
    return {text: tuple(sorted(by_id[one] for one in some)) for text, some in ids.items()}


def _is_public(r: Any) -> bool:
    return r.published_revision_id is not None and bool(r.removed == Removed.NONE)


def _key(
    r: Any, *, actor: Actor, is_here: bool, objectives: Objectives, words: Labels
) -> Key | None:
    """Return what the HTML of a public text depends on; None for whoever sees more of it.

    The versions of the model cover its words and its names; labels of the definition stand in
    the key themselves, because a definition that is loaded anew raises no contribution's version.
    """
    if r.author_id in actor.author_ids or not _is_public(r):
        return None
    category = r.category.in_(words.locale) if r.category else None
    return (*r[:KEY_COLUMNS], is_here, category, objectives)


def _tombstone(r: Any, *, words: Labels) -> Row:
    name = r.reference or ""
    told: Mapping[str, str] = words.tombstones
    return Row(
        name=name,
        anchor=name.lower(),
        tombstone=told.get(r.removed, told.get(Removed.ERASED, "")),
    )


def _row(r: Any, *, objectives: Objectives, is_here: bool, words: Labels) -> Row:
    name = r.reference or r.receipt or ""
    author, affiliation = author_words(r, words=words)
    head, rest = fold(r.html)
    return Row(
        name=name,
        anchor=name.lower(),
        author=author,
        badges=_badges(r, words=words),
        affiliation=affiliation,
        sent_label=format_instant(r.sent_at, zone_name=words.zone) if r.sent_at else "",
        sent_iso=r.sent_at.isoformat() if r.sent_at else "",
        edited_label=format_instant(r.edited_at, zone_name=words.zone) if r.edited_at else None,
        language=r.language,
        language_label=words.languages.get(r.language, r.language),
        html=SafeHtml.from_storage(head),
        rest_html=SafeHtml.from_storage(rest) if rest else None,
        words=r.words,
        files=attachments.unpacked(r.files, holds=words.holds),
        objectives=objectives,
        reply_to=_reply_to(r),
        reply_is_here=is_here,
        is_public=_is_public(r),
        state=None if r.state == RevisionState.PUBLISHED else RevisionState(r.state),
    )


def author_words(r: Any, *, words: Labels) -> tuple[str, str]:
    """Return the shown name, and organisation, category and group in one line."""
    author = shown_in(r, category=r.category, on_behalf_of=r.on_behalf_of)
    group = author.on_behalf_of
    parts = (
        author.organisation,
        author.category.in_(words.locale) if author.category else None,
        words.on_behalf.replace("\x00", group) if group else None,
    )
    return author.name, " · ".join(part for part in parts if part)


def _badges(r: Any, *, words: Labels) -> tuple[str, ...]:
    capacity = words.capacities.get(r.capacity)
    official = words.official if r.is_official else None
    unconfirmed = words.unconfirmed if r.is_unconfirmed else None
    return tuple(badge for badge in (capacity, official, unconfirmed) if badge)


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

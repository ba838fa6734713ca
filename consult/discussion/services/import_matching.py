"""What is there already: rows that a file names, and whether a line says the same as its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from consult.core.text import normalise, single_line
from consult.discussion.interchange import AuthorPart, TextLine
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries.attachments import is_served
from consult.discussion.queries.line_shapes import LineAttachment, LineTag
from consult.discussion.queries.line_texts import (
    attachments,
    line_author,
    public_tags,
    told_tags,
)
from consult.discussion.services.import_places import Key, Parsed, chunks
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
from consult.spaces.models import Author, Category, Organisation, Region
from consult.spaces.policy import name_key

AS_IMPORTED = 1
"""`Contribution.version` and `Author.version` of what nobody has changed since its import."""


@dataclass(frozen=True)
class Text:
    """A revision of a row, with what belongs to it."""

    id: int
    number: int
    state: str
    origin: str
    format: str
    source: str
    language: str


@dataclass
class Existing:
    """A contribution that is there, as far as lines can name it."""

    row: Any
    texts: list[Text] = field(default_factory=list)
    """The newest first."""
    tags: dict[int, tuple[LineTag, ...]] = field(default_factory=dict)
    files: dict[int, set[LineAttachment]] = field(default_factory=dict)
    told: dict[int, set[LineAttachment]] = field(default_factory=dict)
    """Those files that every export tells, however carefully it was made."""


def author_rows() -> Select[Any]:
    """Return the statement for authors with the columns that `author_difference` looks at."""
    other = aliased(Organisation)
    other_names = (
        select(func.aggregate_strings(other.name, "\n"))
        .where(other.merged_into_id == Organisation.id)
        .scalar_subquery()
    )
    return (
        select(
            Author.id.label("author_row"),
            func.coalesce(Author.external_id, Author.uid).label("author_id"),
            Author.uid,
            Author.forum_id,
            Author.source,
            Author.external_id,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.country,
            Author.on_behalf_of,
            Author.version,
            Author.is_erased,
            Organisation.name.label("organisation"),
            other_names.label("other_names"),
            Category.slug.label("category"),
            Region.slug.label("region"),
        )
        .select_from(Author)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(Region, Region.id == Author.region_id)
    )


def find_existing(session: Session, keys: Iterable[Key]) -> dict[Key, Existing]:
    """Return the contributions that are named by source and id, or by UUID alone."""
    ids = sorted({external_id for _, external_id in keys})
    found: dict[Key, Existing] = {}
    for some in chunks(ids):
        named = select(Contribution.__table__).where(Contribution.external_id.in_(some))
        for row in session.execute(named):
            found[row.source, row.external_id] = Existing(row)
        written_here = select(Contribution.__table__).where(Contribution.uid.in_(some))
        for row in session.execute(written_here):
            found[None, row.uid] = Existing(row)
    return found


def load_texts(session: Session, existing: Sequence[Existing]) -> None:
    """Fetch the revisions, tags and files of at most 500 contributions for a comparison."""
    by_id = {one.row.id: one for one in existing}
    revisions = session.execute(
        select(
            Revision.id,
            Revision.number,
            Revision.state,
            Revision.origin,
            Revision.format,
            Revision.source,
            Revision.language,
            Revision.contribution_id,
        )
        .where(Revision.contribution_id.in_(sorted(by_id)))
        .order_by(Revision.number.desc())
    ).all()
    ids = [row.id for row in revisions]
    tags, files = public_tags(session, ids), attachments(session, ids)
    for *values, contribution_id in revisions:
        text = Text(*values)
        one = by_id[contribution_id]
        one.texts.append(text)
        one.tags[text.id] = tags.get(text.id, ())
        one.files[text.id] = {kept.file for kept in files.get(text.id, ())}
        one.told[text.id] = {
            kept.file for kept in files.get(text.id, ()) if is_served(kept.scan, holds=True)
        }


def load_authors(session: Session, ids: Iterable[int]) -> dict[int, Any]:
    """Return the authors by row id."""
    found = {}
    for some in chunks(sorted(set(ids))):
        for row in session.execute(author_rows().where(Author.id.in_(some))):
            found[row.author_row] = row
    return found


def difference(parsed: Parsed, existing: Existing, *, author: Any) -> str | None:
    """Return the first key in which a line differs from what is there, None where it does not.

    It may say what the row says now or what was imported. Where a row was changed since its
    import, only the words that were imported are still known; what was erased is not asked.
    """
    line, row = parsed.line, existing.row
    if row.removed == Removed.ERASED:
        return None
    if line.body is None or line.author is None:
        is_public = row.published_revision_id is not None and row.removed == Removed.NONE
        return "removed" if is_public else None
    body = normalise(line.body)
    found = _difference_now(line, existing, body=body) or author_difference(line.author, author)
    if found is None or row.version == AS_IMPORTED:
        return found
    first = existing.texts[-1] if existing.texts else None
    was_imported = (
        first is not None
        and first.origin == RevisionOrigin.IMPORT
        and first.source == body
        and (not line.says("format") or first.format == line.format)
    )
    return None if was_imported else found


def _difference_now(line: TextLine, existing: Existing, *, body: str) -> str | None:
    row = existing.row
    text = _text_in(line.state, existing)
    if row.removed != line.removed:
        return "removed"
    if text is None:
        return "state"
    pairs: tuple[tuple[str, object, object], ...] = (
        ("body", body, text.source),
        ("format", line.format, text.format),
        ("language", line.language, text.language),
        ("created_at", line.created_at, _same_precision(row.sent_at)),
        ("published_at", line.published_at, _same_precision(row.first_published_at)),
        ("edited_at", line.edited_at, _same_precision(row.edited_at)),
        ("objectives", set(line.objectives), {tag.objective for tag in existing.tags[text.id]}),
        ("tags", _line_tags(line), set(told_tags(existing.tags[text.id]))),
        ("attachments", *_compared_files(line, existing, text=text)),
    )
    return next((key for key, said, is_so in pairs if line.says(key) and said != is_so), None)


def _same_precision(instant: dt.datetime | None) -> dt.datetime | None:
    return instant.astimezone(dt.UTC) if instant is not None else None


def _text_in(state: str, existing: Existing) -> Text | None:
    if state == RevisionState.PUBLISHED:
        wanted = existing.row.published_revision_id
        return next((text for text in existing.texts if text.id == wanted), None)
    return next((text for text in existing.texts if text.state == state), None)


def _line_tags(line: TextLine) -> set[LineTag]:
    return set(told_tags(LineTag(tag.objective, tag.start, tag.end, tag.by) for tag in line.tags))


def _line_files(line: TextLine) -> set[LineAttachment]:
    return {LineAttachment(file.name, file.sha256, file.type) for file in line.attachments}


def _compared_files(
    line: TextLine, existing: Existing, *, text: Text
) -> tuple[set[LineAttachment], set[LineAttachment]]:
    """Return what a line says and what is there, without what an export may have left out."""
    said, there = _line_files(line), existing.files[text.id]
    return said, there & (said | existing.told[text.id])


def author_difference(part: AuthorPart, row: Any) -> str | None:
    """Return where a line's author differs from a row of `author_rows`; null says nothing.

    The row may have been changed or erased since, which is no fault of the line.
    """
    shown = line_author(row)
    if part.id is not None and part.id != shown.id:
        return "author"
    if row.version != AS_IMPORTED or row.is_erased:
        return None
    names = {single_line(row.name), shown.name}
    if single_line(part.name) not in names:
        return "author"
    if part.organisation and part.organisation.strip():
        known = [row.organisation, *(row.other_names or "").split("\n")] if row.organisation else []
        if name_key(single_line(part.organisation)) not in {name_key(name) for name in known}:
            return "author"
    said = {
        "category": part.category,
        "country": part.country,
        "region": part.region,
        "on_behalf_of": single_line(part.on_behalf_of or "") or None,
    }
    differs = any(value is not None and value != getattr(row, key) for key, value in said.items())
    return "author" if differs else None

"""Making an export: rows are read once into a spool, counted and summed, then written out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Role
from consult.core.clock import iso
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES, gettext, in_locale, language_label
from consult.core.storage import BlobStorage
from consult.discussion.queries.lines import (
    EXPORTED_STATES,
    ExportFilter,
    Line,
    LineAttachment,
    LineAuthor,
    as_of,
    export_rows,
)
from consult.discussion.states import RevisionState
from consult.drafting.exports import FORMATS
from consult.drafting.exports.rows import (
    LABELS,
    ExportHeader,
    ExportQuestion,
    ExportRow,
    encoded,
    to_line,
)
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Space
from consult.spaces.queries import ObjectiveRow, SpaceView
from consult.spaces.states import QuestionKind


@dataclass(frozen=True)
class MadeExport:
    """What was made: how many lines, and what the header says of them."""

    rows: int
    header: ExportHeader
    space_id: int
    format: str


@dataclass(frozen=True)
class _Words:
    """The space and the words of its lists in the language of the export."""

    view: SpaceView
    objectives: Sequence[ObjectiveRow]
    categories: dict[str, str]
    regions: dict[str, str]
    languages: dict[str, str]


def make_export(
    session: Session,
    *,
    space_slug: str,
    actor: Actor,
    wanted: ExportFilter,
    format: str,
    path: Path,
    locale: str,
    base_url: str,
    holds: bool,
    storage: BlobStorage | None = None,
) -> MadeExport:
    """Write the contributions of a space that the actor may read to a file, in one step.

    `format` is a key of `exports.FORMATS`, `locale` the language of headings and labels. With a
    `storage`, JSON Lines get the attached files beside them, in `FILE.files/`. No format names an
    infected file, nor while it `holds` them one that was not scanned. The file says as of when and
    by which filter, never when it was made. Raises `NotVisible` for a space that does not exist for
    the actor, `Invalid` for a filter that names something the space does not have.
    """
    with in_locale(locale):
        words = _words(session, slug=space_slug, actor=actor)
        _check(words, wanted, format=format)
        instant = as_of(words.view.space)
        with TemporaryFile() as spool:
            lines = export_rows(
                session,
                space=words.view.space,
                actor=actor,
                wanted=wanted,
                base_url=base_url,
                holds=holds,
            )
            told = _Spool(spool, lines, words=words)
            header = _header(
                words, told, wanted=wanted, actor=actor, instant=instant, locale=locale
            )
            questions = _questions(words, told, wanted=wanted)
            FORMATS[format](path, header, questions, told.rows())
    if format == "jsonl" and storage is not None:
        _write_files(path, told.files, storage=storage)
    return MadeExport(told.lines, header, space_id=words.view.space.id, format=format)


def note_export(session: Session, made: MadeExport, *, actor: Actor, now: dt.datetime) -> None:
    """Put an export into the audit log; it is an act like any other, though nothing changes."""
    audit.record(
        session,
        "export",
        actor_id=actor.user_id,
        now=now,
        subject=("space", made.space_id),
        format=made.format,
        filter=made.header.filter,
        rows=made.rows,
        sha256=made.header.sha256,
    )


def _words(session: Session, *, slug: str, actor: Actor) -> _Words:
    view = space_queries.space_view(session, slug=slug, actor=actor)
    forum_id = view.forum.id
    return _Words(
        view=view,
        objectives=space_queries.objectives_of_space(session, space_id=view.space.id),
        categories={
            category.slug: str(category.name)
            for category in space_queries.categories(session, forum_id=forum_id)
        },
        regions={
            region.slug: str(region.name)
            for region in space_queries.regions(session, forum_id=forum_id)
        },
        languages={code: language_label(code) for code in LOCALES},
    )


def _check(words: _Words, wanted: ExportFilter, *, format: str) -> None:
    numbers = {question.number for question in words.view.questions}
    problems = {
        "objective": set(wanted.objectives) <= {row.number for row in words.objectives},
        "question": set(wanted.questions) <= numbers,
        "language": wanted.language is None or wanted.language in words.languages,
        "category": wanted.category is None or wanted.category in words.categories,
        "state": wanted.state in EXPORTED_STATES,
        "format": format in FORMATS,
    }
    wrong = {field: [f"{field}-unknown"] for field, is_known in problems.items() if not is_known}
    if wrong:
        raise Invalid(wrong)


class _Spool:
    """The rows of one export in a temporary file: read once, written out as often as needed."""

    def __init__(self, stream: IO[bytes], lines: Iterator[Line], *, words: _Words) -> None:
        self.stream = stream
        self.lines = 0
        self.counts = {"questions": 0, "comments": 0, "context": 0}
        self.questions: list[ExportQuestion] = []
        self.files: dict[str, str] = {}
        """Digests by path of what is attached."""
        digest = hashlib.sha256()
        for line in lines:
            row = export_row(line, words=words)
            digest.update(encoded(to_line(row), sort_keys=True) + b"\n")
            self._count(row)
            kept = {key.name: getattr(row, key.name) for key in fields(ExportRow)}
            stream.write(encoded(kept) + b"\n")
        self.sha256 = digest.hexdigest()

    def _count(self, row: ExportRow) -> None:
        self.lines += 1
        if not row.unconfirmed:
            self.counts["questions" if row.type == "question" else "comments"] += 1
            self.counts["context"] += int(row.context)
        if row.type == "question" and row.number:
            self.questions.append(ExportQuestion(row.number, row.plain_text, "participant"))
        if not row.is_tombstone:
            self.files.update((file["path"], file["sha256"]) for file in row.attachments)

    def rows(self) -> Iterator[ExportRow]:
        """Yield the rows again, one in memory at a time."""
        self.stream.seek(0)
        for kept in self.stream:
            yield ExportRow(**json.loads(kept))


def export_row(line: Line, *, words: _Words) -> ExportRow:
    """Turn a line into a row of the writers, with the labels of the export's language."""
    author = line.author
    return ExportRow(
        type="question" if line.kind == "question" else "comment",
        id=line.id,
        source=line.source,
        space=line.space,
        question=line.question,
        number=line.number,
        kind="participant" if line.kind == "question" else None,
        parent=line.parent,
        author=_author(author) if author else None,
        language=line.language,
        format=line.format,
        body=line.body,
        html=line.html or None,
        text=line.text,
        objectives=line.objectives,
        tags=[
            {"objective": tag.objective, "start": tag.start, "end": tag.end, "by": tag.by}
            for tag in line.tags
        ],
        state=str(line.state),
        created_at=iso(line.created_at),
        published_at=iso(line.published_at),
        edited_at=iso(line.edited_at),
        reference=line.reference,
        context=line.context,
        removed=str(line.removed),
        attachments=[_attachment(file) for file in line.attachments],
        depth=line.depth - 1,
        permalink=line.permalink,
        in_reply_to=line.in_reply_to,
        category_label=words.categories.get(author.category or "") if author else None,
        region_label=words.regions.get(author.region or "") if author else None,
        language_label=words.languages.get(line.language or ""),
        unconfirmed=line.is_unconfirmed,
    )


def _author(author: LineAuthor) -> dict[str, str | None]:
    return {
        "id": author.id,
        "name": author.name,
        "organisation": author.organisation,
        "category": author.category,
        "country": author.country,
        "region": author.region,
        "on_behalf_of": author.on_behalf_of,
    }


def _attachment(file: LineAttachment) -> dict[str, str]:
    return {
        "name": file.name,
        "sha256": file.sha256,
        "type": file.media_type,
        "path": f"{file.sha256[:2]}/{file.sha256}",
    }


def _header(
    words: _Words,
    told: _Spool,
    *,
    wanted: ExportFilter,
    actor: Actor,
    instant: dt.datetime | None,
    locale: str,
) -> ExportHeader:
    forum, space = words.view.forum, words.view.space
    return ExportHeader(
        forum=forum.slug,
        forum_title=str(forum.title),
        space=space.slug,
        space_title=f"{space.kicker}: {space.title}",
        space_code=space.code,
        as_of=iso(instant),
        filter=told_filter(wanted),
        counts=told.counts,
        sha256=told.sha256,
        locale=locale,
        labels=_labels(words),
        generated_role=_role(actor, space=space, forum=forum),
    )


def told_filter(wanted: ExportFilter) -> dict[str, Any]:
    """Return the filter as the header tells it; conditions that do not narrow are left out."""
    said: dict[str, Any] = {
        "objective": sorted(wanted.objectives),
        "question": sorted(wanted.questions),
        "language": wanted.language,
        "category": wanted.category,
        "state": None if wanted.state == RevisionState.PUBLISHED else str(wanted.state),
    }
    return {key: value for key, value in said.items() if value}


def _labels(words: _Words) -> Mapping[str, str]:
    """Return every word of the writers in the current locale, and names for filter values."""
    states = {
        "pending": gettext("Waiting for a moderator"),
        "returned": gettext("Returned to the author"),
        "rejected": gettext("Rejected"),
    }
    return {
        **{key: gettext(words_of_key) for key, words_of_key in LABELS.items()},
        **{f"objective={row.number}": row.label for row in words.objectives},
        **{f"category={slug}": name for slug, name in words.categories.items()},
        **{f"language={code}": name for code, name in words.languages.items()},
        **{f"state={code}": name for code, name in states.items()},
    }


def _role(actor: Actor, *, space: Space, forum: Forum) -> str:
    """Return as what somebody got the export, in words."""
    roles = (
        (actor.is_system, gettext("The office that runs the platform")),
        (actor.has_in_space(Role.DRAFTER, space_id=space.id), gettext("Drafters of the note")),
        (
            actor.has_in_forum(Role.ORGANISER, forum_id=forum.id),
            gettext("Organisers of the forum"),
        ),
        (
            actor.has_in_space(Role.MODERATOR, space_id=space.id),
            gettext("Moderators of the consultation"),
        ),
        (True, gettext("Participants and readers")),
    )
    return str(next(words for is_so, words in roles if is_so))


def _questions(words: _Words, told: _Spool, *, wanted: ExportFilter) -> list[ExportQuestion]:
    """Return the headings: guiding questions, empty ones too, and those asked by participants."""
    guiding = [
        ExportQuestion(question.number, str(question.text or ""))
        for question in words.view.questions
        if question.kind == QuestionKind.GUIDING
        and (not wanted.questions or question.number in wanted.questions)
    ]
    return sorted([*guiding, *told.questions], key=lambda question: question.number)


def _write_files(path: Path, files: Mapping[str, str], *, storage: BlobStorage) -> None:
    folder = path.with_name(f"{path.name}.files")
    for name, sha256 in sorted(files.items()):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with storage.open(sha256) as content, target.open("wb") as copy:
            shutil.copyfileobj(content, copy)

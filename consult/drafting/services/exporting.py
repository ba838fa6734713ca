"""Making an export: rows are read once into a spool, counted and summed, then written out."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor
from consult.core.clock import iso
from consult.core.errors import Invalid
from consult.core.i18n import in_locale
from consult.core.storage import BlobStorage
from consult.discussion.queries.lines import (
    EXPORTED_STATES,
    ExportFilter,
    as_of,
    export_rows,
)
from consult.drafting.exports import FORMATS
from consult.drafting.exports.rows import (
    ExportHeader,
    ExportQuestion,
)
from consult.drafting.services.spooling import Spool
from consult.drafting.services.wording import (
    ExportWords,
    labels_of,
    role_of,
    told_filter,
    words_of_space,
)
from consult.spaces.states import QuestionKind


@dataclass(frozen=True)
class MadeExport:
    """What was made: how many lines, and what the header says of them."""

    rows: int
    header: ExportHeader
    space_id: int
    format: str


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
        words = words_of_space(session, slug=space_slug, actor=actor)
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
            told = Spool(spool, lines, words=words)
            header = _header(
                words, told, wanted=wanted, actor=actor, instant=instant, locale=locale
            )
            questions = _questions(words, told, wanted=wanted)
            FORMATS[format](path, header, questions, told.rows())
    if format == "jsonl" and storage is not None:
        _write_files(path, told.files, storage=storage)
    return MadeExport(told.lines, header, space_id=words.view.space.id, format=format)


def note_export(session: Session, made: MadeExport, *, actor: Actor, now: dt.datetime) -> None:
    """Put an export into the audit log; it is an act like any other, though nothing changes.

    The words of a search are free words, which may name somebody: they go to the detail.
    """
    said = {key: value for key, value in made.header.filter.items() if key != "search"}
    words = made.header.filter.get("search")
    audit.record(
        session,
        "export",
        actor_id=actor.user_id,
        now=now,
        subject=("space", made.space_id),
        format=made.format,
        words={"search": words} if words else None,
        filter=said,
        rows=made.rows,
        sha256=made.header.sha256,
    )


def _check(words: ExportWords, wanted: ExportFilter, *, format: str) -> None:
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


def _header(
    words: ExportWords,
    told: Spool,
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
        labels=labels_of(words),
        generated_role=role_of(actor, space=space, forum=forum),
    )


def _questions(words: ExportWords, told: Spool, *, wanted: ExportFilter) -> list[ExportQuestion]:
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

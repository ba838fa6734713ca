"""`flask glossary`: the trilingual glossary of a forum as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from consult.cli import base
from consult.core import clock, wording
from consult.core.db import db
from consult.core.errors import BrokenInput, Invalid
from consult.core.unit_of_work import unit_of_work
from consult.spaces.definitions.glossary_csv import BrokenTable, FileNotion, read_table, text_of
from consult.spaces.models import Forum
from consult.spaces.queries.notions import objective_numbers
from consult.spaces.services.glossary_file import apply_table, compare, glossary_table

group = AppGroup("glossary", help="The trilingual glossary as a table for spreadsheets.")


@group.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--forum", "slug", help="Slug; the newest forum where it is left out.")
@base.command
def export(file: Path, *, slug: str | None) -> None:
    """Write the glossary to FILE as CSV."""
    session = db.session()
    table = glossary_table(session, forum=base.the_forum(session, slug))
    try:
        file.write_bytes(table)
    except OSError as error:
        raise base.WrongCall(f"{file}: this file cannot be written; choose another one") from error


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--forum", "slug", help="Slug; the newest forum where it is left out.")
@click.option("--remove", is_flag=True, help="Take out what FILE does not hold.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@base.command
def import_(file: Path, *, slug: str | None, remove: bool, dry_run: bool) -> None:
    """Take over the notions of FILE: all of them or, where a line is wrong, none."""
    with unit_of_work() as session:
        forum = base.the_forum(session, slug)
        table = _table(file, forum)
        found = compare(session, forum=forum, table=table)
        absent = [row.key for row in found.absent]
        added, changed, removed = len(found.added), len(found.changed), len(absent) * remove
        if not dry_run:
            _apply(session, forum=forum, table=table, remove=absent if remove else ())
    counts = f"{added} added, {changed} changed, {removed} taken out"
    stays = f", {len(absent)} not in the file stay" if absent and not remove else ""
    click.echo(f"{counts}{stays}{'; nothing was written' if dry_run else ''}", err=True)


def _apply(
    session: Session, *, forum: Forum, table: list[FileNotion], remove: Sequence[str]
) -> None:
    try:
        apply_table(
            session,
            forum=forum,
            table=table,
            remove=remove,
            seen=None,
            by=None,
            now=clock.now(),
        )
    except Invalid as invalid:
        codes = [code for found in invalid.problems.values() for code in found]
        raise base.WrongCall(" ".join(map(wording.of_problem, codes))) from None


def _table(file: Path, forum: Forum) -> list[FileNotion]:
    """Return the notions of a file; raises `BrokenInput` for the first line to change."""
    numbers = objective_numbers(db.session(), forum_id=forum.id)
    try:
        return list(read_table(text_of(file.read_bytes()), objectives=numbers))
    except OSError as error:
        raise BrokenInput(str(file), 1, "this file cannot be read; check its name") from error
    except BrokenTable as broken:
        first = broken.problems[0]
        where = f"{first.column}: " if first.column else ""
        sentence = f"{where}{wording.of_problem(first.code)}"
        raise BrokenInput(str(file), first.line, sentence) from None

"""`flask comments import`: contributions from a file of JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup

from consult.cli.base import WrongCall, command
from consult.core import clock
from consult.core.storage import BlobStorage
from consult.core.unit_of_work import unit_of_work
from consult.discussion.services.importing import import_lines

group = AppGroup("comments", help="Contributions from elsewhere.")


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", help="Where the file comes from; default: its name without suffix.")
@click.option("--dry-run", is_flag=True, help="Only look whether the file could be taken.")
@command
def import_(file: Path, *, source: str | None, dry_run: bool) -> None:
    """Take in FILE (JSON Lines, version 1), all of it or nothing; twice is once."""
    storage = cast(BlobStorage, current_app.extensions["consult.storage"])
    try:
        with unit_of_work() as session:
            result = import_lines(
                session,
                path=file,
                source=source,
                dry_run=dry_run,
                now=clock.now(),
                storage=storage,
            )
    except OSError as error:
        raise WrongCall(f"{file}: {error.strerror or error}") from None
    comments, questions = result.by_kind["comment"], result.by_kind["question"]
    done = "would be imported" if dry_run else "imported"
    click.echo(
        f"{comments} comments and {questions} questions {done},"
        f" {result.skipped} were there already",
        err=True,
    )

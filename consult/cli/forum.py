"""`flask forum`: forums from definition files."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from consult.cli import base
from consult.core import clock
from consult.core.unit_of_work import unit_of_work
from consult.spaces import definitions
from consult.spaces.services.loading import load_forum

group = AppGroup("forum", help="Forums and their definition files.")


@group.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Let the file win over what was edited on pages.")
@base.command
def load(file: Path, overwrite: bool) -> None:
    """Load FILE: add what is missing by key; nothing is removed."""
    definition = definitions.read(file)
    with unit_of_work() as session:
        loaded = load_forum(session, definition, overwrite=overwrite, now=clock.now())
        slug = loaded.forum.slug
    click.echo(f"{slug}: {loaded.added} added, {loaded.changed} changed", err=True)

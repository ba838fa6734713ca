"""`flask i18n`: the message catalogues."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from consult.cli import base
from consult.cli.catalogues import Catalogues

group = AppGroup("i18n", help="Message catalogues of the three languages.")


@group.command("extract")
@base.command
def extract() -> None:
    """Collect the marked sentences of code and templates into messages.pot."""
    click.echo(f"{_catalogues().extract()} sentences", err=True)


@group.command("update")
@base.command
def update() -> None:
    """Bring the catalogues up to date with messages.pot."""
    catalogues = _catalogues()
    if not catalogues.pot.exists():
        raise base.WrongCall("There is no translations/messages.pot; run `flask i18n extract`.")
    catalogues.update()


@group.command("compile")
@base.command
def compile_() -> None:
    """Make the .mo files that are read at run time."""
    click.echo(f"{_catalogues().compile()} catalogues compiled", err=True)


@group.command("check")
@base.command
def check() -> None:
    """Fail, with file and line, on what is missing, fuzzy, stale or wrongly set."""
    problems = list(_catalogues().check())
    for problem in problems:
        click.echo(problem)
    if problems:
        click.echo(f"{len(problems)} things to mend", err=True)
        sys.exit(base.FOUND)


def _catalogues() -> Catalogues:
    return Catalogues(Path(current_app.root_path).parent)

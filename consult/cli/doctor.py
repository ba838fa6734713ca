"""`flask doctor`: looks whether everything that can be checked holds."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from consult.cli import base
from consult.core import clock
from consult.core.db import db
from consult.operations import queries
from consult.operations.queries import Check


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
@with_appcontext
@base.command
def doctor(as_json: bool) -> None:
    """Check schema, database, counters, outbox, audit chain and search; exit 1 for a finding."""
    names, findings = examine()
    if as_json:
        found = [{"check": name, "message": message} for name, message in findings]
        base.print_json({"ok": not findings, "checks": names, "findings": found})
    else:
        for name, message in findings:
            click.echo(f"{name}: {message}")
        click.echo(f"{len(names)} checks, {len(findings)} findings", err=True)
    if findings:
        sys.exit(base.FOUND)


def examine() -> tuple[list[str], list[tuple[str, str]]]:
    """Return the names of the checks that ran, and each finding with its check.

    On a database with another schema nothing else is looked at.
    """
    state = queries.schema_state(
        db.session(), migrations=queries.migrations_dir(current_app.root_path)
    )
    if not state.is_at_head:
        return ["schema"], [("schema", "the database is not up to date; run `flask db upgrade`")]
    others: dict[str, Check] = current_app.extensions.get("consult.checks", {})
    session, now = db.session(), clock.now()
    names, findings = ["schema"], []
    for name, check in {**queries.CHECKS, **others}.items():
        names.append(name)
        findings += [(name, message) for message in check(session, now)]
    return names, findings

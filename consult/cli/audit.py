"""`flask audit`: prove that nobody changed the log, and note down how far it reaches."""

from __future__ import annotations

import sys
from itertools import chain

import click
from flask.cli import AppGroup

from consult.cli import base
from consult.core import audit, clock
from consult.core.db import db
from consult.moderation.queries.proof import decision_problems

group = AppGroup("audit", help="The log of acts and decisions, which nobody can change unseen.")


@group.command("verify")
@click.option("--noted", metavar="DIGEST", help="A digest that was noted down; it must be there.")
@click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
@base.command(drains=False)
def verify(noted: str | None, as_json: bool) -> None:
    """Walk the whole audit log and compare every decision with it; exit 1 for a problem."""
    session = db.session()
    head = audit.head(session)
    problems = list(chain(audit.verify(session), decision_problems(session)))
    if noted and not audit.is_in_chain(session, digest=noted.strip()):
        problems.append(f"the noted digest {noted.strip()} is not in the chain")
    if as_json:
        base.print_json({"ok": not problems, **_told(head), "problems": problems})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(_sentence(head))
    if problems:
        sys.exit(base.FOUND)


@group.command("head")
@click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
@base.command(drains=False)
def head(as_json: bool) -> None:
    """Print the last sealed entry and its digest, to be kept where nobody can change it."""
    found = audit.head(db.session())
    if as_json:
        base.print_json(_told(found))
    else:
        click.echo(_sentence(found))


def _told(found: audit.Head) -> dict[str, object]:
    return {
        "entries": found.entries,
        "sealed": found.sealed,
        "last_entry": found.last_entry,
        "last_digest": found.digest,
        "last_happened_at": clock.iso(found.happened_at),
    }


def _sentence(found: audit.Head) -> str:
    last = f"last digest {found.digest} (entry {found.last_entry})" if found.digest else "no seal"
    return f"{found.entries} entries, {found.sealed} sealed, {last}"

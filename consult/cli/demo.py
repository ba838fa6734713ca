"""`flask demo`: the IMRF 2022 forum with a demonstration discussion."""

from __future__ import annotations

from pathlib import Path

import click
from alembic import command as alembic
from flask import current_app
from flask.cli import with_appcontext

from config import Config
from consult.cli import base, demonstration
from consult.cli.demonstration import PASSWORD, Account
from consult.cli.user import hasher
from consult.core import clock
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print only the accounts, as JSON.")
@with_appcontext
@base.command
def demo(as_json: bool) -> None:
    """Make or refresh the demonstration; repeatable, keeps what people added."""
    config: Config = current_app.extensions["consult.config"]
    if config.is_https:
        raise base.WrongCall(
            "The demonstration is refused where CONSULT_BASE_URL is https: its password is public."
        )
    is_in_use = demonstration.is_in_use(db.session())
    # The migrations work on a connection of their own and must not meet an open transaction.
    db.session.rollback()
    if is_in_use:
        raise base.WrongCall(
            "This database has rows and is not marked as a demonstration; "
            "choose an empty CONSULT_DATA folder."
        )
    alembic.upgrade(current_app.extensions["migrate"].migrate.get_config(), "head")
    with unit_of_work() as session:
        accounts = demonstration.fill(
            session,
            folder=Path(current_app.root_path) / "definitions",
            hasher=hasher(),
            now=clock.now(),
        )
    if as_json:
        rows = [
            {"email": account.email, "password": PASSWORD, "roles": account.roles}
            for account in accounts
        ]
        base.print_json({"accounts": rows})
    else:
        click.echo(_welcome(config.base_url, accounts))


def _welcome(base_url: str, accounts: list[Account]) -> str:
    width = max(len(account.email) for account in accounts)
    lines = ["The demonstration is ready.", "", f"Everybody’s password: {PASSWORD}", ""]
    for account in accounts:
        roles = ", ".join(
            " ".join(filter(None, (role["role"], role["space"]))) for role in account.roles
        )
        lines.append(f"  {account.email:<{width}}  {roles}")
    lines += ["", "Start it with `flask serve` and try:", ""]
    for path, what in (
        ("/en/", "the consultations"),
        ("/fr/spaces/round-table-3/questions/1", "a discussion, in French"),
        ("/es/search?q=remesas", "one word, three languages"),
        ("/en/moderation", "what waits for a moderator"),
        ("/en/drafting/round-table-3", "the drafter’s desk"),
    ):
        lines.append(f"  {base_url}{path}  {what}")
    return "\n".join(lines)

"""`flask user erase` and `flask user replay-erasures`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
from flask import current_app
from flask.cli import with_appcontext

from config import Config
from consult.accounts import policy, queries
from consult.accounts.services.erasure import erase_account
from consult.cli import base
from consult.core import clock
from consult.core.ports import Leaving, Ports
from consult.core.unit_of_work import unit_of_work
from consult.operations import services
from consult.spaces.queries.leaving import leaving


@click.command("erase")
@click.argument("email")
@click.option(
    "--texts",
    type=click.Choice(["keep", "remove"]),
    help="What becomes of published texts; needed where the forum leaves it to the person.",
)
@with_appcontext
@base.command
def erase(email: str, texts: str | None) -> None:
    """Erase the account of EMAIL for good, at its owner's request."""
    with unit_of_work() as session:
        user = queries.user_by_email_key(session, email_key=policy.email_key(email))
        if user is None:
            raise base.WrongCall(f"There is no account {email}; `flask user list` shows them.")
        left = leaving(session, user_id=user.id)
        _check(left, texts)
        erase_account(
            session,
            user_id=user.id,
            keeps_texts=texts == "keep",
            by=None,
            ports=_ports(),
            now=clock.now(),
        )
    for name in left.delegations:
        click.echo(f"The delegation of {name} has no focal point any more.", err=True)
    for name in left.forums:
        click.echo(f"“{name}” has no organiser any more.", err=True)
    click.echo("The account is erased; files and the index follow with the worker.", err=True)


@click.command("replay-erasures")
@with_appcontext
@base.command
def replay_erasures() -> None:
    """Erase again whoever a restored backup brought back; the worker does so every minute."""
    with unit_of_work() as session:
        services.write_ledger(session, path=_ledger())
        count = services.replay_erasures(session, path=_ledger(), ports=_ports(), now=clock.now())
    click.echo(f"{count} accounts were erased again.", err=True)


def _check(left: Leaving, texts: str | None) -> None:
    """Raise `WrongCall` where a choice is missing or goes against the rule of a forum."""
    if left.may_choose and texts is None:
        raise base.WrongCall("Say --texts keep or --texts remove: the forum leaves the choice.")
    if texts == "remove" and left.keeps:
        raise base.WrongCall(f"By its rule {left.keeps[0]} keeps published texts.")
    if texts == "keep" and left.removes:
        raise base.WrongCall(f"By its rule {left.removes[0]} removes the texts of the erased.")


def _ports() -> Ports:
    return cast(Ports, current_app.extensions["consult.ports"])


def _ledger() -> Path:
    return cast(Config, current_app.extensions["consult.config"]).erasure_ledger

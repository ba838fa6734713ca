"""`flask mail`: see whether mail goes out, what came back, and take in what comes."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import click
import structlog
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import config as settings
from consult.accounts import policy
from consult.cli import base, incoming
from consult.core import clock
from consult.core.db import db
from consult.core.i18n import LOCALES
from consult.notifications import rendering
from consult.notifications.inbound.reading import MAX_MAIL
from consult.notifications.mailer import MailError, Unreachable, make_mailer
from consult.notifications.queries import MailFacts, Recipient, bounces
from consult.spaces.queries import current_forum

TAKEN, LATER = 0, 75
"""Exit codes that a mail server understands (sysexits): done, and try again later."""
AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What is raised while the database is away or busy."""

group = AppGroup("mail", help="Mail that goes out, comes back and comes in.")
log = structlog.get_logger("consult.mail")


@group.command("test")
@click.argument("address")
@click.option("--language", type=click.Choice(LOCALES), default="en", show_default=True)
@base.command(drains=False)
def test(address: str, language: str) -> None:
    """Send one mail to ADDRESS now, as all mails are sent, and say what happened."""
    if policy.email_problem(address) is not None:
        raise base.WrongCall(f"{address} is not an e-mail address such as name@example.org.")
    config: settings.Config = current_app.extensions["consult.config"]
    facts = MailFacts(
        event="test",
        user=Recipient(name="", locale=language),
        address=address,
        written_at=clock.now(),
        forum=current_forum(db.session()),
    )
    message = rendering.make_renderer()(facts, message_id=None)
    way = _way(config)
    try:
        make_mailer(mail_url=config.mail_url, mail_dir=config.mail_dir).send(message)
    except Unreachable as error:
        base.fail(f"Nothing was sent: {way} takes no mail now. {error}", code=base.FOUND)
    except MailError as error:
        base.fail(f"The mail was not taken by {way}: {error}", code=base.FOUND)
    click.echo(f"The mail from {config.sender} to {address} was handed to {way}.")
    click.echo(f"Its Message-ID is {message['Message-ID']}.")


def _way(config: settings.Config) -> str:
    """Return how mails go out, without the password."""
    if config.mail_url is None:
        return f"the folder {config.mail_dir} (CONSULT_MAIL_URL is not set)"
    parts = urlsplit(config.mail_url)
    port = parts.port or (465 if parts.scheme == "smtps" else 25)
    return f"the mail server {parts.hostname}:{port}"


@group.command("failed")
@click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
@base.command(drains=False)
def failed(as_json: bool) -> None:
    """Show the mails of thirty days that could not be delivered; exit 1 where there are any."""
    rows = bounces.failed(db.session(), since=clock.now() - dt.timedelta(days=30))
    if as_json:
        base.print_json(
            [
                {
                    "id": row.id,
                    "event": row.event,
                    "address": row.address,
                    "queued_at": clock.iso(row.created_at),
                    "problem": row.problem,
                }
                for row in rows
            ]
        )
    else:
        for row in rows:
            fields = (str(clock.iso(row.created_at)), row.event, row.address or "-", row.problem)
            click.echo("\t".join(fields))
        click.echo(f"{len(rows)} mails could not be delivered", err=True)
    if rows:
        sys.exit(base.FOUND)


@group.command("receive")
@base.command(drains=False)
def receive() -> None:
    """Take one mail from standard input; exit 0 once it is dealt with, 75 to be asked again."""
    if not _takes_mail():
        base.fail("CONSULT_MAIL_REPLY is not set, so no mail is taken in.", code=LATER)
    raw = sys.stdin.buffer.read(MAX_MAIL + 1)
    while sys.stdin.buffer.read(1 << 20):
        # A mail server takes a pipe that is not read to its end for broken.
        continue
    sys.exit(TAKEN if _deal_with(raw) else LATER)


@group.command("watch")
@click.argument("maildir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--once", is_flag=True, help="Take what is there, then end.")
@click.option("--every", default=10.0, show_default=True, help="Seconds between two looks.")
@base.command(drains=False)
def watch(maildir: Path, once: bool, every: float) -> None:
    """Take the mails in MAILDIR/new and move each to MAILDIR/cur once it is dealt with."""
    if not _takes_mail():
        raise base.WrongCall("CONSULT_MAIL_REPLY is not set, so no mail is taken in.")
    if not (maildir / "new").is_dir():
        raise base.WrongCall(f"{maildir} has no folder “new”, so it is no maildir.")
    stop = threading.Event()
    if not once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    while True:
        left = _take_from(maildir)
        if once:
            sys.exit(base.FOUND if left else TAKEN)
        if stop.wait(every):
            return


def _take_from(maildir: Path) -> int:
    """Take every new mail of a maildir; return how many must wait for the database."""
    done = maildir / "cur"
    done.mkdir(exist_ok=True)
    left = 0
    for path in sorted((maildir / "new").iterdir()):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            raw = file.read(MAX_MAIL + 1)
        stamp = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        if _deal_with(raw, stamp=stamp):
            path.rename(done / f"{path.name}:2,S")
        else:
            left += 1
    return left


def _takes_mail() -> bool:
    config: settings.Config = current_app.extensions["consult.config"]
    return config.mail_reply is not None


def _deal_with(raw: bytes, *, stamp: dt.datetime | None = None) -> bool:
    """Take a mail in; False where it must come again. One that breaks something is kept aside."""
    try:
        incoming.take_in(raw, stamp=stamp)
    except AWAY:
        db.session.rollback()
        log.warning("mail has to wait for the database", exc_info=True)
        return False
    except Exception:
        db.session.rollback()
        log.warning("mail could not be dealt with and was kept aside", exc_info=True)
        try:
            incoming.keep_aside(raw)
        except OSError:
            log.warning("mail could not be kept aside", exc_info=True)
            return False
    return True

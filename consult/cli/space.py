"""`flask space`: consultations, their dates and what became of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from consult.cli import base
from consult.core import clock
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.spaces import definitions
from consult.spaces.definitions import instant_of
from consult.spaces.models import Forum, Question, Space
from consult.spaces.policy import phase_of
from consult.spaces.services import timing
from consult.spaces.services.outcome import process_space

group = AppGroup("space", help="Consultations, their dates and outcomes.")


@group.command("list")
@base.command
def list_() -> None:
    """Show slug, code, phase, dates (UTC) and number of public comments of every space."""
    now = clock.now()
    rows = db.session.execute(
        select(Space, func.coalesce(func.sum(Question.public_count), 0))
        .outerjoin(Question, Question.space_id == Space.id)
        .group_by(Space.id)
        .order_by(Space.forum_id, Space.position)
    )
    for space, count in rows:
        fields = (
            space.slug,
            space.code,
            phase_of(space, now=now).value,
            clock.iso(space.opens_at) or "-",
            clock.iso(space.closes_at) or "-",
            str(count),
        )
        click.echo("\t".join(fields))


@group.command("open")
@click.argument("slug")
@base.command
def open_(slug: str) -> None:
    """Open the space SLUG now."""
    with unit_of_work() as session:
        space = base.the_space(session, slug)
        _tell(timing.open_space(session, space_id=space.id, now=clock.now()))


@group.command("close")
@click.argument("slug")
@base.command
def close(slug: str) -> None:
    """Close the space SLUG now; what was sent is still decided and published."""
    with unit_of_work() as session:
        space = base.the_space(session, slug)
        _tell(timing.close_space(session, space_id=space.id, now=clock.now()))


@group.command("extend")
@click.argument("slug")
@click.option("--until", required=True, help="A day (until its end) or an instant, ISO 8601.")
@base.command
def extend(slug: str, until: str) -> None:
    """Have the space SLUG close at another instant."""
    with unit_of_work() as session:
        space = base.the_space(session, slug)
        zone = session.get_one(Forum, space.forum_id).time_zone
        instant = closing(until, zone=zone)
        _tell(timing.extend_space(session, space_id=space.id, until=instant, now=clock.now()))


@group.command("process")
@click.argument("slug")
@click.option(
    "--file",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="YAML with `text` in each language and `links`.",
)
@base.command
def process(slug: str, path: Path) -> None:
    """Tell what was done with the contributions to the closed space SLUG."""
    told = definitions.read_outcome(path)
    with unit_of_work() as session:
        space = base.the_space(session, slug)
        is_new = process_space(
            session,
            space=space,
            text=told.text.translated(),
            links=told.rows_of_links(),
            now=clock.now(),
        )
    click.echo(f"{slug}: {'its page says what was done' if is_new else 'unchanged'}", err=True)


def closing(text: str, *, zone: str) -> dt.datetime:
    """Return a closing in UTC; without an offset it is meant in the forum's zone."""
    try:
        day = dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    except ValueError:
        raise base.WrongCall(
            f"--until {text} is no date; write 2026-01-31 or 2026-01-31T23:59:59-05:00."
        ) from None
    instant = instant_of(day, zone=zone, is_closing=True)
    if instant is None:
        raise base.WrongCall("--until needs a date.")
    return instant


def _tell(space: Space) -> None:
    opens, closes = clock.iso(space.opens_at) or "not set", clock.iso(space.closes_at) or "not set"
    click.echo(f"{space.slug}: opens {opens}, closes {closes}", err=True)

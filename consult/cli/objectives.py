"""`flask objectives suggest`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypedDict

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from consult.cli import base
from consult.core import markup
from consult.core.db import db
from consult.core.passages import passages
from consult.search.objectives.proposing import propose_for_text
from consult.spaces.queries import ObjectiveRow, objectives_of_forum, objectives_of_space

LEAST = 0.08
"""Score of the best one below which a text speaks of nothing."""
LEAST_BESIDE = 0.01
"""Score from which on others are printed beside it: whoever reads scores can judge them."""

group = AppGroup("objectives", help="Objectives that texts belong to.")


class Suggested(TypedDict):
    """An objective for a text, as it is printed."""

    number: int
    score: float
    """From 0 to 1."""
    why: str
    """The words that speak for it."""


@group.command("suggest")
@click.option("--space", help="Suggest only what is under review in this space.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@base.command
def suggest(*, space: str | None, as_json: bool) -> None:
    """Suggest objectives for the text on standard input (Markdown, UTF-8), best first."""
    session = db.session()
    forum_id, objectives = _objectives(session, space)
    known = {one.number: one for one in objectives}
    found = propose_for_text(
        session,
        passages(markup.render(_text())),
        forum_id=forum_id,
        numbers=known.keys(),
        language=None,
        least=LEAST,
        beside=LEAST_BESIDE,
    )
    suggested = [Suggested(number=s.objective, score=s.score, why=s.named) for s in found]
    if as_json:
        base.print_json(suggested)
        return
    for one in suggested:
        label = known[one["number"]].label
        click.echo(f"{one['score']:.2f}  {label}  ({one['why']})")
    if not suggested:
        click.echo("This text speaks of no objective.", err=True)


def _objectives(session: Session, slug: str | None) -> tuple[int, Sequence[ObjectiveRow]]:
    """Return the forum and the objectives of a space, else of the current forum; raises
    `WrongCall`.
    """
    if slug is not None:
        space = base.the_space(session, slug)
        return space.forum_id, objectives_of_space(session, space_id=space.id)
    forum_id = base.the_forum(session).id
    return forum_id, objectives_of_forum(session, forum_id=forum_id)


def _text() -> str:
    raw = sys.stdin.buffer.read()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        raise base.WrongCall(f"stdin:{line}: save the text as UTF-8") from error

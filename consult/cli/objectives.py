"""`flask objectives suggest`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TypedDict

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from consult.cli import base
from consult.core import markup
from consult.core.db import db
from consult.core.passages import passages
from consult.core.ports import Suggestion
from consult.search import mentions
from consult.spaces.queries import ObjectiveRow, objectives_of_forum, objectives_of_space

NAMED_ITSELF = 1.0
"""Score where a passage names the objective."""
NAMED_ABOVE = 0.8
"""Score where a heading or line above a passage names it."""

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
    known = {o.number: o for o in _objectives(db.session(), space)}
    blocks = passages(markup.render(_text()))
    suggested = _best(mentions.suggest(blocks, numbers=known.keys()))
    if as_json:
        base.print_json(suggested)
        return
    for one in suggested:
        label = known[one["number"]].label
        click.echo(f"{one['score']:.2f}  {label}  ({one['why']})")
    if not suggested:
        click.echo("This text names no objective.", err=True)


def _objectives(session: Session, slug: str | None) -> Sequence[ObjectiveRow]:
    """Return the objectives of a space, else of the current forum; raises `WrongCall`."""
    if slug is not None:
        return objectives_of_space(session, space_id=base.the_space(session, slug).id)
    return objectives_of_forum(session, forum_id=base.the_forum(session).id)


def _text() -> str:
    raw = sys.stdin.buffer.read()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + raw.count(b"\n", 0, error.start)
        raise base.WrongCall(f"stdin:{line}: save the text as UTF-8") from error


def _best(suggestions: Iterable[Suggestion]) -> list[Suggested]:
    """Return each objective once with its best score; the first words with that score say why."""
    best: dict[int, Suggested] = {}
    for one in suggestions:
        score = NAMED_ITSELF if one.heading is None else NAMED_ABOVE
        if one.objective not in best or score > best[one.objective]["score"]:
            best[one.objective] = Suggested(number=one.objective, score=score, why=one.named)
    return sorted(best.values(), key=lambda one: (-one["score"], one["number"]))

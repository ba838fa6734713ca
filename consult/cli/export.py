"""`flask export`: the contributions of a space as one file."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
from flask import current_app
from sqlalchemy.orm import Session

from config import Config
from consult.cli.base import WrongCall, actor_named, command
from consult.core import clock
from consult.core.authz import SYSTEM, Actor
from consult.core.db import db
from consult.core.i18n import DEFAULT_LOCALE, LOCALES
from consult.core.storage import BlobStorage
from consult.core.unit_of_work import unit_of_work
from consult.discussion.queries.lines import EXPORTED_STATES, ExportFilter, Finding
from consult.discussion.states import RevisionState
from consult.drafting.exports import FORMATS
from consult.drafting.services import find_all, make_export, note_export
from consult.search.documents import Backend, Filters, IndexUnavailable
from consult.search.queries import Asked


@click.command("export")
@click.option("--space", required=True, metavar="SLUG")
@click.option("--objective", "objectives", type=int, multiple=True, metavar="N")
@click.option("--question", "questions", type=int, multiple=True, metavar="N")
@click.option("--language", type=click.Choice(LOCALES))
@click.option("--category", metavar="SLUG")
@click.option(
    "--state", type=click.Choice([str(state) for state in EXPORTED_STATES]), default="published"
)
@click.option("--search", "words", metavar="TEXT", help="Only what a search for this finds.")
@click.option("--as", "as_email", metavar="EMAIL", help="See with this account's rights.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), required=True)
@click.option("--locale", type=click.Choice(LOCALES), default=DEFAULT_LOCALE, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True)
@command
def export(
    *,
    space: str,
    objectives: tuple[int, ...],
    questions: tuple[int, ...],
    language: str | None,
    category: str | None,
    state: str,
    words: str | None,
    as_email: str | None,
    format_: str,
    locale: str,
    output: Path,
) -> None:
    """Write what was said in a space to a file, with whole threads; published texts only.

    A filter keeps what a match replies to, marked as context.
    """
    session = db.session()
    actor = actor_named(session, as_email) if as_email else SYSTEM
    config = cast(Config, current_app.extensions["consult.config"])
    try:
        made = make_export(
            session,
            space_slug=space,
            actor=actor,
            wanted=ExportFilter(
                objectives=objectives,
                questions=questions,
                language=language,
                category=category,
                state=RevisionState(state),
                finding=_finding(session, words, space=space, actor=actor) if words else None,
            ),
            format=format_,
            path=output,
            locale=locale,
            base_url=config.base_url,
            holds=config.holds_unscanned,
            storage=cast(BlobStorage, current_app.extensions["consult.storage"]),
        )
    except IndexUnavailable:
        raise click.ClickException(
            "the search index is not there: run `flask search rebuild`"
        ) from None
    except OSError as error:
        raise WrongCall(f"{output}: {error.strerror or error}") from None
    with unit_of_work() as writing:
        note_export(writing, made, actor=actor, now=clock.now())
    counts = made.header.counts
    click.echo(
        f"{output}: {counts['comments']} comments and {counts['questions']} questions,"
        f" {counts['context']} of them as context",
        err=True,
    )


def _finding(session: Session, words: str, *, space: str, actor: Actor) -> Finding:
    """Return what a search finds in a space."""
    backend = cast(Backend, current_app.extensions["consult.search"])
    asked = Asked(text=words, filters=Filters(space=space))
    return find_all(session, backend=backend, actor=actor, asked=asked)

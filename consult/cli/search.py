"""`flask search query|verify|rebuild`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast, get_args

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from consult.cli.base import WrongCall, actor_named, command
from consult.cli.progress import Progress
from consult.core import clock
from consult.core.authz import SYSTEM
from consult.core.db import db
from consult.core.i18n import LOCALES
from consult.core.ports import DocumentSource, Ports
from consult.core.unit_of_work import unit_of_work
from consult.discussion.states import ContributionKind
from consult.search import sync
from consult.search.documents import Backend, Filters, IndexBusy, IndexUnavailable, Sort
from consult.search.handlers import settle
from consult.search.queries import Answer, Asked, Found, filters_from, find

group = AppGroup("search", help="Look things up, check and rebuild the search index.")


def _backend() -> Backend:
    return cast(Backend, current_app.extensions["consult.search"])


def _ports() -> Ports:
    return cast(Ports, current_app.extensions["consult.ports"])


@group.command("query")
@click.argument("text")
@click.option("--space", metavar="SLUG")
@click.option("--question", metavar="N")
@click.option("--objective", metavar="N")
@click.option("--language", type=click.Choice(LOCALES))
@click.option("--category", metavar="SLUG")
@click.option("--region", metavar="SLUG")
@click.option("--kind", type=click.Choice([str(kind) for kind in ContributionKind]))
@click.option("--month", metavar="YYYY-MM")
@click.option("--sort", type=click.Choice(get_args(Sort)), default="relevance", show_default=True)
@click.option("--across/--own-words", default=True, help="With or without the glossary.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--as", "as_email", help="See with this account's rights.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@command
def query(
    text: str,
    *,
    sort: Sort,
    across: bool,
    limit: int,
    as_email: str | None,
    as_json: bool,
    **narrowed: str | None,
) -> None:
    """Find public contributions; exit 1 where there are none."""
    session = db.session()
    actor = actor_named(session, as_email) if as_email else SYSTEM
    asked = Asked(text=text, filters=_filters(narrowed), sort=sort, per_page=limit, across=across)
    answer = find(session, backend=_backend(), actor=actor, asked=asked)
    if not answer.is_available:
        raise click.ClickException("the search index is not there: run `flask search rebuild`")
    if as_json:
        hits = [
            {
                "id": item.id,
                "reference": item.reference,
                "language": item.language,
                "via": item.via,
                "score": item.score,
                "excerpt": item.excerpt.plain,
            }
            for item in answer.items
        ]
        click.echo(json.dumps({"total": answer.total, "hits": hits}, ensure_ascii=False))
        return
    for item in answer.items:
        click.echo(_line(item))
    click.echo(_told(answer), err=True)
    if not answer.total:
        raise click.exceptions.Exit(1)


def _filters(narrowed: Mapping[str, str | None]) -> Filters:
    """Return what the options narrow to; a value that cannot be one is a wrong call."""
    filters = filters_from({name: value or "" for name, value in narrowed.items()})
    for name, value in narrowed.items():
        if value is not None and getattr(filters, name) is None:
            raise WrongCall(f"--{name} {value!r}: there can be no such {name}")
    return filters


def _line(item: Found) -> str:
    """Return one text found, with how it was found where it does not say what was typed."""
    how = [f"via {item.via}"] if item.via else []
    how += [f"{item.step} of the words"] if item.step != "all" else []
    told = f" [{', '.join(how)}]" if how else ""
    return f"{item.reference}  {item.language}{told}  {item.author.name}: {item.excerpt.plain}"


def _told(answer: Answer) -> str:
    """Return how many there are, and what to try instead of a mistyped word."""
    whole = answer.whole if answer.whole is not None else answer.total
    parts = [f"{answer.total} found"]
    parts += [f"{whole} of them with all words"] if whole < answer.total else []
    parts += [f"did you mean: {answer.suggestion}"] if answer.suggestion else []
    return "; ".join(parts)


@group.command("verify")
@click.option("--repair", is_flag=True, help="Bring what differs up to date, and only that.")
@command
def verify(*, repair: bool) -> None:
    """Compare the index with the database; exit 1 where they differ and nobody repairs it."""
    session, backend, sources = db.session(), _backend(), _ports().documents.values()
    began = clock.now()
    try:
        with _one_writer():
            act = sync.repair if repair else sync.verify
            found = act(session, backend=backend, sources=sources)
    except IndexUnavailable as error:
        click.echo("the search index is not there: run `flask search rebuild`")
        raise click.exceptions.Exit(1) from error
    if repair:
        with unit_of_work() as writing:
            settle(writing, before=began)
    for name in ("missing", "stale", "surplus"):
        ids = getattr(found, name)
        if ids:
            click.echo(f"{name}: {len(ids)} texts")
    if repair or found.is_clean:
        click.echo("the index holds exactly what is public")
        return
    raise click.exceptions.Exit(1)


@group.command("rebuild")
@command
def rebuild() -> None:
    """Fill a new index aside and swap it in; the old one answers meanwhile."""
    session, backend, sources = db.session(), _backend(), list(_ports().documents.values())
    with _one_writer(), Progress(what="texts", of=_count(session, sources)) as progress:
        sync.renew(session, backend=backend, sources=sources, told=progress)
    click.echo("the index was rebuilt")


def _count(session: Session, sources: Iterable[DocumentSource]) -> int:
    return sum(1 for source in sources for _ in source.versions(session))


@contextmanager
def _one_writer() -> Iterator[None]:
    """Say so in one line where another process writes the index."""
    try:
        yield
    except IndexBusy as error:
        raise click.ClickException(
            "another process is writing the search index: try again in a minute"
        ) from error

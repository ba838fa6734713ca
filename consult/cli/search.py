"""`flask search query|verify|rebuild`."""

from __future__ import annotations

import json
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup

from consult.cli.base import actor_named, command
from consult.core.authz import SYSTEM
from consult.core.db import db
from consult.core.ports import Ports
from consult.search import sync
from consult.search.documents import Backend, IndexUnavailable
from consult.search.queries import Asked, filters_from, find

group = AppGroup("search", help="Look things up, check and rebuild the search index.")


def _backend() -> Backend:
    return cast(Backend, current_app.extensions["consult.search"])


def _ports() -> Ports:
    return cast(Ports, current_app.extensions["consult.ports"])


@group.command("query")
@click.argument("text")
@click.option("--space")
@click.option("--objective", type=int)
@click.option("--language", type=click.Choice(["en", "fr", "es"]))
@click.option("--category")
@click.option("--limit", type=click.IntRange(1, 1000), default=20)
@click.option("--as", "as_email", help="See with this account's rights.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@command
def query(
    text: str,
    *,
    space: str | None,
    objective: int | None,
    language: str | None,
    category: str | None,
    limit: int,
    as_email: str | None,
    as_json: bool,
) -> None:
    """Find public contributions; exit 1 where there are none."""
    session = db.session()
    values = {
        "space": space or "",
        "objective": str(objective or ""),
        "language": language or "",
        "category": category or "",
    }
    actor = actor_named(session, as_email) if as_email else SYSTEM
    asked = Asked(text=text, filters=filters_from(values), per_page=limit)
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
        click.echo(f"{item.reference}  {item.language}  {item.author.name}: {item.excerpt.plain}")
    click.echo(f"{answer.total} found", err=True)
    if not answer.total:
        raise click.exceptions.Exit(1)


@group.command("verify")
@command
def verify() -> None:
    """Compare the index with the database; exit 1 where they differ."""
    try:
        found = sync.verify(db.session(), backend=_backend(), sources=_ports().documents.values())
    except IndexUnavailable as error:
        click.echo("the search index is not there: run `flask search rebuild`")
        raise click.exceptions.Exit(1) from error
    if found.is_clean:
        click.echo("the index holds exactly what is public")
        return
    for name in ("missing", "stale", "surplus"):
        ids = getattr(found, name)
        if ids:
            click.echo(f"{name}: {len(ids)} texts")
    raise click.exceptions.Exit(1)


@group.command("rebuild")
@command
def rebuild() -> None:
    """Fill a new index aside and swap it in; the old one answers meanwhile."""
    sync.rebuild(db.session(), backend=_backend(), sources=_ports().documents.values())
    click.echo("the index was rebuilt")

"""The demonstration: what it holds, whom it names, and that it may be made again and again.

Making it takes seconds, so it is made once for each database; what a test does to it is undone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import config as settings
from consult.accounts.models import User
from consult.app import create_app
from consult.core import clock, outbox
from consult.core.outbox import Handler, OutboxEntry
from consult.discussion.events import ContributionSent, PublicTextChanged
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.spaces.models import Space
from tests.conftest import DATABASES, ROOT, Template, drop, rolled_back
from tests.factories import make_user
from tests.integration.cli.commands import examine, run

DAY = dt.timedelta(days=1)


def test_the_demonstration_comes_up_in_an_empty_folder(tmp_path: Path) -> None:
    data = tmp_path / "not" / "there" / "yet"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("CONSULT_")}
    environ |= {"CONSULT_DATA": str(data), "PYTHONWARNINGS": "ignore"}
    first = subprocess.run(
        [sys.executable, "-m", "flask", "demo", "--json"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert first.returncode == 0, first.stderr
    accounts = json.loads(first.stdout)["accounts"]
    roles = [(r["role"], r["space"]) for account in accounts for r in account["roles"]]
    assert {len(account["roles"]) for account in accounts} == {1}
    assert roles.count(("moderator", "round-table-3")) == 2
    assert {
        ("stakeholder", None),
        ("drafter", "round-table-3"),
        ("moderator", "round-table-1"),
        ("organiser", None),
    } <= set(roles)
    assert all(len(account["password"]) >= 15 for account in accounts)
    _it_is_whole(create_app(settings.from_environment({"CONSULT_DATA": str(data)})))
    assert not (data / "mail").exists() or not list((data / "mail").iterdir())


def _it_is_whole(app: Flask) -> None:
    runner = app.test_cli_runner()
    listed = runner.invoke(args=["space", "list"]).stdout
    phases = {line.split("\t")[0]: line.split("\t")[2] for line in listed.splitlines()}
    assert phases == {
        "round-table-1": "closed",
        "round-table-2": "open",
        "round-table-3": "open",
        "round-table-4": "upcoming",
    }
    assert runner.invoke(args=["doctor"]).exit_code == 0
    drop(app)


class Demonstrations(dict[str, tuple[Flask, list[Any]]]):
    """Applications on a database with the demonstration, and its accounts, by kind of database."""

    def __init__(self, templates: dict[str, Template], folder: Path) -> None:
        self._templates, self._folder = templates, folder

    def __missing__(self, kind: str) -> tuple[Flask, list[Any]]:
        app = create_app(self._templates[kind].copy(self._folder / kind))
        result = app.test_cli_runner().invoke(args=["demo", "--json"])
        assert result.exit_code == 0, result.stderr
        self[kind] = app, list(json.loads(result.stdout)["accounts"])
        return self[kind]


@pytest.fixture(scope="module")
def demonstrations(
    templates: dict[str, Template], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demonstrations]:
    made = Demonstrations(templates, tmp_path_factory.mktemp("demonstrations"))
    yield made
    for app, _accounts in made.values():
        drop(app)


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest, templates: dict[str, Template]) -> str:
    """The kind of database, once its schema is there."""
    return templates[request.param].kind


@pytest.fixture
def still(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for index and mail, and a schema that is there already."""
    reactions = outbox.Reactions()
    for name, event in (("search.index", PublicTextChanged), ("mail", ContributionSent)):
        # All at once: each batch is committed, and waits for the disk.
        reactions.subscribe(Handler(name, lambda *_args, **_kw: None, batch=10_000), event)
    monkeypatch.setattr(outbox, "reactions", reactions)
    monkeypatch.setattr("consult.cli.demo.alembic.upgrade", lambda *_args: None)


@pytest.fixture
def app(kind: str, demonstrations: Demonstrations, still: None) -> Iterator[Flask]:
    """The application of the demonstration, instead of the empty one."""
    with rolled_back(demonstrations[kind][0]) as application:
        yield application


@pytest.fixture
def accounts(kind: str, demonstrations: Demonstrations) -> list[Any]:
    return demonstrations[kind][1]


def test_the_demonstration_holds_a_text_of_every_kind(app: Flask, session: Session) -> None:
    by_key = {c.external_id: c for c in session.scalars(select(Contribution))}
    assert by_key["rt3-17"].removed == "hidden"
    assert by_key["rt3-27"].removed == "withdrawn"
    assert by_key["rt3-09"].open_revision_id is not None
    assert by_key["rt3-01"].edited_at is not None
    assert by_key["rt3-41"].reference == "RT3-Q4"
    assert by_key["rt3-20"].reference is None
    inside = session.get(Revision, by_key["rt3-48"].open_revision_id)
    assert inside is not None
    assert inside.state == RevisionState.CLEARANCE
    assert all(c.sent_at is not None and c.sent_at < clock.now() for c in by_key.values())
    assert examine(app, session) == {}


def test_the_demonstration_names_the_same_accounts_again(
    app: Flask, session: Session, accounts: list[Any]
) -> None:
    again = json.loads(run(app, session, "demo", "--json").stdout)
    assert again == {"accounts": accounts}


def test_the_demonstration_leaves_no_mail_to_be_sent(session: Session) -> None:
    assert session.scalars(select(OutboxEntry.handler)).all() == []


def test_a_repeated_demonstration_keeps_what_people_did_and_shifts_the_dates(
    app: Flask, session: Session
) -> None:
    count = session.scalar(select(func.count(Contribution.id)))
    organiser = session.scalars(select(User).where(User.email == "organiser@demo.example")).one()
    organiser.name = "Somebody’s own name"
    make_user(session, email="guest@example.org")
    later = clock.now() + 30 * DAY
    with clock.stopped_at(later):
        assert run(app, session, "demo").exit_code == 0
    assert session.scalar(select(func.count(Contribution.id))) == count
    names = dict(session.execute(select(User.email, User.name)).tuples().all())
    assert names["organiser@demo.example"] == "Somebody’s own name"
    assert "guest@example.org" in names
    second = session.scalars(select(Space).where(Space.slug == "round-table-2")).one()
    assert second.closes_at is not None
    assert later < second.closes_at <= later + DAY


def test_the_demonstration_shows_an_outcome_and_an_official_answer(
    app: Flask, session: Session
) -> None:
    answer = session.scalars(select(Contribution).where(Contribution.external_id == "rt3-42")).one()
    moderator = session.scalars(
        select(Contribution).where(Contribution.external_id == "rt3-46")
    ).one()
    assert (answer.capacity, moderator.capacity) == ("drafter", "moderator")
    assert answer.official_at is not None
    assert answer.official_at < clock.now()
    for later in (clock.now(), clock.now() + 30 * DAY):
        with clock.stopped_at(later):
            assert run(app, session, "demo").exit_code == 0
        first = session.scalars(select(Space).where(Space.slug == "round-table-1")).one()
        assert first.outcome is not None
        assert first.outcome.is_complete()
        assert len(first.outcome_links) == 2
        assert first.closes_at is not None
        assert first.processed_at is not None
        assert first.closes_at < first.processed_at < later

"""Commands: what they print, what they refuse, how they end."""

from __future__ import annotations

import datetime as dt
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import clock, outbox
from consult.core.outbox import Handler, OutboxEntry
from consult.operations import queries
from consult.spaces.events import SpaceDatesChanged
from consult.spaces.models import Author, Question, RoleGrant, Space
from tests.conftest import ROOT, Served
from tests.factories import make_forum, make_space, make_user
from tests.integration.cli.commands import examine, one_line, run

IMRF = ROOT / "consult/definitions/imrf2022.yaml"
DAY = dt.timedelta(days=1)


# Forum and space ---------------------------------------------------------------------------


def test_forum_load_makes_the_forum(app: Flask, session: Session) -> None:
    result = run(app, session, "forum", "load", str(IMRF))
    assert result.exit_code == 0
    assert session.scalar(select(func.count(Space.id))) == 4


def test_forum_load_refuses_a_broken_file_with_one_line(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(IMRF.read_text().replace("visibility: announced", "visibility: open", 1))
    result = run(app, session, "forum", "load", str(path))
    assert result.exit_code == 2
    number = 1 + path.read_text()[: path.read_text().index("visibility: open")].count("\n")
    assert one_line(result) == (
        f"{path}:{number}: “visibility” must be one of: announced, members, unannounced"
    )
    assert session.scalar(select(func.count(Space.id))) == 0


def test_space_list_shows_every_space_with_its_phase(app: Flask, session: Session) -> None:
    space = make_space(session)
    result = run(app, session, "space", "list")
    assert [line.split("\t")[:3] for line in result.stdout.splitlines()] == [
        [space.slug, space.code, "open"]
    ]


def test_space_close_and_open_change_the_phase(app: Flask, session: Session) -> None:
    space = make_space(session)
    assert run(app, session, "space", "close", space.slug).exit_code == 0
    assert "closed" in run(app, session, "space", "list").stdout
    assert run(app, session, "space", "open", space.slug).exit_code == 0
    assert "open" in run(app, session, "space", "list").stdout


def test_space_extend_until_a_day_means_its_end_in_the_forums_zone(
    app: Flask, session: Session
) -> None:
    space = make_space(session)
    day = (clock.now() + 40 * DAY).date()
    result = run(app, session, "space", "extend", space.slug, "--until", day.isoformat())
    assert result.exit_code == 0
    assert space.closes_at is not None
    assert space.closes_at.date() == day + DAY
    assert space.closes_at.time() in {dt.time(3, 59, 59), dt.time(4, 59, 59)}


@pytest.mark.parametrize("until", ["soon", "2020-01-01"])
def test_space_extend_refuses_what_is_no_date_to_come(
    app: Flask, session: Session, until: str
) -> None:
    space = make_space(session)
    result = run(app, session, "space", "extend", space.slug, "--until", until)
    assert result.exit_code == 2
    assert "until" in one_line(result)


def test_an_unknown_space_is_a_wrong_call(app: Flask, session: Session) -> None:
    result = run(app, session, "space", "open", "nowhere")
    assert result.exit_code == 2
    assert "no space “nowhere”" in one_line(result)


# User --------------------------------------------------------------------------------------


def add(app: Flask, session: Session, *more: str, stdin: str | None = None) -> Result:
    named = ("--name", "Sewing Circle Desk", "--category", "civil-society")
    return run(app, session, "user", "add", "desk@example.org", *named, *more, stdin=stdin)


def test_user_add_makes_an_account_that_speaks_in_the_forum(app: Flask, session: Session) -> None:
    make_forum(session)
    result = add(
        app, session, "--organisation", "Sewing Circle", "--password-stdin",
        stdin="lanterns over quiet water\n",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    user = session.scalars(select(User)).one()
    assert app.extensions["consult.hasher"].verify(user.password_hash, "lanterns over quiet water")
    author = session.scalars(select(Author)).one()
    assert (author.name, author.organisation_id is not None) == ("Sewing Circle Desk", True)


def test_user_add_without_a_password_leaves_none(app: Flask, session: Session) -> None:
    make_forum(session)
    assert add(app, session).exit_code == 0
    assert session.scalars(select(User)).one().password_hash is None


def test_user_add_refuses_an_unknown_category_and_adds_nobody(app: Flask, session: Session) -> None:
    make_forum(session)
    result = run(
        app, session, "user", "add", "a@example.org", "--name", "Desk", "--category", "nobility"
    )
    assert result.exit_code == 2
    assert "category" in one_line(result)
    assert session.scalars(select(User)).all() == []


def test_user_add_refuses_a_short_password_and_a_known_address(
    app: Flask, session: Session
) -> None:
    make_forum(session)
    short = add(app, session, "--password-stdin", stdin="short\n")
    assert short.exit_code == 2
    assert "15 characters" in one_line(short)
    add(app, session)
    again = add(app, session)
    assert again.exit_code == 2
    assert "account with this address" in one_line(again)


def test_user_add_without_a_forum_says_what_to_do(app: Flask, session: Session) -> None:
    result = add(app, session)
    assert result.exit_code == 2
    assert "flask forum load" in one_line(result)


def test_user_grant_and_revoke_change_the_list(app: Flask, session: Session) -> None:
    space, user = make_space(session), make_user(session, email="Mod@example.org")
    where = ("mod@example.org", "moderator", "--space", space.slug)
    assert run(app, session, "user", "grant", *where).exit_code == 0
    assert f"moderator:{space.slug}" in run(app, session, "user", "list").stdout
    assert session.scalars(select(RoleGrant.user_id)).all() == [user.id]
    assert run(app, session, "user", "revoke", *where).exit_code == 0
    assert session.scalars(select(RoleGrant)).all() == []


@pytest.mark.parametrize(
    "where",
    [
        ("moderator",),
        ("moderator", "--forum", "FORUM"),
        ("organiser", "--space", "SPACE"),
        ("drafter", "--space", "nowhere"),
        ("drafter", "--space", "SPACE", "--forum", "FORUM"),
    ],
)
def test_user_grant_refuses_the_wrong_scope(
    app: Flask, session: Session, where: tuple[str, ...]
) -> None:
    forum = make_forum(session)
    space = make_space(session, forum=forum)
    make_user(session, email="mod@example.org")
    known = {"FORUM": forum.slug, "SPACE": space.slug}
    result = run(
        app, session, "user", "grant", "mod@example.org", *(known.get(w, w) for w in where)
    )
    assert result.exit_code == 2
    one_line(result)
    assert session.scalars(select(RoleGrant)).all() == []


# Worker and doctor -------------------------------------------------------------------------


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A search index that only remembers which spaces it was told of."""
    told: list[Any] = []

    def index(_session: Session, payloads: list[Any], *, now: dt.datetime) -> None:
        told.extend(payloads)

    reactions = outbox.Reactions()
    reactions.subscribe(Handler(name="search.index", run=index), SpaceDatesChanged)
    monkeypatch.setattr(outbox, "reactions", reactions)
    return told


def test_a_command_that_writes_drains_the_search_rows(
    app: Flask, session: Session, indexed: list[Any]
) -> None:
    space = make_space(session)
    run(app, session, "space", "close", space.slug)
    assert [payload["space_id"] for payload in indexed] == [space.id]


def test_worker_once_does_what_is_due_and_ends(
    app: Flask, session: Session, indexed: list[Any]
) -> None:
    session.add(
        OutboxEntry(
            handler="search.index",
            payload={"space_id": 1},
            not_before=clock.now() - DAY,
            created_at=clock.now(),
        )
    )
    assert run(app, session, "worker", "--once").exit_code == 0
    assert indexed == [{"space_id": 1}]


def test_doctor_finds_nothing_in_a_healthy_database(app: Flask, session: Session) -> None:
    make_space(session)
    assert examine(app, session) == {}


def test_doctor_finds_a_wrong_counter(app: Flask, session: Session) -> None:
    space = make_space(session)
    question = session.scalars(select(Question).where(Question.space_id == space.id)).first()
    assert question is not None
    question.public_count = 3
    assert examine(app, session) == {
        "counters": [f"question {space.code}-Q{question.number} says 3 public comments and has 0"]
    }


@pytest.mark.parametrize("parked", [True, False])
def test_doctor_finds_parked_and_late_rows(app: Flask, session: Session, parked: bool) -> None:
    now = clock.now()
    session.add(
        OutboxEntry(
            handler="mail",
            payload={},
            not_before=now - DAY,
            created_at=now - DAY,
            parked_at=now if parked else None,
            last_error="no route",
        )
    )
    (message,) = examine(app, session)["outbox"]
    assert message.startswith("1 rows of mail")
    assert ("no route" in message) == parked


def test_doctor_says_when_the_schema_is_another_one(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = queries.SchemaState(found=frozenset(), wanted=frozenset({"head"}))
    monkeypatch.setattr(queries, "schema_state", lambda *_args, **_kw: state)
    assert list(examine(app, session)) == ["schema"]
    refused = run(app, session, "serve")
    assert refused.exit_code == 2
    assert "flask db upgrade" in one_line(refused)


# Demonstration -----------------------------------------------------------------------------


def test_the_demonstration_is_refused_on_https(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(app.extensions["consult.config"], base_url="https://x.example")
    monkeypatch.setitem(app.extensions, "consult.config", config)
    result = run(app, session, "demo")
    assert result.exit_code == 2
    assert "https" in one_line(result)


def test_the_demonstration_is_refused_where_somebody_works(app: Flask, session: Session) -> None:
    make_forum(session)
    result = run(app, session, "demo")
    assert result.exit_code == 2
    assert "not marked as a demonstration" in one_line(result)


# Serve -------------------------------------------------------------------------------------


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_a_worker_that_died_is_started_again_and_ends_with_the_server(served: Served) -> None:
    server = psutil.Process(served.process.pid)
    first = _worker_of(server, other_than=None)
    first.kill()
    second = _worker_of(server, other_than=first.pid)
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    assert served.process.wait(15) == 0
    assert time.monotonic() - began < 15
    assert not second.is_running()


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_the_worker_ends_when_the_server_is_killed(served: Served) -> None:
    server = psutil.Process(served.process.pid)
    worker = _worker_of(server, other_than=None)
    server.kill()
    served.process.wait(5)
    gone, alive = psutil.wait_procs([worker], timeout=30)
    assert (len(gone), alive) == (1, [])


def _worker_of(server: psutil.Process, *, other_than: int | None) -> psutil.Process:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for child in server.children():
            if child.pid != other_than and child.status() != psutil.STATUS_ZOMBIE:
                return child
        time.sleep(0.1)
    pytest.fail("the server has no worker")

"""Migrations with rows in the tables: what was there before is there afterwards."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import MetaData, insert, select

import config as settings
from consult.app import create_app
from consult.core.db import db
from tests import postgresql
from tests.conftest import DATABASES, ROOT, need_postgresql, sqlalchemy_url

NOW = dt.datetime(2026, 1, 31, 17, 0, tzinfo=dt.UTC)
SAID = {"texts": {"en": "Said"}, "provenance": {}}


@pytest.fixture(params=DATABASES)
def first_tables(request, tmp_path):
    """An application on a database that stands at the first migration."""
    url = None
    if request.param == "postgresql":
        need_postgresql()
        url = sqlalchemy_url(postgresql.create_database(f"consult_{uuid.uuid4().hex[:12]}"))
    app = create_app(settings.for_tests(tmp_path, database_url=url))
    with app.app_context():
        _go(to="20261122_2200")
        yield app
        name = db.engine.url.database
        db.session.remove()
        db.engine.dispose()
    if url and name:
        postgresql.drop_database(name)


def _go(*, to):
    upgrade(directory=str(Path(ROOT) / "migrations"), revision=to)


class Rows:
    """The tables as they are now, without the models."""

    def __init__(self):
        self.tables = MetaData()
        self.tables.reflect(db.engine)

    def add(self, table, **values):
        with db.engine.begin() as connection:
            columns = self.tables.tables[table]
            made = connection.execute(insert(columns).values(**self._whole(columns, values)))
            return made.inserted_primary_key[0]  # type: ignore[index]

    def get(self, table):
        with db.engine.connect() as connection:
            rows = connection.execute(select(self.tables.tables[table]))
            return [dict(row._mapping) for row in rows]

    def _whole(self, table, values):
        """Fill what must not be empty with something of its kind."""
        whole = {}
        for column in table.columns:
            if column.name in values:
                whole[column.name] = values[column.name]
            elif not (column.nullable or column.server_default is not None or column.primary_key):
                whole[column.name] = self._something(column)
        return whole

    @staticmethod
    def _something(column):
        kind = column.type.python_type if not _is_json(column) else dict
        if kind is dt.datetime:
            return NOW
        return {str: uuid.uuid4().hex[:8], int: 1, bool: False, dict: SAID}[kind]


def _is_json(column):
    return "JSON" in str(column.type)


def test_what_was_written_before_is_kept(first_tables):
    old = Rows()
    forum = old.add("forum", slug="review")
    space = old.add("space", forum_id=forum, slug="rt3", code="RT3")
    question = old.add("question", space_id=space, number=1)
    owner = old.add(
        "organisation",
        forum_id=forum,
        name="Port Watch",
        name_key="port watch",
        aliases=["P.W.", "Port Watch"],
    )
    author = old.add("author", forum_id=forum, organisation_id=owner, uid="u-1")
    user = old.add("user_account", email="ana@example.org", email_key="ana@example.org")
    contribution = old.add(
        "contribution",
        space_id=space,
        question_id=question,
        author_id=author,
        uid="c-1",
        kind="comment",
        path="",
    )
    revision = old.add("revision", contribution_id=contribution, number=1, state="rejected")
    decision = old.add("decision", revision_id=revision, verdict="reject", reason="other")
    old.add("appeal", decision_id=decision, words="Please read it again.")
    old.add("delivery", user_id=user, event="received", key="k")
    old.add("user_session", digest="d" * 64, user_id=user)

    _go(to="head")

    new = Rows()
    names = {row["name"]: row["merged_into_id"] for row in new.get("organisation")}
    assert names == {"Port Watch": None, "P.W.": owner}
    assert len(new.get("user_account")[0]["uid"]) == 32
    assert new.get("user_account")[0]["mail_failures"] == 0
    assert new.get("user_session")[0]["stage"] == "full"
    assert new.get("forum")[0]["registration"] == "open"
    assert not new.get("author")[0]["is_delegation"]
    assert new.get("appeal")[0]["contribution_id"] == contribution
    assert new.get("contribution")[0]["capacity"] == "participant"
    assert not new.get("contribution")[0]["is_unconfirmed"]
    assert new.get("delivery")[0]["user_id"] == user
    links = new.get("space")[0]["outcome_links"]
    assert (json.loads(links) if isinstance(links, str) else links) == []


def test_a_delivery_may_go_to_an_address_without_an_account(first_tables):
    _go(to="head")
    rows = Rows()
    rows.add("delivery", user_id=None, address="ana@example.org", event="invitation", key="k")
    assert rows.get("delivery")[0]["user_id"] is None


def test_a_glossary_that_was_there_can_be_kept_from_now_on(first_tables):
    old = Rows()
    for slug in ("review", "other-review"):
        old.add("forum", slug=slug)
    forum = old.get("forum")[0]["id"]
    old.add("glossary_term", forum_id=forum, key="return", terms={"en": ["return"]})
    _go(to="head")
    new = Rows()
    editions = {row["glossary_edition"] for row in new.get("forum")}
    assert len(editions) == 2
    assert "" not in editions
    (term,) = new.get("glossary_term")
    assert (term["version"], term["removed_at"], term["note"]) == (1, None, None)


def test_objectives_that_were_there_wait_for_words_about_them(first_tables):
    old = Rows()
    forum = old.add("forum", slug="review")
    old.add("objective", forum_id=forum, number=20)
    _go(to="head")
    new = Rows()
    (objective,) = new.get("objective")
    assert (objective["number"], objective["about"]) == (20, None)
    new.add("objective_lesson", forum_id=forum, weights={"20": {"en:money": 0.5}})
    assert len(new.get("objective_lesson")) == 1

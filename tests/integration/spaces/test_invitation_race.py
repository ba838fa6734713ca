"""Two people take one invitation at the same instant: one of them has it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from consult.accounts.models import User
from consult.app import create_app
from consult.core import clock
from consult.core.db import db
from consult.core.errors import Invalid
from consult.core.unit_of_work import unit_of_work
from consult.spaces import services
from consult.spaces.models import Author, Invitation
from consult.spaces.services import Affiliation
from tests import factories as make
from tests import postgresql
from tests.conftest import DATABASES, Template

KEY = "a key of this test alone"


@pytest.fixture(params=DATABASES)
def own_app(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Flask]:
    """An application on a database of its own, because threads commit for good."""
    app = create_app(templates[request.param].copy(tmp_path))
    yield app
    with app.app_context():
        url = db.engine.url
        db.engine.dispose()
    if request.param == "postgresql" and url.database:
        postgresql.drop_database(url.database)


def test_of_two_who_take_an_invitation_at_once_one_has_it(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        forum = make.make_forum(session)
        invitation = services.invite(
            session,
            forum=forum,
            email="marisol@example.org",
            name="",
            locale="en",
            invited_by=None,
            now=clock.now(),
        )
        token = services.token_of_invitation(invitation, secret_key=KEY)
    barrier = Barrier(2)

    def take(name: str) -> str:
        with own_app.app_context():
            barrier.wait()
            try:
                with unit_of_work() as session:
                    services.register_invited(
                        session,
                        token=token,
                        secret_key=KEY,
                        said=Affiliation(name=name, category="civil-society"),
                        given=(),
                        password="rain on the tin roof",
                        locale="en",
                        hasher=own_app.extensions["consult.hasher"],
                        now=clock.now(),
                    )
            except Invalid as problem:
                return str(problem)
            return "taken"

    with ThreadPoolExecutor(2) as pool:
        taken = sorted(pool.map(take, ("Marisol", "Mara")))
    assert taken == ["link: link-invalid", "taken"]
    with own_app.app_context():
        users = db.session.scalars(select(User)).all()
        assert len(users) == 1
        assert db.session.scalars(select(Invitation.used_by)).all() == [users[0].id]
        assert db.session.scalar(select(func.count()).select_from(Author)) == 1

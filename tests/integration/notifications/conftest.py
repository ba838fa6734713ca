from __future__ import annotations

import pytest

from consult.accounts.models import User
from consult.spaces.models import Space
from tests import factories
from tests.integration.notifications.post import AnySession, Post


@pytest.fixture
def post(session: AnySession) -> Post:
    return Post(session)


@pytest.fixture
def space(session: AnySession) -> Space:
    return factories.make_space(session, code="RT3")


@pytest.fixture
def writer(session: AnySession) -> User:
    return factories.make_user(session, email="Writer@example.org", time_zone="Europe/Rome")

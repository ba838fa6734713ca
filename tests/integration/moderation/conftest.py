"""The desk of the tests beside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.moderation.desk import Desk, make_desk


@pytest.fixture
def desk(session: Any) -> Desk:
    """A space with two moderators and an author; rolled back after the test."""
    return make_desk(session)

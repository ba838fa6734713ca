"""The page of the queue costs the same few statements, however much waits."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.integration.moderation.desk import Desk
from tests.integration.moderation.queues import campaign, report, waiting
from tests.integration.test_budgets import counted
from tests.signing_in import sign_in

MOST = 15
"""Statements of the page, who looks at it included."""


@pytest.fixture
def moderator(app: Flask, desk: Desk) -> FlaskClient:
    """The browser of the first moderator."""
    browser = app.test_client()
    sign_in(browser, desk.session, desk.users[0])
    return browser


def test_the_page_costs_the_same_few_statements_however_much_waits(
    desk: Desk, moderator: FlaskClient
) -> None:
    report(desk, desk.published())
    costs = []
    for more in (4, 26, 70):
        texts = [waiting(desk, number + 1) for number in range(more)]
        campaign(desk, *texts[:3])
        moderator.get("/en/moderation")
        with counted() as statements:
            page = moderator.get("/en/moderation").text
        assert page.count('class="queue-item"') > min(more, 49) - 3
        assert len(statements) <= MOST, "\n".join(statements)
        costs.append(len(statements))
    assert len(set(costs)) == 1

"""How a desk keeps up and what it decided, as moderators, organisers and readers see it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask

from consult.core import clock
from consult.core.authz import Role
from consult.moderation.states import Verdict
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, make_desk
from tests.integration.test_budgets import counted
from tests.signing_in import sign_in

HOUR = dt.timedelta(hours=1)
QUEUE = 15


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


def browser_of(app: Flask, desk: Desk, user: Any = None) -> Any:
    browser = app.test_client()
    if user is not None:
        sign_in(browser, desk.session, user)
    return browser


def plain(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def many(desk: Desk, count: int, *, decided: bool) -> None:
    now = clock.now()
    for number in range(count):
        text = desk.pending()
        desk.text(text).waits_since = now - (3 + number) * HOUR
        if decided:
            desk.decide(text, Verdict.APPROVE, now=now - 2 * HOUR)
    desk.session.commit()


def test_a_moderator_reads_when_the_queue_will_be_empty(app: Flask, desk: Desk) -> None:
    many(desk, 8, decided=True)
    many(desk, 1, decided=False)
    browser = browser_of(app, desk, desk.users[0])
    words = plain(browser.get("/en/moderation"))
    assert "Too little" not in words
    desk.space.closes_at = clock.now() + HOUR
    many(desk, 20, decided=False)
    words = plain(browser.get("/en/moderation"))
    assert re.search(r"At the present pace \d+ texts still wait when Round table \d+ closes", words)


def test_a_quiet_desk_is_told_that_there_is_nothing_to_go_by(app: Flask, desk: Desk) -> None:
    many(desk, 2, decided=False)
    words = plain(browser_of(app, desk, desk.users[0]).get("/en/moderation"))
    assert "Too little was decided in the last three days" in words


def test_texts_sent_in_time_are_said_to_count_after_the_closing(app: Flask, desk: Desk) -> None:
    many(desk, 2, decided=False)
    desk.space.closes_at = clock.now() - HOUR
    desk.session.commit()
    words = plain(browser_of(app, desk, desk.users[0]).get("/en/moderation"))
    assert "2 texts that were sent in time still wait; they count" in words


def test_the_clock_costs_the_queue_few_statements(app: Flask, desk: Desk) -> None:
    many(desk, 8, decided=True)
    many(desk, 8, decided=False)
    browser = browser_of(app, desk, desk.users[0])
    browser.get("/en/moderation")
    with counted() as seen:
        assert browser.get("/en/moderation").status_code == 200
    assert len(seen) <= QUEUE


def test_the_space_leads_to_its_figures_which_hold_small_ones_back(app: Flask, desk: Desk) -> None:
    many(desk, 6, decided=True)
    desk.decide(desk.pending(), Verdict.REJECT, message=WHY)
    desk.session.commit()
    browser = browser_of(app, desk)
    address = f"/en/spaces/{desk.space.slug}"
    assert f'href="{address}/statistics"' in browser.get(address).text
    page = browser.get(f"{address}/statistics")
    assert "Moderator One" not in page.text
    desk.space.closes_at = clock.now() - HOUR
    desk.space.public_version += 1
    desk.session.commit()
    assert f'href="{address}/statistics"' in browser.get(address).text


@pytest.mark.parametrize("here", ["", "/log", "/guide"])
def test_the_pages_of_the_desk_lead_to_each_other(app: Flask, desk: Desk, here: str) -> None:
    page = browser_of(app, desk, desk.users[0]).get(f"/en/moderation{here}").text
    assert f'<a href="/en/moderation{here}" aria-current="page">' in page
    for other in ("", "/log", "/guide"):
        assert f'<a href="/en/moderation{other}"' in page
    assert "/moderation/settings" not in page


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_the_log_tells_each_role_what_it_may_know(app: Flask, desk: Desk, lang: str) -> None:
    text = desk.pending()
    desk.decide(text, Verdict.REJECT, message=WHY)
    auditor = make.make_user(desk.session)
    make.grant(desk.session, user=auditor, role=Role.AUDITOR, space=desk.space)
    desk.session.commit()
    own = browser_of(app, desk, desk.users[0]).get(f"/{lang}/moderation/log")
    assert text.receipt in own.text
    assert WHY in own.text
    others = browser_of(app, desk, auditor).get(f"/{lang}/moderation/log")
    assert others.status_code == 200
    assert f'href="/{lang}/moderation/log"' in others.text
    for word in (text.receipt, WHY, "Moderator One"):
        assert word not in others.text

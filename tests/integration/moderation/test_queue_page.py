"""The page of the queue over HTTP: what it offers, and what a script is told."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.core.authz import Role
from consult.spaces.models import Application
from consult.spaces.states import ApplicationState
from tests import factories as make
from tests.integration.moderation.desk import Desk
from tests.integration.moderation.queues import campaign, report, waiting
from tests.signing_in import sign_in


@pytest.fixture
def moderator(app: Flask, desk: Desk) -> FlaskClient:
    """The browser of the first moderator."""
    browser = app.test_client()
    sign_in(browser, desk.session, desk.users[0])
    return browser


def test_lines_that_may_be_decided_have_a_box_and_no_others(
    desk: Desk, moderator: FlaskClient
) -> None:
    free, own = waiting(desk, 3), waiting(desk, 2)
    desk.text(own).submitted_by = desk.first.user_id
    report(desk, desk.published())
    page = moderator.get("/en/moderation").text
    assert f'name="items" form="bulk" value="{free.receipt}:1"' in page
    assert page.count('name="items"') == 1
    assert f'href="/en/moderation/{own.receipt}"' in page


def test_what_is_folded_has_a_link_to_it(desk: Desk, moderator: FlaskClient) -> None:
    texts = [waiting(desk, hours) for hours in (3, 2, 1)]
    campaign(desk, *texts)
    page = moderator.get(f"/en/moderation?space={desk.space.slug}").text
    assert "and 2 more that say nearly the same" in page
    address = f"/en/moderation?space={desk.space.slug}&amp;like={texts[0].receipt}"
    assert address in page
    unfolded = moderator.get(address.replace("&amp;", "&")).text
    assert unfolded.count('class="queue-item"') == 3


def test_each_filter_is_taken_away_by_its_link(desk: Desk, moderator: FlaskClient) -> None:
    waiting(desk, 1)
    slug = desk.space.slug
    page = moderator.get(f"/en/moderation?space={slug}&question=1&language=en&q=city").text
    assert 'href="/en/moderation?language=en&amp;q=city"' in page
    assert f'href="/en/moderation?space={slug}&amp;question=1&amp;q=city"' in page
    assert f'href="/en/moderation?space={slug}&amp;question=1&amp;language=en"' in page
    assert "1 text fits" in page


@pytest.mark.parametrize(
    "address",
    [
        "?question=99999999999&space=%00&category=%ff&kind=x&language=xx&after=%00",
        "?after=NOBO-DYKN-OWST-HIS0.flag&like=%27&q=%25_%5B%5D%5E*%3F%5C",
        "?q=" + "%C3%A9" * 300,
        "/arrivals?since=yesterday",
        "/arrivals?since=9999-12-31T23:59:59-23:59",
    ],
)
def test_what_is_typed_into_the_address_breaks_nothing(
    moderator: FlaskClient, address: str
) -> None:
    assert moderator.get(f"/en/moderation{address}").status_code == 200


def test_a_script_is_told_what_came_since(desk: Desk, moderator: FlaskClient) -> None:
    waiting(desk, 5)
    waiting(desk, 1)
    since = (clock.now() - dt.timedelta(hours=2)).isoformat().replace("+", "%2B")
    answer = moderator.get(f"/en/moderation/arrivals?since={since}")
    assert answer.json == {"waiting": 2, "newer": 1, "says": "1 new text has arrived."}
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_others_are_told_nothing(app: Flask, desk: Desk) -> None:
    waiting(desk, 1)
    browser = app.test_client()
    assert browser.get("/en/moderation/arrivals").status_code in {302, 303, 404}
    sign_in(browser, desk.session, desk.writer)
    assert browser.get("/en/moderation/arrivals").status_code == 404


def test_organisers_read_who_asks_to_take_part(app: Flask, desk: Desk) -> None:
    organiser, asking = make.make_user(desk.session), make.make_user(desk.session)
    make.grant(desk.session, user=organiser, role=Role.ORGANISER, space=desk.space)
    desk.session.add(
        Application(
            forum_id=desk.forum.id,
            user_id=asking.id,
            said={},
            state=ApplicationState.WAITING,
            created_at=clock.now() - dt.timedelta(days=3),
        )
    )
    desk.session.flush()
    waiting(desk, 1)
    browser = app.test_client()
    sign_in(browser, desk.session, organiser)
    page = browser.get("/en/moderation").text
    assert "1 request to take part waits. It was made 3 days ago." in page
    assert "none of their moderators may decide" in page
    assert 'class="queue-item"' not in page

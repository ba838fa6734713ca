"""How often one client may search: less often than it may read."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask import g

from consult.core import web
from tests import factories as make
from tests.signing_in import sign_in

ADDRESS = "198.51.100.7"


@pytest.fixture
def limited(app, monkeypatch):
    """Let the app count what clients ask for, which it does in no other test."""
    monkeypatch.setattr(web.limiter, "enabled", True)
    web.limiter.reset()
    return app


def search(client, path="/en/search?q=school", *, address=ADDRESS):
    g.pop("actor", None)
    return client.get(path, environ_base={"REMOTE_ADDR": address})


def test_a_reader_searches_thirty_times_a_minute_on_the_page_and_in_the_feed(
    limited, session, client
):
    make.make_forum(session)
    session.commit()
    ways = ["/en/search?q=school", "/fr/search/feed.atom?q=school"]
    found = [search(client, ways[number % 2]).status_code for number in range(31)]
    assert 429 not in found[:30]
    assert found[30] == 429
    refused = search(client)
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert search(client, "/en/").status_code == 200
    assert search(client, address="203.0.113.9").status_code != 429


def test_somebody_signed_in_searches_twice_as_often_wherever_they_are(limited, session, client):
    make.make_forum(session)
    sign_in(client, session, make.make_user(session))
    addresses = [ADDRESS, "203.0.113.9"]
    found = [search(client, address=addresses[number % 2]).status_code for number in range(61)]
    assert 429 not in found[:60]
    assert found[60] == 429


def test_the_people_of_an_office_share_ten_times_as_much(limited, session, client, monkeypatch):
    make.make_forum(session)
    session.commit()
    config = limited.extensions["consult.config"]
    monkeypatch.setitem(
        limited.extensions, "consult.config", replace(config, offices=(ip_network(ADDRESS),))
    )
    assert 429 not in [search(client).status_code for _ in range(40)]

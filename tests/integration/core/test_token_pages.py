"""Pages whose address is a secret of one reader: nobody keeps or lists them."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from consult.accounts.services import links
from consult.accounts.states import LinkPurpose
from consult.core import clock
from tests import factories
from tests.integration.notifications.post import AnySession, link_for


def test_no_page_behind_a_token_is_kept_or_listed(app: Flask, client: FlaskClient) -> None:
    rules = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "token" in rule.arguments and "GET" in (rule.methods or ())
    ]
    for rule in rules:
        page = client.get(rule.replace("<lang>", "en").replace("<token>", "nonsense"))
        is_of_a_paper = rule.startswith("/<lang>/files/")
        assert (page.headers.get("X-Robots-Tag") == "noindex") is not is_of_a_paper, rule
        assert page.headers["Cache-Control"] == "private, no-store", rule
    assert {"/<lang>/intake/<token>", "/<lang>/unsubscribe/<token>"} <= set(rules)


def test_a_link_that_is_good_is_for_its_reader_alone(
    app: Flask, session: AnySession, client: FlaskClient
) -> None:
    factories.make_forum(session)
    user = factories.make_user(session, confirmed_at=None)
    link = link_for(session, user, LinkPurpose.CONFIRM)
    link.created_at = clock.now()
    link.expires_at = clock.now() + links.VALID_FOR[LinkPurpose.CONFIRM]
    token = links.token_of(link, secret_key=app.extensions["consult.config"].secret_key)
    page = client.get(f"/en/confirm/{token}")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"

"""A reader reports a text over HTTP, and the moderators answer."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from consult.core import clock, limits
from consult.discussion.models import Contribution
from consult.discussion.states import Removed
from consult.moderation.models import Decision, Flag
from consult.moderation.states import Verdict
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.moderation.desk import Desk, make_desk, moderator_of
from tests.journeys.test_moderator import hidden_fields
from tests.signing_in import sign_in, token_of

WORDS = "My cousin is named here with her address."
LINK = re.compile(r'<a href="(/en/contributions/[^"]+/flag)"[^>]*>(.*?)</a>')


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def item(desk: Desk) -> Contribution:
    return desk.published(source="zebrafinch and where she lives")


def signed_in(app: Flask, session: Any, user: Any) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


@pytest.fixture
def reader(app: Flask, session: Any, desk: Desk) -> FlaskClient:
    return signed_in(app, session, make.make_user(session, name="Nadia Reader"))


@pytest.fixture
def moderator(app: Flask, session: Any, desk: Desk) -> FlaskClient:
    return signed_in(app, session, desk.users[0])


def page_of(item: Contribution) -> str:
    return f"/en/contributions/{item.reference}/flag"


def desk_of(item: Contribution) -> str:
    return f"/en/moderation/{item.receipt}"


def send(browser: FlaskClient, item: Contribution, **over: str) -> Any:
    token = token_of(browser.get("/en/account/settings").text)
    values = {"csrf_token": token, "reason": "personal-data", "words": WORDS}
    return browser.post(page_of(item), data=values | over)


def keep(browser: FlaskClient, item: Contribution, **over: str) -> Any:
    token = token_of(browser.get("/en/account/settings").text)
    return browser.post(f"{desk_of(item)}/keep", data={"csrf_token": token, "revision": "1"} | over)


def flags_of(session: Any, item: Contribution) -> list[Flag]:
    return list(session.scalars(select(Flag).where(Flag.contribution_id == item.id)))


# --- The reader ---------------------------------------------------------------------------------


def test_the_form_shows_the_text_and_says_who_reads_the_report(
    reader: FlaskClient, item: Contribution
) -> None:
    page = reader.get(page_of(item))
    assert page.status_code == 200
    for part in ("zebrafinch", "Only the moderators of this consultation read your report"):
        assert part in page.text
    assert 'value="personal-data"' in page.text
    assert 'value="other"' in page.text
    assert 'value="off-topic"' not in page.text
    assert "noindex" in page.text


def test_a_report_is_taken_and_a_second_one_is_told_kindly(
    reader: FlaskClient, session: Any, item: Contribution
) -> None:
    sent = send(reader, item)
    assert (sent.status_code, sent.location) == (303, f"/en/contributions/{item.reference}")
    assert "Thank you for your report." in reader.get(sent.location).text
    page = reader.get(page_of(item)).text
    assert "there is nothing more to do" in page
    assert 'name="reason"' not in page
    again = send(reader, item, words="Something else")
    assert again.status_code == 303
    assert "You reported this text already, on" in reader.get(again.location).text
    (kept,) = flags_of(session, item)
    assert kept.words == WORDS


def test_what_is_missing_is_said_and_nothing_is_lost(
    reader: FlaskClient, session: Any, item: Contribution
) -> None:
    answer = send(reader, item, reason="other", words="Too short")
    assert answer.status_code == 422
    assert "Please describe in at least 20 characters what is wrong." in answer.text
    assert "Too short" in answer.text
    assert re.search(r'value="other"[^>]* checked', answer.text)
    assert send(reader, item, reason="").status_code == 422
    assert not flags_of(session, item)


def test_a_visitor_is_led_to_sign_in_and_told_of_the_contact(
    client: FlaskClient, item: Contribution
) -> None:
    permalink = client.get(f"/en/contributions/{item.reference}").text
    assert f'href="{page_of(item)}"' in permalink
    page = client.get(page_of(item))
    assert page.status_code == 200
    assert f'href="/en/sign-in?next={page_of(item)}"' in page.text
    assert 'href="mailto:office@example.org"' in page.text
    assert 'name="reason"' not in page.text
    assert "Set-Cookie" not in page.headers


def test_a_visitor_cannot_send_a_report(
    client: FlaskClient, session: Any, item: Contribution
) -> None:
    page = client.get("/en/sign-in").text
    answer = client.post(
        page_of(item), data={"csrf_token": token_of(page), "reason": "personal-data"}
    )
    assert answer.status_code == 403
    assert not flags_of(session, item)


def test_nobody_reports_a_text_of_their_own(
    app: Flask, session: Any, desk: Desk, item: Contribution
) -> None:
    author = signed_in(app, session, desk.writer)
    assert page_of(item) not in author.get(f"/en/contributions/{item.reference}").text
    shown = author.get(page_of(item))
    assert shown.status_code == 403
    assert "You need not report it" in shown.text
    assert send(author, item).status_code == 403
    assert not flags_of(session, item)


def test_what_cannot_be_read_cannot_be_reported_and_says_as_little_as_its_own_page(
    reader: FlaskClient, client: FlaskClient, session: Any, desk: Desk
) -> None:
    hidden, withdrawn, waiting = desk.published(), desk.published(), desk.pending()
    desk.decide(hidden, Verdict.HIDE)
    withdrawn.removed = Removed.WITHDRAWN
    unannounced = make.make_space(session, forum=desk.forum, visibility=SpaceVisibility.UNANNOUNCED)
    secret = make.make_contribution(session, space=unannounced, author=desk.author)
    session.commit()
    names = [hidden.reference, withdrawn.reference, waiting.receipt, secret.reference]
    for name in [*names, "RT3-Q1-9999", "ABCD-EFGH-JKMN-PQRS"]:
        for browser in (reader, client):
            own = browser.get(f"/en/contributions/{name}")
            page = browser.get(f"/en/contributions/{name}/flag")
            assert own.status_code in {404, 410}
            assert page.status_code == own.status_code, name
    for one in (hidden, withdrawn):
        assert send(reader, one).status_code == 410
        assert not flags_of(session, one)
    assert send(reader, secret).status_code == 404


def test_a_moderator_cannot_report_what_only_the_desk_sees(
    moderator: FlaskClient, session: Any, desk: Desk
) -> None:
    hidden = desk.published()
    desk.decide(hidden, Verdict.HIDE)
    session.commit()
    assert moderator.get(page_of(hidden)).status_code == 404


def test_a_receipt_leads_to_the_reference(reader: FlaskClient, item: Contribution) -> None:
    answer = reader.get(f"/en/contributions/{item.receipt}/flag")
    assert (answer.status_code, answer.location) == (303, page_of(item))


def test_thirty_reports_an_hour_are_taken_and_those_told_twice_do_not_count(
    app: Flask,
    session: Any,
    desk: Desk,
    reader: FlaskClient,
    item: Contribution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = replace(app.extensions["consult.config"], rate_limits=True)
    monkeypatch.setitem(app.extensions, "consult.config", limited)
    others = [desk.published() for _ in range(30)]
    session.commit()
    for one in others[:29]:
        assert send(reader, one).status_code == 303
    assert send(reader, others[0]).status_code == 303
    assert send(reader, others[29]).status_code == 303
    refused = send(reader, item)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3601
    assert WORDS in refused.text
    assert not flags_of(session, item)
    session.execute(
        update(limits.Attempt).values(happened_at=clock.now() - dt.timedelta(minutes=61))
    )
    session.commit()
    assert send(reader, item).status_code == 303


def test_each_text_of_a_thread_has_a_link_with_a_name_of_its_own_for_those_signed_in(
    app: Flask, session: Any, desk: Desk, reader: FlaskClient, client: FlaskClient
) -> None:
    items = [desk.published() for _ in range(3)]
    session.commit()
    thread = f"/en/spaces/{desk.space.slug}/questions/1"
    # Whoever looks first must not decide what is kept for the others.
    assert not LINK.findall(client.get(thread).text)
    links = LINK.findall(reader.get(thread).text)
    assert {path for path, _ in links} == {page_of(item) for item in items}
    names = {re.sub(r"<[^>]+>", "", name) for _, name in links}
    assert names == {f"Report {item.reference}" for item in items}
    assert not LINK.findall(client.get(thread).text)
    author = signed_in(app, session, desk.writer)
    assert not LINK.findall(author.get(thread).text)


# --- The desk -----------------------------------------------------------------------------------


def test_a_reported_text_waits_in_the_queue_and_is_kept(
    reader: FlaskClient, moderator: FlaskClient, session: Any, item: Contribution
) -> None:
    send(reader, item)
    assert desk_of(item) in moderator.get("/en/moderation").text
    assert desk_of(item) in moderator.get("/en/moderation?kind=flag").text
    page = moderator.get(desk_of(item)).text
    for part in (WORDS, "Nadia Reader", "1 reader reported the public text"):
        assert part in page
    assert f'action="{desk_of(item)}/keep"' in page
    assert 'value="hide"' in page
    answer = keep(moderator, item)
    assert answer.status_code == 303
    queue = moderator.get("/en/moderation").text
    assert f'class="queue-item" href="{desk_of(item)}"' not in queue
    assert "Nothing to object to" not in moderator.get(desk_of(item)).text
    assert "zebrafinch" in reader.get(f"/en/contributions/{item.reference}").text
    assert "and it has not changed since" in reader.get(page_of(item)).text


def test_keeping_is_taken_back_and_the_report_waits_again(
    reader: FlaskClient, moderator: FlaskClient, session: Any, item: Contribution
) -> None:
    send(reader, item)
    keep(moderator, item)
    undo = f"{desk_of(item)}/undo"
    assert undo in moderator.get("/en/moderation").text
    token = token_of(moderator.get("/en/account/settings").text)
    assert moderator.post(undo, data={"csrf_token": token}).status_code == 303
    assert desk_of(item) in moderator.get("/en/moderation?kind=flag").text
    assert flags_of(session, item)[0].settled_at is None


def test_hiding_a_reported_text_answers_the_report(
    reader: FlaskClient, moderator: FlaskClient, session: Any, item: Contribution
) -> None:
    send(reader, item)
    page = moderator.get(desk_of(item)).text
    fields = hidden_fields(page) | {"verdict": "hide", "reason": "personal-data"}
    answer = moderator.post(desk_of(item), data=fields)
    assert answer.status_code == 303
    session.expire_all()
    (kept,) = flags_of(session, item)
    decision = session.get(Decision, kept.settled_by_id)
    assert decision.verdict == Verdict.HIDE
    assert reader.get(page_of(item)).status_code == 410


def test_two_moderators_answer_and_the_slower_one_is_told(
    app: Flask,
    reader: FlaskClient,
    moderator: FlaskClient,
    session: Any,
    desk: Desk,
    item: Contribution,
) -> None:
    send(reader, item)
    colleague = signed_in(app, session, desk.users[1])
    assert keep(moderator, item).status_code == 303
    late = keep(colleague, item)
    assert late.status_code == 409
    assert "Moderator One" in late.text


@pytest.mark.parametrize("revision", ["", "2", "x", "0", "99999999999"])
def test_a_form_about_another_text_keeps_nothing(
    reader: FlaskClient, moderator: FlaskClient, session: Any, item: Contribution, revision: str
) -> None:
    send(reader, item)
    assert keep(moderator, item, revision=revision).status_code == 409
    assert flags_of(session, item)[0].settled_at is None


def test_reports_are_for_the_moderators_of_the_space_alone(
    app: Flask,
    reader: FlaskClient,
    client: FlaskClient,
    session: Any,
    desk: Desk,
    item: Contribution,
) -> None:
    send(reader, item)
    elsewhere = make.make_space(session, forum=desk.forum)
    stranger = signed_in(app, session, moderator_of(session, elsewhere)[0])
    assert stranger.get(desk_of(item)).status_code == 404
    assert keep(stranger, item).status_code == 404
    assert keep(reader, item).status_code == 404
    assert flags_of(session, item)[0].settled_at is None
    author = signed_in(app, session, desk.writer)
    pages = [f"/en/contributions/{item.reference}", f"/en/spaces/{desk.space.slug}/questions/1"]
    for browser in (stranger, author, client, reader):
        for path in pages:
            text = browser.get(path).text
            assert WORDS not in text
            assert "Nadia" not in text or browser is reader


def test_whoever_reported_it_alone_is_told_that_a_colleague_answers(
    moderator: FlaskClient, session: Any, item: Contribution
) -> None:
    send(moderator, item)
    page = moderator.get(desk_of(item)).text
    assert "a colleague has to answer" in page
    assert f'action="{desk_of(item)}/keep"' not in page
    assert keep(moderator, item).status_code == 403
    assert flags_of(session, item)[0].settled_at is None

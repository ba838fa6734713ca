"""Carmen attaches a position paper; it goes where her text goes and nowhere else."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import select

from consult.core.authz import Role
from consult.discussion.models import Contribution, RevisionAttachment
from tests import factories as make
from tests.journeys.test_stakeholder import Amina, only, publish
from tests.signing_in import sign_in

WORDS = "Eight towns share one register of skills.\n\nThe second paragraph names the costs."


@pytest.fixture
def carmen(app, session, client):
    space = make.make_space(session)
    session.commit()
    return Amina(app, session, space)


def _file(name="paper.txt", content=None):
    return (io.BytesIO(WORDS.encode() if content is None else content), name)


def _token(page):
    return re.findall(r'name="attachments" value="([^"]+)" checked', page)[0]


def _files(session):
    session.expire_all()
    return session.scalars(select(RevisionAttachment)).all()


def _status(browser, address):
    with browser.get(address) as response:
        return response.status_code


def _reader(app, session, space, role=None):
    user = make.make_user(session)
    if role:
        make.grant(session, user=user, role=role, space=space)
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


def test_a_file_goes_with_its_text(carmen, session):
    response = carmen.answer("See our paper on skills.", files=_file())
    assert response.status_code == 303
    (kept,) = _files(session)
    assert kept.name == "paper.txt"
    page = carmen.browser.get(f"/en/contributions/{only(session).receipt}").text
    assert "paper.txt" in page
    with carmen.browser.get(f"/en/files/{kept.token}") as answer:
        assert answer.data.decode() == WORDS
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_readers_get_a_file_only_once_its_text_is_public(carmen, app, session, client):
    carmen.answer("See our paper on skills.", files=_file())
    address = f"/en/files/{_files(session)[0].token}"
    colleague = _reader(app, session, carmen.space)
    moderator = _reader(app, session, carmen.space, Role.MODERATOR)
    assert _status(client, address) == 404
    assert _status(colleague, address) == 404
    assert _status(moderator, address) == 200
    reference = publish(session, only(session))
    assert _status(client, address) == 200
    assert "paper.txt" in client.get(f"/en/contributions/{reference}").text
    assert "paper.txt" in client.get(carmen.question).text


def test_a_moderator_sees_the_file_beside_the_text_that_waits(carmen, app, session):
    carmen.answer("See our paper on skills.", files=_file())
    moderator = _reader(app, session, carmen.space, Role.MODERATOR)
    page = moderator.get(f"/en/moderation/{only(session).receipt}").text
    assert "paper.txt" in page
    assert _files(session)[0].token in page


def test_a_mistake_in_the_text_costs_nobody_the_file(carmen, session):
    response = carmen.answer("", files=_file())
    assert response.status_code == 422
    token = _token(response.text)
    sent = carmen.answer("Now with words.", attachments=[token])
    assert sent.status_code == 303
    assert [one.token for one in _files(session)] == [token]


def test_a_mistake_in_a_file_costs_nobody_the_text_or_the_other_file(carmen, session):
    response = carmen.answer("Precious words.", files=[_file(), _file("empty.txt", b"")])
    assert response.status_code == 422
    assert "Precious words." in response.text
    assert "“empty.txt” is empty" in response.text
    assert "paper.txt" in response.text
    assert session.scalars(select(Contribution)).all() == []


def test_the_preview_keeps_the_file(carmen):
    page = carmen.browser.get(carmen.question).text
    shown = carmen.send(
        carmen.question, page, body="With a paper.", action="preview", files=_file()
    ).text
    assert "paper.txt" in shown
    assert _token(shown)


def test_a_draft_keeps_its_file_and_an_unticked_one_goes(carmen, session):
    carmen.answer("Half done.", action="save", files=_file())
    page = carmen.browser.get(carmen.question).text
    assert _token(page)
    carmen.answer("Half done and more.", action="save")
    assert _files(session) == []


def test_the_same_form_sent_twice_with_its_file_gives_one_contribution(carmen, session):
    page = carmen.browser.get(carmen.question).text
    first = carmen.send(carmen.question, page, body="Once is enough.", files=_file())
    second = carmen.send(carmen.question, page, body="Once is enough.", files=_file())
    assert first.headers["Location"] == second.headers["Location"]
    assert len(session.scalars(select(Contribution)).all()) == 1
    assert len(_files(session)) == 1


def test_a_file_added_after_the_sending_is_not_dropped_in_silence(carmen, session):
    page = carmen.browser.get(carmen.question).text
    carmen.send(carmen.question, page, body="Once is enough.")
    again = carmen.send(carmen.question, page, body="Once is enough.", files=_file())
    assert again.status_code == 422
    assert "paper.txt" in again.text


def test_an_edit_begins_with_the_files_of_the_text(carmen, app, session, client):
    carmen.answer("With a paper.", files=_file())
    reference = publish(session, only(session))
    address = f"/en/contributions/{reference}/edit"
    page = carmen.browser.get(address).text
    response = carmen.send(address, page, body="Without it.", attachments=[])
    assert response.status_code == 303
    assert "paper.txt" in client.get(f"/en/contributions/{reference}").text
    publish(session, only(session))
    assert "paper.txt" not in client.get(f"/en/contributions/{reference}").text


def test_nobody_attaches_the_file_of_somebody_else(carmen, app, session):
    carmen.answer("With a paper.", files=_file())
    token = _files(session)[0].token
    other = Amina(app, session, carmen.space)
    response = other.answer("I take yours.", attachments=[token])
    assert response.status_code == 422
    assert len(_files(session)) == 1

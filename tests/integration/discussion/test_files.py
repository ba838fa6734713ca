"""Files over HTTP: exactly for those who may read their text, and only as something to be saved."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Role
from consult.core.web import FILE_CSP
from consult.discussion.models import Contribution, Revision, RevisionAttachment
from consult.discussion.policy import MATRIX, Sight, Standing, Viewer
from consult.discussion.services import removing
from consult.discussion.states import Reading, Removed, RevisionState, Scan
from consult.spaces.models import Forum
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.factories import AnySession
from tests.integration.discussion.attached import hand_in, make_attachment
from tests.integration.discussion.lines import real
from tests.signing_in import sign_in

CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 40
STATES = {
    Standing.PUBLISHED: (RevisionState.PUBLISHED, Removed.NONE),
    Standing.DRAFT: (RevisionState.DRAFT, Removed.NONE),
    Standing.CLEARANCE: (RevisionState.CLEARANCE, Removed.NONE),
    Standing.PENDING: (RevisionState.PENDING, Removed.NONE),
    Standing.RETURNED: (RevisionState.RETURNED, Removed.NONE),
    Standing.REJECTED: (RevisionState.REJECTED, Removed.NONE),
    Standing.CANCELLED: (RevisionState.CANCELLED, Removed.NONE),
    Standing.OLDER: (RevisionState.SUPERSEDED, Removed.NONE),
    Standing.HIDDEN: (RevisionState.PUBLISHED, Removed.HIDDEN),
    Standing.WITHDRAWN: (RevisionState.PUBLISHED, Removed.WITHDRAWN),
}
ONCE_PUBLIC = {Standing.OLDER, Standing.HIDDEN, Standing.WITHDRAWN}
ROLES = {
    Viewer.MODERATOR: Role.MODERATOR,
    Viewer.DRAFTER: Role.DRAFTER,
    Viewer.ORGANISER: Role.ORGANISER,
    Viewer.AUDITOR: Role.AUDITOR,
}


class Shelf:
    """A space with an author; texts with files are put on it."""

    def __init__(self, app: Flask, session: AnySession, **space: Any) -> None:
        self.app, self.session = app, session
        self.storage = app.extensions["consult.storage"]
        self.space = make.make_space(session, **space)
        self.forum = session.get_one(Forum, self.space.forum_id)
        self.user = make.make_user(session)
        self.author = make.make_author(session, forum=self.forum, user=self.user)

    def put(
        self, standing: Standing = Standing.PUBLISHED, content: bytes = CONTENT, **over: Any
    ) -> RevisionAttachment:
        state, removed = STATES[standing]
        row: Contribution = make.make_contribution(
            self.session, space=self.space, author=self.author, state=state, removed=removed
        )
        revision = self.session.scalars(
            select(Revision).where(Revision.contribution_id == row.id)
        ).one()
        if standing is Standing.OLDER:
            newer = make.make_revision(
                self.session, contribution=row, state=RevisionState.PUBLISHED
            )
            row.published_revision_id = newer.id
        return make_attachment(
            self.session, revision_id=revision.id, content=content, storage=self.storage, **over
        )

    def browser(self, viewer: Viewer) -> FlaskClient:
        browser = self.app.test_client()
        if viewer is Viewer.VISITOR:
            return browser
        user = self.user if viewer is Viewer.AUTHOR else make.make_user(self.session)
        if viewer in ROLES:
            make.grant(self.session, user=user, role=ROLES[viewer], space=self.space)
        sign_in(browser, self.session, user)
        return browser


@pytest.fixture
def shelf(app: Flask, session: AnySession) -> Shelf:
    return Shelf(app, session)


def address(file: RevisionAttachment) -> str:
    return f"/en/files/{file.token}"


# --- Who gets what ------------------------------------------------------------------------------


@pytest.mark.parametrize("viewer", [v for v in Viewer if v.value != "opened"])
def test_a_file_is_there_exactly_when_its_text_is(shelf: Shelf, viewer: Viewer) -> None:
    on_shelf = {standing: shelf.put(standing) for standing in STATES}
    browser = shelf.browser(viewer)
    for standing, file in on_shelf.items():
        # Whoever is signed in is a stakeholder too.
        seen = {viewer, Viewer.VISITOR if viewer is Viewer.VISITOR else Viewer.STAKEHOLDER}
        may = max(MATRIX[standing][who] for who in seen) is Sight.FULL
        expected = 200 if may else 410 if standing in ONCE_PUBLIC else 404
        for path in (address(file), address(file) + "/text"):
            for method in ("GET", "HEAD"):
                response = browser.open(path, method=method)
                assert response.status_code == expected, (standing, method, path)
        assert (browser.get(address(file)).data == CONTENT) is may


@pytest.mark.parametrize("standing", [s for s in STATES if s is not Standing.PUBLISHED])
def test_no_header_of_a_request_gets_anything_of_a_file_that_is_not_public(
    shelf: Shelf, client: FlaskClient, standing: Standing
) -> None:
    file = shelf.put(standing, name="Secret name.pdf")
    status = 410 if standing in ONCE_PUBLIC else 404
    for headers in (
        {"Range": "bytes=0-3"},
        {"Range": "bytes=99999999-"},
        {"If-None-Match": f'"file-{file.token}"'},
        {"If-None-Match": "*"},
        {"If-Match": '"x"'},
        {"If-Range": f'"file-{file.token}"', "Range": "bytes=0-3"},
        {"If-Modified-Since": "Mon, 23 Nov 2099 00:00:00 GMT"},
    ):
        for method in ("GET", "HEAD"):
            response = client.open(address(file), method=method, headers=headers)
            assert response.status_code == status
            assert response.headers["Cache-Control"] == "private, no-store"
            shown = str(response.headers) + response.text
            assert "Secret" not in shown
            assert str(file.sha256) not in shown
            assert "ETag" not in response.headers
            assert "Content-Range" not in response.headers


def test_a_file_that_never_was_public_answers_the_same_bytes_as_an_unknown_one(
    shelf: Shelf, client: FlaskClient
) -> None:
    unknown = client.get("/en/files/" + "0" * 32)
    for standing in (Standing.DRAFT, Standing.PENDING, Standing.RETURNED, Standing.REJECTED):
        hidden = client.get(address(shelf.put(standing)))
        assert hidden.data == unknown.data
        assert hidden.status_code == unknown.status_code == 404


def test_neither_hash_nor_number_nor_name_is_an_address(shelf: Shelf, client: FlaskClient) -> None:
    file = shelf.put()
    for name in (file.sha256, file.id, file.name, file.token.upper(), file.token + "/"):
        assert client.get(f"/en/files/{name}").status_code == 404
    assert client.get(address(file)).status_code == 200


def test_after_a_removal_a_file_is_gone_whatever_was_kept_of_it(
    shelf: Shelf, client: FlaskClient, session: AnySession
) -> None:
    file = shelf.put()
    first = client.get(address(file))
    assert first.status_code == 200
    row = session.scalars(select(Contribution)).one()
    actor = make.actor_for(user=shelf.user, author=shelf.author)
    removing.withdraw(
        real(session), actor=actor, contribution=row, space=shelf.space, now=clock.now()
    )
    again = client.get(address(file), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 410
    removing.erase(
        real(session),
        contribution=session.scalars(select(Contribution)).one(),
        actor=actor,
        now=clock.now(),
    )
    for viewer in (Viewer.VISITOR, Viewer.AUTHOR, Viewer.MODERATOR):
        assert shelf.browser(viewer).get(address(file)).status_code == 410


def test_a_space_that_is_not_announced_hides_its_files(app: Flask, session: AnySession) -> None:
    shelf = Shelf(app, session, visibility=SpaceVisibility.UNANNOUNCED)
    file = shelf.put()
    withdrawn = shelf.put(Standing.WITHDRAWN)
    for viewer in (Viewer.VISITOR, Viewer.STAKEHOLDER):
        browser = shelf.browser(viewer)
        assert browser.get(address(file)).status_code == 404
        assert browser.get(address(withdrawn)).status_code == 404
    assert shelf.browser(Viewer.ORGANISER).get(address(file)).status_code == 200


def test_what_was_only_handed_in_is_for_whoever_did(
    shelf: Shelf, client: FlaskClient, session: AnySession
) -> None:
    upload = hand_in(session, b"My words.", user=shelf.user, storage=shelf.storage, name="x.txt")
    path = f"/en/files/{upload.token}"
    own = shelf.browser(Viewer.AUTHOR).get(path)
    assert own.data == b"My words."
    assert own.headers["Cache-Control"] == "private, no-store"
    assert own.headers["X-Robots-Tag"] == "noindex"
    assert shelf.browser(Viewer.AUTHOR).get(path + "/text").status_code == 200
    for viewer in (Viewer.VISITOR, Viewer.STAKEHOLDER, Viewer.MODERATOR, Viewer.ORGANISER):
        assert shelf.browser(viewer).get(path).status_code == 404


# --- The scan -----------------------------------------------------------------------------------


def test_an_infected_file_is_for_nobody(shelf: Shelf) -> None:
    file = shelf.put(scan=Scan.INFECTED, reading=Reading.WAITING, paragraphs=None)
    for viewer in (Viewer.VISITOR, Viewer.AUTHOR, Viewer.MODERATOR, Viewer.ORGANISER):
        browser = shelf.browser(viewer)
        for path in (address(file), address(file) + "/text"):
            for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": "*"}):
                assert browser.get(path, headers=headers).status_code == 404


@pytest.mark.parametrize(("setting", "status"), [("held", 404), ("served", 200)])
def test_a_file_that_waits_for_its_scan_is_given_out_as_the_setting_says(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, setting: str, status: int
) -> None:
    config = shelf.app.extensions["consult.config"]
    held = config.__class__(**{**vars(config), "unscanned_files": setting})
    monkeypatch.setitem(shelf.app.extensions, "consult.config", held)
    waiting = shelf.put(scan=Scan.WAITING, content=b"waiting")
    skipped = shelf.put(scan=Scan.SKIPPED, content=b"skipped")
    for viewer in (Viewer.VISITOR, Viewer.AUTHOR, Viewer.MODERATOR):
        browser = shelf.browser(viewer)
        assert browser.get(address(waiting)).status_code == status
        assert browser.get(address(skipped)).status_code == 200


def test_a_file_whose_bytes_are_lost_is_not_there(shelf: Shelf, client: FlaskClient) -> None:
    file = shelf.put(content=b"lost")
    shelf.storage.delete(file.sha256)
    assert client.get(address(file)).status_code == 404


# --- How it is given ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("Paper.pdf", "attachment; filename=Paper.pdf"),
        ("Our paper.pdf", 'attachment; filename="Our paper.pdf"'),
        (
            "Señal.pdf",
            "attachment; filename=Senal.pdf; filename*=UTF-8''Se%C3%B1al.pdf",
        ),
        ("漢字.pdf", "attachment; filename=paper.pdf; filename*=UTF-8''%E6%BC%A2%E5%AD%97.pdf"),
        ("a;b,c.pdf", 'attachment; filename="a;b,c.pdf"'),
        ("100%25.pdf", "attachment; filename=100%25.pdf"),
    ],
)
def test_a_file_is_always_something_to_be_saved(
    shelf: Shelf, client: FlaskClient, name: str, disposition: str
) -> None:
    response = client.get(address(shelf.put(name=name)))
    assert response.headers["Content-Disposition"] == disposition
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Security-Policy"] == FILE_CSP
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Robots-Tag" not in response.headers
    assert "Set-Cookie" not in response.headers


def test_visitors_may_ask_for_a_part_and_whether_it_changed(
    shelf: Shelf, client: FlaskClient
) -> None:
    path = address(shelf.put())
    whole = client.get(path)
    assert whole.headers["Cache-Control"] == "no-cache"
    tag = whole.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    part = client.get(path, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"%PDF")
    assert part.headers["Content-Disposition"] == whole.headers["Content-Disposition"]
    assert part.headers["Content-Security-Policy"] == FILE_CSP
    assert client.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416
    head = client.head(path)
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(CONTENT)))


def test_who_is_signed_in_gets_the_whole_file_and_nothing_keeps_it(shelf: Shelf) -> None:
    file = shelf.put()
    browser = shelf.browser(Viewer.STAKEHOLDER)
    for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": f'"file-{file.token}"'}):
        response = browser.get(address(file), headers=headers)
        assert (response.status_code, response.data) == (200, CONTENT)
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in response.headers


# --- Its words ----------------------------------------------------------------------------------


def test_the_words_of_a_file_can_be_read_and_cited(shelf: Shelf, client: FlaskClient) -> None:
    file = shelf.put(
        name="Paper <b>.pdf",
        paragraphs=[[1, "First <script>."], [1, "Second."], [3, "On page three."]],
    )
    page = client.get(address(file) + "/text")
    assert page.status_code == 200
    assert "First &lt;script&gt;." in page.text
    assert "Paper &lt;b&gt;.pdf" in page.text
    for anchor in ('id="p1"', 'id="p2"', 'id="p3"', 'id="page-1"', 'id="page-3"'):
        assert page.text.count(anchor) == 1
    row = shelf.session.scalars(select(Contribution)).one()
    assert f"/en/contributions/{row.reference}" in page.text
    tag = page.headers["ETag"]
    assert client.get(address(file) + "/text", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading.WAITING, "has not been taken out of this file yet"),
        (Reading.EMPTY, "No text could be taken out"),
        (Reading.FAILED, "No text could be taken out"),
    ],
)
def test_a_page_says_why_there_are_no_words(
    shelf: Shelf, client: FlaskClient, reading: Reading, words: str
) -> None:
    file = shelf.put(reading=reading, paragraphs=None, content=io.BytesIO(b"x").read())
    assert words in client.get(address(file) + "/text").text

"""Requests that bring files: how much is read of whom, and what becomes of each file."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import encode_multipart

from consult.accounts.models import User
from consult.core import bodies
from consult.core.authz import Actor
from consult.core.errors import Forbidden
from consult.core.limits import UPLOAD_BY_ACCOUNT
from consult.core.storage import Blob
from consult.discussion.models import Paper, Upload
from consult.discussion.papers import isolation
from consult.discussion.papers.shapes import Kind
from consult.discussion.states import Scan
from consult.discussion.views import handing_in
from consult.spaces.models import Forum, Space
from tests import factories as make
from tests import papers
from tests.factories import AnySession
from tests.integration.discussion.attached import make_attachment
from tests.signing_in import sign_in

MB = 1024 * 1024
Files = list[tuple[bytes, str]]


@pytest.fixture
def space(session: AnySession) -> Space:
    return make.make_space(session)


@pytest.fixture
def user(session: AnySession) -> User:
    return make.make_user(session)


def encoded(files: Files, **fields: str) -> dict[str, object]:
    """Return the body of a form, ready for a request."""
    form: MultiDict[str, object] = MultiDict(fields)
    for content, name in files:
        form.add("files", FileStorage(io.BytesIO(content), name))
    boundary, body = encode_multipart(form)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


@contextmanager
def sending(
    app: Flask, space: Space, files: Files, *, user: User | None, **fields: str
) -> Iterator[None]:
    """A request to the answer form, as far as the hook that looks at its size."""
    path = f"/en/spaces/{space.slug}/questions/1"
    with app.test_request_context(path, method="POST", **encoded(files, **fields)):
        g.actor = Actor(user_id=user.id) if user else Actor()
        widen = next(hook for hook in app.before_request_funcs[None] if hook.__name__ == "widen")
        widen()
        yield


def kept(session: AnySession) -> list[str]:
    return list(session.scalars(select(Upload.name).order_by(Upload.id)))


# --- How much is read ---------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_cut_off_and_the_text_beside_it_is_kept(
    app: Flask, space: Space, user: User
) -> None:
    with sending(app, space, [(b"x" * (23 * MB), "big.pdf")], user=user, body="My words"):
        assert request.form["body"] == "My words"
        file = request.files["files"]
        assert file.stream.seek(0, io.SEEK_END) == bodies.MAX_FILE + 1


def test_ten_large_files_are_taken_from_who_is_signed_in(
    app: Flask, space: Space, user: User
) -> None:
    files = [(b"x" * (3 * MB), f"{n}.txt") for n in range(10)]
    with sending(app, space, files, user=user, body="My words"):
        assert len(request.files.getlist("files")) == 10
        assert request.form["body"] == "My words"


def test_of_visitors_the_words_are_read_and_not_a_byte_of_their_files_is_kept(
    app: Flask, space: Space
) -> None:
    files = [(b"x" * (3 * MB), "x.txt"), (b"y", "y.txt")]
    with sending(app, space, files, user=None, body="My words"):
        assert request.form["body"] == "My words"
        sent = request.files.getlist("files")
        assert [file.filename for file in sent] == ["x.txt", "y.txt"]
        assert [file.stream.seek(0, io.SEEK_END) for file in sent] == [0, 0]
        # Nor is there a file on the disk.
        assert not any(vars(file.stream)["_rolled"] for file in sent)


def test_many_large_fields_of_visitors_are_refused(app: Flask, space: Space) -> None:
    fields = {f"field{n}": "x" * (1 * MB) for n in range(6)}
    with (
        sending(app, space, [(b"x" * (2 * MB), "x.txt")], user=None, **fields),
        pytest.raises(RequestEntityTooLarge),
    ):
        _ = request.form


def test_many_large_fields_are_no_files(app: Flask, space: Space, user: User) -> None:
    fields = {f"field{n}": "x" * (1 * MB) for n in range(6)}
    with (
        sending(app, space, [(b"x" * (2 * MB), "x.txt")], user=user, **fields),
        pytest.raises(RequestEntityTooLarge),
    ):
        _ = request.form


def test_one_field_is_no_larger_than_a_form(app: Flask, space: Space, user: User) -> None:
    with (
        sending(app, space, [(b"x", "x.txt")], user=user, body="x" * (2 * MB + 1)),
        pytest.raises(RequestEntityTooLarge),
    ):
        _ = request.form


def test_a_flood_of_parts_is_refused(app: Flask, space: Space, user: User) -> None:
    files = [(b"x", f"{n}.txt") for n in range(1001)]
    with (
        sending(app, space, files, user=user),
        pytest.raises(RequestEntityTooLarge),
    ):
        _ = request.files


def test_over_http_strangers_get_their_words_back_and_other_pages_keep_the_small_limit(
    app: Flask, session: AnySession, space: Space, user: User, client: FlaskClient
) -> None:
    path = f"/en/spaces/{space.slug}/questions/1"

    body = encoded([(b"x" * (3 * MB), "x.txt")], body="My words")
    for to in (path, f"/en/spaces/{space.slug}/ask"):
        small = client.post(to, **encoded([(b"x", "x.txt")], body="My words"))
        answer = client.post(to, **body)
        assert answer.status_code == small.status_code == 400
        assert "My words" in answer.text
    browser = app.test_client()
    sign_in(browser, session, user)
    # The whole form was read: what is missing is its token.
    assert browser.post(path, **body).status_code == 400
    assert browser.post("/en/sign-out", **body).status_code == 413
    long = "body=" + "x" * (3 * MB)
    urlencoded = browser.post(path, data=long, content_type="application/x-www-form-urlencoded")
    assert urlencoded.status_code == 413


def test_who_was_signed_out_meanwhile_gets_the_words_back_that_came_with_a_large_file(
    session: AnySession, space: Space, client: FlaskClient
) -> None:
    path = f"/en/spaces/{space.slug}/questions/1"
    page = client.get("/en/sign-in").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    body = encoded([(b"x" * (3 * MB), "x.txt")], body="My words", csrf_token=token)
    answer = client.post(path, **body)
    assert answer.status_code == 403
    assert "My words" in answer.text
    assert kept(session) == []


# --- What becomes of it -------------------------------------------------------------------------


def test_good_files_are_kept_and_bad_ones_are_told_by_name(
    app: Flask, session: AnySession, space: Space, user: User
) -> None:
    session.commit()
    files = [
        (papers.pdf(), "Good.pdf"),
        (b"", "empty.pdf"),
        (papers.encrypted_pdf(), "locked.pdf"),
        (b"Our city.", "../../Ours"),
        (papers.word(), "lying.pdf"),
        (b"x" * (21 * MB), "big.pdf"),
    ]
    with sending(app, space, files, user=user):
        handed = handing_in.hand_in()
    assert kept(session) == ["Good.pdf", "Ours.txt"]
    assert len(handed.tokens) == 2
    assert [error.partition("”")[0] for error in handed.errors] == [
        "“empty.pdf",
        "“locked.pdf",
        "“lying.pdf",
        "“big.pdf",
    ]
    assert "password" in handed.errors[1]
    assert "is called a PDF file, but is a Word document" in handed.errors[2]
    assert session.scalar(select(func.count()).select_from(Blob)) == 2


def test_a_form_without_a_chosen_file_hands_nothing_in(
    app: Flask, session: AnySession, space: Space, user: User
) -> None:
    with sending(app, space, [(b"", "")], user=user):
        assert handing_in.hand_in() == handing_in.HandedIn()


def test_visitors_hand_nothing_in(app: Flask, session: AnySession, space: Space) -> None:
    with sending(app, space, [(b"Ours.", "x.txt")], user=None), pytest.raises(Forbidden):
        handing_in.hand_in()
    assert kept(session) == []


def test_an_eleventh_file_is_left_out_with_words(
    app: Flask, session: AnySession, space: Space, user: User
) -> None:
    session.commit()
    files = [(b"One.", "one.txt"), (b"Two.", "two.txt")]
    with sending(app, space, files, user=user):
        handed = handing_in.hand_in(already=[f"token {n}" for n in range(9)])
    assert kept(session) == ["one.txt"]
    assert handed.errors == (
        "“two.txt” was left out: a text can carry at most ten files. Take another one out first.",
    )


def test_limits_are_told_beside_the_field(
    app: Flask, session: AnySession, space: Space, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.commit()
    limited = replace(app.extensions["consult.config"], rate_limits=True)
    monkeypatch.setitem(app.extensions, "consult.config", limited)
    monkeypatch.setattr(
        "consult.core.limits.UPLOAD_BY_ACCOUNT", replace(UPLOAD_BY_ACCOUNT, count=1)
    )
    with sending(app, space, [(b"One.", "one.txt"), (b"Two.", "two.txt")], user=user):
        handed = handing_in.hand_in()
    assert kept(session) == ["one.txt"]
    assert "“two.txt” was not kept: thirty files" in handed.errors[0]


@pytest.fixture
def limited(app: Flask, session: AnySession, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account may hand in one file."""
    session.commit()
    config = replace(app.extensions["consult.config"], rate_limits=True)
    monkeypatch.setitem(app.extensions, "consult.config", config)
    monkeypatch.setattr(
        "consult.core.limits.UPLOAD_BY_ACCOUNT", replace(UPLOAD_BY_ACCOUNT, count=1)
    )


def test_a_file_that_is_sent_again_counts_once_and_is_looked_at_once(
    app: Flask,
    session: AnySession,
    space: Space,
    user: User,
    limited: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with sending(app, space, [(b"One.", "one.txt")], user=user):
        first = handing_in.hand_in()
    monkeypatch.setattr(isolation, "check", lambda *_args, **_named: pytest.fail("looked again"))
    with sending(app, space, [(b"One.", "one.txt")], user=user):
        assert handing_in.hand_in() == first
    with sending(app, space, [(b"One.", "other.txt")], user=user):
        assert "thirty files" in handing_in.hand_in().errors[0]


def test_a_file_that_stands_in_an_own_text_counts_no_more_and_in_a_strangers_it_does(
    app: Flask, session: AnySession, space: Space, user: User, limited: None
) -> None:
    forum = session.get_one(Forum, space.forum_id)
    author = make.make_author(session, forum=forum, user=user)
    row = make.make_contribution(session, space=space, author=author)
    make_attachment(
        session,
        revision_id=row.published_revision_id,
        content=b"One.",
        name="one.txt",
        media_type="text/plain",
    )
    stranger = make.make_user(session)
    session.commit()
    for _ in range(2):
        with sending(app, space, [(b"One.", "one.txt")], user=user):
            g.actor = Actor(user_id=user.id, author_ids=frozenset({author.id}))
            assert handing_in.hand_in().errors == ()
    with sending(app, space, [(b"Mine.", "mine.txt"), (b"One.", "one.txt")], user=stranger):
        assert "“one.txt” was not kept: thirty files" in handing_in.hand_in().errors[0]


def test_a_lying_name_is_told_though_the_content_is_known(
    app: Flask, session: AnySession, space: Space, user: User
) -> None:
    session.commit()
    with sending(app, space, [(b"One.", "one.txt")], user=user):
        handing_in.hand_in()
    with sending(app, space, [(b"One.", "one.pdf")], user=user):
        assert "is called a PDF file" in handing_in.hand_in().errors[0]


def test_files_for_which_no_time_is_left_are_refused_with_words(
    app: Flask, session: AnySession, space: Space, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.commit()
    monkeypatch.setattr(handing_in, "SECONDS", 10.0)
    given: list[float] = []

    def slow(_stream: object, *, seconds: float) -> Kind:
        given.append(seconds)
        monkeypatch.setattr(handing_in, "monotonic", lambda: time.monotonic() + 11)
        return Kind.TXT

    monkeypatch.setattr(isolation, "check", slow)
    with sending(app, space, [(b"One.", "one.txt"), (b"Two.", "two.txt")], user=user):
        handed = handing_in.hand_in()
    assert kept(session) == ["one.txt"]
    assert "“two.txt”" in handed.errors[0]
    assert "takes too long" in handed.errors[0]
    assert len(given) == 1
    assert given[0] <= 10


@pytest.mark.parametrize(
    ("clamd", "setting", "scan"),
    [
        (None, "served", Scan.SKIPPED),
        (None, "held", Scan.WAITING),
        ("tcp://127.0.0.1:1", "served", Scan.WAITING),
    ],
)
def test_a_file_waits_for_its_scan_where_there_will_be_one(
    app: Flask,
    session: AnySession,
    space: Space,
    user: User,
    monkeypatch: pytest.MonkeyPatch,
    clamd: str | None,
    setting: str,
    scan: Scan,
) -> None:
    session.commit()
    config = replace(app.extensions["consult.config"], clamd_url=clamd, unscanned_files=setting)
    monkeypatch.setitem(app.extensions, "consult.config", config)
    with sending(app, space, [(b"One.", "one.txt")], user=user):
        handing_in.hand_in()
    assert session.scalars(select(Paper.scan)).all() == [scan]

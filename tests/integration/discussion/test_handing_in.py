"""Requests that bring files: how much is read of whom, and what becomes of each file."""

from __future__ import annotations

import io
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
from consult.discussion.states import Scan
from consult.discussion.views import handing_in
from consult.spaces.models import Space
from tests import factories as make
from tests import papers
from tests.factories import AnySession
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


def test_nobody_else_sends_more_than_a_form(app: Flask, space: Space) -> None:
    with (
        sending(app, space, [(b"x" * (3 * MB), "x.txt")], user=None),
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


def test_over_http_strangers_and_other_pages_keep_the_small_limit(
    app: Flask, session: AnySession, space: Space, user: User, client: FlaskClient
) -> None:
    path = f"/en/spaces/{space.slug}/questions/1"

    body = encoded([(b"x" * (3 * MB), "x.txt")], body="My words")
    assert client.post(path, **body).status_code == 413
    browser = app.test_client()
    sign_in(browser, session, user)
    # The whole form was read: what is missing is its token.
    assert browser.post(path, **body).status_code == 400
    assert browser.post("/en/sign-out", **body).status_code == 413
    long = "body=" + "x" * (3 * MB)
    urlencoded = browser.post(path, data=long, content_type="application/x-www-form-urlencoded")
    assert urlencoded.status_code == 413


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

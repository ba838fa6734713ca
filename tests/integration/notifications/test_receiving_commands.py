"""`flask mail`: what a mail server and an operator are told."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.exc import OperationalError

from consult.accounts.events import KnownAddressRegistered
from consult.cli import incoming
from consult.core import clock
from consult.discussion.states import RevisionState
from consult.notifications.mailer import Refused
from tests.conftest import free_port
from tests.integration.notifications.inbox import Inbox, inbox
from tests.integration.notifications.post import AnySession, Post
from tests.integration.notifications.test_smtp import Server, serving

WORDS = "We think that the fees should be lower."


@pytest.fixture
def box(app: Flask, session: AnySession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with inbox(app, session, monkeypatch) as made:
        yield made


def run(box: Inbox, *args: str, **options: Any) -> Result:
    box.session.commit()
    result: Result = box.app.test_cli_runner().invoke(args=["mail", *args], **options)
    box.session.expire_all()
    return result


def settings(box: Inbox, monkeypatch: pytest.MonkeyPatch, **over: Any) -> None:
    config = replace(box.app.extensions["consult.config"], **over)
    monkeypatch.setitem(box.app.extensions, "consult.config", config)


def test_a_mail_on_standard_input_is_taken(box: Inbox) -> None:
    result = run(box, "receive", input=box.answer(WORDS))
    assert result.exit_code == 0
    assert box.sent_in()[0][1].state == RevisionState.PENDING


def test_while_the_database_is_away_the_mail_server_is_asked_to_come_again(
    box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    monkeypatch.setattr(incoming, "take_in", away)
    assert run(box, "receive", input=box.answer(WORDS)).exit_code == 75


def test_a_mail_that_breaks_something_is_kept_aside_for_us_alone(
    box: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError

    settings(box, monkeypatch, data_dir=tmp_path)
    monkeypatch.setattr(incoming, "take_in", broken)
    raw = box.answer(WORDS)
    assert run(box, "receive", input=raw).exit_code == 0

    (kept,) = (tmp_path / "mail-in" / "failed").iterdir()
    assert kept.read_bytes() == raw
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    settings(box, monkeypatch, data_dir=tmp_path / "mail-in" / "failed" / kept.name)
    assert run(box, "receive", input=raw).exit_code == 75


def test_without_a_reply_address_nothing_is_taken_and_nothing_is_lost(
    box: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings(box, monkeypatch, mail_reply=None)
    result = run(box, "receive", input=b"From: a@b.example\n\nx")
    assert result.exit_code == 75
    assert "CONSULT_MAIL_REPLY" in result.output
    assert run(box, "watch", str(tmp_path), "--once").exit_code == 2


def test_new_mails_of_a_maildir_are_taken_and_moved(box: Inbox, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.host").write_bytes(box.answer(WORDS))
    (tmp_path / "new" / "2.host").write_bytes(box.answer("Another one.", sender="e@example.net"))
    assert run(box, "watch", str(tmp_path), "--once").exit_code == 0

    assert sorted(one.name for one in (tmp_path / "cur").iterdir()) == ["1.host:2,S", "2.host:2,S"]
    assert not list((tmp_path / "new").iterdir())
    assert len(box.sent_in()) == 1
    assert len(box.queued("reply-stranger")) == 1


def test_a_maildir_waits_for_the_database(
    box: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    monkeypatch.setattr(incoming, "take_in", away)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.host").write_bytes(b"x")
    assert run(box, "watch", str(tmp_path), "--once").exit_code == 1
    assert (tmp_path / "new" / "1.host").exists()


def test_a_folder_that_is_no_maildir_is_a_wrong_call(box: Inbox, tmp_path: Path) -> None:
    result = run(box, "watch", str(tmp_path), "--once")
    assert (result.exit_code, "maildir" in result.output) == (2, True)


# Looking whether mail goes out --------------------------------------------------------------


def test_a_test_mail_goes_the_way_of_all_mails(
    box: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings(box, monkeypatch, data_dir=tmp_path, mail_from="forum@example.org")
    result = run(box, "test", "rosa@example.org", "--language", "fr")
    assert result.exit_code == 0
    assert "forum@example.org" in result.output
    (written,) = (tmp_path / "mail").iterdir()
    assert b"Content-Language: fr" in written.read_bytes()


def test_a_test_mail_says_in_words_what_the_mail_server_said(
    box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    with serving(server) as host:
        settings(box, monkeypatch, mail_url=f"smtp://{host}")
        assert run(box, "test", "rosa@example.org").exit_code == 0
        server.at_rcpt = ["550 5.1.1 no such user"]
        refused = run(box, "test", "rosa@example.org")
    assert refused.exit_code == 1
    assert "550 5.1.1 no such user" in refused.output

    settings(box, monkeypatch, mail_url=f"smtp://127.0.0.1:{free_port()}")
    away = run(box, "test", "rosa@example.org")
    assert away.exit_code == 1
    assert "Nothing was sent" in away.output
    assert run(box, "test", "nobody").exit_code == 2


def test_failed_mails_are_listed(box: Inbox) -> None:
    assert run(box, "failed").exit_code == 0
    post = Post(box.session)
    post.box.errors = [Refused("550 5.1.1 no such user", blames_address=True)]
    post.tell(KnownAddressRegistered(box.rosa.id, "2026-01-01"), now=clock.now())
    post.send(at=clock.now())

    listed = run(box, "failed")
    assert listed.exit_code == 1
    assert "Rosa@example.org\t550 5.1.1 no such user" in listed.output
    assert '"event": "known-address"' in run(box, "failed", "--json").output

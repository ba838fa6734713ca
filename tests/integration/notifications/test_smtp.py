"""The mailer against real servers on loopback, in every mood that a server can have."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from socket import create_server, socket
from typing import Any

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from consult.notifications import mailer, messages
from consult.notifications.mailer import (
    Deferred,
    Refused,
    SmtpMailer,
    Unreachable,
    kept_open,
)
from tests.conftest import free_port


@dataclass
class Server:
    """Keeps what it accepts; `at_rcpt` and `at_data` are its next answers."""

    at_mail: list[str] = field(default_factory=list)
    at_rcpt: list[str] = field(default_factory=list)
    at_data: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    slow: float = 0
    """Seconds that each answer to `DATA` takes."""

    async def handle_EHLO(  # noqa: N802 - the server's name for it
        self, _server: smtp.SMTP, session: Session, _envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        session.host_name = name
        self.connections += 1
        return said

    async def handle_MAIL(  # noqa: N802
        self, server: smtp.SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        answer = self.at_mail.pop(0) if self.at_mail else "250 OK"
        if answer == "drop":
            assert server.transport is not None
            server.transport.close()
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, _server: smtp.SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        answer = self.at_rcpt.pop(0) if self.at_rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: smtp.SMTP, _session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.slow)
        answer = self.at_data.pop(0) if self.at_data else "250 OK"
        if answer == "drop":
            assert server.transport is not None
            server.transport.close()
            return "451 never heard"
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer


@contextmanager
def serving_at(handler: Server, port: int, **options: Any) -> Iterator[str]:
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        controller.stop()


@contextmanager
def serving(handler: Server, **options: Any) -> Iterator[str]:
    with serving_at(handler, free_port(), **options) as host:
        yield host


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def out(server: Server) -> Iterator[SmtpMailer]:
    with serving(server) as host:
        yield SmtpMailer(f"smtp://{host}", timeout=2)


def mail(**over: Any) -> EmailMessage:
    values: dict[str, Any] = {
        "sender": "consult@consult.example",
        "sender_name": "Review",
        "to": "Reader@example.org",
        "subject": "[RT3] Envíos",
        "text": "Texto – con acentos.\n.\nFrom me\n",
        "html": "<p>Texto – con acentos.</p>",
        "locale": "es",
        "date": dt.datetime(2026, 1, 31, tzinfo=dt.UTC),
        "message_id": "<one@consult.example>",
    }
    return messages.build_message(**values | over)


def test_an_accepted_mail_arrives_whole_at_exactly_one_address(
    server: Server, out: SmtpMailer
) -> None:
    out.send(mail())

    (envelope,) = server.envelopes
    assert envelope.rcpt_tos == ["Reader@example.org"]
    assert envelope.mail_from == "consult@consult.example"
    assert isinstance(envelope.content, bytes)
    arrived = email.message_from_bytes(envelope.content, policy=SMTP)
    assert isinstance(arrived, EmailMessage)
    body = arrived.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "Texto – con acentos.\r\n.\r\nFrom me\r\n"
    assert arrived["Message-ID"] == "<one@consult.example>"


@pytest.mark.parametrize("place", ["at_rcpt", "at_data"])
def test_a_mail_refused_for_good_says_with_which_words(
    server: Server, out: SmtpMailer, place: str
) -> None:
    setattr(server, place, ["550 5.1.1 no such user"])

    with pytest.raises(Refused, match=r"550 5\.1\.1 no such user"):
        out.send(mail())
    assert server.envelopes == []


@pytest.mark.parametrize("place", ["at_rcpt", "at_data"])
def test_a_mail_refused_for_now_can_be_sent_later(
    server: Server, out: SmtpMailer, place: str
) -> None:
    setattr(server, place, ["450 4.2.0 greylisted"])

    with pytest.raises(Deferred, match="450"):
        out.send(mail())
    out.send(mail())

    assert len(server.envelopes) == 1


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "550 5.7.1 not from you"])
def test_a_server_that_takes_nothing_from_us_takes_nobodys_mail(
    server: Server, out: SmtpMailer, answer: str
) -> None:
    server.at_mail = [answer]

    with pytest.raises(Unreachable, match=answer[:9]):
        out.send(mail())


def test_a_mail_that_is_too_large_is_refused_alone(server: Server, out: SmtpMailer) -> None:
    server.at_mail = ["552 5.3.4 too large"]

    with pytest.raises(Refused) as refused:
        out.send(mail())
    assert not refused.value.blames_address


@pytest.mark.parametrize(
    ("place", "answer", "is_blamed"),
    [
        ("at_rcpt", "550 no such user", True),
        ("at_rcpt", "550 5.1.1 no such user", True),
        ("at_rcpt", "554 5.7.1 relaying denied", False),
        ("at_data", "552 5.2.2 mailbox full", True),
        ("at_data", "554 5.7.0 looks like spam", False),
        ("at_data", "554 no", False),
    ],
)
def test_the_address_is_blamed_for_what_is_its_fault(
    server: Server, out: SmtpMailer, place: str, answer: str, is_blamed: bool
) -> None:
    setattr(server, place, [answer])

    with pytest.raises(Refused) as refused:
        out.send(mail())
    assert refused.value.blames_address is is_blamed


def test_a_slow_server_is_waited_for(server: Server, out: SmtpMailer) -> None:
    server.slow = 0.5
    out.send(mail())

    assert len(server.envelopes) == 1


def test_failures_are_told_to_the_address_of_the_envelope(server: Server, out: SmtpMailer) -> None:
    out.send(mail(return_path="bounces+abc@consult.example"))

    (envelope,) = server.envelopes
    assert envelope.mail_from == "bounces+abc@consult.example"
    assert b"Return-Path" not in (envelope.content or b"")


# One connection for many mails --------------------------------------------------------------


def test_the_mails_of_a_round_go_over_one_connection(server: Server, out: SmtpMailer) -> None:
    with kept_open(out) as line:
        for _ in range(3):
            line.send(mail())

    assert (len(server.envelopes), server.connections) == (3, 1)


def test_after_many_mails_a_connection_is_made_anew(
    server: Server, out: SmtpMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "MOST_ON_ONE_LINE", 2)
    with kept_open(out) as line:
        for _ in range(5):
            line.send(mail())

    assert (len(server.envelopes), server.connections) == (5, 3)


@pytest.mark.parametrize("answer", ["drop", "421 4.4.2 idle for too long"])
def test_a_connection_that_was_lost_between_two_mails_is_made_anew(
    server: Server, out: SmtpMailer, answer: str
) -> None:
    with kept_open(out) as line:
        line.send(mail())
        server.at_mail = [answer]
        line.send(mail())

    assert (len(server.envelopes), server.connections) == (2, 2)


def test_a_refused_mail_leaves_the_connection_to_the_next_one(
    server: Server, out: SmtpMailer
) -> None:
    server.at_rcpt = ["550 5.1.1 no such user", "450 4.2.0 later"]
    with kept_open(out) as line:
        for error in (Refused, Deferred):
            with pytest.raises(error):
                line.send(mail())
        line.send(mail())

    assert (len(server.envelopes), server.connections) == (1, 1)


# TLS ----------------------------------------------------------------------------------------


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_nobody_certifies_our_own_machine_but_any_other_server_needs_it(
    server: Server, self_signed: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(server, tls_context=self_signed, require_starttls=True) as host:
        SmtpMailer(f"smtp://{host}", timeout=2).send(mail())
        monkeypatch.setattr(mailer, "_is_loopback", lambda _host: False)
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            SmtpMailer(f"smtp://{host}", timeout=2).send(mail())

    assert len(server.envelopes) == 1


def test_a_server_that_is_leaving_takes_nobodys_mail(server: Server, out: SmtpMailer) -> None:
    server.at_rcpt = ["421 4.3.2 shutting down"]

    with pytest.raises(Unreachable, match="421"):
        out.send(mail())


def test_a_connection_lost_after_the_data_counts_as_not_sent(
    server: Server, out: SmtpMailer
) -> None:
    server.at_data = ["drop"]

    with pytest.raises(Unreachable):
        out.send(mail())
    out.send(mail())

    assert len(server.envelopes) == 1


def test_a_server_that_hangs_is_left_when_the_time_is_over() -> None:
    with create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(Unreachable):
            SmtpMailer(f"smtp://127.0.0.1:{port}", timeout=0.3).send(mail())

    assert time.monotonic() - began < 3


def test_a_server_that_does_not_listen_is_away() -> None:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(Unreachable):
        SmtpMailer(f"smtp://127.0.0.1:{port}", timeout=1).send(mail())


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_user_and_password_of_the_address_are_used(server: Server) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def check(
        _server: smtp.SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss/word")

    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with serving(server, **options) as host:
        SmtpMailer(f"smtp://us%40er:p%40ss%2Fword@{host}", timeout=2).send(mail())
        with pytest.raises(Unreachable):
            SmtpMailer(f"smtp://us%40er:wrong@{host}", timeout=2).send(mail())

    assert seen[0] == (b"us@er", b"p@ss/word")
    assert len(server.envelopes) == 1


def test_an_address_beyond_ascii_is_kept_as_it_is(server: Server) -> None:
    with serving(server, enable_SMTPUTF8=True) as host:
        SmtpMailer(f"smtp://{host}", timeout=2).send(mail(to="josé@example.org"))

    assert server.envelopes[0].rcpt_tos == ["josé@example.org"]


def test_a_server_that_knows_only_ascii_refuses_such_an_address_for_good(server: Server) -> None:
    with (
        serving(server, enable_SMTPUTF8=False) as host,
        pytest.raises(Refused),
    ):
        SmtpMailer(f"smtp://{host}", timeout=2).send(mail(to="josé@example.org"))

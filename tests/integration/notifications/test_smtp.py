"""The mailer against real servers on loopback, in every mood that a server can have."""

from __future__ import annotations

import datetime as dt
import email
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from socket import create_server, socket
from typing import Any

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from consult.notifications import mailer
from consult.notifications.mailer import Deferred, Refused, SmtpMailer, Unreachable


@dataclass
class Server:
    """Keeps what it accepts; `at_rcpt` and `at_data` are its next answers."""

    at_rcpt: list[str] = field(default_factory=list)
    at_data: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)

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
        answer = self.at_data.pop(0) if self.at_data else "250 OK"
        if answer == "drop":
            assert server.transport is not None
            server.transport.close()
            return "451 never heard"
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer


@contextmanager
def serving(handler: Server, **options: Any) -> Iterator[str]:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        controller.stop()


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
    return mailer.build_message(**values | over)


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

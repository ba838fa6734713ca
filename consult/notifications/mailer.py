"""Handing a message over: to a mail server, or to a file."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import ipaddress
import os
import re
import secrets
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from consult.notifications.messages import POLICY, one_line

TIMEOUT = 10.0
"""Seconds for the connection and for each answer of the mail server."""
MAX_ERROR = 500
MOST_ON_ONE_LINE = 100
"""Mails on one connection; servers mistrust whoever never leaves."""


class MailError(Exception):
    """A mail was not handed over."""


class Refused(MailError):
    """The mail server will never take this mail.

    `blames_address` says that it is the recipient's address which does not work.
    """

    def __init__(self, words: str, *, blames_address: bool = False) -> None:
        super().__init__(words)
        self.blames_address = blames_address


class Deferred(MailError):
    """The mail server will not take this mail now."""


class Unreachable(MailError):
    """The mail server takes no mail at all now."""


class Mailer(Protocol):
    """Hands one message to one recipient, the one in `To`."""

    def send(self, message: EmailMessage) -> None:
        """Hand over; raises `Refused`, `Deferred` or `Unreachable`."""
        ...


def make_mailer(*, mail_url: str | None, mail_dir: Path) -> Mailer:
    """Return the mailer that the settings ask for."""
    return SmtpMailer(mail_url) if mail_url else FileMailer(mail_dir)


@contextlib.contextmanager
def kept_open(mailer: Mailer) -> Iterator[Mailer]:
    """Give a mailer that hands all its mails over on one connection, where it needs any."""
    if not isinstance(mailer, SmtpMailer):
        yield mailer
        return
    line = SmtpLine(mailer)
    try:
        yield line
    finally:
        line.close()


def _content(message: EmailMessage) -> bytes:
    """Return the bytes of a message.

    Never left to smtplib, which puts a “>” before lines that begin with “From ”.
    """
    is_ascii = "".join(_addresses(message)).isascii()
    return message.as_bytes(policy=POLICY.clone(utf8=not is_ascii))


def _addresses(message: EmailMessage) -> tuple[str, str]:
    """Return sender and recipient of the envelope."""
    returns_to = str(message["Return-Path"] or "").strip("<> ")
    sender = returns_to or message["From"].addresses[0].addr_spec
    return sender, message["To"].addresses[0].addr_spec


def _options(sender: str, recipient: str) -> tuple[str, ...]:
    """Return what the server must know for addresses beyond ASCII; it may not know them."""
    return () if (sender + recipient).isascii() else ("SMTPUTF8", "BODY=8BITMIME")


# A mail server ------------------------------------------------------------------------------


class SmtpMailer:
    """Hands mails to a server: `smtp://user:password@host:port` or `smtps://…`.

    TLS is used whenever it is offered. A password is never sent without it, except to this
    machine itself.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._url: SplitResult = urlsplit(url)
        self._timeout = timeout

    def send(self, message: EmailMessage) -> None:
        """Hand over on a connection of its own."""
        with kept_open(self) as line:
            line.send(message)

    def connect(self) -> smtplib.SMTP:
        """Return a connection on which mails can be handed over; raises as smtplib does."""
        host = self._url.hostname or "localhost"
        context = _tls(host)
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._url.port or 465, timeout=self._timeout, context=context
            )
        else:
            server = smtplib.SMTP(host, self._url.port or 25, timeout=self._timeout)
        try:
            self._introduce(server, context=context, is_local=_is_loopback(host))
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: smtplib.SMTP, *, context: ssl.SSLContext, is_local: bool) -> None:
        server.ehlo_or_helo_if_needed()
        is_private = isinstance(server, smtplib.SMTP_SSL)
        if not is_private and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            is_private = True
        if not self._url.username:
            return
        if not is_private and not is_local:
            raise smtplib.SMTPException("the server offers no TLS, so the password is kept")
        server.login(unquote(self._url.username), unquote(self._url.password or ""))


class SmtpLine:
    """A connection to a mail server, made when it is first needed and again when it was lost."""

    def __init__(self, mailer: SmtpMailer) -> None:
        self._mailer = mailer
        self._server: smtplib.SMTP | None = None
        self._handed_over = 0

    def send(self, message: EmailMessage) -> None:
        """Hand over; a connection that was lost since the last mail is made anew, once."""
        if self._handed_over >= MOST_ON_ONE_LINE:
            self.close()
        is_used = self._is_open
        try:
            self._send(message)
        except Unreachable:
            self._drop()
            if not is_used:
                raise
            self._send(message)
        self._handed_over += 1

    def close(self) -> None:
        """Say goodbye; the mails are with the server, so a farewell that fails harms nothing."""
        if self._server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._server.quit()
        self._drop()

    @property
    def _is_open(self) -> bool:
        return self._server is not None and getattr(self._server, "sock", None) is not None

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server, self._handed_over = None, 0

    def _send(self, message: EmailMessage) -> None:
        sender, recipient = _addresses(message)
        content = _content(_without_return_path(message))
        try:
            if self._server is None or not self._is_open:
                self._server = self._mailer.connect()
            self._server.sendmail(
                sender, [recipient], content, mail_options=_options(sender, recipient)
            )
        except (smtplib.SMTPException, OSError) as error:
            raise _meaning(error, recipient=recipient) from error


def _without_return_path(message: EmailMessage) -> EmailMessage:
    """Return the message as it is handed over: whoever delivers it writes that line (RFC 5321)."""
    if "Return-Path" not in message:
        return message
    # Taking a header out gives the copy a list of its own.
    bare = copy.copy(message)
    del bare["Return-Path"]
    return bare


def _meaning(error: Exception, *, recipient: str) -> MailError:
    """Return what an error of smtplib says about this mail, or about all of them."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _by_code(*error.recipients[recipient], at_address=True)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error, at_address=False)
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code == 552:
        # Too large: the only thing about one mail that is said so early.
        return _by_code(error.smtp_code, error.smtp_error, at_address=False)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(str(error), blames_address=True)
    if isinstance(error, smtplib.SMTPResponseException):
        return Unreachable(_reply(error.smtp_code, error.smtp_error))
    return Unreachable(repr(error)[:MAX_ERROR])


def _by_code(code: int, words: bytes | str, *, at_address: bool) -> MailError:
    """Return the error that an SMTP reply stands for; 421 means that the server is leaving.

    The address is to blame where it was refused itself, or where the enhanced code (RFC 3463)
    says so: 5.1.x is about addresses, 5.2.x about mailboxes, 5.7.x about policy.
    """
    reply = _reply(code, words)
    if code == 421:
        return Unreachable(reply)
    if code < 500:
        return Deferred(reply)
    kind = reply.split(" ")[1][:4] if " " in reply else ""
    blamed = kind in {"5.1.", "5.2."} or (at_address and kind != "5.7.")
    return Refused(reply, blames_address=blamed)


def _reply(code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {one_line(said)}"[:MAX_ERROR]


# Files --------------------------------------------------------------------------------------


class FileMailer:
    """Writes each mail as one `.eml` file; for installations without a mail server."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def send(self, message: EmailMessage) -> None:
        """Write aside and rename, so that no half mail is ever seen; readable by us only."""
        stamp = message["Date"].datetime.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        local = str(message["Message-ID"]).strip("<>").partition("@")[0]
        name = re.sub(r"[^A-Za-z0-9-]", "-", f"{stamp}-{local}")
        content = _content(message)
        aside = self._directory / f".{name}.{secrets.token_hex(4)}.part"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._directory / f"{name}.eml")
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise Unreachable(repr(error)[:MAX_ERROR]) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(host: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if _is_loopback(host):
        # Nobody stands between us and our own machine, and nobody certifies its name.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

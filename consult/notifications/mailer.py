"""Making a message and handing it over: to a mail server, or to a file.

Nothing here knows why a mail is sent. Header values come from people, so every one of them
passes `one_line` or `_address` and cannot begin a header of its own.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
import re
import secrets
import smtplib
import ssl
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT = 10.0
"""Seconds for the connection and for each answer of the mail server."""
MAX_ERROR = 500
_POLICY = SMTP.clone(max_line_length=200)
"""Longer than the usual 78: a Message-ID is one word and would be encoded where it is cut."""
_ADDRESS = re.compile(r'[^\s\x00-\x20\x7f@<>()\[\],;:"\\]+@[^\s\x00-\x20\x7f@<>()\[\],;:"\\]+')
_NOT_SHOWN = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, lone surrogates, and the two separators that some take as line ends."""


class MailError(Exception):
    """A mail was not handed over."""


class Refused(MailError):
    """The mail server will never take this mail."""


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


# Messages ----------------------------------------------------------------------------------


def build_message(
    *,
    sender: str,
    sender_name: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    locale: str,
    date: dt.datetime,
    message_id: str,
    thread_id: str | None = None,
    reply_to: str | None = None,
    unsubscribe_url: str | None = None,
) -> EmailMessage:
    """Return a message of plain text and HTML to exactly one address.

    `thread_id` is the Message-ID that joins the mails of one thread; `unsubscribe_url` is
    given only where a subscription caused the mail. Raises ValueError for an address that
    is not exactly one.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(sender, name=sender_name)
    message["To"] = _address(to)
    if reply_to:
        message["Reply-To"] = _address(reply_to)
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = one_line(message_id)
    if thread_id:
        message["In-Reply-To"] = one_line(thread_id)
        message["References"] = one_line(thread_id)
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{one_line(unsubscribe_url)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_storable(text), cte="quoted-printable")
    message.add_alternative(_storable(html), subtype="html", cte="quoted-printable")
    # Headers of the content come last: setting a content takes the ones before away.
    message["Content-Language"] = one_line(locale)
    return message


def one_line(text: str) -> str:
    """Return the text as one line: control characters become blanks, blanks are joined.

    What looks like the beginning of an encoded word is taken apart: the standard library
    decodes one that stands in a header value and would write the line ends in it as they are.
    """
    shown = (" " if unicodedata.category(c) in _NOT_SHOWN else c for c in text)
    return " ".join("".join(shown).split()).replace("=?", "= ?")


def is_address(text: str | None) -> bool:
    """Whether the text is exactly one bare e-mail address."""
    return bool(text) and _ADDRESS.fullmatch(text or "") is not None


def new_message_id(host: str) -> str:
    """Return a fresh Message-ID, at most 100 characters, that tells nothing."""
    return f"<{secrets.token_hex(16)}@{_id_domain(host)}>"


def thread_message_id(name: str, *, host: str) -> str:
    """Return the Message-ID under which the mails of one thread are gathered."""
    return f"<{one_line(name)}.thread@{_id_domain(host)}>"


def _id_domain(host: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", host)[-60:].strip(".-") or "localhost"


def _address(address: str, *, name: str = "") -> Address:
    """Return a header address; its domain is written in ASCII, as mail servers know it."""
    if not is_address(address):
        raise ValueError("this is not exactly one e-mail address")
    local, _, domain = address.rpartition("@")
    if local.isascii() and not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    return Address(display_name=one_line(name), username=local, domain=domain)


def _storable(text: str) -> str:
    """Return the text without what no mail can carry."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(
        "".join(c for c in line if c == "\t" or unicodedata.category(c) not in {"Cc", "Cs"})
        for line in lines
    )


def _addresses(message: EmailMessage) -> tuple[str, str]:
    """Return sender and recipient of the envelope."""
    return message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec


def _options(sender: str, recipient: str) -> tuple[str, ...]:
    """Return what the server must know for addresses beyond ASCII; it may not know them."""
    return () if (sender + recipient).isascii() else ("SMTPUTF8", "BODY=8BITMIME")


def _content(message: EmailMessage) -> bytes:
    """Return the bytes of a message.

    Never left to smtplib, which puts a “>” before lines that begin with “From ”.
    """
    is_ascii = "".join(_addresses(message)).isascii()
    return message.as_bytes(policy=_POLICY.clone(utf8=not is_ascii))


# Mailers -----------------------------------------------------------------------------------


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
        sender, recipient = _addresses(message)
        server: smtplib.SMTP | None = None
        try:
            server = self._connect()
            server.sendmail(
                sender, [recipient], _content(message), mail_options=_options(sender, recipient)
            )
        except smtplib.SMTPRecipientsRefused as error:
            raise _by_code(*error.recipients[recipient]) from error
        except smtplib.SMTPDataError as error:
            raise _by_code(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(repr(error)[:MAX_ERROR]) from error
        else:
            # The mail is with the server; a farewell that fails must not send it twice.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            if server is not None:
                server.close()

    def _connect(self) -> smtplib.SMTP:
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


def _by_code(code: int, words: bytes | str) -> MailError:
    """Return the error that an SMTP reply stands for; 421 means that the server is leaving."""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    reply = f"{code} {one_line(said)}"[:MAX_ERROR]
    if code == 421:
        return Unreachable(reply)
    return Refused(reply) if code >= 500 else Deferred(reply)


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

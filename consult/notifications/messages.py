"""Making a message: headers and the two forms of its words.

Nothing here knows why a mail is sent. Header values come from people, so every one of them
passes `one_line` or `_address` and cannot begin a header of its own.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

POLICY = SMTP.clone(max_line_length=200)
"""Longer than the usual 78: a Message-ID is one word and would be encoded where it is cut."""
_ADDRESS = re.compile(r'[^\s\x00-\x20\x7f@<>()\[\],;:"\\]+@[^\s\x00-\x20\x7f@<>()\[\],;:"\\]+')
_NOT_SHOWN = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, lone surrogates, and the two separators that some take as line ends."""


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
    list_id: tuple[str, str] | None = None,
    return_path: str | None = None,
) -> EmailMessage:
    """Return a message of plain text and HTML to exactly one address.

    `thread_id` is the Message-ID that joins the mails of one thread; `unsubscribe_url` is
    given only where a subscription caused the mail; `list_id` is name and id (RFC 2919) of the
    space it speaks of; `return_path` is where reports of its failure go. Raises ValueError for an
    address that is not exactly one.
    """
    message = EmailMessage(policy=POLICY)
    if return_path:
        message["Return-Path"] = f"<{_address(return_path).addr_spec}>"
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
    if list_id:
        message["List-Id"] = _list_id(*list_id)
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


def _list_id(name: str, id_: str) -> str:
    """Return an id with its name, which stands in quotes and so in ASCII (RFC 2919, RFC 2047)."""
    quoted = re.sub(r'["\\]', "", one_line(name))
    domain = _id_domain(id_)
    return f'"{quoted}" <{domain}>' if quoted.isascii() else f"<{domain}>"


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

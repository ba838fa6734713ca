"""From the bytes of a mail to what it says, brings along and comes from."""

from __future__ import annotations

import codecs
import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from consult.core import markup
from consult.core.text import clean_characters
from consult.notifications.inbound import quoted_html
from consult.notifications.inbound.replies import unflowed

MAX_MAIL = 30 * 1024 * 1024
"""Bytes of a mail, its files as they are written in it included."""
MAX_HEAD = 64 * 1024
"""Bytes that are looked at of a mail which is not read whole."""
MAX_TEXT = 400_000
"""Characters of a mail's text that are looked at."""
MAX_DEPTH = 20
MAX_PARTS = 200
_MULTIPLE = re.compile(rb"content-type:[ \t]*(?:multipart|message)/", re.IGNORECASE)
_RECIPIENTS = ("X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc")
_NO_FILES = frozenset(
    "application/pgp-signature application/pgp-encrypted application/pkcs7-signature"
    " application/x-pkcs7-signature application/ms-tnef text/calendar text/vcard"
    " text/x-vcard".split()
)
"""What mail programs add by themselves."""
_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|root|abuse)(?:[+.-].*)?",
    re.IGNORECASE,
)
_AUTOMATIC_SUBJECT = re.compile(
    r"(?:auto(?:matic)?[ -]?repl(?:y|ied)|auto(?:matic)?:|out of (?:the )?office|"
    r"r[ée]ponse automatique|absen(?:ce|t) du bureau|absence\s*:|"
    r"respuesta autom[áa]tica|fuera de (?:la )?oficina)",
    re.IGNORECASE,
)


class _TooDeep(Exception):
    """A mail with too many parts within parts."""


@dataclass(frozen=True)
class MailedFile:
    """A file that a mail brought along."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Incoming:
    """A mail as it was read."""

    digest: str
    """Names the mail at its recipient, so that it is dealt with once."""
    sender: str
    """The one address in `From`, empty where there is none or several."""
    recipients: tuple[str, ...]
    """Envelope first where the mail server wrote it down, then To and Cc."""
    text: str
    """Everything it says in plain text, quotes and signature included."""
    files: tuple[MailedFile, ...]
    is_automatic: bool
    """Whether it says itself that no person wrote it (RFC 3834), so that nobody must answer it."""
    seems_automatic: bool
    """Whether its sender, its subject or a mailing list speak for a machine; people's mails may
    look like that too."""
    arrived_at: dt.datetime | None
    """When our own mail server took it, as its line on top says."""
    message: Message
    is_whole: bool
    """False for a mail of which only the head could be read."""


def read(raw: bytes) -> Incoming:
    """Return what a mail says; of one that is too large or made to exhaust its reader, the head."""
    is_whole = len(raw) <= MAX_MAIL and len(_MULTIPLE.findall(raw)) <= MAX_PARTS // 4
    text, files = "", tuple[MailedFile, ...]()
    message = message_from_bytes(_without_mbox_line(raw if is_whole else raw[:MAX_HEAD]))
    try:
        parts = list(_leaves(message)) if is_whole else []
        text, files = _text_of(parts), tuple(_files(parts))
    except (_TooDeep, RecursionError, MessageError, ValueError, LookupError):
        is_whole = False
    recipients = tuple(a for name in _RECIPIENTS for a in _addresses(message, name))
    senders = _addresses(message, "From")
    return Incoming(
        digest=_digest(message, raw, recipients),
        sender=senders[0] if len(senders) == 1 else "",
        recipients=recipients,
        text=clean_characters(text)[:MAX_TEXT],
        files=files,
        is_automatic=_is_automatic(message),
        seems_automatic=_seems_automatic(message, senders),
        arrived_at=_arrived_at(message),
        message=message,
        is_whole=is_whole,
    )


def _without_mbox_line(raw: bytes) -> bytes:
    """Return the mail without the line that pipes in the manner of mbox put before it."""
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _digest(message: Message, raw: bytes, recipients: tuple[str, ...]) -> str:
    message_id = header(message, "Message-ID").strip()
    if not message_id:
        return hashlib.sha256(raw).hexdigest()
    named = f"{message_id}|{recipients[0].casefold() if recipients else ''}"
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()


# Headers ------------------------------------------------------------------------------------


def header(message: Message, name: str) -> str:
    """Return the first header of this name, decoded; empty where there is none."""
    return next(iter(_headers(message, name)), "")


def _headers(message: Message, name: str) -> list[str]:
    return [_decoded(value) for value in _raw_headers(message, name)]


def _raw_headers(message: Message, name: str) -> list[str]:
    """Return headers as they came; bytes beyond ASCII are taken for UTF-8 (RFC 6532)."""
    found = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    return [one.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for one in found]


def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value


def _addresses(message: Message, name: str) -> list[str]:
    """Return the bare addresses of all headers of a name; what is in names is never read."""
    found = [value.replace("\r", "").replace("\n", " ") for value in _raw_headers(message, name)]
    return [address for _name, address in getaddresses(found[:50]) if "@" in address][:200]


def _is_automatic(message: Message) -> bool:
    submitted = header(message, "Auto-Submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if any(message[name] for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")):
        return True
    if header(message, "Return-Path").strip() == "<>":
        return True
    return message.get_content_type() in {"multipart/report", "message/delivery-status"}


def _seems_automatic(message: Message, senders: list[str]) -> bool:
    if header(message, "Precedence").strip().lower() in {"bulk", "list", "junk", "auto_reply"}:
        return True
    if message["List-Id"]:
        return True
    if any(_MACHINES.fullmatch(sender.partition("@")[0]) for sender in senders):
        return True
    return _AUTOMATIC_SUBJECT.match(header(message, "Subject").strip()) is not None


def _arrived_at(message: Message) -> dt.datetime | None:
    """Return the instant in the topmost `Received`, which no stranger can write."""
    stamp = header(message, "Received").rpartition(";")[2].strip()
    try:
        instant = parsedate_to_datetime(stamp)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return instant.astimezone(dt.UTC) if instant.tzinfo else None


# Parts --------------------------------------------------------------------------------------


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, in their order; never those of a mail in the mail."""
    waiting: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > MAX_PARTS:
            raise _TooDeep
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = part.get_payload()
            waiting.extend((one, depth + 1) for one in reversed(list(inner)))
        elif part.get_content_maintype() != "message":
            yield part


def _text_of(parts: list[Message]) -> str:
    """Return the text of a mail: its plain parts, or its HTML without what that quotes."""
    bodies = [part for part in parts if _is_body(part)]
    plain = [_plain(part) for part in bodies if part.get_content_subtype() != "html"]
    if any(text.strip() for text in plain):
        return "\n\n".join(text.strip("\n") for text in plain if text.strip())
    pages = [_string(part) for part in bodies if part.get_content_subtype() == "html"]
    return "\n\n".join(_plain_of_html(page) for page in pages)


def _is_body(part: Message) -> bool:
    if part.get_content_maintype() != "text" or part.get_filename():
        return False
    return (
        part.get_content_subtype() in {"plain", "html"}
        and part.get_content_disposition() != "attachment"
    )


def _plain(part: Message) -> str:
    text = _string(part)
    if str(part.get_param("format", "")).lower() == "flowed":
        return unflowed(text, deletes=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def _plain_of_html(page: str) -> str:
    own = quoted_html.without_quotes(page[: MAX_TEXT * 5])
    return markup.to_text(markup.sanitise(own))


def _string(part: Message) -> str:
    """Decode a part by its own word, and where that is wrong as UTF-8 or as Windows writes."""
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else b""
    claimed = str(part.get_content_charset() or "utf-8")
    for name in (_known(claimed), "utf-8"):
        try:
            return content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("cp1252", "replace")


def _known(charset: str) -> str:
    """Return the codec for a charset; Latin 1 is what Windows calls its own."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return "utf-8"
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _files(parts: list[Message]) -> Iterator[MailedFile]:
    for part in parts:
        if _is_body(part) or part.get_content_type() in _NO_FILES:
            continue
        is_shown = part.get_content_disposition() != "attachment" or part["Content-ID"]
        if part.get_content_maintype() == "image" and is_shown:
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield MailedFile(_decoded(part.get_filename() or "file"), content)

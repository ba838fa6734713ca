"""Which addresses a link in somebody's text may lead to."""

from __future__ import annotations

import re

MAX_URL = 2000
"""Longer addresses are no links: repeated references to one would blow up a page."""

_NEVER = re.compile(r"[\s<>\"`{}\\^|]")
_WEB = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
_PORT = re.compile(r"[0-9]{1,5}")
_MAIL = re.compile(
    r"mailto:[a-z0-9._+-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.ASCII | re.IGNORECASE,
)


def safe_href(value: str) -> str | None:
    """Return an address that a link may lead to, or None: http(s) with a host, or one plain mail.

    Blanks inside become `%20`, a host is written as the wire has it. User names in addresses,
    headers of mails, control and invisible characters, and whatever is relative give None.
    """
    url = value.strip(" \t\n\r\f").replace(" ", "%20")
    if len(url) > MAX_URL or _NEVER.search(url) or not url.isprintable():
        return None
    if _MAIL.fullmatch(url):
        return url
    match = _WEB.fullmatch(url)
    host = _wire_host(match[2]) if match else None
    return f"{match[1].lower()}://{host}{match[3]}" if match and host else None


def _wire_host(typed: str) -> str | None:
    name, colon, port = typed.partition(":")
    try:
        ascii_name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    if not _HOST.fullmatch(ascii_name) or (colon and not _PORT.fullmatch(port)):
        return None
    return f"{ascii_name}{colon}{port}"

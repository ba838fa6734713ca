"""Tokens that stand in mailed addresses: an id, and a signature that only the secret key makes.

The id alone, as the database holds it, opens nothing
(docs/decisions/0003-signed-mailed-links.md).
"""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE = 32
"""Hexadecimal digits of a signature: 128 bits."""


def signature(purpose: str, id_: str, *, bound: str = "", secret_key: str) -> str:
    """Return the signature of an id for one purpose, bound to a value such as an address."""
    message = f"{purpose}|{id_}|{bound}".encode()
    return hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest()[:SIGNATURE]


def token(purpose: str, id_: str, *, bound: str = "", secret_key: str) -> str:
    """Return what stands in an address: the id and its signature."""
    return f"{id_}.{signature(purpose, id_, bound=bound, secret_key=secret_key)}"


def id_in(token: str) -> str:
    """Return the id that a token names; whether it is genuine is for `is_genuine` to say."""
    return token.partition(".")[0]


def is_genuine(token: str, purpose: str, *, bound: str = "", secret_key: str) -> bool:
    """Whether a token was made here for this purpose and value; takes equal time either way."""
    id_, _, given = token.partition(".")
    right = signature(purpose, id_, bound=bound, secret_key=secret_key)
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "replace"))

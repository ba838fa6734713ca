"""Addresses that name a delivery: where its replies go, and where its failure is told.

`reply+TOKEN@…` and `bounces+TOKEN@…` (VERP). A mail server may write an address in lower case, so
the token is base32, and RFC 5321 allows 64 characters before the `@`.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from consult.core import tokens

BOUNCES = "bounces"
"""What stands before the token where reports of failure go."""
_ID, _SIGNATURE = 5, 15
"""Bytes: together 32 characters of base32."""


class Purpose(StrEnum):
    """What an address is good for; one is never taken for the other."""

    REPLY = "reply"
    BOUNCE = "bounce"


@dataclass(frozen=True)
class Named:
    """The delivery that an address names."""

    purpose: Purpose
    delivery_id: int


def reply_address(base: str, *, delivery_id: int, secret_key: str) -> str:
    """Return where replies to a delivery go; `base` is the configured address."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{_token(Purpose.REPLY, delivery_id, secret_key=secret_key)}@{domain}"


def bounce_address(base: str, *, delivery_id: int, secret_key: str) -> str:
    """Return where reports of a delivery's failure go, on the domain of the reply address."""
    domain = base.rpartition("@")[2]
    return f"{BOUNCES}+{_token(Purpose.BOUNCE, delivery_id, secret_key=secret_key)}@{domain}"


def named_by(addresses: Iterable[str], *, base: str, secret_key: str) -> Named | None:
    """Return what the first of the addresses that is genuine names, or None."""
    for address in addresses:
        for purpose in Purpose:
            delivery_id = _id_in(address, purpose=purpose, base=base, secret_key=secret_key)
            if delivery_id is not None:
                return Named(purpose, delivery_id)
    return None


def is_ours(address: str, *, base: str) -> bool:
    """Whether an address is one at which replies or reports of failure come in."""
    local, _, domain = address.casefold().rpartition("@")
    own_local, _, own_domain = base.casefold().rpartition("@")
    return domain == own_domain and local.partition("+")[0] in {own_local, BOUNCES}


def scrubbed(text: str, *, base: str) -> str:
    """Return a text without tokens of our addresses: whoever quotes one must not give it away."""
    domain = re.escape(base.rpartition("@")[2])
    return re.sub(rf"\+[a-z2-7]{{32}}(?=@{domain})", "", text, flags=re.IGNORECASE)


def _id_in(address: str, *, purpose: Purpose, base: str, secret_key: str) -> int | None:
    local, _, domain = address.casefold().rpartition("@")
    own_local, _, own_domain = base.casefold().rpartition("@")
    before, plus, token = local.rpartition("+")
    expected = own_local if purpose is Purpose.REPLY else BOUNCES
    if domain != own_domain or not plus or before != expected or not token.isascii():
        return None
    try:
        raw = base64.b32decode(token.upper())
    except ValueError:
        return None
    delivery_id = int.from_bytes(raw[:_ID], "big")
    right = _token(purpose, delivery_id, secret_key=secret_key)
    return delivery_id if hmac.compare_digest(right, token) else None


def _token(purpose: Purpose, delivery_id: int, *, secret_key: str) -> str:
    signed = tokens.signature(f"mail-{purpose}", str(delivery_id), secret_key=secret_key)
    raw = delivery_id.to_bytes(_ID, "big") + bytes.fromhex(signed)[:_SIGNATURE]
    return base64.b32encode(raw).decode("ascii").casefold()

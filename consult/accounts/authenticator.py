"""Codes of an authenticator (RFC 6238) and the recovery codes that stand in for it; pure.

A secret is made from a random value kept in the database and the secret key, so that neither gives
codes without the other.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import io
import re
import secrets

import pyotp
import segno

STEP = 30
"""Seconds for which one code is shown."""
WINDOW = 1
"""Steps by which a clock may be early or late."""
RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without what looks alike: 0 and o, 1, i and l."""
_HALF = 5


def secret_of(nonce: str, *, secret_key: str) -> str:
    """Return the secret of a second factor in base 32, as authenticators take it: 160 bits."""
    message = f"second-factor|{nonce}".encode()
    return base64.b32encode(hmac.new(secret_key.encode(), message, hashlib.sha1).digest()).decode()


def in_groups(secret: str) -> str:
    """Return a secret in groups of four, to be typed by hand."""
    return " ".join(re.findall(".{1,4}", secret))


def step_of(code: str, *, secret: str, now: dt.datetime) -> int | None:
    """Return the number of the time step whose code this is, or None; spaces do not matter.

    One step before and after the present one are taken, for clocks that differ.
    """
    digits = re.sub(r"\s", "", code)
    if re.fullmatch(r"[0-9]{6}", digits) is None:
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            found = step
    return found


def address_of(secret: str, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` address that a picture carries to the authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer.replace(":", " "))


def picture_of(address: str) -> bytes:
    """Return an address as a QR picture: an SVG without styles, dark on light in every theme."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return out.getvalue()


def new_recovery_codes() -> list[str]:
    """Return ten fresh recovery codes of 49 bits, such as `k7mwq-3hx9p`."""
    return ["-".join(_letters(_HALF) for _ in range(2)) for _ in range(RECOVERY_CODES)]


def is_recovery_code(code: str) -> bool:
    """Whether it looks like a recovery code and not like one of an authenticator."""
    return len(_plain(code)) == 2 * _HALF


def digest_of(code: str, *, user_id: int, secret_key: str) -> str:
    """Return what is kept of a recovery code; case, spaces and hyphens do not matter."""
    message = f"recovery-code|{user_id}|{_plain(code)}".encode()
    return hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest()


def _plain(code: str) -> str:
    return re.sub(r"[\s‐-―-]", "", code).lower()


def _letters(count: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))

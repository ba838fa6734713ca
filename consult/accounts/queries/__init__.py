"""Reads about users and their sessions: finished rows."""

from consult.accounts.queries.people import user_by_email_key, wished_address
from consult.accounts.queries.second_factor import (
    Protection,
    has_second_factor,
    protection_of,
)
from consult.accounts.queries.sessions import (
    HalfSignedIn,
    SessionRow,
    SignedIn,
    half_signed_in_by,
    sessions_of,
    signed_in_by,
)

__all__ = [
    "HalfSignedIn",
    "Protection",
    "SessionRow",
    "SignedIn",
    "half_signed_in_by",
    "has_second_factor",
    "protection_of",
    "sessions_of",
    "signed_in_by",
    "user_by_email_key",
    "wished_address",
]

"""Names of what somebody follows, without row ids: for forms, and for addresses that end it."""

from __future__ import annotations

from consult.accounts.models import User
from consult.core import tokens
from consult.notifications.queries.facts import MailLink
from consult.notifications.states import Rhythm, Subject

PURPOSE = "unsubscribe"
LENGTH = 16
"""Hexadecimal digits of a name."""


def name_of(kind: Subject, subject_id: int, *, uid: str, secret_key: str) -> str:
    """Return the name of what one person follows, the same for ever and of no use to others."""
    made = tokens.signature("follow", f"{kind}:{subject_id}", bound=uid, secret_key=secret_key)
    return made[:LENGTH]


def stop_link(user: User, kind: Subject, subject_id: int) -> MailLink:
    """Return the address that ends one subscription of a user."""

    def token(secret_key: str) -> str:
        name = name_of(kind, subject_id, uid=user.uid, secret_key=secret_key)
        return tokens.token(PURPOSE, f"{user.uid}-{name}", secret_key=secret_key)

    return MailLink("notifications.unsubscribe", token=token)


def stop_digest_link(user: User, rhythm: Rhythm) -> MailLink:
    """Return the address that ends the digests of one rhythm."""
    return MailLink(
        "notifications.unsubscribe",
        token=lambda key: tokens.token(PURPOSE, f"{user.uid}-{rhythm}", secret_key=key),
    )

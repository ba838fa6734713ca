"""What several use cases of accounts check alike: fields, passwords and limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from consult.accounts import passwords
from consult.accounts.sessions import Client
from consult.core import limits
from consult.core.errors import Invalid
from consult.core.limits import Limit


def raise_problems(problems: Mapping[str, str | None]) -> None:
    """Raise `Invalid` with every field that has a problem code; do nothing if none has."""
    found = {field: [code] for field, code in problems.items() if code is not None}
    if found:
        raise Invalid(found)


def password_problem(
    password: str, *, name: str, email: str, site_words: Sequence[str]
) -> str | None:
    """Return what is wrong with somebody's new password as a problem code, or None."""
    if not password:
        return "missing"
    return passwords.check(password, context_words=(name, email, *site_words))


def spend(
    session: Session,
    *spent: tuple[Limit, str],
    client: Client,
    now: dt.datetime,
) -> None:
    """Count one act against each limit; raises `TooMany` at the first that is reached."""
    if not client.is_limited:
        return
    for limit, whose in spent:
        limits.spend(session, limit, whose=whose, now=now)

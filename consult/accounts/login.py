"""Where accounts meet Flask-Login: the cookie, the session behind it, the password hasher.

The application's actor loader calls `load_user`, finds the roles of that user and then asks
`stays`, because sessions of staff are shorter.
"""

from __future__ import annotations

from typing import cast

import flask
import flask_login
import structlog
from flask import Flask, current_app, request
from sqlalchemy.exc import OperationalError

from config import Config
from consult.accounts import queries, sessions
from consult.accounts.passwords import Hasher
from consult.accounts.queries import SignedIn
from consult.core import clock, web
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work

HALF = "half"
"""Where the cookie holds a session that still owes the second factor."""

log = structlog.get_logger("consult.accounts")


class Holder:
    """What Flask-Login carries for somebody signed in; its id is the session's, not the user's."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, *, session_id: str, signed_in: SignedIn | None = None) -> None:
        self.session_id = session_id
        self.signed_in = signed_in

    def get_id(self) -> str:
        """Return what the cookie holds."""
        return self.session_id


def init_app(app: Flask) -> None:
    """Bind Flask-Login and the password hasher to the application."""
    config: Config = app.extensions["consult.config"]
    app.extensions["consult.hasher"] = Hasher(
        time_cost=config.argon2_time_cost, memory_cost=config.argon2_memory_cost
    )
    # Roles are looked up by our own rows, so the extension's fingerprint of the browser is off.
    manager = flask_login.LoginManager(app)
    manager.session_protection = None
    manager.user_loader(_load)


def hasher() -> Hasher:
    """Return the application's password hasher."""
    return cast(Hasher, current_app.extensions["consult.hasher"])


def load_user() -> SignedIn | None:
    """Return who is signed in, found with one query; None for visitors and ended sessions."""
    holder = flask_login.current_user
    return holder.signed_in if isinstance(holder, Holder) else None


def stays(signed_in: SignedIn, *, is_staff: bool) -> bool:
    """Return whether the session goes on, and note at most every five minutes that it did.

    To be called once in a request, after the roles are known and before other work: the note
    is a transaction of its own.
    """
    now = clock.now()
    if sessions.is_over(
        began_at=signed_in.began_at, seen_at=signed_in.seen_at, now=now, is_staff=is_staff
    ):
        return False
    if now - signed_in.seen_at >= sessions.SEEN_EVERY:
        try:
            with unit_of_work() as session:
                sessions.touch(session, digest=signed_in.digest, now=now)
        except OperationalError:
            # A page is not refused because the note had to wait too long for its turn.
            log.warning("session.not_noted")
    return True


def client() -> sessions.Client:
    """Return where this request comes from, for limits and for the list of sessions."""
    return sessions.Client(
        address=web.client_address(),
        agent=request.user_agent.string,
        is_limited=web.config().rate_limits,
        is_office=web.config().is_office(request.remote_addr),
    )


def remember(session_id: str) -> None:
    """Put a session just started into the cookie; nothing of the old cookie is kept."""
    flask.session.clear()
    flask.session.permanent = True
    flask_login.login_user(Holder(session_id=session_id))


def remember_half(session_id: str) -> None:
    """Keep in the cookie that the password was right; nobody is signed in by it."""
    flask.session.clear()
    flask.session[HALF] = session_id


def half_way() -> str | None:
    """Return the id of the session that still owes the second factor, if there is one."""
    found = flask.session.get(HALF)
    return found if isinstance(found, str) else None


def forget() -> str | None:
    """Empty the cookie and return the id of the session that was in it."""
    holder = flask_login.current_user
    session_id = holder.session_id if isinstance(holder, Holder) else None
    flask_login.logout_user()
    flask.session.clear()
    return session_id


def _load(session_id: str) -> Holder | None:
    signed_in = queries.signed_in_by(db.session(), digest=sessions.digest_of(session_id))
    if signed_in is None or sessions.is_over(
        began_at=signed_in.began_at, seen_at=signed_in.seen_at, now=clock.now()
    ):
        return None
    return Holder(session_id=session_id, signed_in=signed_in)

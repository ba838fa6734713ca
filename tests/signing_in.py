"""Signs a test browser in without a password, by the session row and the cookie that names it."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from consult.accounts import sessions
from consult.accounts.models import User
from consult.core import clock


def sign_in(browser: FlaskClient, session: Any, user: User) -> None:
    """Give the browser a session of the user, as signing in on the page does."""
    session_id = sessions.start(session, user_id=user.id, client=sessions.Client(), now=clock.now())
    session.commit()
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = session_id
        cookie["_fresh"] = True
        cookie.permanent = True


def token_of(page: str) -> str:
    """Return the CSRF token of a page's first form."""
    marker = 'name="csrf_token" value="'
    start = page.index(marker) + len(marker)
    return page[start : page.index('"', start)]

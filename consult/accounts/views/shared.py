"""What several pages of accounts share."""

from __future__ import annotations

import flask
from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import login
from consult.accounts.queries import SignedIn
from consult.core import i18n, web
from consult.core.errors import NotVisible, TooMany
from consult.core.ports import Ports

blueprint = Blueprint("accounts", __name__)

FORBIDDEN = 403
UNPROCESSABLE = 422
TOO_MANY = 429
GONE = 410


def wait(page: ResponseReturnValue, limit: TooMany) -> ResponseReturnValue:
    """Return a page of a reached limit with the seconds to wait in its header."""
    response = flask.make_response(page)
    response.headers["Retry-After"] = str(limit.retry_after)
    return response


def home(code: str | None = None) -> str:
    """Return the path of the first page in a language, else in the current one."""
    return f"{request.script_root}/{code if code in i18n.LOCALES else i18n.locale()}/"


def signed_in() -> SignedIn:
    """Return who is signed in, on pages that need an account."""
    found = login.load_user()
    if found is None:
        raise NotVisible
    return found


def forum_name() -> str:
    """Return the short name of the forum in the page's language, else the host."""
    return next(iter(_site_names()), web.config().host)


def site_words() -> tuple[str, ...]:
    """Return words of the site that make no password: its host and the names of the forum."""
    return (web.config().host, *_site_names())


def asks_to_take_part(session: Session, *, user_id: int) -> bool:
    """Whether the organisers still have to approve what a user asked for."""
    return _ports().asks_to_take_part(session, user_id)


def _site_names() -> tuple[str, ...]:
    return _ports().site_names()


def _ports() -> Ports:
    ports: Ports = current_app.extensions["consult.ports"]
    return ports

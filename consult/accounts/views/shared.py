"""What several pages of accounts share."""

from __future__ import annotations

import flask
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from consult.core import i18n
from consult.core.errors import TooMany

blueprint = Blueprint("accounts", __name__)

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

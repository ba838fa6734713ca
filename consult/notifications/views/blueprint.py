"""The blueprint of what somebody follows."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("notifications", __name__)

BAD_REQUEST, UNPROCESSABLE = 400, 422

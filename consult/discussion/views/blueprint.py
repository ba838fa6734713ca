"""The blueprint of the discussion's pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("discussion", __name__)

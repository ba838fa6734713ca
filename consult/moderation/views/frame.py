"""What the pages of the desk have in common: times in words, finding an item, a conflict."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babel.dates import format_timedelta
from flask import g, render_template, request
from werkzeug.wrappers import Response

from consult.core import clock, i18n
from consult.core.db import db
from consult.core.errors import StaleState
from consult.core.i18n import gettext as _
from consult.core.web import actor
from consult.discussion.states import Removed
from consult.moderation import queries
from consult.moderation.queries.items import Located

AnyResponse = Response | str | tuple[str, int]


def ago(age: dt.timedelta) -> str:
    """Return how long ago, in words: “26 hours ago”."""
    words = format_timedelta(
        -age, granularity="minute", threshold=2, add_direction=True, locale=i18n.locale()
    )
    return str(words) if age >= dt.timedelta(minutes=1) else _("just now")


def lasting(span: dt.timedelta | None) -> str:
    """Return a length of time in words: “26 hours”."""
    if span is None:
        return "–"
    return str(format_timedelta(span, granularity="minute", threshold=2, locale=i18n.locale()))


def zone(default: str | None = None) -> str | None:
    """Return the actor's own time zone, or the one of the page."""
    return actor().time_zone or default


def find(receipt: str) -> Located:
    """Return an item on the actor's desk; raises `NotVisible`."""
    located = queries.find(db.session(), actor=actor(), name=receipt, now=clock.now())
    g.forum = located.forum
    return located


def stale_page(located: Located, error: StaleState) -> tuple[str, int]:
    """Render what somebody else did meanwhile, with everything that was typed; 409."""
    g.is_error = True
    seen: dict[str, Any] = error.seen
    page = render_template(
        "moderation/stale.html",
        seen=seen,
        name=located.name,
        can_load=seen.get("removed") != Removed.ERASED,
        typed=request.form.get("message", "").strip(),
        zone=zone(located.forum.time_zone),
    )
    return page, 409

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
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor
from consult.discussion.states import Removed
from consult.moderation import queries, services
from consult.moderation.models import Claim
from consult.moderation.queries.finding import Located
from consult.notifications.queries import MailFacts
from consult.notifications.rendering import make_renderer

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


def take_claim(located: Located) -> Claim:
    """Keep an item for the actor, or renew that; raises `StaleState` where a colleague does."""
    with unit_of_work() as session:
        return services.claim(
            session,
            actor=actor(),
            contribution_id=located.contribution.id,
            now=clock.now(),
        )


def written(mail: MailFacts) -> tuple[str, str]:
    """Return subject and plain text of a mail, as it would be sent."""
    message = make_renderer()(mail, message_id=None)
    text = message.get_body(("plain",))
    return str(message["Subject"]), text.get_content() if text is not None else ""


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

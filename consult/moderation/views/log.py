"""The log of decisions, for staff."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from consult.core import i18n, paging
from consult.core.authz import Permission, Role
from consult.core.db import db
from consult.core.web import actor, needs
from consult.moderation.queries.decisions import policy_label
from consult.moderation.queries.log import LogFilter
from consult.moderation.queries.log import log as decisions_logged
from consult.moderation.states import Verdict
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import zone
from consult.spaces.queries import current_forum

NAMES = ("space", "verdict", "reason", "from", "to")
DAY = dt.timedelta(days=1)
MOST = 2**62


@blueprint.get("/<lang>/moderation/log")
@needs(Permission.READ_DECISIONS)
def log() -> Response:
    """Show what was decided, the newest first; what is not understood narrows nothing."""
    forum = current_forum(db.session())
    where = zone(forum.time_zone if forum is not None else None)
    values = {name: request.args.get(name, "").strip() for name in NAMES}
    after = request.args.get("after", "")
    wanted = LogFilter(
        space=values["space"] or None,
        verdict=_verdict(values["verdict"]),
        reason=values["reason"] or None,
        since=_day(values["from"], where),
        before=_day(values["to"], where, days=1),
        after=int(after) if after.isdecimal() and int(after) < MOST else None,
        per_page=paging.per_page(request.args.get("per_page")),
    )
    found = decisions_logged(db.session(), actor=actor(), wanted=wanted)
    chosen = {name: value for name, value in values.items() if value}
    response = make_response(
        render_template(
            "moderation/log.html",
            log=found,
            values=values,
            verdicts=list(Verdict),
            policy_label=policy_label,
            moderates=actor().has(Role.MODERATOR),
            next_query=urlencode({**chosen, "after": found.next_after}),
            zone=where,
        )
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _verdict(value: str) -> Verdict | None:
    return Verdict(value) if value in set(Verdict) else None


def _day(value: str, zone_name: str | None, *, days: int = 0) -> dt.datetime | None:
    """Return when a day begins in a zone, or that many days later; None for what is no day."""
    try:
        day = dt.date.fromisoformat(value) + days * DAY
    except (ValueError, OverflowError):
        return None
    if not 1970 <= day.year <= 9000:
        return None
    begins = dt.datetime.combine(day, dt.time(), tzinfo=i18n.zone(zone_name))
    return begins.astimezone(dt.UTC)

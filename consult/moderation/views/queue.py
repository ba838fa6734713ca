"""What stands around the list of the queue: who asks to take part, and what has arrived since."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, i18n
from consult.core.authz import Permission, Role
from consult.core.db import db
from consult.core.i18n import ngettext
from consult.core.web import actor, needs
from consult.moderation import forms, queries
from consult.moderation.queries.figures import age
from consult.moderation.views.blueprint import blueprint
from consult.spaces.queries.joining import applications_since


@blueprint.get("/<lang>/moderation/arrivals")
@needs(Permission.MODERATE)
def arrivals() -> Response:
    """Tell a script how much waits, and how much of it came after an instant."""
    arrived = queries.arrivals(
        db.session(), actor=actor(), since=forms.read_since(request.args), now=clock.now()
    )
    newer = arrived.newer
    says = ngettext("%(num)s new text has arrived.", "%(num)s new texts have arrived.", newer)
    return jsonify(waiting=arrived.waiting, newer=newer, says=says)


def around_the_queue() -> dict[str, Any]:
    """Return what the page of the queue says beside its list; one statement, for organisers."""
    who, now = actor(), clock.now()
    forum_ids = who.forum_ids_as(Role.ORGANISER)
    waiting, since = 0, None
    if forum_ids:
        waiting, since = applications_since(db.session(), forum_ids=forum_ids)
    address = url_for("moderation.arrivals", lang=i18n.locale(), since=now.isoformat())
    return {
        "applications": waiting,
        "applied_ago": age(since, now=now) if since is not None else None,
        "holds_orphans_only": bool(forum_ids) and not who.has(Role.MODERATOR),
        "arrivals_at": address,
    }

"""An item in its thread as readers will see it."""

from __future__ import annotations

from flask import g, render_template

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.web import actor, config, needs
from consult.discussion.queries.rows import labels
from consult.moderation.queries.public_view import public_view
from consult.moderation.views.blueprint import blueprint
from consult.spaces import queries as space_queries


@blueprint.get("/<lang>/moderation/<receipt>/public")
@needs(Permission.MODERATE)
def as_public(receipt: str) -> str:
    """Show the place of an item as somebody who is not signed in reads it once it is approved."""
    session, now = db.session(), clock.now()
    forum = space_queries.current_forum(session)
    where = forum.time_zone if forum is not None else None
    words = labels(zone=where, holds=config().holds_unscanned)
    found = public_view(session, actor=actor(), name=receipt, words=words, now=now)
    g.forum = found.located.forum
    return render_template("moderation/public_view.html", view=found, zone=where)

"""Taking one's own decision back, and claiming items."""

from __future__ import annotations

from flask import flash, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock
from consult.core.authz import Permission
from consult.core.errors import Forbidden, Refusal, StaleState
from consult.core.i18n import format_instant
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.moderation import services
from consult.moderation.queries.decisions import last_own_decision
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse, find, stale_page, take_claim, zone


@blueprint.post("/<lang>/moderation/<receipt>/undo")
@needs(Permission.DECIDE)
def undo(receipt: str) -> AnyResponse:
    """Take one's own last decision on an item back."""
    located = find(receipt)
    try:
        with unit_of_work() as session:
            decision_id = last_own_decision(
                session, actor=actor(), contribution_id=located.contribution.id
            )
            if decision_id is None:
                raise Forbidden(Refusal.WRONG_STATE)
            services.undo(session, actor=actor(), decision_id=decision_id, now=clock.now())
    except StaleState as error:
        return stale_page(located, error)
    flash(_("Your decision on %(name)s is taken back.", name=located.name), "good")
    return redirect(url_for("moderation.item", receipt=located.name), 303)


@blueprint.post("/<lang>/moderation/<receipt>/claim")
@needs(Permission.DECIDE)
def claim(receipt: str) -> AnyResponse:
    """Keep an item for oneself for ten minutes; a script on its page asks for JSON."""
    located = find(receipt)
    wants_json = request.accept_mimetypes.best == "application/json"
    try:
        held = take_claim(located)
    except StaleState as error:
        if wants_json:
            return _json({"by": error.seen.get("claimed_by")}, 409)
        return stale_page(located, error)
    if wants_json:
        until = format_instant(held.until, zone(located.forum.time_zone))
        says = _("Claimed by you until %(until)s", until=until)
        return _json({"until": clock.iso(held.until), "says": says}, 200)
    return redirect(url_for("moderation.item", receipt=located.name), 303)


@blueprint.post("/<lang>/moderation/<receipt>/release")
@needs(Permission.DECIDE)
def release(receipt: str) -> AnyResponse:
    """Give an item back to the colleagues."""
    located = find(receipt)
    with unit_of_work() as session:
        services.release(
            session, actor=actor(), contribution_id=located.contribution.id, now=clock.now()
        )
    return redirect(url_for("moderation.item", receipt=located.name), 303)


def _json(values: dict[str, str | None], status: int) -> Response:
    answer = jsonify(values)
    answer.status_code = status
    return answer

"""Taking one's own decision back, and claiming items."""

from __future__ import annotations

from flask import flash, redirect, url_for

from consult.core import clock
from consult.core.authz import Permission
from consult.core.errors import Forbidden, Refusal, StaleState
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.moderation import services
from consult.moderation.queries.decisions import last_own_decision
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse, find, stale_page


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
    """Keep an item for oneself for ten minutes."""
    located = find(receipt)
    try:
        with unit_of_work() as session:
            services.claim(
                session,
                actor=actor(),
                contribution_id=located.contribution.id,
                now=clock.now(),
            )
    except StaleState as error:
        return stale_page(located, error)
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

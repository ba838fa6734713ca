"""Marking an answer as that of the drafting agencies."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock
from consult.core.authz import Permission, refusal
from consult.core.db import db
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.discussion.policy import Answering, is_official
from consult.discussion.queries import single
from consult.discussion.services import official as marking
from consult.discussion.views.blueprint import blueprint


@dataclass(frozen=True)
class Offer:
    """The button beside an answer, for those who may press it."""

    is_official: bool
    seen: int
    """Public version of what the page shows; the mark is for exactly that."""


def offer(found: single.Found) -> Offer | None:
    """Return the button that the page of a contribution offers; None where there is none."""
    subject = Answering(contribution=found.contribution, question=found.question)
    if refusal(Permission.MARK_OFFICIAL, actor=actor(), subject=subject, now=clock.now()):
        return None
    return Offer(
        is_official=is_official(found.contribution), seen=found.contribution.public_version
    )


@blueprint.post("/<lang>/contributions/<name>/official")
@needs(Permission.MARK_OFFICIAL)
def official(name: str) -> Response:
    """Mark a public answer to a participant's question as official, or take the mark away."""
    found = single.find(db.session(), name=name, actor=actor())
    g.forum = found.forum
    wanted, seen = request.form.get("official"), request.form.get("seen", "")
    if wanted not in {"0", "1"} or not seen.isdecimal() or len(seen) > 9:
        abort(400)
    act = marking.mark_official if wanted == "1" else marking.unmark_official
    with unit_of_work() as session:
        act(
            session,
            actor=actor(),
            contribution=found.contribution,
            seen=int(seen),
            now=clock.now(),
        )
    flash(
        _("This is now an official answer of the drafting agencies.")
        if wanted == "1"
        else _("This is no longer an official answer."),
        "good",
    )
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)

"""Pages on which a text goes: withdrawn for good, or taken out of the queue."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Forbidden, Refusal
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.discussion.policy import Writing
from consult.discussion.queries import single
from consult.discussion.services import removing, revising
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import frame
from consult.discussion.views.own_view import mine, own_contribution, row_of


@blueprint.route("/<lang>/contributions/<name>/withdraw", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
def withdraw(name: str) -> Response | str:
    """Withdraw an own text, after a question whether that is meant."""
    found = own_contribution(name)
    if request.method == "GET":
        subject = Writing(space=found.space, contribution=found.contribution)
        require(Permission.WITHDRAW, actor=actor(), subject=subject, now=clock.now())
        return _confirm_page(found, act="withdraw", endpoint="discussion.withdraw")
    with unit_of_work() as session:
        removing.withdraw(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            now=clock.now(),
        )
    flash(_("Your contribution was withdrawn. You can undo this for one minute."), "good")
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)


@blueprint.post("/<lang>/contributions/<name>/undo-withdrawal")
@needs(Permission.ACCOUNT)
def undo_withdrawal(name: str) -> Response:
    """Give back what stood before a withdrawal of at most a minute ago."""
    found = own_contribution(name)
    address = url_for("discussion.contribution", name=found.canonical)
    try:
        with unit_of_work() as session:
            removing.undo_withdrawal(
                session,
                actor=actor(),
                contribution=found.contribution,
                space=found.space,
                now=clock.now(),
            )
    except Forbidden as error:
        if error.refusal is not Refusal.TOO_LATE:
            raise
        flash(_("The minute has passed: the withdrawal can no longer be undone."), "wait")
        return redirect(address, 303)
    flash(_("Your contribution is back where it was."), "good")
    return redirect(address, 303)


@blueprint.route("/<lang>/contributions/<name>/take-back", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
def take_back(name: str) -> Response | str:
    """Take an own text out of the queue before it is decided, after a question."""
    found = own_contribution(name)
    if request.method == "GET":
        if not mine(found).can.take_back:
            raise Forbidden(Refusal.WRONG_STATE)
        return _confirm_page(found, act="take-back", endpoint="discussion.take_back")
    if mine(found).texts.waiting is None:
        # Decided or taken back meanwhile; a draft is discarded on its own page only.
        raise Forbidden(Refusal.WRONG_STATE)
    with unit_of_work() as session:
        revising.take_back(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            now=clock.now(),
        )
    flash(_("Your text was taken back. No moderator will see it."), "good")
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)


def _confirm_page(found: single.Found, *, act: str, endpoint: str) -> str:
    """Render the question whether a text is really to be withdrawn or taken back."""
    known = mine(found)
    return render_template(
        "discussion/withdraw.html",
        act=act,
        question=found.question,
        row=row_of(found),
        action=url_for(endpoint, name=found.canonical),
        replies=single.replies_below(db.session(), found.contribution),
        was_public=found.contribution.reference is not None,
        is_public=found.is_public,
        waits=known.texts.waiting is not None,
        has_draft=known.texts.draft is not None,
        **frame(found.space, found.forum),
    )

"""Deciding several texts of the queue in one act, what became of each, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for

from consult.core import clock, paging
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, StaleState
from consult.core.i18n import ngettext
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.moderation import forms, services
from consult.moderation.queries import bulk as queries
from consult.moderation.states import NEEDS_REASON
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.desk import queue_page
from consult.moderation.views.frame import AnyResponse, written, zone


def _place() -> dict[str, Any]:
    """Return where in the queue somebody was, so that they come back there."""
    asked = request.args.get("per_page")
    wanted = forms.read_filter(request.args, per_page=paging.per_page(asked))
    place: dict[str, Any] = dict(wanted.values)
    if wanted.after:
        place["after"] = wanted.after
    if asked:
        place["per_page"] = str(wanted.per_page)
    return place


@blueprint.post("/<lang>/moderation/bulk")
@needs(Permission.DECIDE)
def bulk() -> AnyResponse:
    """Decide every chosen text in the same way; or show the mails before that."""
    form = forms.read_bulk(request.form)
    try:
        if form.action == "preview":
            return _preview(form)
        with unit_of_work() as session:
            done = services.decide_together(
                session,
                actor=actor(),
                chosen=form.chosen,
                verdict=form.chosen_verdict,
                reason=form.reason or None,
                message=form.message,
                now=clock.now(),
            )
    except Invalid as error:
        form.refuse(error)
        return queue_page(form), 422
    left = [one.value for one in done.left_out]
    if done.decided:
        there = url_for("moderation.bulk_done", batch=done.batch, left=left, **_place())
        return redirect(there, 303)
    g.is_error = True
    return _page(None, done.left_out, typed=form.message.strip()), 409


def _preview(form: forms.BulkForm) -> AnyResponse:
    session, now = db.session(), clock.now()
    found = services.check_together(
        session,
        actor=actor(),
        chosen=form.chosen,
        verdict=form.chosen_verdict,
        reason=form.reason or None,
        message=form.message,
        now=now,
    )
    texts = queries.chosen_texts(session, found)
    reasons = queries.common_reasons(session, [space for _c, _r, space, _f in texts])
    made, silent = forms.previews(session, texts, form, reasons=reasons, write=written, now=now)
    return queue_page(form, previews=made, silent=silent)


@blueprint.get("/<lang>/moderation/bulk")
@needs(Permission.DECIDE)
def bulk_done() -> AnyResponse:
    """Tell what was decided in one act, and what was left out and why."""
    session, now = db.session(), clock.now()
    batch = queries.batch_of(session, actor=actor(), code=request.args.get("batch", ""), now=now)
    chosen = forms.read_left_out(request.args.getlist("left")[: services.MOST])
    left = queries.left_out(session, actor=actor(), chosen=chosen, now=now)
    return _page(batch, left)


def _page(
    batch: queries.Batch | None,
    left: Sequence[queries.LeftOut],
    *,
    typed: str = "",
    is_undo: bool = False,
) -> str:
    """Render what became of an act; without a batch nothing did, `is_undo` says of which kind."""
    place = _place()
    return render_template(
        "moderation/bulk_done.html",
        batch=batch,
        is_undo=is_undo,
        is_undoable=batch is not None and batch.is_undoable(now=clock.now()),
        tells_why=batch is not None and batch.verdict in NEEDS_REASON,
        left=left,
        typed=typed,
        back=url_for("moderation.queue", **place),
        undo_at=url_for("moderation.undo_bulk", **place),
        zone=zone(),
    )


@blueprint.post("/<lang>/moderation/bulk/undo")
@needs(Permission.DECIDE)
def undo_bulk() -> AnyResponse:
    """Take back what was decided in one act."""
    code = request.form.get("batch", "")
    try:
        with unit_of_work() as session:
            taken = services.undo_together(session, actor=actor(), batch=code, now=clock.now())
    except StaleState:
        g.is_error = True
        return _page(None, (), is_undo=True), 409
    if taken.left:
        flash(
            ngettext(
                "%(num)s text was left as it is: something else happened to it since.",
                "%(num)s texts were left as they are: something else happened to them since.",
                taken.left,
            ),
            "wait",
        )
    flash(
        ngettext(
            "%(num)s decision is taken back.", "%(num)s decisions are taken back.", taken.undone
        ),
        "good",
    )
    return redirect(url_for("moderation.queue", **_place()), 303)

"""The organiser's pages of the list of reasons."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import LOCALES, language_label
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.moderation.forms.reasons import ReasonForm, of_reason, read_reason
from consult.moderation.queries.reasons import (
    ReasonRow,
    organised_forum,
    reason_row,
    reason_rows,
)
from consult.moderation.services.reasons import (
    MAX_CODE,
    MAX_LABEL,
    add_reason,
    change_reason,
    drop_reason,
)
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse
from consult.spaces.models import Forum


@blueprint.get("/<lang>/moderation/reasons")
@needs(Permission.CONFIGURE_DESK)
def reasons() -> str:
    """List the reasons that moderators can give, in all languages."""
    return _list(_forum(), ReasonForm())


@blueprint.post("/<lang>/moderation/reasons")
@needs(Permission.CONFIGURE_DESK)
def reason_added() -> AnyResponse:
    """Add a reason in all three languages."""
    forum, form = _forum(), read_reason(request.form)
    try:
        with unit_of_work() as session:
            add_reason(
                session,
                actor=actor(),
                forum_id=forum.id,
                code=form.code,
                said=form.said,
                now=clock.now(),
            )
    except Invalid as error:
        form.refuse(error)
        return _list(forum, form), 422
    flash(_("The reason is on the list; moderators can give it from now on."), "good")
    return redirect(url_for("moderation.reasons"), 303)


@blueprint.get("/<lang>/moderation/reasons/<code>")
@needs(Permission.CONFIGURE_DESK)
def reason(code: str) -> str:
    """Show the words of an added reason as a form."""
    row = _row(_forum(), code)
    return _one(row, of_reason(row))


@blueprint.post("/<lang>/moderation/reasons/<code>")
@needs(Permission.CONFIGURE_DESK)
def reason_changed(code: str) -> AnyResponse:
    """Change the words of an added reason, or take it off the list: what the button says."""
    forum = _forum()
    row, form = _row(forum, code), read_reason(request.form)
    try:
        if request.form.get("act") == "drop":
            return _drop(forum, code)
        with unit_of_work() as session:
            change_reason(
                session,
                actor=actor(),
                forum_id=forum.id,
                code=code,
                said=form.said,
                seen=form.seen,
                now=clock.now(),
            )
    except Invalid as error:
        form = form if request.form.get("act") != "drop" else of_reason(row)
        form.refuse(error)
        return _one(row, form), 422
    except StaleState as error:
        theirs: ReasonRow = error.seen["theirs"]
        form.seen = theirs.mark
        # Who clicks again has seen both.
        return _one(theirs, form, is_conflict=True), 409
    flash(_("The words of the reason are saved."), "good")
    return redirect(url_for("moderation.reasons"), 303)


def _drop(forum: Forum, code: str) -> AnyResponse:
    with unit_of_work() as session:
        drop_reason(session, actor=actor(), forum_id=forum.id, code=code, now=clock.now())
    flash(_("The reason is off the list."), "good")
    return redirect(url_for("moderation.reasons"), 303)


def _forum() -> Forum:
    g.forum = forum = organised_forum(db.session(), actor=actor())
    return forum


def _row(forum: Forum, code: str) -> ReasonRow:
    row = reason_row(db.session(), forum_id=forum.id, code=code)
    if row.is_fixed:
        raise NotVisible
    return row


def _list(forum: Forum, form: ReasonForm) -> str:
    rows = reason_rows(db.session(), forum_id=forum.id)
    return _rendered(rows=rows, form=form, row=None)


def _one(row: ReasonRow, form: ReasonForm, *, is_conflict: bool = False) -> str:
    return _rendered(rows=[], form=form, row=row, is_conflict=is_conflict)


def _rendered(**values: object) -> str:
    return render_template(
        "moderation/reasons.html",
        text_languages=[(code, language_label(code)) for code in LOCALES],
        max_code=MAX_CODE,
        max_label=MAX_LABEL,
        **values,
    )

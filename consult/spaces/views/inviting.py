"""The organiser's page of invitations: many at once, their states, sent again, taken back."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, wait
from consult.core import audit, clock, i18n, web
from consult.core.authz import Permission
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.i18n import ngettext
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, services
from consult.spaces.models import Forum
from consult.spaces.queries.joining import invitations_of
from consult.spaces.views.shared import blueprint, the_organised

SHOWN = 200
"""Invitations that the page shows, the newest ones."""


@blueprint.get("/<lang>/people/invitations")
@needs(Permission.ORGANISE)
def invitations() -> ResponseReturnValue:
    """Show who was invited, and the field for more; that addresses were seen is noted."""
    return invitations_page(_blank())


@blueprint.post("/<lang>/people/invitations")
@needs(Permission.ORGANISE)
def invitations_now() -> ResponseReturnValue:
    """Invite everybody in the lines, or nobody where a line is wrong."""
    form = read_invitations()
    try:
        with unit_of_work() as session:
            done = _invite(session, form)
    except Invalid:
        return invitations_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", _("Fifty invitations a day can go out. Please send the others tomorrow."))
        return wait(invitations_page(form, TOO_MANY), limit)
    flask.flash(
        ngettext(
            "%(num)s invitation is on its way.", "%(num)s invitations are on their way.", done
        ),
        "good",
    )
    return redirect(flask.url_for("spaces.invitations"), 303)


@blueprint.post("/<lang>/people/invitations/one")
@needs(Permission.ORGANISE)
def invitation_act() -> ResponseReturnValue:
    """Send one invitation again or take it back, as the button says."""
    id_, act = request.form.get("invitation", ""), request.form.get("act")
    acts = {"resend": services.resend_invitation, "revoke": services.revoke_invitation}
    if act not in acts:
        flask.flash(_("Please use the buttons of this page."), "stop")
        return redirect(flask.url_for("spaces.invitations"), 303)
    try:
        with unit_of_work() as session:
            acts[act](
                session,
                forum=the_organised(session),
                invitation_id=id_[:32],
                by=web.actor().user_id,
                now=clock.now(),
            )
    except TooMany as limit:
        form = _blank()
        form.add("", _("Fifty invitations a day can go out. Please send the others tomorrow."))
        return wait(invitations_page(form, TOO_MANY), limit)
    done = _("The invitation is on its way again.") if act == "resend" else _("It is taken back.")
    flask.flash(done, "good")
    return redirect(flask.url_for("spaces.invitations"), 303)


def read_invitations() -> Form:
    """Return what was typed: the lines as they are."""
    form = account_forms.read(request.form, ("locale",))
    form.values["people"] = request.form.get("people", "").replace("\x00", "")
    form.values["locale"] = form.values["locale"] or i18n.locale()
    return form


def _invite(session: Session, form: Form) -> int:
    """Invite each line; raises `Invalid` with the sentences in the form where one cannot be."""
    forum, lines = the_organised(session), forms.lines_in(form.values["people"])
    if not lines:
        form.require("people")
    if len(lines) > forms.MOST_LINES:
        form.add("people", _("Please invite at most fifty people at once."))
    for line in lines[: forms.MOST_LINES]:
        _invite_line(session, forum, form, line)
    if not form.is_good:
        raise Invalid({"people": []})
    return len(lines)


def _invite_line(session: Session, forum: Forum, form: Form, line: forms.Line) -> None:
    try:
        services.invite(
            session,
            forum=forum,
            email=line.email,
            name=line.name,
            locale=form.values["locale"],
            invited_by=web.actor().user_id,
            now=clock.now(),
        )
    except Invalid as problem:
        for codes in problem.problems.values():
            for code in codes:
                form.add("people", forms.of_line(line, code))


def invitations_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    with unit_of_work() as session:
        forum = the_organised(session)
        rows = invitations_of(session, forum_id=forum.id, now=clock.now(), limit=SHOWN)
        audit.record(
            session,
            "invitations.view",
            actor_id=web.actor().user_id,
            now=clock.now(),
            subject=("forum", forum.id),
            invitations=len(rows),
        )
        zone = forum.time_zone
    page = render_template(
        "spaces/people/invitations.html",
        form=form,
        rows=[(row, forms.role_words(row.role) if row.role else None) for row in rows],
        locales=list(i18n.LANGUAGE_NAMES.items()),
        zone=zone,
    )
    return page, status


def _blank() -> Form:
    return Form(values={"people": "", "locale": i18n.locale()})

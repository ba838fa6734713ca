"""The organiser's queue of those who ask to take part."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts.forms import Form
from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import audit, clock, web
from consult.core.authz import Permission
from consult.core.errors import Invalid
from consult.core.i18n import gettext as _
from consult.core.i18n import locale, ngettext
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import services
from consult.spaces.countries import country_names
from consult.spaces.queries.joining import applications_waiting
from consult.spaces.states import ApplicationState
from consult.spaces.views.shared import blueprint, the_organised

SHOWN = 100
"""Requests that one page shows."""
_ACTS = {"approve": ApplicationState.APPROVED, "refuse": ApplicationState.REFUSED}


@blueprint.get("/<lang>/people")
@needs(Permission.ORGANISE)
def applications() -> ResponseReturnValue:
    """Show who waits, the oldest first, with their addresses; that they were seen is noted."""
    return applications_page(Form(values={"words": ""}))


@blueprint.post("/<lang>/people")
@needs(Permission.ORGANISE)
def applications_now() -> ResponseReturnValue:
    """Approve or refuse those that are ticked, as the button says."""
    form = Form(values={"words": request.form.get("words", "").strip()})
    state = _ACTS.get(request.form.get("act", ""))
    if state is None:
        form.add("", _("Please use the buttons of this page."))
        return applications_page(form, UNPROCESSABLE)
    try:
        with unit_of_work() as session:
            done = services.decide_applications(
                session,
                forum=the_organised(session),
                application_ids=_chosen(),
                state=state,
                words=form.values["words"] if state is ApplicationState.REFUSED else "",
                by=web.actor().user_id or 0,
                now=clock.now(),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return applications_page(form, UNPROCESSABLE)
    flask.flash(*_outcome(state, done=done))
    return redirect(flask.url_for("spaces.applications"), 303)


def applications_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was ticked and typed."""
    with unit_of_work() as session:
        forum = the_organised(session)
        rows = applications_waiting(session, forum_id=forum.id, limit=SHOWN)
        audit.record(
            session,
            "applications.view",
            actor_id=web.actor().user_id,
            now=clock.now(),
            subject=("forum", forum.id),
            applications=[row.id for row in rows],
        )
        zone, registration = forum.time_zone, str(forum.registration)
    page = render_template(
        "spaces/people/applications.html",
        form=form,
        ready=[row for row in rows if row.is_ready],
        unready=[row for row in rows if not row.is_ready],
        ticked=_chosen(),
        countries=dict(country_names(locale())),
        zone=zone,
        registration=registration,
    )
    return page, status


def _chosen() -> frozenset[int]:
    values = request.form.getlist("applications")
    return frozenset(int(value) for value in values if value.isdecimal() and len(value) < 16)


def _outcome(state: ApplicationState, *, done: int) -> tuple[str, str]:
    if not done:
        return _("Nothing was changed: a colleague has answered them meanwhile."), "wait"
    if state is ApplicationState.APPROVED:
        return ngettext("%(num)s person takes part now.", "%(num)s people take part now.", done), (
            "good"
        )
    return ngettext("%(num)s request is refused.", "%(num)s requests are refused.", done), "good"

"""What somebody agreed to: when, in which words, and withdrawing it."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import gettext as _
from consult.core.i18n import zone_words
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries, services
from consult.spaces.views.shared import blueprint, the_forum


@blueprint.get("/<lang>/account/consents")
@needs(Permission.ACCOUNT)
def consents() -> ResponseReturnValue:
    """Show what is agreed to, what was, and what may be."""
    return consents_page()


def consents_page(status: int = 200) -> ResponseReturnValue:
    """Return the page as it stands."""
    session, user_id = db.session(), web.actor().user_id or 0
    forum = the_forum(session)
    asked = queries.asked_consents(session, forum_id=forum.id, user_id=user_id)
    rows = queries.consents_of(session, user_id=user_id, forum_id=forum.id)
    page = render_template(
        "spaces/consents.html",
        asked=forms.purpose_options(asked),
        rows=[(row, forms.purpose_words(row.purpose)) for row in rows],
        next=request.args.get("next", ""),
        zone=forum.time_zone,
        zone_words=zone_words(forum.time_zone),
    )
    return page, status


@blueprint.post("/<lang>/account/consents")
@needs(Permission.ACCOUNT)
def consents_now() -> ResponseReturnValue:
    """Give or withdraw one consent, as the button says: `act` and `purpose`."""
    given = forms.consents_in([request.form.get("purpose", "")])
    act, user_id = request.form.get("act"), web.actor().user_id or 0
    if not given or act not in {"give", "withdraw"}:
        flask.flash(_("Please use the buttons of this page."), "stop")
        return consents_page(UNPROCESSABLE)
    with unit_of_work() as session:
        forum, now = the_forum(session), clock.now()
        if act == "give":
            services.give_consents(session, forum=forum, user_id=user_id, given=given, now=now)
        for purpose in given if act == "withdraw" else ():
            services.withdraw_consent(
                session, forum=forum, user_id=user_id, purpose=purpose, now=now
            )
    flask.flash(_("Thank you, you agree.") if act == "give" else _("It is withdrawn."), "good")
    target = request.form.get("next", "")
    if act == "give" and web.is_safe_target(target):
        return redirect(target, 303)
    return redirect(flask.url_for("spaces.consents"), 303)

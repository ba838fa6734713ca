"""For whom somebody speaks, and how their name is shown."""

from __future__ import annotations

from dataclasses import asdict

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts.forms import Form
from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries, services
from consult.spaces.models import Organisation
from consult.spaces.views.shared import affiliation_options, blueprint, the_forum


@blueprint.get("/<lang>/account/affiliation")
@needs(Permission.ACCOUNT)
def affiliation() -> ResponseReturnValue:
    """Show for whom the user speaks in the forum."""
    session, user_id = db.session(), web.actor().user_id
    forum = the_forum(session)
    author = services.author_of(session, forum_id=forum.id, user_id=user_id or 0)
    if author is None:
        form = forms.blank(name=web.actor().name)
    else:
        organisation = session.get(Organisation, author.organisation_id or 0)
        found = queries.categories(session, forum_id=forum.id)
        form = forms.of_author(author, organisation=organisation, categories=found)
    form.values["next"] = request.args.get("next", "")
    return affiliation_page(form, is_new=author is None)


@blueprint.post("/<lang>/account/affiliation")
@needs(Permission.ACCOUNT)
def affiliation_now() -> ResponseReturnValue:
    """Make the user's Author, or change what it says."""
    form = forms.read_affiliation(request.form)
    try:
        with unit_of_work() as session:
            services.create_author(
                session,
                forum=the_forum(session),
                user_id=web.actor().user_id or 0,
                now=clock.now(),
                **asdict(forms.affiliation_in(form)),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return affiliation_page(form, UNPROCESSABLE)
    flask.flash(_("It is saved for whom you speak."), "good")
    target = form.values["next"]
    if not web.is_safe_target(target):
        target = flask.url_for("spaces.affiliation")
    return redirect(target, 303)


def affiliation_page(form: Form, status: int = 200, *, is_new: bool = False) -> ResponseReturnValue:
    """Return the page with what was typed."""
    page = render_template(
        "spaces/affiliation.html", form=form, is_new=is_new, **affiliation_options()
    )
    return page, status

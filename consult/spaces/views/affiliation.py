"""For whom somebody speaks, and how their name is shown."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid
from consult.core.i18n import Translated
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries, services
from consult.spaces.models import Application, Author, Forum, Organisation, Region
from consult.spaces.states import Registration
from consult.spaces.views.registering import FORBIDDEN
from consult.spaces.views.shared import (
    affiliation_options,
    blueprint,
    consent_options,
    settled,
    the_forum,
)


@blueprint.get("/<lang>/account/affiliation")
@needs(Permission.ACCOUNT)
def affiliation() -> ResponseReturnValue:
    """Show for whom the user speaks in the forum, or where their request stands."""
    session = db.session()
    forum = the_forum(session)
    author, application = _standing(session, forum)
    if author is not None:
        organisation = session.get(Organisation, author.organisation_id or 0)
        found = queries.categories(session, forum_id=forum.id)
        form = forms.of_author(author, organisation=organisation, categories=found)
    elif application is not None:
        form = forms.of_affiliation(services.said_in(application))
    else:
        form = forms.blank(name=web.actor().name)
    form.values["next"] = request.args.get("next", "")
    return affiliation_page(form)


@blueprint.post("/<lang>/account/affiliation")
@needs(Permission.ACCOUNT)
def affiliation_now() -> ResponseReturnValue:
    """Make the user's Author, change what it says, or ask the organisers for one."""
    form = forms.read_affiliation(request.form)
    try:
        with unit_of_work() as session:
            done = _take_part(session, form)
    except Invalid as problem:
        form.add_problems(problem)
        return affiliation_page(form, UNPROCESSABLE)
    except Forbidden:
        return affiliation_page(form, FORBIDDEN)
    target = form.values["next"]
    if isinstance(done, Application):
        flask.flash(_("Your request is with the organisers. They answer by mail."), "good")
        target = ""
    else:
        flask.flash(_("It is saved for whom you speak."), "good")
    if not web.is_safe_target(target):
        target = flask.url_for("spaces.affiliation")
    return redirect(target, 303)


def _take_part(session: Session, form: Form) -> Author | Application:
    forum, user_id = the_forum(session), web.actor().user_id or 0
    author, application = _standing(session, forum)
    is_new = author is None and application is None
    said, problems = settled(session, forum=forum, form=form, asks_consents=is_new)
    if problems:
        raise Invalid(problems)
    done = services.take_part(session, forum=forum, user_id=user_id, said=said, now=clock.now())
    given = forms.consents_in(request.form.getlist("consents"))
    services.give_consents(session, forum=forum, user_id=user_id, given=given, now=clock.now())
    return done


def affiliation_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    session = db.session()
    forum = the_forum(session)
    author, application = _standing(session, forum)
    is_new = author is None and application is None
    is_open = forum.registration == Registration.OPEN
    may_join = not is_new or is_open or forum.registration == Registration.APPROVAL
    page = render_template(
        "spaces/affiliation.html",
        form=form,
        is_new=is_new,
        application=application if author is None else None,
        asks_approval=author is None and forum.registration == Registration.APPROVAL,
        may_join=may_join or any(g.forum_id == forum.id for g in web.actor().grants),
        region=_region(session, author),
        **affiliation_options(form),
        **(consent_options(session, forum) if is_new else {"asked": (), "ticked": ()}),
    )
    return page, status


def _standing(session: Session, forum: Forum) -> tuple[Author | None, Application | None]:
    user_id = web.actor().user_id or 0
    return (
        services.author_of(session, forum_id=forum.id, user_id=user_id),
        services.application_of(session, forum_id=forum.id, user_id=user_id),
    )


def _region(session: Session, author: Author | None) -> Translated | None:
    """Return the region by which an author's contributions are counted."""
    region = session.get(Region, author.region_id) if author and author.region_id else None
    return region.name if region else None

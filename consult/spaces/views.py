"""Pages of spaces: registering, and saying for whom one speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import flask
from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts import login
from consult.accounts import services as accounts
from consult.accounts.forms import Form
from consult.accounts.passwords import MIN_LENGTH
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, home, wait
from consult.core import clock, i18n, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries, services
from consult.spaces import home as home_pages
from consult.spaces.models import Category, Forum, Organisation
from consult.spaces.services import Affiliation

blueprint = Blueprint("spaces", __name__)
home_pages.register(blueprint)


# Registering -------------------------------------------------------------------------------


@blueprint.get("/<lang>/register")
@needs(Permission.SIGN_IN)
def register() -> ResponseReturnValue:
    """Show the form, or go on for whoever has an account already."""
    if web.actor().is_signed_in:
        return redirect(home(), 303)
    return _register_page(forms.blank())


@blueprint.post("/<lang>/register")
@needs(Permission.SIGN_IN)
def register_now() -> ResponseReturnValue:
    """Make an account and its Author; the answer is the same for known and unknown addresses."""
    if web.actor().is_signed_in:
        return redirect(home(), 303)
    form = forms.read_register(request.form)
    said = forms.affiliation_in(form)
    try:
        with unit_of_work() as session:
            _register(session, form=form, said=said)
    except Invalid as problem:
        form.add_problems(problem)
        return _register_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", account_forms.too_many(limit.retry_after))
        return wait(_register_page(form, TOO_MANY), limit)
    return redirect(flask.url_for("spaces.registered"), 303)


@blueprint.get("/<lang>/registered")
@needs(Permission.SIGN_IN)
def registered() -> ResponseReturnValue:
    """Say that a mail is on its way, whatever the address was."""
    return render_template("spaces/registered.html")


def _register(session: Session, *, form: Form, said: Affiliation) -> None:
    forum = queries.current_forum(session)
    problems = _affiliation_problems(session, forum=forum, said=said)
    try:
        user = accounts.register(
            session,
            name=said.name,
            email=form.values["email"],
            password=account_forms.secret(request.form, "password"),
            locale=i18n.locale(),
            hasher=login.hasher(),
            now=clock.now(),
            client=login.client(),
            site_words=(web.config().host, *([str(forum.short_title)] if forum else [])),
        )
    except Invalid as found:
        raise Invalid(found.problems | problems) from None
    if problems:
        raise Invalid(problems)
    if user is not None and forum is not None:
        services.create_author(
            session, forum=forum, user_id=user.id, now=clock.now(), **asdict(said)
        )


def _affiliation_problems(
    session: Session, *, forum: Forum | None, said: Affiliation
) -> dict[str, list[str]]:
    if forum is None:
        return {}
    try:
        services.check_affiliation(session, forum=forum, said=said)
    except Invalid as problem:
        return problem.problems
    return {}


def _register_page(form: Form, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "spaces/register.html", form=form, min_length=MIN_LENGTH, **_affiliation_options()
    )
    return page, status


# For whom somebody speaks ------------------------------------------------------------------


@blueprint.get("/<lang>/account/affiliation")
@needs(Permission.ACCOUNT)
def affiliation() -> ResponseReturnValue:
    """Show for whom the user speaks in the forum."""
    session, user_id = db.session(), web.actor().user_id
    forum = _forum(session)
    author = services.author_of(session, forum_id=forum.id, user_id=user_id or 0)
    if author is None:
        form = forms.blank(name=web.actor().name)
    else:
        organisation = session.get(Organisation, author.organisation_id or 0)
        found = queries.categories(session, forum_id=forum.id)
        form = forms.of_author(author, organisation=organisation, categories=found)
    form.values["next"] = request.args.get("next", "")
    return _affiliation_page(form, is_new=author is None)


@blueprint.post("/<lang>/account/affiliation")
@needs(Permission.ACCOUNT)
def affiliation_now() -> ResponseReturnValue:
    """Make the user's Author, or change what it says."""
    form = forms.read_affiliation(request.form)
    try:
        with unit_of_work() as session:
            services.create_author(
                session,
                forum=_forum(session),
                user_id=web.actor().user_id or 0,
                now=clock.now(),
                **asdict(forms.affiliation_in(form)),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return _affiliation_page(form, UNPROCESSABLE)
    flask.flash(_("It is saved for whom you speak."), "good")
    target = form.values["next"]
    if not web.is_safe_target(target):
        target = flask.url_for("spaces.affiliation")
    return redirect(target, 303)


def _affiliation_page(
    form: Form, status: int = 200, *, is_new: bool = False
) -> ResponseReturnValue:
    page = render_template(
        "spaces/affiliation.html", form=form, is_new=is_new, **_affiliation_options()
    )
    return page, status


# What both share ---------------------------------------------------------------------------


def _forum(session: Session) -> Forum:
    forum = queries.current_forum(session)
    if forum is None:
        raise NotVisible
    return forum


def _affiliation_options() -> dict[str, forms.Options]:
    session = db.session()
    forum = queries.current_forum(session)
    found: Sequence[Category] = queries.categories(session, forum_id=forum.id) if forum else ()
    return {
        "categories": forms.category_options(found) if forum else [],
        "countries": forms.country_options(),
        "displays": forms.display_options(),
    }


@blueprint.errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again with what was typed, and a fresh token; nothing was done."""
    if request.endpoint == "spaces.affiliation_now" and web.actor().is_signed_in:
        form = forms.read_affiliation(request.form)
        form.add("", account_forms.expired())
        return _affiliation_page(form, 400)
    form = forms.read_register(request.form)
    form.add("", account_forms.expired())
    return _register_page(form, 400)

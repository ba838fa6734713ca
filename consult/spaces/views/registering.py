"""Registering: an account and the Author that speaks through it."""

from __future__ import annotations

from dataclasses import asdict

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts import login
from consult.accounts import services as accounts
from consult.accounts.forms import Form
from consult.accounts.passwords import MIN_LENGTH
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, home, wait
from consult.core import clock, i18n, web
from consult.core.authz import Permission
from consult.core.errors import Invalid, TooMany
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries, services
from consult.spaces.models import Forum
from consult.spaces.services import Affiliation
from consult.spaces.views.shared import affiliation_options, blueprint


@blueprint.get("/<lang>/register")
@needs(Permission.SIGN_IN)
def register() -> ResponseReturnValue:
    """Show the form, or go on for whoever has an account already."""
    if web.actor().is_signed_in:
        return redirect(home(), 303)
    return register_page(forms.blank())


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
        return register_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", account_forms.too_many(limit.retry_after))
        return wait(register_page(form, TOO_MANY), limit)
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


def register_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    page = render_template(
        "spaces/register.html", form=form, min_length=MIN_LENGTH, **affiliation_options()
    )
    return page, status

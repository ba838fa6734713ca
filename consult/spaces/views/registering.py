"""Registering: an account, and the Author that speaks through it or the request for one."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts import login
from consult.accounts import services as accounts
from consult.accounts.forms import Form
from consult.accounts.passwords import MIN_LENGTH
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, home, site_words, wait
from consult.core import clock, i18n, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, TooMany
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries, services
from consult.spaces.queries.forums import everything_waits
from consult.spaces.states import Registration
from consult.spaces.views.shared import (
    affiliation_options,
    blueprint,
    consent_options,
    settled,
)

FORBIDDEN = 403


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
    try:
        with unit_of_work() as session:
            _register(session, form=form)
    except Invalid as problem:
        form.add_problems(problem)
        return register_page(form, UNPROCESSABLE)
    except Forbidden:
        return register_page(form, FORBIDDEN)
    except TooMany as limit:
        form.add("", account_forms.too_many(limit.retry_after))
        return wait(register_page(form, TOO_MANY), limit)
    return redirect(flask.url_for("spaces.registered"), 303)


@blueprint.get("/<lang>/registered")
@needs(Permission.SIGN_IN)
def registered() -> ResponseReturnValue:
    """Say that a mail is on its way, whatever the address was, and what comes after it."""
    forum = queries.current_forum(db.session())
    is_approved = forum is not None and forum.registration == Registration.APPROVAL
    return render_template("spaces/registered.html", asks_approval=is_approved)


def _register(session: Session, *, form: Form) -> None:
    forum = queries.current_forum(session)
    if forum is not None and forum.registration == Registration.INVITATION:
        raise Forbidden(Refusal.NOT_INVITED)
    said = forms.affiliation_in(form)
    problems: dict[str, list[str]] = {}
    if forum is not None:
        said, problems = settled(session, forum=forum, form=form, asks_consents=True)
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
            site_words=site_words(),
        )
    except Invalid as found:
        raise Invalid(found.problems | problems) from None
    if problems:
        raise Invalid(problems)
    if forum is None:
        return
    given, now = forms.consents_in(request.form.getlist("consents")), clock.now()
    with accounts.newcomer(session, user=user, now=now) as who:
        services.take_part(session, forum=forum, user_id=who.id, said=said, now=now)
        services.give_consents(session, forum=forum, user_id=who.id, given=given, now=now)


def register_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    session = db.session()
    forum = queries.current_forum(session)
    page = render_template(
        "spaces/register.html",
        form=form,
        min_length=MIN_LENGTH,
        registration=forum.registration if forum else Registration.OPEN,
        everything_waits=everything_waits(
            session, actor=web.actor(), forum_id=forum.id if forum else None
        ),
        **affiliation_options(form),
        **consent_options(session, forum),
    )
    return page, status

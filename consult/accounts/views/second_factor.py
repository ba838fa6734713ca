"""Pages of the second factor: setting it up, its recovery codes, switching it off."""

from __future__ import annotations

from dataclasses import replace

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import authenticator, forms, login, services
from consult.accounts.forms import Form
from consult.accounts.models import User
from consult.accounts.passwords import MIN_LENGTH
from consult.accounts.views.proof import proved
from consult.accounts.views.shared import (
    TOO_MANY,
    UNPROCESSABLE,
    blueprint,
    forum_name,
    signed_in,
    wait,
)
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, StaleState, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.post("/<lang>/account/second-factor/new")
@needs(Permission.ACCOUNT)
@proved
def second_factor_new() -> ResponseReturnValue:
    """Make a secret for an authenticator; nothing is asked for until its first code was right."""
    try:
        with unit_of_work() as session:
            services.offer(session, user_id=signed_in().user_id, now=clock.now())
    except StaleState:
        return _to_security(_("The second step is switched on already."))
    return redirect(flask.url_for("accounts.second_factor"), 303)


@blueprint.get("/<lang>/account/second-factor")
@needs(Permission.ACCOUNT)
@proved
def second_factor() -> ResponseReturnValue:
    """Show the secret, as a picture and in letters, and ask for the first code."""
    return second_factor_page(Form())


@blueprint.get("/<lang>/account/second-factor/picture")
@needs(Permission.ACCOUNT)
@proved
def second_factor_picture() -> ResponseReturnValue:
    """Return the picture that an authenticator reads, to its owner only."""
    who, secret = signed_in(), _secret()
    if secret is None:
        raise NotVisible
    email = db.session().get_one(User, who.user_id).email or who.name
    address = authenticator.address_of(secret, account=email, issuer=forum_name())
    return flask.Response(authenticator.picture_of(address), mimetype="image/svg+xml")


@blueprint.post("/<lang>/account/second-factor")
@needs(Permission.ACCOUNT)
@proved
def second_factor_now() -> ResponseReturnValue:
    """Switch it on with the first code, and show the recovery codes, this once."""
    form = Form()
    try:
        with unit_of_work() as session:
            session_id, codes = services.switch_on(
                session,
                user_id=signed_in().user_id,
                code=forms.secret(request.form, "code"),
                client=login.client(),
                secret_key=web.config().secret_key,
                now=clock.now(),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return second_factor_page(form, UNPROCESSABLE)
    except StaleState:
        return _to_security(_("Please begin again with setting up the second step."))
    login.remember(session_id)
    flask.g.actor = replace(web.actor(), needs_second_factor=False)
    return _codes_page(codes, is_new=True)


def second_factor_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page for setting up, or lead back where nothing waits to be set up."""
    secret = _secret()
    if secret is None:
        return redirect(flask.url_for("accounts.security"), 303)
    page = render_template(
        "accounts/second_factor.html", form=form, secret=authenticator.in_groups(secret)
    )
    return page, status


@blueprint.post("/<lang>/account/second-factor/codes")
@needs(Permission.ACCOUNT)
@proved
def recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes and show them, this once."""
    try:
        with unit_of_work() as session:
            codes = services.renew_codes(
                session,
                user_id=signed_in().user_id,
                secret_key=web.config().secret_key,
                now=clock.now(),
            )
    except StaleState:
        return _to_security(_("The second step is switched off."))
    return _codes_page(codes, is_new=False)


@blueprint.post("/<lang>/account/second-factor/codes.txt")
@needs(Permission.ACCOUNT)
@proved
def recovery_codes_file() -> ResponseReturnValue:
    """Give the codes of the page back as a text file; codes that are not the person's stay out."""
    codes = services.unused_codes(
        db.session(),
        user_id=signed_in().user_id,
        codes=request.form.getlist("code")[: authenticator.RECOVERY_CODES],
        secret_key=web.config().secret_key,
    )
    if not codes:
        raise NotVisible
    text = render_template("accounts/recovery_codes.txt", codes=codes, host=web.config().host)
    response = flask.Response(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@blueprint.get("/<lang>/account/second-factor/off")
@needs(Permission.ACCOUNT)
@proved
def second_factor_off() -> ResponseReturnValue:
    """Ask once more before switching it off."""
    return off_page(Form())


@blueprint.post("/<lang>/account/second-factor/off")
@needs(Permission.ACCOUNT)
@proved
def second_factor_off_now() -> ResponseReturnValue:
    """Switch it off."""
    form = Form()
    try:
        with unit_of_work() as session:
            session_id = services.switch_off(
                session,
                user_id=signed_in().user_id,
                password=forms.secret(request.form, "password"),
                hasher=login.hasher(),
                client=login.client(),
                now=clock.now(),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return off_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(off_page(form, TOO_MANY), limit)
    if session_id is None:
        form.add_problems(Invalid({"password": ["password-wrong"]}))
        return off_page(form, UNPROCESSABLE)
    login.remember(session_id)
    flask.flash(_("The second step is switched off. You are signed out everywhere else."), "good")
    return redirect(flask.url_for("accounts.security"), 303)


def off_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page that asks once more, or lead back where it is off already."""
    if not signed_in().has_second_factor:
        return redirect(flask.url_for("accounts.security"), 303)
    page = render_template("accounts/second_factor_off.html", form=form, min_length=MIN_LENGTH)
    return page, status


def _codes_page(codes: list[str], *, is_new: bool) -> ResponseReturnValue:
    return render_template("accounts/recovery_codes.html", codes=codes, is_new=is_new)


def _secret() -> str | None:
    return services.secret_offered(
        db.session(), user_id=signed_in().user_id, secret_key=web.config().secret_key
    )


def _to_security(sentence: str) -> ResponseReturnValue:
    flask.flash(sentence, "wait")
    return redirect(flask.url_for("accounts.security"), 303)

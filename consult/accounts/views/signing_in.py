"""Signing in and out."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, login, services
from consult.accounts.forms import Form
from consult.accounts.services import Outcome
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, blueprint, home, wait
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.get("/<lang>/sign-in")
@needs(Permission.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """Show the form, or go on for whoever is signed in."""
    form = forms.read(request.args, ("next",))
    if web.actor().is_signed_in:
        return redirect(_after_sign_in(form), 303)
    return sign_in_page(form)


@blueprint.post("/<lang>/sign-in")
@needs(Permission.SIGN_IN)
def sign_in_now() -> ResponseReturnValue:
    """Begin a session."""
    form = forms.read_sign_in(request.form)
    if web.actor().is_signed_in:
        return redirect(_after_sign_in(form), 303)
    if not form.is_good:
        return sign_in_page(form, UNPROCESSABLE)
    try:
        with unit_of_work() as session:
            done = services.sign_in(
                session,
                email=form.values["email"],
                password=forms.secret(request.form, "password"),
                hasher=login.hasher(),
                client=login.client(),
                now=clock.now(),
            )
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(sign_in_page(form, TOO_MANY), limit)
    if done.outcome is Outcome.CODE_NEEDED and done.session_id:
        login.remember_half(done.session_id)
        return redirect(flask.url_for("accounts.enter_code", next=form.values["next"] or None), 303)
    if done.session_id is None:
        form.add("email" if done.outcome is Outcome.WRONG else "", _refused(done.outcome))
        return sign_in_page(form, UNPROCESSABLE)
    login.remember(done.session_id)
    if done.is_password_short:
        flask.flash(
            _("Your password is too short to stand alone. Please choose a longer one."), "wait"
        )
        return redirect(flask.url_for("accounts.security") + "#password", 303)
    return redirect(_after_sign_in(form), 303)


@blueprint.get("/<lang>/sign-in/code")
@needs(Permission.SIGN_IN)
def enter_code() -> ResponseReturnValue:
    """Ask for the code of the second factor."""
    form = forms.read(request.args, ("next",))
    if web.actor().is_signed_in:
        return redirect(_after_sign_in(form), 303)
    if login.half_way() is None:
        return redirect(flask.url_for("accounts.sign_in", next=form.values["next"] or None), 303)
    return code_page(form)


@blueprint.post("/<lang>/sign-in/code")
@needs(Permission.SIGN_IN)
def enter_code_now() -> ResponseReturnValue:
    """Finish signing in."""
    form = forms.read(request.form, ("next",))
    if web.actor().is_signed_in:
        return redirect(_after_sign_in(form), 303)
    code = forms.secret(request.form, "code")[: forms.MAX_TYPED]
    if not code.strip():
        form.add_problems(Invalid({"code": ["missing"]}))
        return code_page(form, UNPROCESSABLE)
    try:
        with unit_of_work() as session:
            done = services.enter_code(
                session,
                session_id=login.half_way() or "",
                code=code,
                secret_key=web.config().secret_key,
                client=login.client(),
                now=clock.now(),
            )
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(code_page(form, TOO_MANY), limit)
    if done.outcome is Outcome.TOO_LATE:
        login.forget()
        form.add("", _("Too much time has passed. Please give your address and password again."))
        return sign_in_page(form, UNPROCESSABLE)
    if done.session_id is None:
        form.add_problems(Invalid({"code": ["code-wrong"]}))
        return code_page(form, UNPROCESSABLE)
    login.remember(done.session_id)
    return redirect(_after_sign_in(form), 303)


def code_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page that asks for the code; it says nothing about whose it is."""
    return render_template("accounts/enter_code.html", form=form), status


def sign_in_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    return render_template("accounts/sign_in.html", form=form), status


def _refused(outcome: Outcome) -> str:
    sentences = {
        Outcome.WRONG: _("The e-mail address or the password is not right."),
        Outcome.UNCONFIRMED: _(
            "Please confirm your e-mail address first. We have sent you a link again."
        ),
        Outcome.SUSPENDED: _(
            "This account is suspended. Please write to the secretariat if you have a question."
        ),
    }
    return str(sentences[outcome])


def _after_sign_in(form: Form) -> str:
    """Return where to go: what was asked for, else the first page in the language of this one."""
    target = form.values["next"]
    return target if web.is_safe_target(target) else home()


@blueprint.get("/<lang>/sign-out")
@needs(Permission.SIGN_IN)
def sign_out() -> ResponseReturnValue:
    """Ask before signing out: a link alone changes nothing."""
    if not web.actor().is_signed_in:
        return redirect(home(), 303)
    return render_template("accounts/sign_out.html")


@blueprint.post("/<lang>/sign-out")
@needs(Permission.SIGN_IN)
def sign_out_now() -> ResponseReturnValue:
    """End the session, on the server too."""
    user_id = web.actor().user_id
    session_id = login.forget()
    if session_id is not None:
        with unit_of_work() as session:
            services.sign_out(session, session_id=session_id, user_id=user_id, now=clock.now())
        flask.flash(_("You have signed out."), "good")
    return redirect(home(), 303)

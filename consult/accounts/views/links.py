"""Pages behind mailed links: confirming an address, choosing a new password."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, login, services
from consult.accounts.forms import Form
from consult.accounts.models import MailedLink
from consult.accounts.states import LinkPurpose
from consult.accounts.views.shared import (
    GONE,
    TOO_MANY,
    UNPROCESSABLE,
    asks_to_take_part,
    blueprint,
    site_words,
    wait,
)
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.get("/<lang>/confirm/<token>")
@needs(Permission.SIGN_IN)
def confirm(token: str) -> ResponseReturnValue:
    """Show a button: programs that only look at links in mails must not use them up."""
    is_live = _live(token, LinkPurpose.CONFIRM) is not None
    page = render_template("accounts/confirm.html", token=token, is_live=is_live)
    return page, 200 if is_live else GONE


@blueprint.post("/<lang>/confirm/<token>")
@needs(Permission.SIGN_IN)
def confirm_now(token: str) -> ResponseReturnValue:
    """Confirm the address."""
    try:
        with unit_of_work() as session:
            user = services.confirm(
                session, token=token, secret_key=web.config().secret_key, now=clock.now()
            )
            is_asking = asks_to_take_part(session, user_id=user.id)
    except Invalid:
        return render_template("accounts/confirm.html", token=token, is_live=False), GONE
    return render_template("accounts/confirmed.html", is_asking=is_asking)


@blueprint.get("/<lang>/reset")
@needs(Permission.SIGN_IN)
def reset() -> ResponseReturnValue:
    """Show the form that asks for the address."""
    return reset_page(forms.read_reset(request.args))


@blueprint.post("/<lang>/reset")
@needs(Permission.SIGN_IN)
def reset_now() -> ResponseReturnValue:
    """Have a link mailed; the answer is the same for known and unknown addresses."""
    form = forms.read_reset(request.form)
    try:
        with unit_of_work() as session:
            services.request_reset(
                session, email=form.values["email"], now=clock.now(), client=login.client()
            )
    except Invalid as problem:
        form.add_problems(problem)
        return reset_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(reset_page(form, TOO_MANY), limit)
    return render_template("accounts/reset_sent.html")


def reset_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    return render_template("accounts/reset.html", form=form), status


@blueprint.get("/<lang>/reset/<token>")
@needs(Permission.SIGN_IN)
def new_password(token: str) -> ResponseReturnValue:
    """Show the form for a new password."""
    return _new_password_page(Form(), token=token)


@blueprint.post("/<lang>/reset/<token>")
@needs(Permission.SIGN_IN)
def new_password_now(token: str) -> ResponseReturnValue:
    """Set the new password; whoever did signs in with it next."""
    form = Form()
    try:
        with unit_of_work() as session:
            services.reset_password(
                session,
                token=token,
                new=forms.secret(request.form, "new_password"),
                secret_key=web.config().secret_key,
                hasher=login.hasher(),
                now=clock.now(),
                site_words=site_words(),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return _new_password_page(form, token=token)
    login.forget()
    flask.flash(_("Your new password is set. Please sign in with it."), "good")
    return redirect(flask.url_for("accounts.sign_in"), 303)


def _new_password_page(form: Form, *, token: str) -> ResponseReturnValue:
    link = _live(token, LinkPurpose.RESET)
    status = GONE if link is None else 200 if form.is_good else UNPROCESSABLE
    page = render_template(
        "accounts/new_password.html",
        form=form,
        is_live=link is not None,
        min_length=services.min_length(db.session(), user_id=link.user_id if link else 0),
    )
    return page, status


def _live(token: str, purpose: LinkPurpose) -> MailedLink | None:
    return services.live_link(
        db.session(),
        token=token,
        purpose=purpose,
        secret_key=web.config().secret_key,
        now=clock.now(),
    )

"""Another address for one's account: asking for it, and agreeing behind the mailed links."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, login, services
from consult.accounts.forms import Form
from consult.accounts.models import User
from consult.accounts.states import LinkPurpose
from consult.accounts.views.proof import proved
from consult.accounts.views.shared import (
    GONE,
    TOO_MANY,
    UNPROCESSABLE,
    blueprint,
    signed_in,
    wait,
)
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.get("/<lang>/account/address")
@needs(Permission.ACCOUNT)
@proved
def address() -> ResponseReturnValue:
    """Show the form that asks for another address."""
    return address_page(Form())


@blueprint.post("/<lang>/account/address")
@needs(Permission.ACCOUNT)
@proved
def address_now() -> ResponseReturnValue:
    """Have both addresses asked; the answer is the same whether somebody else has the new one."""
    form = forms.read_reset(request.form)
    try:
        with unit_of_work() as session:
            services.ask_for_address(
                session,
                user_id=signed_in().user_id,
                email=form.values["email"],
                client=login.client(),
                now=clock.now(),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return address_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(address_page(form, TOO_MANY), limit)
    sentence = _("We have written to both addresses. Please follow the link in each mail.")
    flask.flash(sentence, "good")
    return redirect(flask.url_for("accounts.security"), 303)


def address_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    email = db.session().get_one(User, signed_in().user_id).email
    return render_template("accounts/address.html", form=form, email=email), status


@blueprint.get("/<lang>/change-address/<token>")
@needs(Permission.SIGN_IN)
def agree_to_address(token: str) -> ResponseReturnValue:
    """Show a button: programs that only look at links in mails must not use them up."""
    return _agree_page(token)


@blueprint.post("/<lang>/change-address/<token>")
@needs(Permission.SIGN_IN)
def agree_to_address_now(token: str) -> ResponseReturnValue:
    """Agree for the address to which the link was mailed."""
    who = login.load_user()
    try:
        with unit_of_work() as session:
            is_done = services.agree_to_address(
                session,
                token=token,
                keep=who.digest if who else None,
                secret_key=web.config().secret_key,
                now=clock.now(),
            )
    except Invalid:
        return render_template("accounts/agree.html", wish=None), GONE
    return render_template("accounts/agreed.html", is_done=is_done)


def _agree_page(token: str) -> ResponseReturnValue:
    found = services.link_of_wish(
        db.session(), token=token, secret_key=web.config().secret_key, now=clock.now()
    )
    if found is None:
        return render_template("accounts/agree.html", wish=None), GONE
    side, wish = found
    is_old = side is LinkPurpose.CHANGE_OLD
    return render_template("accounts/agree.html", wish=wish, is_old=is_old, token=token)

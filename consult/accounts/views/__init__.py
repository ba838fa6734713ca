"""Pages of accounts: signing in and out, confirming, resetting, settings."""

from __future__ import annotations

from collections.abc import Callable

import flask
from flask import request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from consult.accounts import forms
from consult.accounts.forms import Form
from consult.accounts.views.links import confirm, new_password, reset_page
from consult.accounts.views.settings import settings_page
from consult.accounts.views.shared import blueprint
from consult.accounts.views.signing_in import sign_in, sign_in_page, sign_out
from consult.core import web

__all__ = ["blueprint"]

BAD_REQUEST = 400
PAGES_BEFORE: dict[str, Callable[..., ResponseReturnValue]] = {
    "accounts.sign_out_now": sign_out,
    "accounts.confirm_now": confirm,
    "accounts.new_password_now": new_password,
}
"""For each endpoint whose fields are not shown again, the page with its form."""


@blueprint.errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again with what was typed, and a fresh token; nothing was done."""
    if request.endpoint == "accounts.sign_in_now":
        form = forms.read(request.form, ("email", "next"))
        form.add("", forms.expired())
        return sign_in_page(form, BAD_REQUEST)
    if request.endpoint == "accounts.reset_now":
        form = forms.read_reset(request.form)
        form.add("", forms.expired())
        return reset_page(form, BAD_REQUEST)
    if request.endpoint == "accounts.settings_now" and web.actor().is_signed_in:
        is_profile = request.form.get("act") == "profile"
        form = forms.read_profile(request.form) if is_profile else Form()
        form.add("", forms.expired())
        return settings_page(form, BAD_REQUEST)
    page = PAGES_BEFORE.get(request.endpoint or "", sign_in)
    flask.flash(forms.expired(), "stop")
    response = flask.make_response(page(**(request.view_args or {})))
    response.status_code = BAD_REQUEST
    return response

"""Pages of accounts: signing in and out, confirming, resetting, settings, security."""

from __future__ import annotations

from collections.abc import Callable

import flask
from flask import request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from consult.accounts import forms
from consult.accounts.forms import Form
from consult.accounts.views.address import address_page, agree_to_address
from consult.accounts.views.links import confirm, new_password, reset_page
from consult.accounts.views.own_data import erase_page, own_data_page
from consult.accounts.views.proof import prove_page
from consult.accounts.views.second_factor import off_page, second_factor_page
from consult.accounts.views.security import security_page
from consult.accounts.views.settings import settings_page
from consult.accounts.views.shared import blueprint
from consult.accounts.views.signing_in import code_page, sign_in, sign_in_page, sign_out
from consult.core import web

__all__ = ["blueprint"]

BAD_REQUEST = 400
PAGES_BEFORE: dict[str, Callable[..., ResponseReturnValue]] = {
    "accounts.sign_out_now": sign_out,
    "accounts.confirm_now": confirm,
    "accounts.new_password_now": new_password,
    "accounts.agree_to_address_now": agree_to_address,
}
"""For each endpoint whose fields are not shown again, the page with its form."""
PAGES_AGAIN: dict[str, tuple[Callable[[Form, int], ResponseReturnValue], tuple[str, ...]]] = {
    "accounts.sign_in_now": (sign_in_page, ("email", "next")),
    "accounts.enter_code_now": (code_page, ("next",)),
    "accounts.reset_now": (reset_page, ("email",)),
}
"""For each endpoint the page that shows these fields again."""
PAGES_OF_MEMBERS: dict[str, tuple[Callable[[Form, int], ResponseReturnValue], tuple[str, ...]]] = {
    "accounts.settings_now": (settings_page, ("name", "locale", "time_zone")),
    "accounts.security_now": (security_page, ()),
    "accounts.address_now": (address_page, ("email",)),
    "accounts.prove_now": (prove_page, ("next",)),
    "accounts.second_factor_new": (security_page, ()),
    "accounts.second_factor_now": (second_factor_page, ()),
    "accounts.recovery_codes": (security_page, ()),
    "accounts.recovery_codes_file": (security_page, ()),
    "accounts.second_factor_off_now": (off_page, ()),
    "accounts.own_data_now": (own_data_page, ()),
    "accounts.erase_now": (erase_page, ("texts",)),
}
"""The same for endpoints whose pages need an account."""


@blueprint.errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again with what was typed, and a fresh token; nothing was done."""
    endpoint = request.endpoint or ""
    again = PAGES_AGAIN.get(endpoint)
    if again is None and web.actor().is_signed_in:
        again = PAGES_OF_MEMBERS.get(endpoint)
    if again is not None:
        show, fields = again
        form = forms.read(request.form, fields)
        form.add("", forms.expired())
        return show(form, BAD_REQUEST)
    page = PAGES_BEFORE.get(endpoint, sign_in)
    flask.flash(forms.expired(), "stop")
    response = flask.make_response(page(**(request.view_args or {})))
    response.status_code = BAD_REQUEST
    return response

"""Pages of spaces: the home page, registering, for whom one speaks."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from consult.accounts import forms as account_forms
from consult.core import web
from consult.spaces import forms
from consult.spaces.views import home as home_pages
from consult.spaces.views.affiliation import affiliation_page
from consult.spaces.views.registering import register_page
from consult.spaces.views.shared import blueprint

__all__ = ["blueprint"]

home_pages.register(blueprint)


@blueprint.errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again with what was typed, and a fresh token; nothing was done."""
    if request.endpoint == "spaces.affiliation_now" and web.actor().is_signed_in:
        form = forms.read_affiliation(request.form)
        form.add("", account_forms.expired())
        return affiliation_page(form, 400)
    form = forms.read_register(request.form)
    form.add("", account_forms.expired())
    return register_page(form, 400)

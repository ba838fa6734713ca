"""Pages of spaces: the home page, taking part, for whom one speaks, and the organiser's pages."""

from __future__ import annotations

from collections.abc import Callable

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.core import web
from consult.spaces import forms
from consult.spaces.views import delegations, glossary, glossary_table
from consult.spaces.views import home as home_pages
from consult.spaces.views.accepting import invitation_page
from consult.spaces.views.affiliation import affiliation_page
from consult.spaces.views.applications import applications_page
from consult.spaces.views.consents import consents
from consult.spaces.views.inviting import invitations_page, read_invitations
from consult.spaces.views.organisations import organisations
from consult.spaces.views.registering import register_page
from consult.spaces.views.roles import read_role, roles_page
from consult.spaces.views.shared import blueprint

__all__ = ["blueprint", "consents", "organisations"]

BAD_REQUEST = 400

home_pages.register(blueprint)


@blueprint.errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again with what was typed, and a fresh token; nothing was done."""
    again = _AGAIN.get(request.endpoint or "")
    is_for_visitors = request.endpoint in {"spaces.register_now", "spaces.invitation_now"}
    if again is None or not (is_for_visitors or web.actor().is_signed_in):
        return render_template("errors/csrf.html", kept={}), BAD_REQUEST
    return again()


def _late(form: Form) -> Form:
    form.add("", account_forms.expired())
    return form


def _register() -> ResponseReturnValue:
    return register_page(_late(forms.read_register(request.form)), BAD_REQUEST)


def _affiliation() -> ResponseReturnValue:
    return affiliation_page(_late(forms.read_affiliation(request.form)), BAD_REQUEST)


def _invitation() -> ResponseReturnValue:
    form = _late(forms.read_affiliation(request.form))
    return invitation_page((request.view_args or {})["token"], form, BAD_REQUEST)


def _applications() -> ResponseReturnValue:
    return applications_page(_late(account_forms.read(request.form, ("words",))), BAD_REQUEST)


def _invitations() -> ResponseReturnValue:
    return invitations_page(_late(read_invitations()), BAD_REQUEST)


def _roles() -> ResponseReturnValue:
    return roles_page(_late(read_role()), BAD_REQUEST)


_AGAIN: dict[str, Callable[[], ResponseReturnValue]] = {
    "spaces.register_now": _register,
    "spaces.affiliation_now": _affiliation,
    "spaces.invitation_now": _invitation,
    "spaces.applications_now": _applications,
    "spaces.invitations_now": _invitations,
    "spaces.invitation_act": _invitations,
    "spaces.roles_now": _roles,
    "spaces.role_act": _roles,
    "spaces.delegation_now": delegations.own_again,
    "spaces.delegations_now": delegations.organisers_again,
    "spaces.notion_added": glossary.again,
    "spaces.notion_now": glossary.again,
    "spaces.glossary_file_sent": glossary_table.again,
}
"""What is shown again, with what was typed, where a form came too late."""

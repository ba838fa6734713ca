"""Pages of what somebody follows, of stopping it, and of announcements."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from consult.accounts.forms import Form
from consult.core import web
from consult.core.errors import DomainError, Forbidden, Refusal
from consult.notifications import forms
from consult.notifications.views import announcing, bounces, everything, following, unsubscribing
from consult.notifications.views.blueprint import BAD_REQUEST, blueprint

__all__ = ["blueprint", "unsubscribing"]


@blueprint.errorhandler(CSRFError)
def _form_too_old(_error: CSRFError) -> ResponseReturnValue:
    """Show the form again with what was chosen or typed, and a fresh token; nothing was done."""
    try:
        if not web.actor().is_signed_in:
            raise Forbidden(Refusal.NOT_SIGNED_IN)
        return _PAGES[request.endpoint or ""]()
    except DomainError as refused:
        # The check of the token comes before that of the permission.
        return current_app.handle_user_exception(refused)


def _everything() -> ResponseReturnValue:
    form = Form()
    form.add("", forms.expired())
    return everything.everything_page(form, BAD_REQUEST)


def _announcement() -> ResponseReturnValue:
    form = forms.read_announcement(request.form)
    form.add("", forms.expired())
    return announcing.announce_page((request.view_args or {})["slug"], form, BAD_REQUEST)


def _troubles() -> ResponseReturnValue:
    form = Form()
    form.add("", forms.expired())
    return bounces.troubles_page(form, BAD_REQUEST)


_PAGES: dict[str, Callable[[], ResponseReturnValue]] = {
    "notifications.following_now": _everything,
    "notifications.announce_now": _announcement,
    "notifications.troubles_now": _troubles,
    "notifications.follow_now": following.page_before_expiry,
    "notifications.follow_search_now": following.page_before_expiry,
}
"""For each endpoint with a form, the page on which it stands."""

"""One's own name, language and time zone."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, policy, services
from consult.accounts.forms import Form
from consult.accounts.views.shared import UNPROCESSABLE, blueprint, signed_in
from consult.core import clock, i18n
from consult.core.authz import Permission
from consult.core.errors import Invalid
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.get("/<lang>/account/settings")
@needs(Permission.ACCOUNT)
def settings() -> ResponseReturnValue:
    """Show name, language and time zone."""
    return settings_page(None)


@blueprint.post("/<lang>/account/settings")
@needs(Permission.ACCOUNT)
def settings_now() -> ResponseReturnValue:
    """Save them; the page comes back in the language just chosen."""
    form = forms.read_profile(request.form)
    try:
        with unit_of_work() as session:
            user = services.change_profile(
                session,
                user_id=signed_in().user_id,
                name=form.values["name"],
                locale=form.values["locale"],
                time_zone=form.values["time_zone"] or None,
                now=clock.now(),
            )
            locale = user.locale
    except Invalid as problem:
        form.add_problems(problem)
        return settings_page(form, UNPROCESSABLE)
    with i18n.in_locale(locale):
        flask.flash(_("Your settings are saved."), "good")
    return redirect(flask.url_for("accounts.settings", lang=locale), 303)


def settings_page(form: Form | None, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed, the rest as it is kept."""
    who = signed_in()
    values = {"name": who.name, "locale": who.locale, "time_zone": who.time_zone or ""}
    form = form or Form()
    form.values = values | form.values
    page = render_template(
        "accounts/settings.html",
        form=form,
        locales=list(i18n.LANGUAGE_NAMES.items()),
        time_zones=[("", _("The time zone of the forum")), *((z, z) for z in policy.time_zones())],
    )
    return page, status

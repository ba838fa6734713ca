"""One's own name, language, time zone, password and sessions."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, login, policy, queries, services, sessions
from consult.accounts.forms import Form
from consult.accounts.passwords import MIN_LENGTH
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, blueprint, wait
from consult.core import clock, i18n, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.get("/<lang>/account/settings")
@needs(Permission.ACCOUNT)
def settings() -> ResponseReturnValue:
    """Show name, language, time zone, password and sessions."""
    return settings_page(None)


@blueprint.post("/<lang>/account/settings")
@needs(Permission.ACCOUNT)
def settings_now() -> ResponseReturnValue:
    """Do what the button `act` says: `profile`, `password` or `sessions`."""
    acts = {"profile": _save_profile, "password": _save_password, "sessions": _end_sessions}
    act = acts.get(request.form.get("act", ""))
    if act is None:
        flask.flash(_("Please use the buttons of this page."), "stop")
        return redirect(flask.url_for("accounts.settings"), 303)
    return act()


def _save_profile() -> ResponseReturnValue:
    form = forms.read_profile(request.form)
    try:
        with unit_of_work() as session:
            user = services.change_profile(
                session,
                user_id=_signed_in().user_id,
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


def _save_password() -> ResponseReturnValue:
    form = Form()
    try:
        with unit_of_work() as session:
            is_right = services.change_password(
                session,
                user_id=_signed_in().user_id,
                old=forms.secret(request.form, "old_password"),
                new=forms.secret(request.form, "new_password"),
                keep=_signed_in().digest,
                hasher=login.hasher(),
                client=login.client(),
                now=clock.now(),
                site_words=(web.config().host,),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return settings_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(settings_page(form, TOO_MANY), limit)
    if not is_right:
        form.add_problems(Invalid({"old_password": ["password-wrong"]}))
        return settings_page(form, UNPROCESSABLE)
    flask.flash(_("Your password is changed. You are signed out everywhere else."), "good")
    return redirect(flask.url_for("accounts.settings"), 303)


def _end_sessions() -> ResponseReturnValue:
    signed_in = _signed_in()
    with unit_of_work() as session:
        services.end_others(
            session, user_id=signed_in.user_id, keep=signed_in.digest, now=clock.now()
        )
    flask.flash(_("You are signed out everywhere else."), "good")
    return redirect(flask.url_for("accounts.settings"), 303)


def settings_page(form: Form | None, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed, the rest as it is kept."""
    signed_in = _signed_in()
    values = {
        "name": signed_in.name,
        "locale": signed_in.locale,
        "time_zone": signed_in.time_zone or "",
    }
    form = form or Form()
    form.values = values | form.values
    page = render_template(
        "accounts/settings.html",
        form=form,
        min_length=MIN_LENGTH,
        locales=list(i18n.LANGUAGE_NAMES.items()),
        time_zones=[("", _("The time zone of the forum")), *((z, z) for z in policy.time_zones())],
        sessions=_session_rows(signed_in),
    )
    return page, status


def _session_rows(signed_in: queries.SignedIn) -> list[dict[str, object]]:
    rows = queries.sessions_of(
        db.session(),
        user_id=signed_in.user_id,
        current=signed_in.digest,
        since=clock.now() - sessions.IDLE,
    )
    zone = signed_in.time_zone
    return [
        {
            "is_current": row.is_current,
            "agent": row.agent,
            "network": row.network,
            "began": i18n.format_instant(row.began_at, zone_name=zone),
            "seen": i18n.format_instant(row.seen_at, zone_name=zone),
        }
        for row in rows
    ]


def _signed_in() -> queries.SignedIn:
    signed_in = login.load_user()
    if signed_in is None:
        raise NotVisible
    return signed_in

"""What keeps an account safe: password, second factor, address and sessions, on one page."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, login, queries, services, sessions
from consult.accounts.forms import Form
from consult.accounts.models import User
from consult.accounts.views import devices
from consult.accounts.views.shared import (
    TOO_MANY,
    UNPROCESSABLE,
    blueprint,
    home,
    signed_in,
    site_words,
    wait,
)
from consult.core import clock, i18n
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs


@blueprint.get("/<lang>/account/security")
@needs(Permission.ACCOUNT)
def security() -> ResponseReturnValue:
    """Show password, second factor, address and sessions."""
    return security_page(Form())


@blueprint.post("/<lang>/account/security")
@needs(Permission.ACCOUNT)
def security_now() -> ResponseReturnValue:
    """Do what the button `act` says: `password`, `session`, `sessions` or `keep-address`."""
    acts = {
        "password": _save_password,
        "session": _end_session,
        "sessions": _end_others,
        "keep-address": _keep_address,
    }
    act = acts.get(request.form.get("act", ""))
    if act is None:
        flask.flash(_("Please use the buttons of this page."), "stop")
        return redirect(flask.url_for("accounts.security"), 303)
    return act()


def _save_password() -> ResponseReturnValue:
    form = Form()
    try:
        with unit_of_work() as session:
            is_right = services.change_password(
                session,
                user_id=signed_in().user_id,
                old=forms.secret(request.form, "old_password"),
                new=forms.secret(request.form, "new_password"),
                keep=signed_in().digest,
                hasher=login.hasher(),
                client=login.client(),
                now=clock.now(),
                site_words=site_words(),
            )
    except Invalid as problem:
        form.add_problems(problem)
        return security_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(security_page(form, TOO_MANY), limit)
    if not is_right:
        form.add_problems(Invalid({"old_password": ["password-wrong"]}))
        return security_page(form, UNPROCESSABLE)
    flask.flash(_("Your password is changed. You are signed out everywhere else."), "good")
    return redirect(flask.url_for("accounts.security"), 303)


def _end_session() -> ResponseReturnValue:
    who = signed_in()
    with unit_of_work() as session:
        ended = services.end_session(
            session, user_id=who.user_id, name=request.form.get("session", ""), now=clock.now()
        )
    if ended == who.digest:
        login.forget()
        flask.flash(_("You have signed out."), "good")
        return redirect(home(), 303)
    flask.flash(_("That session has ended."), "good")
    return redirect(flask.url_for("accounts.security") + "#sessions", 303)


def _end_others() -> ResponseReturnValue:
    who = signed_in()
    with unit_of_work() as session:
        services.end_others(session, user_id=who.user_id, keep=who.digest, now=clock.now())
    flask.flash(_("You are signed out everywhere else."), "good")
    return redirect(flask.url_for("accounts.security") + "#sessions", 303)


def _keep_address() -> ResponseReturnValue:
    with unit_of_work() as session:
        services.drop_wish(session, user_id=signed_in().user_id, now=clock.now())
    flask.flash(_("Your address stays as it is. The links in the mails work no more."), "good")
    return redirect(flask.url_for("accounts.security"), 303)


def security_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page; nothing that was typed into it is shown again."""
    who, session, now = signed_in(), db.session(), clock.now()
    page = render_template(
        "accounts/security.html",
        form=form,
        email=session.get_one(User, who.user_id).email,
        wish=queries.wished_address(session, user_id=who.user_id, now=now),
        protection=queries.protection_of(session, user_id=who.user_id),
        min_length=services.min_length(session, user_id=who.user_id),
        sessions=_session_rows(who),
        zone=who.time_zone,
        zone_words=i18n.zone_words(who.time_zone),
    )
    return page, status


def _session_rows(who: queries.SignedIn) -> list[dict[str, object]]:
    rows = queries.sessions_of(
        db.session(),
        user_id=who.user_id,
        current=who.digest,
        since=clock.now() - sessions.IDLE,
    )
    return [
        {
            "name": row.name,
            "is_current": row.is_current,
            "device": devices.in_words(row.agent),
            "network": row.network,
            "began": i18n.format_instant(row.began_at, zone_name=who.time_zone),
            "seen": i18n.format_instant(row.seen_at, zone_name=who.time_zone),
        }
        for row in rows
    ]

"""Proving anew who one is, before grave acts: another address, second factor, own data."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import quote

import flask
from flask import current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from consult.accounts import forms, login, services, sessions
from consult.accounts.forms import Form
from consult.accounts.services import Proof
from consult.accounts.views.shared import (
    FORBIDDEN,
    TOO_MANY,
    UNPROCESSABLE,
    blueprint,
    signed_in,
    wait,
)
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs

F = TypeVar("F", bound=Callable[..., Any])
READING = {"GET", "HEAD"}


def proved(view: F) -> F:
    """Let a view run only where the password (and the code) were given in the last ten minutes.

    Otherwise a page to read leads to the page that asks for them and back again, and an act is not
    done: the person proves it and does the act again. For views that need `Permission.ACCOUNT`.
    """

    @wraps(view)
    def guarded(**values: Any) -> ResponseReturnValue:
        if sessions.is_proved(signed_in().proved_at, now=clock.now()):
            return cast(ResponseReturnValue, view(**values))
        if request.method in READING:
            target = request.full_path.rstrip("?")
            return redirect(flask.url_for("accounts.prove") + "?next=" + quote(target), 303)
        form = Form(values={"next": _page_of_act()})
        form.add("", _("Nothing was done yet: please give your password first, then do it again."))
        return prove_page(form, FORBIDDEN)

    return cast(F, guarded)


def _page_of_act() -> str:
    """Return the page from which the act of this request can be done again."""
    adapter = current_app.url_map.bind("")
    try:
        adapter.match(request.path, method="GET")
    except HTTPException:
        return flask.url_for("accounts.security")
    return request.path


@blueprint.get("/<lang>/account/prove")
@needs(Permission.ACCOUNT)
def prove() -> ResponseReturnValue:
    """Ask for the password, and for a code where the second factor is on."""
    form = forms.read(request.args, ("next",))
    if sessions.is_proved(signed_in().proved_at, now=clock.now()):
        return redirect(_target(form), 303)
    return prove_page(form)


@blueprint.post("/<lang>/account/prove")
@needs(Permission.ACCOUNT)
def prove_now() -> ResponseReturnValue:
    """Note the proof and go on to where it was asked for."""
    who = signed_in()
    form = forms.read_proof(request.form, has_second_factor=who.has_second_factor)
    if not form.is_good:
        return prove_page(form, UNPROCESSABLE)
    try:
        with unit_of_work() as session:
            proof = services.prove(
                session,
                user_id=who.user_id,
                digest=who.digest,
                password=forms.secret(request.form, "password"),
                code=forms.secret(request.form, "code"),
                hasher=login.hasher(),
                client=login.client(),
                secret_key=web.config().secret_key,
                now=clock.now(),
            )
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(prove_page(form, TOO_MANY), limit)
    if proof is Proof.GIVEN:
        return redirect(_target(form), 303)
    is_password = proof is Proof.PASSWORD_WRONG
    field, code = ("password", "password-wrong") if is_password else ("code", "code-wrong")
    form.add_problems(Invalid({field: [code]}))
    return prove_page(form, UNPROCESSABLE)


def prove_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed, passwords and codes left out."""
    page = render_template(
        "accounts/prove.html",
        form=form,
        has_second_factor=signed_in().has_second_factor,
        minutes=int(sessions.PROOF.total_seconds() // 60),
    )
    return page, status


def _target(form: Form) -> str:
    target = form.values["next"]
    return target if web.is_safe_target(target) else flask.url_for("accounts.security")

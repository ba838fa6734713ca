"""One's own data: a copy to take away, and erasing the account for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import flask
from flask import Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from consult.accounts import forms, login
from consult.accounts.forms import Form
from consult.accounts.services import data_export
from consult.accounts.services.erasure import erase_account
from consult.accounts.states import DataExportState
from consult.accounts.views.proof import proved
from consult.accounts.views.shared import (
    TOO_MANY,
    UNPROCESSABLE,
    blueprint,
    forum_name,
    signed_in,
    wait,
)
from consult.core import clock, i18n, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import NotVisible, TooMany
from consult.core.i18n import gettext as _
from consult.core.ports import Leaving, Ports
from consult.core.storage import CHUNK
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs

LOOK_AGAIN = 15
"""Seconds after which it is worth looking whether a copy is ready."""


@blueprint.get("/<lang>/account/data")
@needs(Permission.ACCOUNT)
@proved
def own_data() -> ResponseReturnValue:
    """Show whether there is a copy of one's own data, and the ways to get one and to leave."""
    return own_data_page(Form())


@blueprint.post("/<lang>/account/data")
@needs(Permission.ACCOUNT)
@proved
def own_data_now() -> ResponseReturnValue:
    """Have a copy made; one that is being made already is not made twice."""
    form = Form()
    try:
        with unit_of_work() as session:
            data_export.ask(
                session,
                user_id=signed_in().user_id,
                is_limited=web.config().rate_limits,
                now=clock.now(),
            )
    except TooMany as limit:
        form.add("", forms.too_many(limit.retry_after))
        return wait(own_data_page(form, TOO_MANY), limit)
    return redirect(flask.url_for("accounts.own_data"), 303)


def own_data_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page; while a copy is being made it says when to look again."""
    who, now = signed_in(), clock.now()
    export = data_export.newest(db.session(), user_id=who.user_id)
    is_over = export is not None and export.expires_at is not None and export.expires_at <= now
    is_ready = export is not None and export.state == DataExportState.READY and not is_over
    is_waiting = export is not None and data_export.is_under_way(export, now=now)
    page = render_template(
        "accounts/own_data.html",
        form=form,
        copy=export,
        is_ready=is_ready,
        is_waiting=is_waiting,
        megabytes=max(0.1, round((export.size or 0) / 1_000_000, 1)) if export else 0,
        zone=who.time_zone,
        zone_words=i18n.zone_words(who.time_zone),
    )
    response = flask.make_response(page, status)
    if is_waiting and status == 200:
        response.headers["Retry-After"] = str(LOOK_AGAIN)
    return response


@blueprint.get("/<lang>/account/data/<token>")
@needs(Permission.ACCOUNT)
@proved
def own_data_copy(token: str) -> Response:
    """Give the copy to its owner, to be saved and kept by nobody on the way."""
    now = clock.now()
    path = data_export.fetchable(
        db.session(),
        user_id=signed_in().user_id,
        token=token,
        folder=web.config().export_dir,
        now=now,
    )
    if path is None:
        raise NotVisible
    response = Response(_chunks(path), content_type="application/zip")
    response.content_length = path.stat().st_size
    name = f"consult-{now.date().isoformat()}.zip"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = web.FILE_CSP
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


@blueprint.get("/<lang>/account/erase")
@needs(Permission.ACCOUNT)
@proved
def erase() -> ResponseReturnValue:
    """Say what goes and what stays, and ask."""
    return erase_page(Form())


@blueprint.post("/<lang>/account/erase")
@needs(Permission.ACCOUNT)
@proved
def erase_now() -> ResponseReturnValue:
    """Erase the account; afterwards nobody is signed in any more."""
    user_id = signed_in().user_id
    form = forms.read_erasure(request.form, may_choose=_leaving(user_id).may_choose)
    if not form.is_good:
        return erase_page(form, UNPROCESSABLE)
    with unit_of_work() as session:
        erase_account(
            session,
            user_id=user_id,
            keeps_texts=form.values["texts"] == "keep",
            by=user_id,
            ports=_ports(),
            now=clock.now(),
        )
    login.forget()
    return redirect(flask.url_for("accounts.erased"), 303)


def erase_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was chosen; the box has to be ticked anew."""
    page = render_template(
        "accounts/erase.html",
        form=form,
        leaving=_leaving(signed_in().user_id),
        forum_name=forum_name(),
        choices=[
            ("keep", _("They stay, under “former participant”, without my name.")),
            ("remove", _("They are removed. Where others replied, an empty place stays.")),
        ],
    )
    return page, status


@blueprint.get("/<lang>/erased")
@needs(Permission.READ)
def erased() -> ResponseReturnValue:
    """Say that it is done, to whoever comes from there."""
    return render_template("accounts/erased.html")


def _leaving(user_id: int) -> Leaving:
    reader = _ports().leaving
    return reader(db.session(), user_id=user_id) if reader else Leaving()


def _ports() -> Ports:
    return cast(Ports, current_app.extensions["consult.ports"])

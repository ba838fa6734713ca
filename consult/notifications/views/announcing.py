"""Announcements of the organisers to everybody who follows a space."""

from __future__ import annotations

import secrets
from typing import Any

import flask
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.core import clock, idempotency, markup
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, NotVisible
from consult.core.i18n import LANGUAGE_NAMES, LOCALES, Translated, locale
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.notifications import forms
from consult.notifications.queries import followers
from consult.notifications.services import announcing
from consult.notifications.views.blueprint import UNPROCESSABLE, blueprint
from consult.spaces import queries as spaces
from consult.spaces.queries import SpaceView


@blueprint.get("/<lang>/spaces/<slug>/announce")
@needs(Permission.ORGANISE)
def announce(slug: str) -> ResponseReturnValue:
    """Show the form of an announcement."""
    return announce_page(slug, Form())


@blueprint.post("/<lang>/spaces/<slug>/announce")
@needs(Permission.ORGANISE)
def announce_now(slug: str) -> ResponseReturnValue:
    """Preview an announcement, go back to changing it, or send it: what the button `act` says."""
    form = forms.read_announcement(request.form)
    act = request.form.get("act")
    if act == "change":
        return announce_page(slug, form)
    try:
        subject, body = announcing.checked(*forms.announcement_parts(form))
        if act == "send":
            return _send(slug, form, subject=subject, body=body)
    except Invalid as problem:
        form.add_problems(problem)
        return announce_page(slug, form, UNPROCESSABLE)
    return _preview(slug, form, subject=subject, body=body)


def announce_page(slug: str, form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the form with what was typed."""
    view = _organised(db.session(), slug)
    for name in forms.ANNOUNCEMENT:
        form.values.setdefault(name, "")
    page = render_template(
        "notifications/announce.html",
        space=view.space,
        form=form,
        key=_key(form),
        languages_asked=sorted(LANGUAGE_NAMES.items(), key=lambda one: one[0] != locale()),
        count=followers.count_of_space(db.session(), space_id=view.space.id),
        subject_limit=announcing.SUBJECT_LIMIT,
    )
    return page, status


def _send(slug: str, form: Form, *, subject: Translated, body: Translated) -> ResponseReturnValue:
    user_id, key = actor().user_id or 0, form.values["idempotency_key"]
    content = {"slug": slug, **{name: form.values[name] for name in forms.ANNOUNCEMENT}}
    now = clock.now()
    with unit_of_work() as session:
        view = _organised(session, slug)
        hash_ = idempotency.fingerprint(content)
        earlier = idempotency.earlier_answer(
            session, user_id=user_id, key=key, body_hash=hash_, now=now
        )
        if earlier is None:
            announcing.announce(
                session, actor=actor(), space=view.space, subject=subject, body=body, now=now
            )
            idempotency.remember(session, user_id=user_id, key=key, answer={"slug": slug})
        is_mailed = followers.count_of_space(session, space_id=view.space.id) > 0
    flask.flash(
        _("Your announcement is published and is being mailed.")
        if is_mailed
        else _("Your announcement is published."),
        "good",
    )
    return redirect(url_for("discussion.space", slug=slug) + "#announcements", 303)


def _preview(
    slug: str, form: Form, *, subject: Translated, body: Translated
) -> ResponseReturnValue:
    view = _organised(db.session(), slug)
    return render_template(
        "notifications/announce_preview.html",
        space=view.space,
        form=form,
        key=_key(form),
        names=forms.ANNOUNCEMENT,
        previews=[_as_read(code, subject=subject, body=body) for code in LOCALES],
        count=followers.count_of_space(db.session(), space_id=view.space.id),
    )


def _as_read(code: str, *, subject: Translated, body: Translated) -> dict[str, Any]:
    """Return how somebody who reads in a language gets the announcement."""
    language = body.language_for(code)
    return {
        "name": LANGUAGE_NAMES[code],
        "code": code,
        "language": language,
        "subject": subject.in_(language),
        "html": markup.render(body.in_(language)),
    }


def _organised(session: Session, slug: str) -> SpaceView:
    """Return a space that the actor organises; raises `NotVisible` for others."""
    view = spaces.space_view(session, slug=slug, actor=actor())
    try:
        require(Permission.ORGANISE, actor=actor(), subject=view.forum, now=clock.now())
    except Forbidden as refused:
        raise NotVisible from refused
    g.forum = view.forum
    return view


def _key(form: Form) -> str:
    return form.values.get("idempotency_key") or secrets.token_urlsafe(18)

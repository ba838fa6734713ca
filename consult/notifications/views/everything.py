"""Everything that somebody follows, on one page of the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.accounts.models import User
from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.notifications import forms
from consult.notifications.models import Subscription
from consult.notifications.queries import following as reads
from consult.notifications.queries.following import Followed
from consult.notifications.queries.naming import name_of
from consult.notifications.services import following
from consult.notifications.states import Rhythm, Subject
from consult.notifications.views.blueprint import UNPROCESSABLE, blueprint
from consult.notifications.views.following import page_url
from consult.notifications.views.naming import filter_labels
from consult.spaces import queries as spaces

GROUPS = (Subject.SPACE, Subject.QUESTION, Subject.THREAD, Subject.OBJECTIVE, Subject.SEARCH)
"""Kinds in the order in which the page lists them."""


@blueprint.get("/<lang>/account/following", endpoint="following")
@needs(Permission.ACCOUNT)
def everything() -> ResponseReturnValue:
    """Show everything that is followed, each with its rhythm."""
    return everything_page()


@blueprint.post("/<lang>/account/following", endpoint="following_now")
@needs(Permission.ACCOUNT)
def everything_now() -> ResponseReturnValue:
    """Take over all choices of the page; `stop` names one that ends."""
    try:
        with unit_of_work() as session:
            following.change_all(
                session,
                user_id=actor().user_id or 0,
                rhythms=_chosen(session, request.form),
                follows_own="follows_own" in request.form,
                now=clock.now(),
            )
    except Invalid as problem:
        form = Form()
        form.add_problems(problem)
        return everything_page(form, UNPROCESSABLE)
    flask.flash(_("It is saved what you follow."), "good")
    return redirect(url_for("notifications.following"), 303)


def everything_page(form: Form | None = None, status: int = 200) -> ResponseReturnValue:
    """Return the page, with what was chosen where the form came back."""
    session, who = db.session(), actor()
    g.forum = spaces.current_forum(session)
    uid = _uid(session)
    lines = [_line(session, one, uid=uid) for one in reads.followed(session, actor=who)]
    going = [line for line in lines if line["rhythm"] != Rhythm.NONE]
    follows_own = reads.follows_own(session, user_id=who.user_id or 0)
    if form is not None:
        follows_own = "follows_own" in request.form
    page = render_template(
        "notifications/everything.html",
        form=form or Form(),
        groups=[(kind.value, [line for line in going if line["kind"] == kind]) for kind in GROUPS],
        stopped=[line for line in lines if line["rhythm"] == Rhythm.NONE],
        follows_own=follows_own,
        rhythms=forms.short_rhythm_options(),
        has_any=bool(lines),
    )
    return page, status


def _line(session: Session, one: Followed, *, uid: str) -> dict[str, Any]:
    target = one.target
    kind = Subject(one.subscription.subject_kind)
    key = name_of(kind, one.subscription.subject_id, uid=uid, secret_key=config().secret_key)
    labels = filter_labels(session, target.filters, actor=actor()) if target else []
    return {
        "key": key,
        "kind": kind,
        "target": target,
        "url": page_url(target) if target else None,
        "labels": labels,
        "rhythm": one.rhythm.value,
        "chosen": request.form.get(f"rhythm-{key}", one.rhythm.value),
        "is_automatic": one.subscription.is_automatic,
    }


def _chosen(session: Session, sent: Mapping[str, str]) -> dict[int, Rhythm]:
    """Return the rhythm of each subscription that the form names; others stay as they are."""
    uid, key = _uid(session), config().secret_key
    chosen: dict[int, Rhythm] = {}
    for one in session.scalars(select(Subscription).where(Subscription.user_id == actor().user_id)):
        kind = Subject(one.subject_kind)
        name = name_of(kind, one.subject_id, uid=uid, secret_key=key)
        if sent.get("stop") == name:
            chosen[one.id] = Rhythm.NONE
        elif f"rhythm-{name}" in sent:
            chosen[one.id] = following.rhythm_in(sent[f"rhythm-{name}"])
    return chosen


def _uid(session: Session) -> str:
    return session.get_one(User, actor().user_id).uid

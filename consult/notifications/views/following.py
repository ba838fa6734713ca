"""Following something from its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import flask
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible
from consult.core.i18n import gettext as _
from consult.core.text import normalise
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.notifications import forms
from consult.notifications.queries import following as reads
from consult.notifications.queries.following import Target
from consult.notifications.services import following
from consult.notifications.states import Rhythm, Subject
from consult.notifications.views.blueprint import BAD_REQUEST, UNPROCESSABLE, blueprint
from consult.notifications.views.naming import filter_labels
from consult.search.grammar import MAX_CHARACTERS
from consult.search.queries import OFF, filters_from, is_across
from consult.spaces import queries as spaces

Find = Callable[[Session], Target]


@blueprint.get("/<lang>/follow/search")
@needs(Permission.READ)
def follow_search() -> ResponseReturnValue:
    """Show how a search can be followed."""
    return follow_page(_search)


@blueprint.post("/<lang>/follow/search")
@needs(Permission.ACCOUNT)
def follow_search_now() -> ResponseReturnValue:
    """Save a search and follow it."""
    return _follow(_search)


@blueprint.get("/<lang>/follow/<kind>/<path:name>")
@needs(Permission.READ)
def follow(kind: str, name: str) -> ResponseReturnValue:
    """Show what would be followed, the choice that stands, and the rhythms."""
    return follow_page(_named(kind, name))


@blueprint.post("/<lang>/follow/<kind>/<path:name>")
@needs(Permission.ACCOUNT)
def follow_now(kind: str, name: str) -> ResponseReturnValue:
    """Follow something, or hear of it more or less often."""
    return _follow(_named(kind, name))


def page_before_expiry() -> ResponseReturnValue:
    """Return the page whose form was sent too late, with what was chosen."""
    values = request.view_args or {}
    find = _named(values["kind"], values["name"]) if "kind" in values else _search
    form = forms.read_follow(request.form)
    form.add("", forms.expired())
    return follow_page(find, form, BAD_REQUEST)


def follow_page(find: Find, form: Form | None = None, status: int = 200) -> ResponseReturnValue:
    """Return the page of something that can be followed, with what was chosen."""
    session, who = db.session(), actor()
    target = find(session)
    g.forum = spaces.current_forum(session)
    chosen = _choice(session, target) if who.is_signed_in else None
    form = form or Form()
    # A weekly mail is a modest beginning; texts at once are what threads are followed for.
    first = Rhythm.AT_ONCE if target.kind is Subject.THREAD else Rhythm.DAILY
    form.values.setdefault("rhythm", (chosen or first).value)
    page = render_template(
        "notifications/follow.html",
        target=target,
        labels=filter_labels(session, target.filters, actor=who),
        form=form,
        chosen=chosen,
        rhythms=forms.rhythm_options(),
        here=request.full_path.rstrip("?"),
        back_url=page_url(target),
        feed_url=feed_url(target),
        next=quote(request.full_path.rstrip("?"), safe="/"),
    )
    return page, status


def page_url(target: Target) -> str:
    """Return the address of what is followed."""
    if target.kind is Subject.SPACE:
        return url_for("discussion.space", slug=target.name)
    if target.kind is Subject.QUESTION and target.space is not None:
        number = target.name.rpartition("/")[2]
        return url_for("discussion.question", slug=target.space.slug, number=int(number))
    if target.kind is Subject.THREAD:
        return url_for("discussion.contribution", name=target.name)
    if target.kind is Subject.OBJECTIVE:
        return url_for("search.results", objective=target.number)
    return url_for("search.results", q=target.words or None, **target.filters)


def feed_url(target: Target) -> str | None:
    """Return the address of the feed that tells the same without an account, where there is one."""
    if not target.has_feed:
        return None
    if target.kind is Subject.SPACE:
        return url_for("discussion.space_feed", slug=target.name)
    if target.kind is Subject.OBJECTIVE:
        return url_for("discussion.objective_feed", number=target.number)
    if target.kind is Subject.QUESTION and target.space is not None:
        number = target.name.rpartition("/")[2]
        return url_for("discussion.question_feed", slug=target.space.slug, number=int(number))
    return url_for("search.feed", q=target.words or None, **target.filters)


def _follow(find: Find) -> ResponseReturnValue:
    form = forms.read_follow(request.form)
    try:
        with unit_of_work() as session:
            target = find(session)
            _keep(session, target, rhythm=following.rhythm_in(form.values["rhythm"]))
    except Invalid as problem:
        form = Form(values=form.values)
        form.add_problems(problem)
        return follow_page(find, form, UNPROCESSABLE)
    flask.flash(_told(form.values["rhythm"]), "good")
    return redirect(url_for("notifications.following"), 303)


def _keep(session: Session, target: Target, *, rhythm: Rhythm) -> None:
    user_id, now = actor().user_id or 0, clock.now()
    if target.kind is Subject.SEARCH:
        following.save_search(
            session,
            user_id=user_id,
            words=target.words,
            filters=target.filters,
            rhythm=rhythm,
            now=now,
        )
    elif target.id is not None:
        following.follow(
            session,
            user_id=user_id,
            kind=target.kind,
            subject_id=target.id,
            rhythm=rhythm,
            now=now,
        )


def _told(rhythm: str) -> str:
    if rhythm == Rhythm.NONE:
        return str(_("You will get no mails about it."))
    return str(_("It is saved what you follow."))


def _named(kind: str, name: str) -> Find:
    return lambda session: reads.find_target(session, kind=kind, name=name, actor=actor())


def _search(_session: Session) -> Target:
    """Return the search that the address holds; raises `NotVisible` for one that looks for nothing.

    Words that are too long for a search are cut as the search cuts them.
    """
    words = " ".join(normalise(request.args.get("q", "")).split())[:MAX_CHARACTERS]
    found = asdict(filters_from(request.args))
    filters: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    if not words and not filters:
        raise NotVisible
    if words and not is_across(request.args):
        filters["across"] = OFF
    return Target(Subject.SEARCH, None, "", words=words, filters=filters)


def _choice(session: Session, target: Target) -> Rhythm | None:
    user_id, subject_id = actor().user_id or 0, target.id
    if target.kind is Subject.SEARCH:
        kept = following.find_search(
            session, user_id=user_id, words=target.words, filters=target.filters
        )
        subject_id = kept.id if kept is not None else None
    if subject_id is None:
        return None
    return reads.choice(session, user_id=user_id, kind=target.kind, subject_id=subject_id)

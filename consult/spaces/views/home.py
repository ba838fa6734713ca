"""The home page of a forum and the pages about it; part of the feature's views."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, g, make_response, render_template, request

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.i18n import DEFAULT_ZONE, locale, zone, zone_words
from consult.core.web import actor, needs
from consult.spaces.models import Forum, Space
from consult.spaces.policy import phase_of
from consult.spaces.queries import SpaceView, current_forum, spaces_of_forum
from consult.spaces.queries.forums import everything_waits
from consult.spaces.states import Phase, QuestionKind

ABOUT = frozenset({"accessibility", "privacy", "disclaimer"})
ORDER = (Phase.OPEN, Phase.UPCOMING, Phase.CLOSED)
"""What somebody can do something about stands first."""


@dataclass(frozen=True)
class HomeRow:
    """A space as the home page names it."""

    space: Space
    phase: Phase
    days_left: int | None
    """Days of the calendar until it closes; None where it is not open or has no closing."""
    contributions: int
    questions: int


def register(blueprint: Blueprint) -> None:
    """Add the pages to the feature's blueprint as `home` and `about`."""
    blueprint.add_url_rule("/<lang>/", "home", home)
    blueprint.add_url_rule("/<lang>/about/<page>", "about", about)


@needs(Permission.READ)
def home() -> Response:
    """Show the forum's consultations, open ones first."""
    session, now = db.session(), clock.now()
    forum = g.forum = current_forum(session)
    views = spaces_of_forum(session, forum_id=forum.id, actor=actor()) if forum else []
    zone_name = forum.time_zone if forum else DEFAULT_ZONE
    rows = home_rows(views, zone_name=zone_name, now=now)
    waits = everything_waits(session, actor=actor(), forum_id=forum.id if forum else None)
    tag = f"{_tag(forum, rows)}-{waits:d}"
    if not actor().is_signed_in and tag in request.if_none_match:
        response = make_response("", 304)
    else:
        response = make_response(
            render_template(
                "spaces/home.html",
                spaces=rows,
                zone=zone_name,
                zone_words=zone_words(zone_name),
                everything_waits=waits,
            )
        )
    if not actor().is_signed_in:
        response.set_etag(tag)
    return response


@needs(Permission.READ)
def about(page: str) -> str:
    """Show one of the pages about the site."""
    if page not in ABOUT:
        raise NotVisible
    session = db.session()
    forum = current_forum(session)
    waits = everything_waits(session, actor=actor(), forum_id=forum.id if forum else None)
    return render_template("spaces/about.html", page=page, everything_waits=waits)


def home_rows(views: Sequence[SpaceView], *, zone_name: str, now: dt.datetime) -> list[HomeRow]:
    """Return the rows in the order of phases, inside a phase in the forum's own order."""
    rows = [
        HomeRow(
            space=view.space,
            phase=phase_of(view.space, now=now),
            days_left=_days_left(view.space, zone_name=zone_name, now=now),
            contributions=sum(question.public_count for question in view.questions),
            questions=sum(question.kind == QuestionKind.GUIDING for question in view.questions),
        )
        for view in views
    ]
    return sorted(rows, key=lambda row: ORDER.index(row.phase))


def _days_left(space: Space, *, zone_name: str, now: dt.datetime) -> int | None:
    if space.closes_at is None or phase_of(space, now=now) is not Phase.OPEN:
        return None
    local = zone(zone_name)
    return (space.closes_at.astimezone(local).date() - now.astimezone(local).date()).days


def _tag(forum: Forum | None, rows: list[HomeRow]) -> str:
    parts = [f"{r.space.id}.{r.space.public_version}.{r.phase}.{r.days_left}" for r in rows]
    release = current_app.extensions.get("consult.release", "")
    return "-".join(["home", str(forum.id if forum else 0), *parts, locale(), release])

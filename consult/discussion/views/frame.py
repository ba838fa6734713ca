"""What the pages of a space have in common: where it stands in time, conditional answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request, session

from consult.core import clock
from consult.core.authz import Permission, refusal
from consult.core.db import db
from consult.core.i18n import locale, zone, zone_words
from consult.core.ports import DecisionWords, Ports
from consult.core.web import actor
from consult.core.wording import of_refusal
from consult.discussion.policy import Writing
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Question, Space
from consult.spaces.policy import phase_of
from consult.spaces.states import Countdown, Phase, countdown_at


def readable_space(slug: str) -> space_queries.SpaceView:
    """Return a space that exists for the actor; raises `NotVisible`."""
    view = space_queries.space_view(db.session(), slug=slug, actor=actor())
    g.forum = view.forum
    return view


def frame(space: Space, forum: Forum) -> dict[str, Any]:
    """Return what every page of a space tells: phase, days left, and in which zone.

    `own_zone` is the one that a signed-in reader has chosen; a browser knows that of the others.
    """
    now = clock.now()
    return {
        "space": space,
        "phase": phase_of(space, now=now),
        "days_left": days_left(space, forum=forum, now=now),
        "zone": forum.time_zone,
        "zone_words": zone_words(forum.time_zone),
        "own_zone": actor().time_zone,
    }


def countdown(space: Space, forum: Forum) -> Countdown:
    """Return at which stage of its life a space is, and how far the next date."""
    return countdown_at(
        clock.now(),
        opens_at=space.opens_at,
        closes_at=space.closes_at,
        processed_at=space.processed_at,
        zone=zone(forum.time_zone),
    )


def days_left(space: Space, *, forum: Forum, now: dt.datetime) -> int | None:
    """Return calendar days until the closing in the forum's zone, None once it is closed."""
    return days_until(space.closes_at, zone_name=forum.time_zone, now=now)


def days_until(closes_at: dt.datetime | None, *, zone_name: str, now: dt.datetime) -> int | None:
    """Return calendar days of a zone until an instant, None without one and once it has passed."""
    if closes_at is None or closes_at <= now:
        return None
    there = zone(zone_name)
    return (closes_at.astimezone(there).date() - now.astimezone(there).date()).days


def refused(permission: Permission, subject: Writing) -> dict[str, Any]:
    """Return why the actor may not, as code and as a sentence; both None where they may."""
    reason = refusal(permission, actor=actor(), subject=subject, now=clock.now())
    return {
        "refusal_code": reason.value if reason else None,
        "refusal": of_refusal(reason) if reason else None,
        "here": request.full_path.rstrip("?"),
    }


def may(permission: Permission, subject: Writing) -> bool:
    """Whether the actor may."""
    return refusal(permission, actor=actor(), subject=subject, now=clock.now()) is None


def may_organise(forum: Forum) -> bool:
    """Whether the actor organises the forum."""
    return refusal(Permission.ORGANISE, actor=actor(), subject=forum, now=clock.now()) is None


def tag_of(kind: str, *versions: object) -> str:
    """Return the ETag of a public page: everything that it is made from."""
    parts = (kind, *versions, locale(), current_app.extensions.get("consult.release", ""))
    return "-".join(str(part.value if isinstance(part, Phase) else part) for part in parts)


def unchanged(tag: str) -> Response | None:
    """Return 304 before anything is rendered where an anonymous reader has this very page."""
    if actor().is_signed_in or tag not in request.if_none_match or "_flashes" in session:
        return None
    response = make_response("", 304)
    response.set_etag(tag)
    return response


def public_page(template: str, *, tag: str, **values: Any) -> Response:
    """Render a page that anonymous readers and caches may keep."""
    response = make_response(render_template(template, **values))
    # A page that told somebody something is theirs alone, signed in or not.
    if not actor().is_signed_in and not session.modified:
        response.set_etag(tag)
    return response


def draft_name(space: Space, question: Question | None, parent: str | None) -> str:
    """Return the name under which a browser keeps an unsent text on its own."""
    return parent or f"{space.slug}-{question.number if question else 'ask'}"


def words_of_decision(revision_id: int) -> DecisionWords | None:
    """Return what a moderator told the author of a text, where moderation is bound."""
    ports: Ports = current_app.extensions["consult.ports"]
    if ports.decision_words is None:
        return None
    return ports.decision_words(
        db.session(), revision_id=revision_id, locale=locale(), now=clock.now()
    )

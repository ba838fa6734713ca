"""Feeds of the forum, a space, a question and an objective: public texts only, newest first.

Whoever asks gets what a visitor gets: a feed reader signs in nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, make_response, redirect, request, url_for

from consult.core.authz import VISITOR, Permission
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.i18n import gettext as _
from consult.core.web import config, needs, public_url
from consult.discussion import atom
from consult.discussion.queries import feeds
from consult.discussion.queries.spaces import teaser
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import tag_of, unchanged
from consult.discussion.views.threads import heading_of, moved_question, participant_question
from consult.spaces import queries as space_queries
from consult.spaces.queries import ObjectiveRow, SpaceView


@blueprint.get("/<lang>/spaces/<slug>/feed.atom")
@needs(Permission.READ)
def space_feed(slug: str) -> Response:
    """Feed of a space's newest public contributions."""
    view = space_queries.space_view(db.session(), slug=slug, actor=VISITOR)
    tag = tag_of("sf", view.space.id, view.space.public_version)
    if (kept := unchanged(tag)) is not None:
        return kept
    feed = atom.of_spaces(
        [view],
        feeds.newest(db.session(), space_ids=[view.space.id]),
        url=public_url("discussion.space_feed", slug=slug),
        page_url=public_url("discussion.space", slug=slug),
        title=atom.space_feed_title(view),
        subtitle=str(view.space.aim),
        names_space=False,
    )
    return atom.respond(feed, tag=tag)


@blueprint.get("/<lang>/spaces/<slug>/questions/<int:number>/feed.atom")
@needs(Permission.READ)
def question_feed(slug: str, number: int) -> Response:
    """Feed of a question's newest public contributions."""
    view = space_queries.space_view(db.session(), slug=slug, actor=VISITOR)
    try:
        asked = view.question(number)
    except NotVisible:
        there = moved_question(view, number, who=VISITOR, endpoint="discussion.question_feed")
        return make_response(redirect(there, 303))
    tag = tag_of("qf", asked.id, asked.public_version, view.space.public_version)
    if (kept := unchanged(tag)) is not None:
        return kept
    posed = participant_question(asked)
    title = heading_of(asked, posed)
    feed = atom.of_spaces(
        [view],
        feeds.newest(db.session(), space_ids=[view.space.id], question_id=asked.id),
        url=public_url("discussion.question_feed", slug=slug, number=number),
        page_url=public_url("discussion.question", slug=slug, number=number),
        title=teaser(title) if posed else title,
        subtitle=atom.space_feed_title(view),
        names_space=False,
    )
    return atom.respond(feed, tag=tag)


@blueprint.get("/<lang>/feed.atom")
@needs(Permission.READ)
def forum_feed() -> Response:
    """Feed of the newest public contributions of all announced spaces."""
    views = _announced()
    tag = tag_of("ff", *_versions(views))
    if (kept := unchanged(tag)) is not None:
        return kept
    feed = atom.of_spaces(
        views,
        feeds.newest(db.session(), space_ids=[view.space.id for view in views]),
        url=public_url("discussion.forum_feed"),
        page_url=public_url("spaces.home"),
        title=str(views[0].forum.title),
        subtitle=_("The newest contributions to all consultations"),
        names_space=True,
    )
    return atom.respond(feed, tag=tag)


@blueprint.get("/<lang>/objectives/<int:number>/feed.atom")
@needs(Permission.READ)
def objective_feed(number: int) -> Response:
    """Feed of the newest public contributions on an objective, `?space=` narrows to one space."""
    views = _announced()
    objective = _objective(views[0].forum.id, number)
    slug = request.args.get("space") or None
    if slug is not None:
        views = [view for view in views if view.space.slug == slug]
        if not views:
            raise NotVisible
    tag = tag_of("of", objective.id, *_versions(views))
    if (kept := unchanged(tag)) is not None:
        return kept
    where = atom.space_feed_title(views[0]) if slug else str(views[0].forum.title)
    feed = atom.of_spaces(
        views,
        feeds.newest(
            db.session(),
            space_ids=[view.space.id for view in views],
            objective_id=objective.id,
        ),
        url=public_url("discussion.objective_feed", number=number, space=slug),
        page_url=config().base_url + url_for("search.results", objective=number, space=slug),
        title=_("Objective %(number)s: %(title)s", number=number, title=objective.title),
        subtitle=where,
        names_space=slug is None,
    )
    return atom.respond(feed, tag=tag)


def _announced() -> Sequence[SpaceView]:
    """Return the spaces of the current forum that everybody may know of; at least one."""
    forum = space_queries.current_forum(db.session())
    if forum is None:
        raise NotVisible
    views = space_queries.spaces_of_forum(db.session(), forum_id=forum.id, actor=VISITOR)
    if not views:
        raise NotVisible
    return views


def _versions(views: Sequence[SpaceView]) -> list[str]:
    return [f"{view.space.id}.{view.space.public_version}" for view in views]


def _objective(forum_id: int, number: int) -> ObjectiveRow:
    for objective in space_queries.objectives_of_forum(db.session(), forum_id=forum_id):
        if objective.number == number:
            return objective
    raise NotVisible

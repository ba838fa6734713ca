"""The page of a space through its life: announced, open, closing, closed, processed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, current_app

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import Translated, locale, zone
from consult.core.ports import Ports, ShownAnnouncement
from consult.core.web import needs
from consult.discussion.policy import Writing
from consult.discussion.queries import spaces
from consult.discussion.queries.heard import heard
from consult.discussion.views import frame as framing
from consult.discussion.views.blueprint import blueprint
from consult.spaces import queries as space_queries
from consult.spaces.models import Space
from consult.spaces.states import QuestionKind, SpaceVisibility, Stage

OVER = frozenset({Stage.CLOSED, Stage.PROCESSED})


@blueprint.get("/<lang>/spaces/<slug>")
@needs(Permission.READ)
def space(slug: str) -> Response:
    """Show a space: what is or was asked, until when, what was heard, what became of it."""
    view = framing.readable_space(slug)
    countdown = framing.countdown(view.space, view.forum)
    has_met = _has_met(view.space, zone_name=view.forum.time_zone)
    tag = framing.tag_of(
        *("s", view.space.id, view.space.public_version),
        *(countdown.stage, countdown.days, countdown.hours, has_met),
    )
    if (kept := framing.unchanged(tag)) is not None:
        return kept
    subject = Writing(space=view.space)
    return framing.public_page(
        "discussion/space.html",
        tag=tag,
        countdown=countdown,
        stage=countdown.stage.value,
        has_met=has_met,
        has_feed=view.space.visibility == SpaceVisibility.ANNOUNCED,
        total=sum(q.public_count for q in view.questions),
        can={
            "answer": framing.may(Permission.ANSWER, subject),
            "ask": framing.may(Permission.ASK, subject),
        },
        outcome=_outcome(view.space) if countdown.stage is Stage.PROCESSED else None,
        announcements=_announcements(view.space),
        announces=framing.may_organise(view.forum),
        **_said(view, is_over=countdown.stage in OVER),
        **framing.refused(Permission.ANSWER, subject),
        **framing.frame(view.space, view.forum),
    )


def _said(view: space_queries.SpaceView, *, is_over: bool) -> dict[str, Any]:
    """Return what stands in the space: of an open one what is new, of a closed one the figures."""
    session, space_id = db.session(), view.space.id
    guiding = [q for q in view.questions if q.kind == QuestionKind.GUIDING]
    objectives = space_queries.objectives_of_space(session, space_id=space_id)
    told: dict[str, Any] = {
        "questions": guiding,
        "asked": spaces.participant_questions(session, space_id=space_id),
        "objectives": objectives,
        "objective_of": {objective.id: objective for objective in objectives},
        "documents": space_queries.documents(session, forum_id=view.forum.id),
    }
    if is_over:
        figures = heard(session, space_id=space_id, objectives=objectives)
        return told | {"heard": figures, "newest": {}, "objective_counts": {}}
    return told | {
        "heard": None,
        "newest": spaces.newest_by_question(session, guiding, zone=view.forum.time_zone),
        "objective_counts": spaces.counts_by_objective(session, space_id=space_id),
    }


def _announcements(space: Space) -> Sequence[ShownAnnouncement]:
    """Return what the organisers announced, where announcements are bound."""
    ports: Ports = current_app.extensions["consult.ports"]
    return ports.announcements(db.session(), space.id) if ports.announcements else ()


def _has_met(space: Space, *, zone_name: str) -> bool:
    """Whether the day of the round table is over in the forum's zone."""
    if space.meets_on is None:
        return False
    return space.meets_on < clock.now().astimezone(zone(zone_name)).date()


def _outcome(space: Space) -> dict[str, Any]:
    """Return the paragraphs and links of what was done, each with the language it is in."""
    words = space.outcome or Translated()
    titles = [(Translated(texts=link["title"]), link["url"]) for link in space.outcome_links]
    return {
        "language": words.language_for(locale()),
        "paragraphs": [line for line in str(words).splitlines() if line.strip()],
        "links": [(title, title.language_for(locale()), url) for title, url in titles],
    }

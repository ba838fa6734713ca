"""Pages that everybody reads: space, question, contribution; and one's own list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from consult.core import clock, paging
from consult.core.authz import Actor, Permission, refusal
from consult.core.db import db
from consult.core.errors import Gone, Refusal
from consult.core.i18n import LOCALES, locale
from consult.core.web import actor, needs
from consult.discussion import forms
from consult.discussion.models import Contribution
from consult.discussion.policy import Writing
from consult.discussion.queries import rows, single, spaces, threads
from consult.discussion.states import Removed, RevisionState
from consult.discussion.views.blueprint import blueprint
from consult.spaces import queries as space_queries
from consult.spaces.models import Question
from consult.spaces.policy import phase_of
from consult.spaces.states import Phase, QuestionKind


def page_etag(*versions: object) -> str:
    """Return the ETag of a public page: everything that it is made from, and who may keep it."""
    release = g.get("release", "")
    return "-".join(str(part) for part in (*versions, locale(), release))


def cached(tag: str) -> Response | None:
    """Return 304 before anything is rendered where an anonymous reader has this very page."""
    if actor().is_signed_in or tag not in request.if_none_match:
        return None
    response = make_response("", 304)
    response.set_etag(tag)
    return response


def shown(template: str, *, tag: str, **values: Any) -> Response:
    """Render a page that anonymous readers and caches may keep."""
    response = make_response(render_template(template, **values))
    if not actor().is_signed_in:
        response.set_etag(tag)
    return response


def zone_of(view: space_queries.SpaceView) -> str:
    """Return the name of the zone in which a space's hours are told."""
    return view.forum.time_zone


@dataclass(frozen=True)
class Timing:
    """Where a space stands in time, for a sentence."""

    phase: Phase
    opens_at: dt.datetime | None
    closes_at: dt.datetime | None
    days_left: int | None
    """Whole days until the closing."""
    zone: str


def timing(view: space_queries.SpaceView, *, now: dt.datetime) -> Timing:
    """Return what a page says about a space's dates."""
    space = view.space
    left = (space.closes_at - now).days if space.closes_at and space.closes_at > now else None
    return Timing(
        phase=phase_of(space, now=now),
        opens_at=space.opens_at,
        closes_at=space.closes_at,
        days_left=left,
        zone=zone_of(view),
    )


@blueprint.get("/<lang>/spaces/<slug>")
@needs(Permission.READ)
def space(slug: str) -> Response:
    """Show a space: aim, dates, objectives, guiding and participants' questions."""
    session, now = db.session(), clock.now()
    view = space_queries.space_view(session, slug=slug, actor=actor())
    g.forum = view.forum
    when = timing(view, now=now)
    tag = page_etag("s", view.space.id, view.space.public_version, when.phase, when.days_left)
    if (kept := cached(tag)) is not None:
        return kept
    guiding = [q for q in view.questions if q.kind == QuestionKind.GUIDING]
    counts = spaces.counts_by_objective(session, space_id=view.space.id)
    return shown(
        "discussion/space.html",
        tag=tag,
        view=view,
        space=view.space,
        timing=when,
        guiding=guiding,
        newest=spaces.newest_by_question(session, guiding, zone=when.zone),
        asked=spaces.participant_questions(session, space_id=view.space.id),
        objectives=[
            (objective, counts.get(objective.id, 0))
            for objective in space_queries.objectives_of_space(session, space_id=view.space.id)
        ],
        documents=space_queries.documents(session, forum_id=view.forum.id),
        may_ask=_may(Permission.ASK, actor(), Writing(space=view.space), now),
        why_not=_why_not(Permission.ASK, actor(), Writing(space=view.space), now),
    )


def _may(permission: Permission, who: Actor, subject: Writing, now: dt.datetime) -> bool:
    return refusal(permission, actor=who, subject=subject, now=now) is None


def _why_not(
    permission: Permission, who: Actor, subject: Writing, now: dt.datetime
) -> Refusal | None:
    return refusal(permission, actor=who, subject=subject, now=now)


def thread_filter() -> threads.ThreadFilter:
    """Read sort, filters and cursor from the address; unknown values are the defaults."""
    sort = request.args.get("sort", "")
    objective = request.args.get("objective", "")
    language = request.args.get("language", "")
    return threads.ThreadFilter(
        sort=sort if sort in threads.SORTS else "oldest",
        objective=int(objective) if objective.isdecimal() and len(objective) < 5 else None,
        category=request.args.get("category", "")[:64] or None,
        language=language if language in LOCALES else None,
        per_page=paging.per_page(request.args.get("per_page")),
        after=request.args.get("after", "")[:40] or None,
    )


@blueprint.get("/<lang>/spaces/<slug>/questions/<int:number>")
@needs(Permission.READ)
def question(slug: str, number: int) -> Response:
    """Show a question with its threads and, to those who may, the answer form."""
    view = space_queries.space_view(db.session(), slug=slug, actor=actor())
    return question_page(view, view.question(number))


def question_page(
    view: space_queries.SpaceView,
    asked: Question,
    *,
    form: forms.WritingForm | None = None,
    status: int = 200,
) -> Response:
    """Render a question's page; `form` is one that came back with mistakes."""
    session, now, who = db.session(), clock.now(), actor()
    g.forum = view.forum
    when = timing(view, now=now)
    wanted = thread_filter()
    tag = page_etag(
        "q", asked.id, asked.public_version, view.space.public_version, when.phase, when.days_left
    )
    if form is None and (kept := cached(tag)) is not None:
        return kept
    posed = participant_text(view, asked)
    subject = Writing(space=view.space)
    why_not = _why_not(Permission.ANSWER, who, subject, now)
    draft = None
    if form is None and why_not is None:
        draft = single.find_draft(
            session, actor=who, space_id=view.space.id, question_id=asked.id, parent_id=None
        )
        form = draft_form(draft)
    page = threads.thread_page(
        session,
        question=asked,
        actor=who,
        wanted=wanted,
        words=rows.labels(zone=when.zone),
    )
    response = shown(
        "discussion/question.html",
        tag=tag,
        view=view,
        space=view.space,
        question=asked,
        posed=posed,
        timing=when,
        wanted=wanted,
        page=page,
        objectives=space_queries.objectives_of_space(session, space_id=view.space.id),
        categories=space_queries.categories(session, forum_id=view.forum.id),
        language_options=forms.language_options(),
        form=form,
        draft=draft,
        why_not=why_not,
        sorts=threads.SORTS,
        per_page_choices=paging.PER_PAGE,
    )
    response.status_code = status
    return response


def draft_form(draft: tuple[Contribution, Any] | None) -> forms.WritingForm:
    """Return the answer form, filled with a draft where there is one."""
    if draft is None:
        return forms.fresh()
    revision = draft[1]
    return forms.fresh(
        body=revision.source,
        language=revision.language,
        objectives=single.objective_numbers(db.session(), revision.id),
    )


@dataclass(frozen=True)
class Posed:
    """The words of a participant's question."""

    text: str
    language: str
    author: str
    reference: str


def participant_text(view: space_queries.SpaceView, asked: Question) -> Posed | None:
    """Return the words of a participant's question, None for a guiding one.

    Raises `Gone` where it was public and is no more.
    """
    if asked.kind == QuestionKind.GUIDING:
        return None
    for posed in spaces.participant_questions(db.session(), space_id=view.space.id):
        if posed.number == asked.number:
            return Posed(posed.text, posed.language, posed.author, posed.reference)
    raise Gone


@blueprint.get("/<lang>/contributions/<name>")
@needs(Permission.READ)
def contribution(name: str) -> AnyResponse:
    """Show one contribution by its reference; a receipt leads there once it is public."""
    session, who, now = db.session(), actor(), clock.now()
    found = single.find(session, name=name, actor=who)
    if found.canonical != name:
        return redirect(url_for("discussion.contribution", name=found.canonical), 303)
    g.forum = found.forum
    zone = found.forum.time_zone
    words = rows.labels(zone=zone)
    history = single.history(session, found.contribution, actor=who) if who.is_signed_in else []
    is_mine = found.is_own
    return make_response(
        render_template(
            "discussion/contribution.html" if found.is_public else "discussion/receipt.html",
            found=found,
            row=single.row_of(session, found, actor=who, words=words),
            replies=single.replies_of(session, found.contribution, actor=who, words=words),
            after=threads.reference_before(session, contribution=found.contribution)
            if found.is_public and found.contribution.question_id
            else None,
            history=history if is_mine else [],
            waiting=_waiting(found) if is_mine else None,
            can=what_author_can(found, now=now) if is_mine else frozenset(),
            zone=zone,
        )
    )


def _waiting(found: single.Found) -> Any:
    """Return the own text that waits beside the published one, as a row of history."""
    if found.contribution.open_revision_id in {None, found.revision.id}:
        return None
    return single.open_text(db.session(), found.contribution)


def what_author_can(found: single.Found, *, now: dt.datetime) -> frozenset[str]:
    """Return the acts that a page offers to the author of a text."""
    who = actor()
    open_one = single.open_text(db.session(), found.contribution)
    subject = Writing(
        space=found.space,
        contribution=found.contribution,
        open_state=open_one.state if open_one else None,
        returned_at=open_one.decided_at if open_one else None,
    )
    is_returned = open_one is not None and open_one.state == RevisionState.RETURNED
    edit = Permission.RESUBMIT if is_returned else Permission.EDIT
    acts = {
        "edit": edit,
        "take_back": Permission.TAKE_BACK,
        "withdraw": Permission.WITHDRAW,
        "undo_withdrawal": Permission.RESTORE_OWN,
    }
    can = {name for name, permission in acts.items() if _may(permission, who, subject, now)}
    if open_one is None and found.contribution.published_revision_id is None:
        can.discard("edit")
    return frozenset(can)


@blueprint.get("/<lang>/account")
@needs(Permission.ACCOUNT)
def account() -> str:
    """Show the own contributions with their states."""
    items = single.own_items(db.session(), actor=actor())
    return render_template(
        "discussion/account.html", items=items, removed=Removed, states=RevisionState
    )


def readable_space(slug: str) -> space_queries.SpaceView:
    """Return a space that exists for the actor; raises `NotVisible`."""
    view = space_queries.space_view(db.session(), slug=slug, actor=actor())
    g.forum = view.forum
    return view

"""The page of a question: its threads, and the form to answer it."""

from __future__ import annotations

import structlog
from flask import Response, current_app, make_response, redirect, request, url_for
from sqlalchemy.exc import OperationalError

from consult.core import clock, paging
from consult.core.authz import Actor, Permission, refusal
from consult.core.db import db
from consult.core.errors import Gone, NotVisible
from consult.core.i18n import LOCALES, locale
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.discussion import forms
from consult.discussion.fragments import PageFragments
from consult.discussion.policy import Writing
from consult.discussion.queries import answers, rows, single, thread_order, threads
from consult.discussion.services import visits
from consult.discussion.views import frame as framing
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.drafts import draft_form, kept_draft
from consult.discussion.views.writing_form import presented
from consult.spaces import queries as space_queries
from consult.spaces.models import Question
from consult.spaces.states import QuestionKind, phase_at

log = structlog.get_logger("consult.discussion")


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
        before=request.args.get("before", "")[:40] or None,
    )


@blueprint.get("/<lang>/spaces/<slug>/questions/<int:number>")
@needs(Permission.READ)
def question(slug: str, number: int) -> Response:
    """Show a question with its threads and, to those who may, the answer form.

    `?at=` names a contribution and shows the page on which it stands.
    """
    if (kept := unchanged_page(slug, number)) is not None:
        return kept
    view = framing.readable_space(slug)
    try:
        asked = view.question(number)
    except NotVisible:
        return make_response(redirect(moved_question(view, number, who=actor()), 303))
    return question_page(view, asked)


def moved_question(
    view: space_queries.SpaceView,
    number: int,
    *,
    who: Actor,
    endpoint: str = "discussion.question",
) -> str:
    """Return the address that a question of participants has since it was moved away from here;
    raises `NotVisible` where none was.
    """
    slug, new_number = single.moved_question(
        db.session(), reference=f"{view.space.code}-Q{number}", actor=who
    )
    return url_for(endpoint, slug=slug, number=new_number)


def unchanged_page(slug: str, number: int) -> Response | None:
    """Return 304 where a visitor has the page already, from the versions alone."""
    if actor().is_signed_in or not request.if_none_match:
        return None
    head = space_queries.question_head(db.session(), slug=slug, number=number)
    return framing.unchanged(tag_of(head)) if head is not None else None


def tag_of(head: space_queries.QuestionHead) -> str:
    """Return the ETag of a question's page."""
    now = clock.now()
    return framing.tag_of(
        "q",
        head.id,
        head.public_version,
        head.space_version,
        phase_at(now, opens_at=head.opens_at, closes_at=head.closes_at),
        framing.days_until(head.closes_at, zone_name=head.time_zone, now=now),
    )


def wanted_page(asked: Question) -> threads.ThreadFilter:
    """Return which page is asked for; `?at=` names a contribution and asks for the one on which it
    stands, or for the first where nothing of that name does.
    """
    wanted = thread_filter()
    name = request.args.get("at", "")[:40]
    if not name:
        return wanted
    try:
        after = thread_order.reference_before_named(
            db.session(), question_id=asked.id, reference=name
        )
    except LookupError:
        after = None
    return threads.ThreadFilter(per_page=wanted.per_page, after=after)


def question_page(
    view: space_queries.SpaceView,
    asked: Question,
    *,
    form: forms.WritingForm | None = None,
    status: int = 200,
) -> Response:
    """Render a question's page; `form` is one that came back with mistakes."""
    session, who, now = db.session(), actor(), clock.now()
    frame = framing.frame(view.space, view.forum)
    wanted = wanted_page(asked)
    posed = participant_question(asked)
    subject = Writing(space=view.space)
    refused = framing.refused(Permission.ANSWER, subject)
    choices = space_queries.thread_choices(session, space_id=view.space.id, forum_id=view.forum.id)
    if form is None and refused["refusal_code"] is None:
        form = draft_form(kept_draft(view.space, asked, None), zone=frame["zone"])
    may_reply = refused["refusal_code"] is None
    may_report = refusal(Permission.FLAG, actor=who, now=now) is None
    fragments = fragments_of_page(
        zone=frame["zone"], offers_reply=may_reply, offers_report=may_report
    )
    page = threads.thread_page(
        session,
        question=asked,
        space=view.space,
        actor=who,
        wanted=wanted,
        words=rows.labels(
            zone=frame["zone"], objectives=choices.objectives, holds=config().holds_unscanned
        ),
        now=now,
        known=fragments.get,
    )
    response = framing.public_page(
        "discussion/question.html",
        tag=tag_of(view.head_of(asked)),
        question=asked,
        question_text=heading_of(asked, posed),
        question_lang=posed.language if posed else locale(),
        asked=posed,
        wanted=wanted,
        page=page,
        first_new=first_new(view, asked, page),
        keep=fragments.keep,
        questions=view.questions,
        objectives=choices.objectives,
        categories=choices.categories,
        form=presented(
            form,
            space=view.space,
            question=asked,
            draft=framing.draft_name(view.space, asked, None),
            objectives=choices.objectives,
        )
        if form
        else None,
        can={"reply": may_reply, "report": may_report},
        **refused,
        **frame,
    )
    response.status_code = status
    if page.visit is not None and visits.is_due(page.visit.noted_at, now=now):
        note_visit(question_id=asked.id)
    return response


def first_new(
    view: space_queries.SpaceView, asked: Question, page: threads.ThreadPage
) -> str | None:
    """Return the address of the first text that is new to the reader: on this page, else on
    that where it stands; None where nothing is.
    """
    here = next((row.anchor for row in page.items if row.news), None)
    if here is not None:
        return f"#{here}"
    if page.visit is None or page.visit.first is None:
        return None
    return url_for(
        "discussion.question",
        slug=view.space.slug,
        number=asked.number,
        per_page=page.per_page if page.per_page != paging.DEFAULT_PER_PAGE else None,
        at=page.visit.first,
        _anchor=page.visit.first.lower(),
    )


def note_visit(*, question_id: int) -> None:
    """Remember that a question's page was opened, once it is rendered: a transaction of its own."""
    user_id = actor().user_id
    if user_id is None:
        return
    try:
        with unit_of_work() as session:
            visits.note(session, user_id=user_id, question_id=question_id, now=clock.now())
    except OperationalError:
        # A page is not refused because the note had to wait too long for its turn.
        log.warning("visit.not_noted")


def fragments_of_page(*, zone: str, offers_reply: bool, offers_report: bool) -> PageFragments:
    """Return the rendered texts that a page in the current locale can take over."""
    return PageFragments(
        store=current_app.extensions["consult.fragments"],
        locale=locale(),
        zone=zone,
        offers_reply=offers_reply,
        offers_report=offers_report,
    )


def heading_of(asked: Question, posed: answers.PosedQuestion | None) -> str:
    """Return the words of a question, or what stands in their place once they are gone."""
    if posed is not None:
        return posed.text
    return str(asked.text) if asked.text is not None else _("This question is no longer public")


def participant_question(asked: Question) -> answers.PosedQuestion | None:
    """Return the words of a participant's question; None for a guiding one, and for one that is
    no longer public while answers to it are.

    Raises `Gone` where nothing of it is left to read.
    """
    if asked.kind == QuestionKind.GUIDING:
        return None
    posed = answers.posed_question(db.session(), question_id=asked.id)
    if posed is not None:
        return posed
    if answers.has_answers(db.session(), question_id=asked.id):
        # The answers stay where they are, under a question without words or name.
        return None
    raise Gone

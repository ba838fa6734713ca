"""Pages that everybody reads: space, question, contribution; and one's own list."""

from __future__ import annotations

from typing import Any

from flask import (
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from consult.core import clock, paging
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Gone
from consult.core.i18n import LOCALES, format_instant, locale
from consult.core.i18n import gettext as _
from consult.core.markup import SafeHtml
from consult.core.web import actor, needs
from consult.discussion import forms
from consult.discussion.fragments import PageFragments
from consult.discussion.policy import Writing
from consult.discussion.queries import rows, single, spaces, threads
from consult.discussion.states import RevisionState
from consult.discussion.views import frame as framing
from consult.discussion.views.blueprint import blueprint
from consult.spaces import queries as space_queries
from consult.spaces.models import Question
from consult.spaces.states import QuestionKind


@blueprint.get("/<lang>/spaces/<slug>")
@needs(Permission.READ)
def space(slug: str) -> Response:
    """Show a space: aim, dates, objectives, guiding and participants' questions."""
    session = db.session()
    view = framing.readable_space(slug)
    frame = framing.frame(view.space, view.forum)
    tag = framing.tag_of(
        "s", view.space.id, view.space.public_version, frame["phase"], frame["days_left"]
    )
    if (kept := framing.unchanged(tag)) is not None:
        return kept
    guiding = [q for q in view.questions if q.kind == QuestionKind.GUIDING]
    subject = Writing(space=view.space)
    return framing.public_page(
        "discussion/space.html",
        tag=tag,
        questions=guiding,
        newest=spaces.newest_by_question(session, guiding, zone=frame["zone"]),
        asked=spaces.participant_questions(session, space_id=view.space.id),
        objectives=space_queries.objectives_of_space(session, space_id=view.space.id),
        objective_counts=spaces.counts_by_objective(session, space_id=view.space.id),
        documents=space_queries.documents(session, forum_id=view.forum.id),
        total=sum(q.public_count for q in view.questions),
        can={
            "answer": framing.may(Permission.ANSWER, subject),
            "ask": framing.may(Permission.ASK, subject),
        },
        **framing.refused(Permission.ANSWER, subject),
        **frame,
    )


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
    view = framing.readable_space(slug)
    return question_page(view, view.question(number))


def question_page(
    view: space_queries.SpaceView,
    asked: Question,
    *,
    form: forms.WritingForm | None = None,
    status: int = 200,
) -> Response:
    """Render a question's page; `form` is one that came back with mistakes."""
    session, who = db.session(), actor()
    frame = framing.frame(view.space, view.forum)
    wanted = thread_filter()
    tag = framing.tag_of(
        "q",
        asked.id,
        asked.public_version,
        view.space.public_version,
        frame["phase"],
        frame["days_left"],
    )
    if form is None and (kept := framing.unchanged(tag)) is not None:
        return kept
    posed = participant_question(view, asked)
    subject = Writing(space=view.space)
    refused = framing.refused(Permission.ANSWER, subject)
    objectives = space_queries.objectives_of_space(session, space_id=view.space.id)
    if form is None and refused["refusal_code"] is None:
        draft = single.find_draft(
            session, actor=who, space_id=view.space.id, question_id=asked.id, parent_id=None
        )
        form = draft_form(draft, zone=frame["zone"])
    may_reply = refused["refusal_code"] is None
    fragments = fragments_of_page(zone=frame["zone"], offers_reply=may_reply)
    page = threads.thread_page(
        session,
        question=asked,
        actor=who,
        wanted=wanted,
        words=rows.labels(zone=frame["zone"], objectives=objectives),
        known=fragments.get,
    )
    response = framing.public_page(
        "discussion/question.html",
        tag=tag,
        question=asked,
        question_text=heading_of(asked, posed),
        question_lang=posed.language if posed else locale(),
        asked=posed,
        wanted=wanted,
        page=page,
        keep=fragments.keep,
        questions=view.questions,
        objectives=objectives,
        categories=space_queries.categories(session, forum_id=view.forum.id),
        form=forms.presented(form, objectives, draft=framing.draft_name(view.space, asked, None))
        if form
        else None,
        can={"reply": may_reply},
        **refused,
        **frame,
    )
    response.status_code = status
    return response


def fragments_of_page(*, zone: str, offers_reply: bool) -> PageFragments:
    """Return the rendered texts that a page in the current locale can take over."""
    return PageFragments(
        store=current_app.extensions["consult.fragments"],
        locale=locale(),
        zone=zone,
        offers_reply=offers_reply,
    )


def draft_form(draft: single.Draft | None, *, zone: str) -> forms.WritingForm:
    """Return the answer form, filled with a draft where there is one."""
    if draft is None:
        return forms.fresh()
    revision = draft.revision
    form = forms.fresh(
        body=revision.source,
        language=revision.language,
        objectives=single.objective_numbers(db.session(), revision.id),
    )
    form.draft = f"{draft.contribution.uid}:{revision.lock}"
    form.saved_at = format_instant(revision.saved_at, zone_name=zone)
    return form


def heading_of(asked: Question, posed: spaces.ParticipantQuestion | None) -> str:
    """Return the words of a question, or what stands in their place once they are gone."""
    if posed is not None:
        return posed.text
    return str(asked.text) if asked.text is not None else _("This contribution is no longer public")


def participant_question(
    view: space_queries.SpaceView, asked: Question
) -> spaces.ParticipantQuestion | None:
    """Return the words of a participant's question; None for a guiding one, and for one that is
    no longer public while answers to it are.

    Raises `Gone` where nothing of it is left to read.
    """
    if asked.kind == QuestionKind.GUIDING:
        return None
    for posed in spaces.participant_questions(
        db.session(), space_id=view.space.id, zone=view.forum.time_zone
    ):
        if posed.number == asked.number:
            return posed
    if asked.public_count:
        # The answers stay where they are, under a question without words or name.
        return None
    raise Gone


@blueprint.get("/<lang>/contributions/<name>")
@needs(Permission.READ)
def contribution(name: str) -> AnyResponse:
    """Show one contribution by its reference; a receipt leads there once it is public."""
    session, who = db.session(), actor()
    found = single.find(session, name=name, actor=who)
    if found.canonical != name:
        return redirect(url_for("discussion.contribution", name=found.canonical), 303)
    g.forum = found.forum
    frame = framing.frame(found.space, found.forum)
    if request.args.get("sent") and found.is_own and not found.is_public:
        return make_response(receipt_page(found, frame))
    words = rows.labels(zone=frame["zone"])
    mine = own_view(found) if found.is_own else {"can": {}, "history": [], "decision": None}
    replying = Writing(space=found.space, parent=found.contribution)
    mine["can"]["reply"] = found.is_public and framing.may(Permission.REPLY, replying)
    response = make_response(
        render_template(
            "discussion/contribution.html",
            question=found.question,
            question_text=question_words(found),
            row=single.row_of(session, found, actor=who, words=words),
            replies=single.replies_of(session, found.contribution, actor=who, words=words),
            is_own=found.is_own,
            is_public=found.is_public,
            in_thread=place_in_thread(found),
            receipt=found.contribution.receipt if found.is_own else None,
            **mine,
            **frame,
        )
    )
    if not found.is_public:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def question_words(found: single.Found) -> str | None:
    """Return the words of the guiding question that a contribution answers."""
    return str(found.question.text) if found.question and found.question.text else None


def place_in_thread(found: single.Found) -> str | None:
    """Return the address of the page on which a public comment stands, at its place."""
    if not found.is_public or found.question is None or found.contribution.question_id is None:
        return None
    after = threads.reference_before(db.session(), contribution=found.contribution)
    return url_for(
        "discussion.question",
        slug=found.space.slug,
        number=found.question.number,
        after=after,
        _anchor=found.canonical.lower(),
    )


def receipt_page(found: single.Found, frame: dict[str, Any]) -> str:
    """Render the page that says plainly that a text has arrived."""
    sent_at = found.contribution.sent_at
    return render_template(
        "discussion/receipt.html",
        receipt=found.contribution.receipt,
        sent_label=format_instant(sent_at, zone_name=frame["zone"]) if sent_at else "",
        sent_iso=clock.iso(sent_at),
        question=found.question,
        kind="question" if found.contribution.question_id is None else "answer",
        email=None,
        draft=framing.draft_name(
            found.space,
            found.question if found.contribution.question_id else None,
            single.parent_reference(db.session(), found.contribution),
        ),
        **frame,
    )


def own_view(found: single.Found) -> dict[str, Any]:
    """Return what only the author of a text gets to see beside it."""
    open_one = single.open_text(db.session(), found.contribution)
    waits = open_one is not None and open_one.id != found.revision.id
    told = open_one or found.revision
    return {
        "can": what_author_can(found),
        "history": single.history(db.session(), found.contribution, actor=actor()),
        "waiting": waits and open_one is not None and open_one.state == RevisionState.PENDING,
        "waiting_html": SafeHtml.from_storage(open_one.html) if waits and open_one else None,
        "waiting_language": open_one.language if open_one else None,
        "decision": framing.words_of_decision(told.id)
        if told.state in {RevisionState.RETURNED, RevisionState.REJECTED}
        or found.contribution.removed == "hidden"
        else None,
    }


def what_author_can(found: single.Found) -> dict[str, bool]:
    """Return the acts that a page offers to the author of a text."""
    open_one = single.open_text(db.session(), found.contribution)
    subject = Writing(
        space=found.space,
        contribution=found.contribution,
        open_state=open_one.state if open_one else None,
        returned_at=open_one.decided_at if open_one else None,
    )
    is_returned = open_one is not None and open_one.state == RevisionState.RETURNED
    has_text = open_one is not None or found.contribution.published_revision_id is not None
    edit = Permission.RESUBMIT if is_returned else Permission.EDIT
    return {
        "edit": has_text and framing.may(edit, subject),
        "take_back": framing.may(Permission.TAKE_BACK, subject),
        "withdraw": framing.may(Permission.WITHDRAW, subject),
        "undo": framing.may(Permission.RESTORE_OWN, subject),
    }


@blueprint.get("/<lang>/account")
@needs(Permission.ACCOUNT)
def account() -> str:
    """Show the own contributions with their states."""
    return render_template(
        "discussion/account.html",
        items=single.own_items(db.session(), actor=actor()),
        zone=actor().time_zone,
        settings_url=url_for("accounts.settings"),
    )

"""Pages on which authors write: answer, reply, ask, edit, withdraw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, idempotency, limits, markup, wording
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, RepeatedKey
from consult.core.i18n import gettext as _
from consult.core.i18n import language_label
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.discussion import forms
from consult.discussion.models import Contribution
from consult.discussion.policy import CLOSING_GRACE, Writing
from consult.discussion.queries import rows, single
from consult.discussion.services import removing, sending
from consult.discussion.services.texts import PreparedText
from consult.discussion.states import RevisionState
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import draft_name, frame, readable_space, words_of_decision
from consult.discussion.views.reading import (
    draft_form,
    participant_question,
    question_page,
    question_words,
    what_author_can,
)
from consult.spaces import queries as space_queries
from consult.spaces.models import Question

QUOTED = 600
"""Characters of a text that a reply quotes when asked to."""


def _count_post(now: dt.datetime) -> None:
    """Count one sending against the limits of the account, in a unit of its own."""
    if not config().rate_limits:
        return
    with unit_of_work() as session:
        whose = str(actor().user_id)
        limits.spend(session, limits.POST_BY_ACCOUNT, whose=whose, now=now)
        limits.spend(session, limits.POST_BY_DAY, whose=whose, now=now)


def _once(form: forms.WritingForm, act: Callable[[], str]) -> Response:
    """Do a sending once for its key and answer the same address to a repetition."""
    user_id = actor().user_id
    if user_id is None:
        raise Forbidden(Refusal.NOT_SIGNED_IN)
    now = clock.now()
    content = form.content | {"path": request.path}
    with unit_of_work() as session:
        answer = idempotency.earlier_answer(
            session,
            user_id=user_id,
            key=form.key,
            body_hash=idempotency.fingerprint(content),
            now=now,
        )
        if answer is None:
            address = act()
            answer = {"location": address}
            idempotency.remember(session, user_id=user_id, key=form.key, answer=answer)
    return redirect(answer["location"], 303)


@blueprint.post("/<lang>/spaces/<slug>/questions/<int:number>")
@needs(Permission.READ)
def answer(slug: str, number: int) -> Response | tuple[str, int]:
    """Take an answer or a reply: send, preview or keep it as a draft."""
    view = readable_space(slug)
    asked = view.question(number)
    participant_question(view, asked)
    form = forms.read(request.form)
    return _handle(view, asked, form)


@blueprint.get("/<lang>/contributions/<name>/reply")
@needs(Permission.ACCOUNT)
def reply(name: str) -> str:
    """Show the form for a reply beside what is answered; `?quote=1` begins with a quote."""
    found = single.find(db.session(), name=name, actor=actor())
    if not found.is_public or found.question is None:
        raise NotVisible
    view = readable_space(found.space.slug)
    subject = Writing(space=view.space, parent=found.contribution)
    require(Permission.REPLY, actor=actor(), subject=subject, now=clock.now())
    draft = single.find_draft(
        db.session(),
        actor=actor(),
        space_id=view.space.id,
        question_id=found.question.id,
        parent_id=found.contribution.id,
    )
    form = draft_form(draft, zone=view.forum.time_zone)
    form.parent = found.canonical
    if request.args.get("quote") and not form.body:
        form.body = markup.quote(found.revision.text, limit=QUOTED) + "\n\n"
    return _write_page(view, found.question, form)


@blueprint.route("/<lang>/spaces/<slug>/ask", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
def ask(slug: str) -> Response | str | tuple[str, int]:
    """Pose a question of one's own to the moderators and participants."""
    view = readable_space(slug)
    if request.method == "POST":
        return _handle(view, None, forms.read(request.form))
    require(Permission.ASK, actor=actor(), subject=Writing(space=view.space), now=clock.now())
    draft = single.find_draft(
        db.session(), actor=actor(), space_id=view.space.id, question_id=None, parent_id=None
    )
    return _write_page(view, None, draft_form(draft, zone=view.forum.time_zone))


def _handle(
    view: space_queries.SpaceView, asked: Question | None, form: forms.WritingForm
) -> Response | tuple[str, int]:
    who = actor()
    if not who.is_signed_in:
        raise Forbidden(Refusal.NOT_SIGNED_IN)
    try:
        parent = _parent(form, asked)
        if form.action == "preview":
            prepared = sending.check_words(db.session(), space_id=view.space.id, words=form.words)
            return _preview_page(view, asked, form, prepared), 200
        draft = single.find_draft(
            db.session(),
            actor=who,
            space_id=view.space.id,
            question_id=asked.id if asked else None,
            parent_id=parent.id if parent else None,
        )
        draft_id = draft.contribution.id if draft else None
        if form.action == "discard":
            return _discard(view, asked, draft_id)
        if form.action == "save":
            return _save(view, asked, form, parent=parent, draft_id=draft_id)
        return _send(view, asked, form, parent=parent, draft_id=draft_id)
    except Invalid as error:
        form.refuse(error)
        status = 422
    except RepeatedKey:
        form.errors["body"] = [
            _("This form was already sent with another text. Check it and send it again.")
        ]
        form.renew_key()
        status = 422
    except Forbidden as error:
        if error.refusal is Refusal.NO_AUTHOR:
            raise
        form.errors["body"] = [wording.of_refusal(error.refusal)]
        status = 403
    if asked is not None and not form.parent and status == 422:
        return question_page(view, asked, form=form, status=status)
    return _write_page(view, asked, form), status


def _parent(form: forms.WritingForm, asked: Question | None) -> Contribution | None:
    if not form.parent or asked is None:
        return None
    parent = single.parent_for_reply(db.session(), reference=form.parent, question_id=asked.id)
    if parent is None:
        raise Invalid({"parent": ["parent-unknown"]})
    return parent


def _send(
    view: space_queries.SpaceView,
    asked: Question | None,
    form: forms.WritingForm,
    *,
    parent: Contribution | None,
    draft_id: int | None,
) -> Response:
    now = clock.now()
    _count_post(now)

    def act() -> str:
        session = db.session()
        sent = sending.send(
            session,
            actor=actor(),
            space=view.space,
            question=asked,
            parent=session.get(Contribution, parent.id) if parent else None,
            draft=session.get(Contribution, draft_id) if draft_id else None,
            words=form.words,
            now=now,
            grace=CLOSING_GRACE,
        )
        return url_for("discussion.contribution", name=sent.receipt, sent=1)

    return _once(form, act)


def _save(
    view: space_queries.SpaceView,
    asked: Question | None,
    form: forms.WritingForm,
    *,
    parent: Contribution | None,
    draft_id: int | None,
) -> Response:
    with unit_of_work() as session:
        sending.save_draft(
            session,
            actor=actor(),
            space=view.space,
            question=asked,
            parent=session.get(Contribution, parent.id) if parent else None,
            draft=session.get(Contribution, draft_id) if draft_id else None,
            words=form.words,
            now=clock.now(),
        )
    flash(_("Your draft is kept. Nobody else can see it."), "good")
    return redirect(_form_address(view, asked, form.parent), 303)


def _discard(
    view: space_queries.SpaceView, asked: Question | None, draft_id: int | None
) -> Response:
    if draft_id is not None:
        with unit_of_work() as session:
            draft = session.get_one(Contribution, draft_id)
            sending.take_back(
                session, actor=actor(), contribution=draft, space=view.space, now=clock.now()
            )
    flash(_("The draft was discarded."), "info")
    return redirect(_form_address(view, asked, ""), 303)


def _form_address(view: space_queries.SpaceView, asked: Question | None, parent: str) -> str:
    if asked is None:
        return url_for("discussion.ask", slug=view.space.slug)
    if parent:
        return url_for("discussion.reply", name=parent)
    return url_for("discussion.question", slug=view.space.slug, number=asked.number)


def _action(space_slug: str, asked: Question | None) -> str:
    if asked is None:
        return url_for("discussion.ask", slug=space_slug)
    return url_for("discussion.answer", slug=space_slug, number=asked.number)


def _asked_words(view: space_queries.SpaceView, asked: Question | None) -> str | None:
    if asked is None:
        return None
    posed = participant_question(view, asked)
    return posed.text if posed else str(asked.text)


def _write_page(
    view: space_queries.SpaceView, asked: Question | None, form: forms.WritingForm
) -> str:
    """Render the form on a page of its own: for replies, questions and mistakes."""
    session = db.session()
    parent = None
    if form.parent:
        found = single.find(session, name=form.parent, actor=actor())
        words = rows.labels(zone=view.forum.time_zone)
        if found.is_public:
            parent = single.row_of(session, found, actor=actor(), words=words)
    objectives = space_queries.objectives_of_space(session, space_id=view.space.id)
    return render_template(
        "discussion/write.html",
        kind="question" if asked is None else "reply" if parent else "answer",
        question=asked,
        question_text=_asked_words(view, asked),
        parent=parent,
        form=forms.presented(form, objectives, draft=draft_name(view.space, asked, form.parent)),
        action=_action(view.space.slug, asked),
        **frame(view.space, view.forum),
    )


def _preview_page(
    view: space_queries.SpaceView,
    asked: Question | None,
    form: forms.WritingForm,
    prepared: PreparedText,
    *,
    edited: single.Found | None = None,
) -> str:
    """Render a text as readers will see it, above the form in which it can be changed."""
    objectives = space_queries.objectives_of_space(db.session(), space_id=view.space.id)
    return render_template(
        "discussion/preview.html",
        html=markup.SafeHtml.from_storage(prepared.html),
        language=prepared.language,
        language_label=language_label(prepared.language),
        words=prepared.words,
        tags=[(o.number, o.label) for o in objectives if str(o.number) in form.objectives],
        author=actor().name,
        question=asked,
        form=forms.presented(
            form,
            objectives,
            draft=f"edit-{edited.canonical}"
            if edited
            else draft_name(view.space, asked, form.parent),
        ),
        action=url_for("discussion.edit", name=edited.canonical)
        if edited
        else _action(view.space.slug, asked),
        can_save=edited is None,
        **frame(view.space, view.forum),
    )


# Own texts that were sent -------------------------------------------------------------------


def _own(name: str) -> single.Found:
    """Return an own contribution; 404 for one that the actor may not see, else 403."""
    found = single.find(db.session(), name=name, actor=actor())
    if not found.is_own:
        raise Forbidden(Refusal.NOT_YOURS)
    g.forum = found.forum
    return found


@blueprint.route("/<lang>/contributions/<name>/edit", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
def edit(name: str) -> Response | str | tuple[str, int]:
    """Write a new text for an own contribution; readers keep the published one meanwhile."""
    found = _own(name)
    if request.method == "POST":
        form = forms.read(request.form)
        return _handle_edit(found, form)
    if not what_author_can(found)["edit"]:
        subject = Writing(space=found.space, contribution=found.contribution)
        require(Permission.EDIT, actor=actor(), subject=subject, now=clock.now())
        raise Forbidden(Refusal.TOO_LATE)
    newest = sending.newest_revision(db.session(), contribution_id=found.contribution.id)
    form = forms.fresh(
        body=newest.source,
        language=newest.language,
        objectives=single.objective_numbers(db.session(), newest.id),
        seen=newest.number,
    )
    return _edit_page(found, form)


def _handle_edit(found: single.Found, form: forms.WritingForm) -> Response | tuple[str, int]:
    now = clock.now()
    try:
        if form.action == "preview":
            prepared = sending.check_words(db.session(), space_id=found.space.id, words=form.words)
            view = readable_space(found.space.slug)
            return _preview_page(view, found.question, form, prepared, edited=found), 200
        _count_post(now)

        def act() -> str:
            session = db.session()
            sending.send_revision(
                session,
                actor=actor(),
                contribution=found.contribution,
                space=found.space,
                seen=form.seen,
                words=form.words,
                now=now,
                grace=CLOSING_GRACE,
            )
            return url_for("discussion.contribution", name=found.canonical)

        response = _once(form, act)
    except Invalid as error:
        form.refuse(error)
        return _edit_page(found, form), 422
    except RepeatedKey:
        form.renew_key()
        form.errors["body"] = [
            _("This form was already sent with another text. Check it and send it again.")
        ]
        return _edit_page(found, form), 422
    except Forbidden as error:
        form.errors["body"] = [wording.of_refusal(error.refusal)]
        return _edit_page(found, form), 403
    flash(
        _("Your new text was sent. Readers keep the old one until a moderator has read it."), "good"
    )
    return response


def _edit_page(found: single.Found, form: forms.WritingForm) -> str:
    session = db.session()
    open_one = single.open_text(session, found.contribution)
    is_returned = open_one is not None and open_one.state == RevisionState.RETURNED
    objectives = space_queries.objectives_of_space(session, space_id=found.space.id)
    return render_template(
        "discussion/edit.html",
        question=found.question,
        question_text=question_words(found),
        row=_row(found),
        form=forms.presented(form, objectives, draft=f"edit-{found.canonical}"),
        action=url_for("discussion.edit", name=found.canonical),
        decision=words_of_decision(open_one.id) if is_returned and open_one else None,
        is_returned=is_returned,
        is_public=found.is_public,
        **frame(found.space, found.forum),
    )


def _row(found: single.Found) -> rows.Row:
    words = rows.labels(zone=found.forum.time_zone)
    return single.row_of(db.session(), found, actor=actor(), words=words)


def _confirm_page(found: single.Found, *, act: str, endpoint: str) -> str:
    """Render the question whether a text is really to be withdrawn or taken back."""
    return render_template(
        "discussion/withdraw.html",
        act=act,
        question=found.question,
        row=_row(found),
        action=url_for(endpoint, name=found.canonical),
        has_replies=found.contribution.thread_size > 0,
        is_public=found.is_public,
        **frame(found.space, found.forum),
    )


@blueprint.route("/<lang>/contributions/<name>/withdraw", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
def withdraw(name: str) -> Response | str:
    """Withdraw an own published text, after a question whether that is meant."""
    found = _own(name)
    if request.method == "GET":
        subject = Writing(space=found.space, contribution=found.contribution)
        require(Permission.WITHDRAW, actor=actor(), subject=subject, now=clock.now())
        return _confirm_page(found, act="withdraw", endpoint="discussion.withdraw")
    with unit_of_work() as session:
        removing.withdraw(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            now=clock.now(),
        )
    flash(_("Your contribution was withdrawn. You can undo this for one minute."), "good")
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)


@blueprint.post("/<lang>/contributions/<name>/undo-withdrawal")
@needs(Permission.ACCOUNT)
def undo_withdrawal(name: str) -> Response:
    """Give back what stood before a withdrawal of at most a minute ago."""
    found = _own(name)
    with unit_of_work() as session:
        removing.undo_withdrawal(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            now=clock.now(),
        )
    flash(_("Your contribution is back where it was."), "good")
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)


@blueprint.route("/<lang>/contributions/<name>/take-back", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
def take_back(name: str) -> Response | str:
    """Take an own text out of the queue before it is decided, after a question."""
    found = _own(name)
    if request.method == "GET":
        return _confirm_page(found, act="take-back", endpoint="discussion.take_back")
    with unit_of_work() as session:
        sending.take_back(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            now=clock.now(),
        )
    flash(_("Your text was taken back. No moderator will see it."), "good")
    return redirect(url_for("discussion.account"), 303)

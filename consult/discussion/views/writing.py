"""Pages on which authors write: answer, reply, ask."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, markup
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import (
    Forbidden,
    Gone,
    Invalid,
    NotVisible,
    Refusal,
    StaleState,
)
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, arrived_at, config, needs, takes_files
from consult.discussion import forms
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Writing
from consult.discussion.queries import rows, single
from consult.discussion.services import revising, sending
from consult.discussion.views import drafts
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import draft_name, frame, readable_space
from consult.discussion.views.preview import action_of, preview_page
from consult.discussion.views.submitting import (
    REFUSALS,
    Answer,
    asks_for_json,
    draft_token,
    earlier,
    grace_of,
    kept_answer,
    not_kept_answer,
    note_save,
    once,
    received,
    refused,
    show_both,
    stale_answer,
)
from consult.discussion.views.threads import (
    heading_of,
    participant_question,
    question_page,
)
from consult.discussion.views.writing_form import presented
from consult.spaces import queries as space_queries
from consult.spaces.models import Question

QUOTED = 600
"""Characters of a text that a reply quotes when asked to."""


@blueprint.post("/<lang>/spaces/<slug>/questions/<int:number>")
@needs(Permission.READ)
@takes_files
def answer(slug: str, number: int) -> Answer:
    """Take an answer or a reply: send, preview or keep it as a draft."""
    form = received()
    view = readable_space(slug)
    return _handle(view, view.question(number), form)


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
    draft = drafts.kept_draft(view.space, found.question, found.contribution)
    form = drafts.draft_form(draft, zone=view.forum.time_zone)
    form.parent = found.canonical
    if request.args.get("quote") and not form.body:
        form.body = markup.quote(found.revision.text, limit=QUOTED) + "\n\n"
    return _write_page(view, found.question, form)


@blueprint.route("/<lang>/spaces/<slug>/ask", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
@takes_files
def ask(slug: str) -> Answer | str:
    """Pose a question of one's own to the moderators and participants."""
    if request.method == "POST":
        form = received()
        return _handle(readable_space(slug), None, form)
    view = readable_space(slug)
    require(Permission.ASK, actor=actor(), subject=Writing(space=view.space), now=clock.now())
    draft = drafts.kept_draft(view.space, None, None)
    return _write_page(view, None, drafts.draft_form(draft, zone=view.forum.time_zone))


def _handle(
    view: space_queries.SpaceView, asked: Question | None, form: forms.WritingForm
) -> Answer:
    if not actor().is_signed_in:
        raise Forbidden(Refusal.NOT_SIGNED_IN)
    if (replayed := earlier(form)) is not None:
        return replayed
    try:
        return _act(view, asked, form)
    except StaleState as error:
        if asks_for_json():
            return stale_answer()
        kept = drafts.kept_draft(view.space, asked, _parent(form, asked), form=form)
        token = draft_token(kept.contribution, kept.revision) if kept else ""
        show_both(form, error, draft=token)
        status, headers = 409, dict[str, str]()
    except REFUSALS as error:
        status, headers = refused(form, error)
    if asks_for_json():
        return not_kept_answer(form, status)
    if asked is not None and not form.parent and status == 422:
        return question_page(view, asked, form=form, status=status)
    return make_response(_write_page(view, asked, form), status, headers)


def _act(view: space_queries.SpaceView, asked: Question | None, form: forms.WritingForm) -> Answer:
    """Do what the pressed button says."""
    if form.errors and form.action in {"send", "save"}:
        raise Invalid({})
    if asked is not None:
        participant_question(asked)
    parent = _parent(form, asked)
    if form.action == "preview":
        prepared = sending.check_words(db.session(), space_id=view.space.id, words=form.words)
        return preview_page(view, asked, form, prepared), 200
    draft = drafts.kept_draft(view.space, asked, parent, form=form)
    shown = drafts.shown_draft(form, draft)
    if shown.contribution_id is None and (sent := drafts.sent_from(form)) is not None:
        return sent
    if form.action == "discard":
        return _discard(view, asked, shown)
    if form.action == "save":
        return _save(view, asked, form, parent=parent, shown=shown)
    return _send(view, asked, form, parent=parent, shown=shown)


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
    shown: drafts.ShownDraft,
) -> Response:
    now, grace = arrived_at(), grace_of(form)

    def act() -> str:
        session = db.session()
        sent = sending.send(
            session,
            actor=actor(),
            space=view.space,
            question=asked,
            parent=session.get(Contribution, parent.id) if parent else None,
            draft=drafts.row_of(shown),
            lock=shown.lock,
            words=form.words,
            now=now,
            grace=grace,
            in_role=form.in_role,
            author=form.author,
        )
        return url_for("discussion.contribution", name=sent.receipt, sent=1)

    return once(form, act)


def _save(
    view: space_queries.SpaceView,
    asked: Question | None,
    form: forms.WritingForm,
    *,
    parent: Contribution | None,
    shown: drafts.ShownDraft,
) -> Response:
    with unit_of_work() as session:
        kept = sending.save_draft(
            session,
            actor=actor(),
            space=view.space,
            question=asked,
            parent=session.get(Contribution, parent.id) if parent else None,
            draft=drafts.row_of(shown),
            lock=shown.lock,
            words=form.words,
            now=clock.now(),
            in_role=form.in_role,
            author=form.author,
        )
        revision = session.get_one(Revision, kept.open_revision_id)
        note_save(session, form, kept, revision)
    if asks_for_json():
        return kept_answer(kept, revision, zone=view.forum.time_zone)
    flash(_("Your draft is kept. Nobody else can see it."), "good")
    return redirect(_form_address(view, asked, form.parent), 303)


def _discard(
    view: space_queries.SpaceView, asked: Question | None, shown: drafts.ShownDraft
) -> Response:
    if shown.contribution_id is not None:
        with unit_of_work() as session:
            revising.discard(
                session,
                actor=actor(),
                contribution=session.get_one(Contribution, shown.contribution_id),
                space=view.space,
                lock=shown.lock,
                now=clock.now(),
            )
        flash(_("The draft was discarded."), "info")
    return redirect(_form_address(view, asked, ""), 303)


def _form_address(view: space_queries.SpaceView, asked: Question | None, parent: str) -> str:
    if asked is None:
        return url_for("discussion.ask", slug=view.space.slug)
    if parent:
        return url_for("discussion.reply", name=parent)
    return url_for("discussion.question", slug=view.space.slug, number=asked.number)


def _asked_words(asked: Question | None) -> str | None:
    if asked is None:
        return None
    posed = participant_question(asked)
    return heading_of(asked, posed)


def _answered(view: space_queries.SpaceView, form: forms.WritingForm) -> rows.Row | None:
    """Return what is replied to, as a page shows it; None where it is not public any more."""
    if not form.parent:
        return None
    try:
        found = single.find(db.session(), name=form.parent, actor=actor())
    except (NotVisible, Gone):
        return None
    if not found.is_public:
        return None
    words = rows.labels(zone=view.forum.time_zone, holds=config().holds_unscanned)
    return single.row_of(db.session(), found, actor=actor(), words=words)


def _write_page(
    view: space_queries.SpaceView, asked: Question | None, form: forms.WritingForm
) -> str:
    """Render the form on a page of its own: for replies, questions and mistakes."""
    parent = _answered(view, form)
    if parent is None:
        # What was replied to is gone: the text stays, as an answer to the question.
        form.parent = ""
    return render_template(
        "discussion/write.html",
        kind="question" if asked is None else "reply" if parent else "answer",
        question=asked,
        question_text=_asked_words(asked),
        parent=parent,
        form=presented(
            form,
            space=view.space,
            question=asked,
            draft=draft_name(view.space, asked, form.parent),
        ),
        action=action_of(view.space.slug, asked),
        **frame(view.space, view.forum),
    )

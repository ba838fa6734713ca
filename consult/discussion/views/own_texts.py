"""Pages on which a text that was sent is changed: an edit, or a returned text again."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for

from consult.core import clock
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.i18n import format_instant
from consult.core.i18n import gettext as _
from consult.core.markup import SafeHtml
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, arrived_at, needs, takes_files
from consult.discussion import forms
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Writing
from consult.discussion.queries import own, single
from consult.discussion.queries.difference import difference
from consult.discussion.queries.written import written
from consult.discussion.services import revising, sending
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import frame, readable_space
from consult.discussion.views.own_view import Mine, mine, own_contribution, question_words, row_of
from consult.discussion.views.preview import preview_page
from consult.discussion.views.submitting import (
    REFUSALS,
    Answer,
    asks_for_json,
    draft_token,
    earlier,
    grace_of,
    is_own_save,
    kept_answer,
    not_kept_answer,
    note_save,
    once,
    received,
    refused,
    show_both,
    stale_answer,
)
from consult.discussion.views.writing_form import presented


@blueprint.route("/<lang>/contributions/<name>/edit", methods=["GET", "POST"])
@needs(Permission.ACCOUNT)
@takes_files
def edit(name: str) -> Answer | str:
    """Write a new text for an own contribution; readers keep the published one meanwhile.

    A script that keeps drafts posts the same form and asks for JSON. `?from=` begins with one of
    the texts that were sent before, named by its number.
    """
    if request.method == "POST":
        form = received()
        return _handle(own_contribution(name), form)
    found = own_contribution(name)
    known = mine(found)
    if not known.can.edit:
        subject = Writing(space=found.space, contribution=found.contribution)
        require(Permission.EDIT, actor=actor(), subject=subject, now=clock.now())
        raise Forbidden(Refusal.WRONG_STATE)
    return _edit_page(found, known, _begun(found, known.texts))


def _begun(found: single.Found, texts: own.OwnTexts) -> forms.WritingForm:
    """Return the form with the draft, else with the text that is changed."""
    session = db.session()
    text = texts.draft or _earlier_text(found) or texts.base
    if text is None or texts.newest is None:
        raise Forbidden(Refusal.WRONG_STATE)
    form = forms.continuing(written(session, text), seen=texts.newest.number)
    if texts.draft is not None:
        form.draft = draft_token(found.contribution, texts.draft)
        form.saved_at = format_instant(texts.draft.saved_at, zone_name=found.forum.time_zone)
    return form


def _earlier_text(found: single.Found) -> Revision | None:
    number = request.args.get("from", "")
    if not number.isdecimal() or len(number) > 6:
        return None
    return own.sent_text(db.session(), found.contribution, number=int(number), actor=actor())


def _handle(found: single.Found, form: forms.WritingForm) -> Answer:
    if (replayed := earlier(form)) is not None:
        return replayed
    try:
        return _act(found, form)
    except StaleState as error:
        if asks_for_json():
            return stale_answer()
        found = own_contribution(found.canonical)
        texts = mine(found).texts
        form.seen = texts.newest.number if texts.newest is not None else form.seen
        draft = draft_token(found.contribution, texts.draft) if texts.draft else ""
        show_both(form, error, draft=draft)
        status, headers = 409, dict[str, str]()
    except REFUSALS as error:
        status, headers = refused(form, error)
    if asks_for_json():
        return not_kept_answer(form, status)
    return make_response(_edit_page(found, mine(found), form), status, headers)


def _act(found: single.Found, form: forms.WritingForm) -> Answer:
    """Do what the pressed button says."""
    if form.errors and form.action in {"send", "save"}:
        raise Invalid({})
    if form.action == "preview":
        prepared = sending.check_words(db.session(), space_id=found.space.id, words=form.words)
        view = readable_space(found.space.slug)
        return preview_page(view, found.question, form, prepared, edited=found), 200
    if form.action == "discard":
        return _discard(found, form)
    if form.action == "save":
        return _save(found, form)
    return _send(found, form)


def _shown_lock(form: forms.WritingForm, contribution: Contribution) -> int:
    """Return how often the draft had been saved that the form shows; 0 where it shows none, so
    that it never takes one over that it does not know.
    """
    draft = own.texts_of(db.session(), contribution).draft
    if draft is not None and is_own_save(form, contribution, draft):
        return draft.lock
    uid, _colon, lock = form.draft.partition(":")
    return int(lock) if uid == contribution.uid and lock.isdecimal() else 0


def _send(found: single.Found, form: forms.WritingForm) -> Answer:
    now, lock = arrived_at(), _shown_lock(form, found.contribution)

    def act() -> str:
        revising.send_revision(
            db.session(),
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            seen=form.seen,
            lock=lock,
            words=form.words,
            now=now,
            grace=grace_of(form),
        )
        return url_for("discussion.contribution", name=found.canonical, sent=1)

    return once(form, act)


def _save(found: single.Found, form: forms.WritingForm) -> Answer:
    lock, zone = _shown_lock(form, found.contribution), found.forum.time_zone
    with unit_of_work() as session:
        revision = revising.save_revision(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            seen=form.seen,
            lock=lock,
            words=form.words,
            now=clock.now(),
        )
        note_save(session, form, found.contribution, revision)
    if asks_for_json():
        return kept_answer(found.contribution, revision, zone=zone)
    flash(_("Your draft is kept. Nobody else can see it."), "good")
    return redirect(url_for("discussion.edit", name=found.canonical), 303)


def _discard(found: single.Found, form: forms.WritingForm) -> Answer:
    with unit_of_work() as session:
        revising.discard(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            lock=_shown_lock(form, found.contribution),
            now=clock.now(),
        )
    flash(_("The draft was discarded."), "info")
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)


def _edit_page(found: single.Found, known: Mine, form: forms.WritingForm) -> str:
    texts = known.texts
    begun_from = texts.returned or texts.published
    public = texts.published if found.is_public else None
    return render_template(
        "discussion/edit.html",
        question=found.question,
        question_text=question_words(found),
        row=row_of(found),
        form=presented(
            form,
            space=found.space,
            question=found.question,
            draft=f"edit-{found.canonical}",
            is_first=False,
        ),
        action=url_for("discussion.edit", name=found.canonical),
        mine=known,
        public_html=SafeHtml.from_storage(public.html) if public else None,
        public_language=public.language if public else None,
        changes=difference(begun_from.text, texts.draft.text)
        if begun_from and texts.draft
        else None,
        changes_language=texts.draft.language if texts.draft else None,
        is_public=found.is_public,
        **frame(found.space, found.forum),
    )

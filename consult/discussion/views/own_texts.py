"""Pages of a text that was sent: edit it, take it back, withdraw it."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, wording
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, RepeatedKey
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.discussion import forms
from consult.discussion.policy import CLOSING_GRACE, Writing
from consult.discussion.queries import rows, single
from consult.discussion.services import removing, revising, revisions, sending
from consult.discussion.states import RevisionState
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import frame, readable_space, words_of_decision
from consult.discussion.views.reading import (
    question_words,
    what_author_can,
)
from consult.discussion.views.submitting import earlier, once, preview_page
from consult.spaces import queries as space_queries


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
    newest = revisions.newest_revision(db.session(), contribution_id=found.contribution.id)
    form = forms.fresh(
        body=newest.source,
        language=newest.language,
        objectives=single.objective_numbers(db.session(), newest.id),
        seen=newest.number,
    )
    return _edit_page(found, form)


def _handle_edit(found: single.Found, form: forms.WritingForm) -> Response | tuple[str, int]:
    now = clock.now()
    if (replayed := earlier(form)) is not None:
        return replayed
    try:
        if form.action not in {"send", "preview"}:
            raise Invalid({"body": ["draft-not-here"]})
        if form.action == "preview":
            prepared = sending.check_words(db.session(), space_id=found.space.id, words=form.words)
            view = readable_space(found.space.slug)
            return preview_page(view, found.question, form, prepared, edited=found), 200

        def act() -> str:
            session = db.session()
            revising.send_revision(
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

        response = once(form, act)
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
        if not what_author_can(found)["take_back"]:
            raise Forbidden(Refusal.WRONG_STATE)
        return _confirm_page(found, act="take-back", endpoint="discussion.take_back")
    with unit_of_work() as session:
        revising.take_back(
            session,
            actor=actor(),
            contribution=found.contribution,
            space=found.space,
            now=clock.now(),
        )
    flash(_("Your text was taken back. No moderator will see it."), "good")
    return redirect(url_for("discussion.account"), 303)

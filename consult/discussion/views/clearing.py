"""Pages of focal points: what waits for their release, one text of it, and what they do with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from flask import flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Gone, Invalid, NotVisible, StaleState
from consult.core.i18n import gettext as _
from consult.core.i18n import ngettext, zone_words
from consult.core.markup import SafeHtml
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.core.wording import of_problem
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries import clearance, own, rows, single
from consult.discussion.queries.difference import difference
from consult.discussion.queries.marked import marked_passages
from consult.discussion.queries.own_history import colleagues
from consult.discussion.services import clearing
from consult.discussion.states import RevisionState
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import frame
from consult.discussion.views.own_view import mine, question_words
from consult.spaces.queries.delegations import focal_author_ids
from consult.spaces.states import ModerationMode


@dataclass
class ReleaseForm:
    """What a focal point decides of a text, and what came of it."""

    revision: str = ""
    """Which sending of the text was read: `clearing.mark_of`."""
    words: str = ""
    """What has to change, for whoever wrote it."""
    act: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)
    seen: str | None = None
    """The text that had been read, where another one stands there by now."""


@blueprint.get("/<lang>/account/clearance")
@needs(Permission.ACCOUNT)
def clearances() -> str:
    """Show what waits for a release, the oldest first; for focal points only."""
    author_ids = _focal_author_ids()
    found = clearance.waiting_for_release(db.session(), author_ids=author_ids)
    who = actor()
    return render_template(
        "discussion/clearance_list.html",
        rows=found,
        several=len(author_ids) > 1,
        now=clock.now(),
        zone=who.time_zone,
        zone_words=zone_words(who.time_zone),
    )


@blueprint.get("/<lang>/account/clearance/<name>")
@needs(Permission.ACCOUNT)
def clearance_item(name: str) -> Response:
    """Show a text that waits for a release; one that waits no longer leads to its own page."""
    found = _found(name)
    waiting = _waiting(found)
    if waiting is None:
        return redirect(url_for("discussion.contribution", name=found.canonical), 303)
    form = ReleaseForm(revision=clearing.mark_of(waiting))
    return make_response(_page(found, waiting, form))


@blueprint.post("/<lang>/account/clearance/<name>")
@needs(Permission.ACCOUNT)
def clear(name: str) -> Response:
    """Release a text, or hand it back with words."""
    found = _found(name)
    form = ReleaseForm(
        revision=request.form.get("revision", "")[:32],
        words=request.form.get("words", "").replace("\r\n", "\n").replace("\x00", ""),
        act=request.form.get("act", ""),
    )
    try:
        with unit_of_work() as session:
            contribution = session.get_one(Contribution, found.contribution.id)
            if form.act == "hand-back":
                clearing.hand_back(
                    session,
                    actor=actor(),
                    contribution=contribution,
                    seen=form.revision,
                    words=form.words,
                    now=clock.now(),
                )
            else:
                clearing.release(
                    session,
                    actor=actor(),
                    contribution=contribution,
                    seen=form.revision,
                    now=clock.now(),
                )
    except Invalid as error:
        form.errors = {
            name: [of_problem(code) for code in codes] for name, codes in error.problems.items()
        }
        return _again(found, form, 422)
    except StaleState:
        return _moved(found, form)
    return _next(form, found)


def _next(form: ReleaseForm, found: single.Found) -> Response:
    """Tell what was done, and go on with what waits."""
    left = clearance.count_for_release(db.session(), author_ids=_focal_author_ids())
    if form.act == "hand-back":
        done = _("The text was handed back with your words.")
    else:
        done = _("The text was released. It waits for a moderator now.")
        is_trusted = found.contribution.author_id in actor().at_once_author_ids
        if is_trusted or found.space.moderation != ModerationMode.EVERYTHING:
            done = _(
                "The text was released. It appears at once, unless a moderator has to read it"
                " first."
            )
    flash(done, "good")
    if left:
        flash(ngettext("%(num)s text still waits.", "%(num)s texts still wait.", left), "info")
    return redirect(url_for("discussion.clearances"), 303)


def _moved(found: single.Found, form: ReleaseForm) -> Response:
    """Show the text that was read beside the one that stands there now; nothing was done."""
    found = _found(found.canonical)
    number = form.revision.partition(".")[0]
    if number.isdecimal() and len(number) < 7:
        before = own.sent_text(db.session(), found.contribution, number=int(number), actor=actor())
        form.seen = before.source if before is not None else None
    form.errors = {
        "": [_("Another text was sent, or this one was taken back, meanwhile. Nothing was done.")]
    }
    return _again(found, form, 409)


def _again(found: single.Found, form: ReleaseForm, status: int) -> Response:
    waiting = _waiting(found)
    shown = waiting or own.texts_of(db.session(), found.contribution).newest or found.revision
    if waiting is not None and status == 409:
        form.revision = clearing.mark_of(waiting)
    return make_response(_page(found, shown, form), status)


def _focal_author_ids() -> frozenset[int]:
    """Return the delegations whose texts the actor releases; raises `NotVisible` without one."""
    found = focal_author_ids(db.session(), user_id=actor().user_id) & actor().author_ids
    if not found:
        raise NotVisible
    return found


def _found(name: str) -> single.Found:
    """Return a text of a delegation whose texts the actor releases; raises `NotVisible`."""
    author_ids = _focal_author_ids()
    try:
        found = single.find(db.session(), name=name, actor=actor())
    except Gone as error:
        raise NotVisible from error
    if found.contribution.author_id not in author_ids:
        raise NotVisible
    g.forum = found.forum
    return found


def _waiting(found: single.Found) -> Revision | None:
    texts = own.texts_of(db.session(), found.contribution)
    return texts.waiting if texts.waits_for_release else None


def _page(found: single.Found, shown: Revision, form: ReleaseForm) -> str:
    session, who = db.session(), actor()
    words = rows.labels(zone=found.forum.time_zone, holds=config().holds_unscanned)
    known = mine(found)
    published = known.texts.published if found.is_public else None
    names = colleagues(session, found.contribution, [shown], actor=who)
    row = single.row_of(session, replace(found, revision=shown), actor=who, words=words)
    return render_template(
        "discussion/clearance.html",
        name=found.canonical,
        question=found.question,
        question_text=question_words(found),
        row=row,
        html=SafeHtml.from_storage(shown.html),
        shown=shown,
        waits=shown.state == RevisionState.CLEARANCE,
        marked=marked_passages(session, shown),
        changes=difference(published.text, shown.text) if published else None,
        written_by=names.get(shown.submitted_by or 0),
        can_edit=known.can.edit,
        form=form,
        **frame(found.space, found.forum),
    )

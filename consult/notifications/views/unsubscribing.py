"""Stopping mails from a mail: a page with buttons for people, one click for their mail programs."""

from __future__ import annotations

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import config, csrf, needs
from consult.discussion.models import Contribution
from consult.notifications.services import unsubscribing
from consult.notifications.services.unsubscribing import Stoppable
from consult.notifications.states import Rhythm, Subject
from consult.notifications.views.blueprint import blueprint
from consult.spaces import queries as spaces
from consult.spaces.models import Objective, Question, Space


@blueprint.get("/<lang>/unsubscribe/<token>")
@needs(Permission.READ)
def unsubscribe(token: str) -> ResponseReturnValue:
    """Show what can be stopped; programs that only look at links in mails stop nothing."""
    session = db.session()
    what = unsubscribing.find(session, token=token, secret_key=config().secret_key)
    return _page(session, what, is_done=False)


@blueprint.post("/<lang>/unsubscribe/<token>")
@needs(Permission.READ)
def unsubscribe_now(token: str) -> ResponseReturnValue:
    """Stop what the address names, or everything; also for whoever may not sign in any more."""
    with unit_of_work() as session:
        what = unsubscribing.find(session, token=token, secret_key=config().secret_key)
        if request.form.get("act") == "everything":
            unsubscribing.stop_everything(session, user_id=what.user_id, now=clock.now())
        else:
            unsubscribing.stop(session, what, now=clock.now())
    return _page(db.session(), what, is_done=True)


# The signed address is the authority: mail programs have neither a session nor a form's token.
csrf.exempt(unsubscribe_now)


def _page(session: Session, what: Stoppable, *, is_done: bool) -> ResponseReturnValue:
    g.forum = spaces.current_forum(session)
    is_everything = is_done and request.form.get("act") == "everything"
    return render_template(
        "notifications/unsubscribe.html",
        what=what,
        label=_label(session, what),
        is_done=is_done,
        is_everything=is_everything,
        here=request.path,
        again_url=_again(session, what),
    )


def _again(session: Session, what: Stoppable) -> str:
    """Return where the same is followed again; where it has no page, the list of what is."""
    name = _name(session, what)
    if what.kind is None or name is None:
        return url_for("notifications.following")
    return url_for("notifications.follow", kind=what.kind.value, name=name)


def _name(session: Session, what: Stoppable) -> str | None:
    """Return how addresses name what was followed."""
    if what.kind is Subject.SPACE and (space := session.get(Space, what.subject_id)):
        return space.slug
    if what.kind is Subject.QUESTION and (question := session.get(Question, what.subject_id)):
        return f"{session.get_one(Space, question.space_id).slug}/{question.number}"
    if what.kind is Subject.OBJECTIVE and (objective := session.get(Objective, what.subject_id)):
        return str(objective.number)
    if what.kind is Subject.THREAD and (thread := session.get(Contribution, what.subject_id)):
        return thread.reference
    return None


def _label(session: Session, what: Stoppable) -> str:
    """Return a sentence that says what would be stopped; it quotes nothing that people wrote."""
    if what.rhythm is not None:
        return _of_digests(what.rhythm)
    if what.kind is Subject.SPACE:
        space = session.get(Space, what.subject_id)
        if space is not None:
            return _("This is about the mails on “%(space)s”.", space=space.kicker)
    if what.kind is Subject.QUESTION:
        question = session.get(Question, what.subject_id)
        if question is not None:
            return _("This is about the mails on question %(number)s.", number=question.number)
    if what.kind is Subject.OBJECTIVE:
        objective = session.get(Objective, what.subject_id)
        if objective is not None:
            return _("This is about the mails on objective %(number)s.", number=objective.number)
    if what.kind is Subject.THREAD:
        return _("This is about the mails on one thread.")
    if what.kind is Subject.SEARCH:
        return _("This is about the mails on a search that you saved.")
    return _("This is about mails on something that is no longer followed.")


def _of_digests(rhythm: Rhythm) -> str:
    if rhythm == Rhythm.DAILY:
        return _("This is about your daily digest.")
    return _("This is about your weekly digest.")

"""Moving a contribution with its replies to another question or consultation.

Moderators come from the desk and go back there. Organisers come from the public page of what lies
on others' desk and are led back to it: they see no more of it than readers do.
"""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for

from consult.core import clock
from consult.core.authz import Permission, Role, refusal
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.i18n import gettext as _
from consult.core.markup import SafeHtml
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.discussion.models import Revision
from consult.discussion.policy import is_public
from consult.discussion.queries.single import replies_below
from consult.discussion.states import ContributionKind
from consult.moderation.forms.moving import MoveForm, fresh_move, read_move, target_groups
from consult.moderation.queries.finding import Located, deciding, find_to_move
from consult.moderation.queries.targets import place_code, targets
from consult.moderation.services import moving
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse, stale_page, zone
from consult.spaces import queries as space_queries
from consult.spaces.models import Space


@blueprint.route("/<lang>/moderation/<receipt>/move", methods=["GET", "POST"])
@needs(Permission.MOVE)
def move(receipt: str) -> AnyResponse:
    """Move what waits or is public, with everything that answers it."""
    located = find_to_move(db.session(), actor=actor(), name=receipt, now=clock.now())
    g.forum = located.forum
    refused = refusal(Permission.MOVE, actor=actor(), subject=located.subject, now=clock.now())
    if refused is not None:
        raise Forbidden(refused)
    if request.method == "POST":
        return _handle(located, read_move(request.form))
    text = _text(located)
    if text is None:
        raise Forbidden(Refusal.WRONG_STATE)
    reasons = space_queries.reasons(db.session(), forum_id=located.forum.id)
    place = place_code(db.session(), located.contribution)
    return _page(located, text, fresh_move(reasons, revision=text.number, place=place))


def _text(located: Located) -> Revision | None:
    return moving.text_to_move(db.session(), located.contribution, is_off_desk=located.is_off_desk)


def _handle(located: Located, form: MoveForm) -> AnyResponse:
    try:
        if not form.revision:
            raise Invalid({"revision": ["revision-missing"]})
        with unit_of_work() as session:
            moving.move(
                session,
                actor=actor(),
                contribution_id=located.contribution.id,
                seen_revision=form.revision,
                seen_place=form.place or None,
                target=form.target,
                reason=form.reason or None,
                message=form.message,
                now=clock.now(),
            )
    except StaleState as error:
        return _conflict(located, error)
    except Invalid as error:
        text = _text(located)
        if text is None or (form.revision and text.number != form.revision):
            return _conflict(located, _meanwhile(located, form))
        form.refuse(error)
        form.revision = text.number
        return _page(located, text, form), 422
    # Without a receipt its name at the desk is the new reference.
    db.session().refresh(located.contribution)
    reference = located.contribution.reference
    if reference:
        flash(_("It was moved. Its name is now %(name)s.", name=reference), "good")
    else:
        flash(_("It was moved."), "good")
    return redirect(_where_it_is(located), 303)


def _meanwhile(located: Located, form: MoveForm) -> StaleState:
    if located.is_off_desk and not is_public(located.contribution):
        raise NotVisible
    return moving.conflict(
        db.session(), located.contribution, seen=form.revision, is_off_desk=located.is_off_desk
    )


def _where_it_is(located: Located) -> str:
    """Return the address of what was moved for whoever moved it: at the desk where it lies on
    theirs, else the public page, else the queue.
    """
    contribution = located.contribution
    space = db.session().get_one(Space, contribution.space_id)
    subject = deciding(db.session(), contribution, space=space)
    is_theirs = refusal(Permission.MODERATE, actor=actor(), subject=subject, now=clock.now())
    if is_theirs is None and not located.is_off_desk:
        return url_for("moderation.item", receipt=located.name)
    if is_public(contribution):
        return url_for("discussion.contribution", name=contribution.reference)
    return url_for("moderation.queue")


def _conflict(located: Located, error: StaleState) -> tuple[str, int]:
    """Tell what happened meanwhile, off the desk only what readers may know; 409."""
    if not error.seen.get("for_readers"):
        return stale_page(located, error)
    g.is_error = True
    page = render_template(
        "moderation/move_conflict.html",
        name=located.contribution.reference,
        claimed_by=error.seen.get("claimed_by"),
        text=error.seen.get("theirs"),
        typed=request.form.get("message", "").strip(),
    )
    return page, 409


def _page(located: Located, text: Revision, form: MoveForm) -> str:
    session, contribution = db.session(), located.contribution
    reasons = space_queries.reasons(session, forum_id=located.forum.id)
    offered = targets(session, actor=actor(), contribution=contribution)
    return render_template(
        "moderation/move.html",
        name=located.name,
        contribution=contribution,
        space=located.space,
        question=located.question,
        is_question=contribution.kind == ContributionKind.QUESTION,
        is_off_desk=located.is_off_desk,
        is_organiser=actor().has_in_forum(Role.ORGANISER, forum_id=located.forum.id),
        text=text,
        html=SafeHtml.from_storage(text.html),
        replies=replies_below(session, contribution) if contribution.reference else 0,
        form=form,
        groups=target_groups(offered),
        reasons=[("", _("Choose a reason")), *((one.code, str(one.label)) for one in reasons)],
        zone=zone(located.forum.time_zone),
    )

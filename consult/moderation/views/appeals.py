"""The author's page of the one appeal against a rejection."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, idempotency
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, RepeatedKey
from consult.core.i18n import gettext as _
from consult.core.i18n import locale, zone_words
from consult.core.markup import SafeHtml
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.discussion.queries import single
from consult.moderation import forms, services
from consult.moderation.queries.appeals import Rejected, appealing, rejected_text
from consult.moderation.queries.words import decision_words
from consult.moderation.states import MAX_APPEAL
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import zone


@blueprint.route("/<lang>/contributions/<name>/appeal", methods=["GET", "POST"])
@needs(Permission.APPEAL)
def appeal(name: str) -> Response | str | tuple[str, int]:
    """Ask once for a second reading of an own rejected text."""
    found = single.find(db.session(), name=name, actor=actor())
    if not found.is_own:
        raise Forbidden(Refusal.NOT_YOURS)
    g.forum = found.forum
    if request.method == "POST":
        return _handle(found, forms.read_appeal(request.form))
    return _page(found, forms.fresh_appeal())


def _handle(found: single.Found, form: forms.AppealForm) -> Response | tuple[str, int]:
    """Make the appeal once for its key; whoever repeats it gets the same answer."""
    user_id = actor().user_id or 0
    body_hash = idempotency.fingerprint({"words": form.words, "path": request.path})
    now = clock.now()
    there = url_for("discussion.contribution", name=found.canonical)
    try:
        with unit_of_work() as session:
            earlier = idempotency.earlier_answer(
                session, user_id=user_id, key=form.key, body_hash=body_hash, now=now
            )
            if earlier is None:
                services.appeal(
                    session,
                    actor=actor(),
                    contribution_id=found.contribution.id,
                    words=form.words,
                    now=now,
                )
                answer = {"location": there}
                idempotency.remember(session, user_id=user_id, key=form.key, answer=answer)
    except Invalid as error:
        form.refuse(error)
    except RepeatedKey:
        form.errors["words"] = [
            _("This form was already sent with another text. Check it and send it again.")
        ]
    if form.errors:
        # An old key could be refused for ever.
        form.renew_key()
        return _page(found, form), 422
    flash(_("Your appeal was sent. You get an answer within seven days."), "good")
    return redirect(there, 303)


def _page(found: single.Found, form: forms.AppealForm) -> str:
    """Render the form; raises `Forbidden` where there is nothing to appeal against, or no more."""
    session, now = db.session(), clock.now()
    where = zone(found.forum.time_zone)
    rejected = rejected_text(session, found.contribution)
    subject = appealing(found.contribution, rejected)
    require(Permission.APPEAL, actor=actor(), subject=subject, now=now)
    if rejected is None:
        raise Forbidden(Refusal.NOT_REJECTED)
    return render_template(
        "moderation/appeal.html",
        name=found.canonical,
        space=found.space,
        question=found.question,
        is_public=found.is_public,
        until=rejected.until,
        decision=_words(rejected),
        html=SafeHtml.from_storage(rejected.revision.html),
        language=rejected.revision.language,
        form=form,
        most=MAX_APPEAL,
        zone=where,
        zone_words=zone_words(where),
    )


def _words(rejected: Rejected) -> object:
    return decision_words(
        db.session(), revision_id=rejected.revision.id, locale=locale(), now=clock.now()
    )

"""Notes about an item that only the desk reads: written, and taken away by who wrote them."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, idempotency
from consult.core.authz import Permission
from consult.core.errors import Invalid, NotVisible, RepeatedKey
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.moderation import forms
from consult.moderation.forms.submitted import number
from consult.moderation.queries.finding import Located
from consult.moderation.services import notes as services
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.desk import page_with_note
from consult.moderation.views.frame import AnyResponse, find


@blueprint.post("/<lang>/moderation/<receipt>/notes")
@needs(Permission.NOTE)
def note(receipt: str) -> AnyResponse:
    """Note something about an item once for its key; whoever repeats it gets the same answer."""
    located, form = find(receipt), forms.read_note(request.form)
    user_id, now, there = actor().user_id or 0, clock.now(), _notes_of(located)
    body_hash = idempotency.fingerprint({"words": form.words, "path": request.path})
    try:
        with unit_of_work() as session:
            earlier = idempotency.earlier_answer(
                session, user_id=user_id, key=form.key, body_hash=body_hash, now=now
            )
            if earlier is None:
                services.add_note(
                    session,
                    actor=actor(),
                    contribution_id=located.contribution.id,
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
        return page_with_note(receipt, form), 422
    flash(_("Your note is saved. Only those who moderate here can read it."), "good")
    return redirect(there, 303)


@blueprint.post("/<lang>/moderation/<receipt>/notes/remove")
@needs(Permission.NOTE)
def take_note_away(receipt: str) -> Response:
    """Take an own note away."""
    located = find(receipt)
    note_id = number(request.form.get("note", ""))
    if note_id is None:
        raise NotVisible
    with unit_of_work() as session:
        services.take_note_away(
            session,
            actor=actor(),
            contribution_id=located.contribution.id,
            note_id=note_id,
            now=clock.now(),
        )
    flash(_("Your note is gone."), "good")
    return redirect(_notes_of(located), 303)


def _notes_of(located: Located) -> str:
    return url_for("moderation.item", receipt=located.name, _anchor="notes")

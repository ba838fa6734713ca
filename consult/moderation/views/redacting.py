"""Taking something out of a public text: what readers will see first, then doing it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from consult.core import clock
from consult.core.authz import Permission, refusal
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.i18n import gettext as _
from consult.core.markup import SafeHtml
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.discussion.models import Revision
from consult.discussion.queries.attachments import of_revisions
from consult.discussion.queries.difference import difference
from consult.moderation.forms.redacting import RedactionForm, read_redaction
from consult.moderation.queries.decisions import stale
from consult.moderation.queries.finding import Located, deciding
from consult.moderation.services import redacting
from consult.moderation.services.redacting import Outcome
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse, find, stale_page, zone
from consult.spaces import queries as space_queries


@blueprint.route("/<lang>/moderation/<receipt>/redact", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def redact(receipt: str) -> AnyResponse:
    """Take passages or files out of what readers get, after a look at what will be left."""
    located = find(receipt)
    _refuse(located)
    if request.method == "POST":
        return _handle(located, read_redaction(request.form))
    text = _text(located)
    return _page(located, text, RedactionForm(revision=text.number))


def _refuse(located: Located) -> None:
    """Raise `Forbidden` for what the actor may not decide on."""
    subject = deciding(db.session(), located.contribution, space=located.space)
    refused = refusal(Permission.DECIDE, actor=actor(), subject=subject, now=clock.now())
    if refused is not None:
        raise Forbidden(refused)


def _text(located: Located) -> Revision:
    text = redacting.redactable(db.session(), located.contribution)
    if text is None:
        raise Forbidden(Refusal.WRONG_STATE)
    return text


def _handle(located: Located, form: RedactionForm) -> AnyResponse:
    outcome = None
    try:
        if not form.revision:
            raise Invalid({"revision": ["revision-missing"]})
        if form.action == "redact":
            _redact(located, form)
            shown = located.contribution.reference or located.name
            flash(_("It is taken out of %(name)s.", name=shown), "good")
            return redirect(url_for("moderation.item", receipt=located.name), 303)
        with unit_of_work() as session:
            outcome = redacting.try_redaction(
                session,
                actor=actor(),
                contribution_id=located.contribution.id,
                seen_revision=form.revision,
                passages=form.lines,
                files=form.files,
                reason=form.reason or None,
                message=form.message,
                now=clock.now(),
            )
    except StaleState as error:
        return stale_page(located, error)
    except Invalid as error:
        text = redacting.redactable(db.session(), located.contribution)
        if text is None or (form.revision and text.number != form.revision):
            conflict = stale(db.session(), located.contribution, seen=form.revision)
            return stale_page(located, conflict)
        form.refuse(error, unknown=redacting.unknown_passages(text, form.lines))
        form.revision = text.number
        return _page(located, text, form), 422
    return _page(located, _text(located), form, outcome=outcome)


def _redact(located: Located, form: RedactionForm) -> None:
    with unit_of_work() as session:
        redacting.redact(
            session,
            actor=actor(),
            contribution_id=located.contribution.id,
            seen_revision=form.revision,
            passages=form.lines,
            files=form.files,
            reason=form.reason or None,
            message=form.message,
            now=clock.now(),
        )


def _page(
    located: Located, text: Revision, form: RedactionForm, *, outcome: Outcome | None = None
) -> str:
    session = db.session()
    files = of_revisions(session, [text.id], holds=config().holds_unscanned).get(text.id, [])
    reasons = space_queries.reasons(session, forum_id=located.forum.id)
    made = outcome.made if outcome is not None else None
    return render_template(
        "moderation/redact.html",
        name=located.name,
        contribution=located.contribution,
        space=located.space,
        text=text,
        html=SafeHtml.from_storage(text.html),
        files=files,
        form=form,
        reasons=[("", _("Choose a reason")), *((one.code, str(one.label)) for one in reasons)],
        outcome=outcome,
        made_html=SafeHtml.from_storage(made.html) if made is not None else None,
        changes=difference(text.text, made.text) if made is not None else None,
        gone=[one for one in files if one.token in form.files],
        zone=zone(located.forum.time_zone),
    )

"""The queue, an item with its decision form, and deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from flask import g, redirect, render_template, request, url_for

from consult.core import clock, paging
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, StaleState
from consult.core.i18n import LOCALES, language_label
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.core.wording import of_refusal
from consult.discussion.queries.rows import labels
from consult.discussion.views.suggestions import why
from consult.moderation import forms, queries, services
from consult.moderation.queries.bulk import common_reasons
from consult.moderation.queries.decisions import stale
from consult.moderation.queries.finding import Located
from consult.moderation.queries.items import Item
from consult.moderation.queries.pace import pace
from consult.moderation.queries.proposed import proposed
from consult.moderation.queries.queue import ItemKind, QueueFilter
from consult.moderation.queries.signals import signals
from consult.moderation.states import Verdict
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import (
    AnyResponse,
    ago,
    find,
    lasting,
    stale_page,
    take_claim,
    written,
    zone,
)
from consult.moderation.views.queue import around_the_queue
from consult.spaces.states import ClaimRule

BESIDE = 20
"""Lines of the queue shown beside an item."""


def _wanted() -> QueueFilter:
    return forms.read_filter(request.args, per_page=paging.per_page(request.args.get("per_page")))


@blueprint.get("/<lang>/moderation")
@needs(Permission.MODERATE)
def queue() -> str:
    """Show what waits in one's spaces, the oldest first."""
    return queue_page(forms.fresh_bulk())


def queue_page(
    bulk: forms.BulkForm, *, previews: Sequence[forms.Preview] = (), silent: int = 0
) -> str:
    """Render the queue with the form that decides several texts in one act.

    `previews` are the mails to be seen before that, `silent` is how many authors get none.
    """
    session, now, wanted = db.session(), clock.now(), _wanted()
    found = queries.queue(session, actor=actor(), wanted=wanted, now=now)
    if found.forum is not None:
        g.forum = found.forum
    return render_template(
        "moderation/queue.html",
        queue=found,
        bulk=bulk,
        bulk_reasons=forms.bulk_reasons(
            common_reasons(session, found.spaces), empty=_("Choose a reason")
        ),
        previews=previews,
        silent=silent,
        pace=pace(session, found.spaces, now=now, counted=found.texts),
        **around_the_queue(),
        recent=queries.undoable(session, actor=actor(), now=now),
        wanted=wanted,
        kinds=ItemKind,
        zone=zone(),
        ago=ago,
        lasting=lasting,
    )


@blueprint.get("/<lang>/moderation/<receipt>")
@needs(Permission.MODERATE)
def item(receipt: str) -> str:
    """Show one text with its thread, history and decision form."""
    found = _item(receipt)
    return _item_page(found, forms.fresh(found))


def page_with_note(receipt: str, note: forms.NoteForm) -> str:
    """Render an item with a note that could not be kept."""
    found = _item(receipt)
    return _item_page(found, forms.fresh(found), note=note)


def _item(name: str) -> Item:
    where = zone()
    words = labels(zone=where, holds=config().holds_unscanned)
    found = queries.item(db.session(), actor=actor(), name=name, words=words, now=clock.now())
    g.forum = found.located.forum
    return found


def _item_page(
    found: Item,
    form: forms.DecisionForm,
    *,
    is_preview: bool = False,
    unclaimed: StaleState | None = None,
    note: forms.NoteForm | None = None,
) -> str:
    session, now, wanted = db.session(), clock.now(), _wanted()
    beside = replace(wanted, after=None, per_page=BESIDE)
    contribution = found.located.contribution
    return render_template(
        "moderation/item.html",
        item=found,
        form=form,
        verdicts=_verdict_options(found),
        reasons=forms.reason_options(found, empty=_("Choose a reason")),
        signals=signals(session, [found.shown.id], now=now).get(found.shown.id, ()),
        languages_of_text=_language_options(found),
        objective_choices=[(o.number, o.label) for o in found.choices],
        proposed={one.objective: why(one) for one in proposed(session, found)},
        preview=forms.preview(session, found, form, write=written, now=now)
        if is_preview or form.errors
        else None,
        is_preview=is_preview,
        note=note or forms.fresh_note(),
        unclaimed=unclaimed,
        next_at=next_address(found.located.name),
        must_claim=found.located.space.claims == ClaimRule.REQUIRED,
        queue=queries.queue(session, actor=actor(), wanted=beside, now=now),
        recent=queries.undoable(session, actor=actor(), now=now),
        undoable=queries.undoable(session, actor=actor(), now=now, contribution_id=contribution.id),
        refusal=of_refusal(found.refusal) if found.refusal is not None else None,
        wanted=wanted,
        kinds=ItemKind,
        zone=zone(found.located.forum.time_zone),
        ago=ago,
        lasting=lasting,
    )


def _verdict_options(found: Item) -> list[tuple[str, str]]:
    sentences = {
        Verdict.APPROVE: _approval(found),
        Verdict.RETURN: _("Return: the author may change it and send it again"),
        Verdict.REJECT: _("Dismiss the appeal: the rejection stands for good")
        if found.kind is ItemKind.APPEAL
        else _("Reject: it is not published; the author may appeal once"),
        Verdict.HIDE: _("Hide the public text from everybody"),
        Verdict.RESTORE: _("Show the public text again"),
    }
    return [(verdict.value, sentences[verdict]) for verdict in found.verdicts]


def _approval(found: Item) -> str:
    is_edit = found.published is not None
    if found.kind is ItemKind.APPEAL and is_edit:
        return _("Uphold the appeal: this text takes the place of the public one after all")
    if found.kind is ItemKind.APPEAL:
        return _("Uphold the appeal: everybody can read exactly this text after all")
    if is_edit:
        return _("Approve: it takes the place of the public text")
    return _("Approve: everybody can read exactly this text")


def _language_options(found: Item) -> list[tuple[str, str]]:
    options = [(code, language_label(code)) for code in LOCALES]
    if found.language not in LOCALES:
        options.insert(0, (found.language, found.language))
    return options


@blueprint.post("/<lang>/moderation/<receipt>")
@needs(Permission.DECIDE)
def decide(receipt: str) -> AnyResponse:
    """Decide on the text that was seen and go on to the next one; or preview the mail."""
    form = forms.read(request.form)
    is_complete = form.check() if form.action == "decide" else bool(form.revision)
    located = find(receipt)
    try:
        if form.action == "claim":
            take_claim(located)
        elif form.action == "decide" and is_complete:
            _decide(located, form)
            return redirect(next_address(located.name), 303)
    except Invalid as error:
        form.refuse(error)
    except StaleState as error:
        if error.seen.get("unclaimed"):
            return _again(receipt, located, form, unclaimed=error)
        return stale_page(located, error)
    return _again(receipt, located, form)


def _decide(located: Located, form: forms.DecisionForm) -> None:
    verdict = form.chosen
    if verdict is None:
        raise Invalid({"verdict": ["verdict-missing"]})
    if located.appealed == form.revision and verdict not in {Verdict.HIDE, Verdict.RESTORE}:
        _settle(located, form, verdict)
        return
    with unit_of_work() as session:
        services.decide(
            session,
            actor=actor(),
            contribution_id=located.contribution.id,
            seen_revision=form.revision,
            seen_published=form.published_revision,
            verdict=verdict,
            reason=form.reason or None,
            message=form.message,
            language=form.language,
            objectives=form.numbers,
            now=clock.now(),
        )


def _settle(located: Located, form: forms.DecisionForm, verdict: Verdict) -> None:
    with unit_of_work() as session:
        services.settle(
            session,
            actor=actor(),
            contribution_id=located.contribution.id,
            seen_revision=form.revision,
            verdict=verdict,
            reason=form.reason or None,
            message=form.message,
            language=form.language,
            objectives=form.numbers,
            now=clock.now(),
        )


def _again(
    receipt: str,
    located: Located,
    form: forms.DecisionForm,
    *,
    unclaimed: StaleState | None = None,
) -> AnyResponse:
    """Show the form again with everything kept, unless it was about another text than now stands.

    Otherwise the next click would decide a text that the moderator has not read.
    """
    found = _item(receipt)
    if found.refusal is not None and not found.verdicts:
        raise Forbidden(found.refusal)
    if form.revision and form.revision != found.shown.number:
        conflict = stale(db.session(), located.contribution, seen=form.revision)
        return stale_page(located, conflict)
    form.revision = found.shown.number
    form.published_revision = found.published_number
    if form.language is None:
        form.language = found.language
        form.objectives = [str(number) for number in found.objectives]
    page = _item_page(found, form, is_preview=form.action == "preview", unclaimed=unclaimed)
    if unclaimed is not None:
        return page, 409
    return page, 422 if form.errors else 200


def next_address(place: str) -> str:
    """Return the address of the next item behind a place that the actor may decide, else that of
    the queue; the filter in the address asked for stays.
    """
    wanted = _wanted()
    name = queries.next_in_queue(
        db.session(), actor=actor(), wanted=wanted, name=place, now=clock.now()
    )
    if name is None:
        return _with(url_for("moderation.queue"), wanted)
    return _with(url_for("moderation.item", receipt=name), wanted)


def _with(address: str, wanted: QueueFilter) -> str:
    return f"{address}?{urlencode(wanted.values)}" if wanted.values else address

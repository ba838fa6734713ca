"""The queue, an item with its decision form, and deciding."""

from __future__ import annotations

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
from consult.moderation import forms, queries, services
from consult.moderation.queries.decisions import stale
from consult.moderation.queries.items import Item, Located
from consult.moderation.queries.queue import ItemKind, QueueFilter
from consult.moderation.states import Verdict
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse, ago, find, lasting, stale_page, zone

BESIDE = 20
"""Lines of the queue shown beside an item."""


def _wanted() -> QueueFilter:
    return forms.read_filter(request.args, per_page=paging.per_page(request.args.get("per_page")))


@blueprint.get("/<lang>/moderation")
@needs(Permission.MODERATE)
def queue() -> str:
    """Show what waits in one's spaces, the oldest first."""
    session, now, wanted = db.session(), clock.now(), _wanted()
    return render_template(
        "moderation/queue.html",
        queue=queries.queue(session, actor=actor(), wanted=wanted, now=now),
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


def _item(name: str) -> Item:
    where = zone()
    words = labels(zone=where, holds=config().holds_unscanned)
    found = queries.item(db.session(), actor=actor(), name=name, words=words, now=clock.now())
    g.forum = found.located.forum
    return found


def _item_page(found: Item, form: forms.DecisionForm, *, is_preview: bool = False) -> str:
    session, now, wanted = db.session(), clock.now(), _wanted()
    beside = replace(wanted, after=None, per_page=BESIDE)
    contribution = found.located.contribution
    return render_template(
        "moderation/item.html",
        item=found,
        form=form,
        verdicts=_verdict_options(found),
        reasons=forms.reason_options(found, empty=_("Choose a reason")),
        languages_of_text=_language_options(found),
        objective_choices=[(o.number, o.label) for o in found.choices],
        preview=forms.preview(found, form, now=now) if is_preview or form.errors else None,
        is_preview=is_preview,
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
        if form.action == "decide" and is_complete:
            _decide(located, form)
            return redirect(_next_address(located), 303)
    except Invalid as error:
        form.refuse(error)
    except StaleState as error:
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


def _again(receipt: str, located: Located, form: forms.DecisionForm) -> AnyResponse:
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
    page = _item_page(found, form, is_preview=form.action == "preview")
    return page, 422 if form.errors else 200


def _next_address(located: Located) -> str:
    wanted = _wanted()
    name = queries.next_in_queue(
        db.session(), actor=actor(), wanted=wanted, name=located.name, now=clock.now()
    )
    if name is None:
        return _with(url_for("moderation.queue"), wanted)
    return _with(url_for("moderation.item", receipt=name), wanted)


def _with(address: str, wanted: QueueFilter) -> str:
    return f"{address}?{urlencode(wanted.values)}" if wanted.values else address

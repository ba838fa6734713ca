"""Pages of moderation: the queue, an item with its decision form, taking back, claiming."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_timedelta
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, i18n, paging
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.i18n import LOCALES, language_label
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.core.wording import of_refusal
from consult.discussion.queries.rows import labels
from consult.discussion.states import Removed
from consult.moderation import forms, queries, services
from consult.moderation.queries.decisions import last_own_decision, stale
from consult.moderation.queries.items import Item, Located
from consult.moderation.queries.queue import ItemKind, QueueFilter
from consult.moderation.states import Verdict

blueprint = Blueprint("moderation", __name__)

BESIDE = 20
"""Lines of the queue shown beside an item."""

AnyResponse = Response | str | tuple[str, int]


def ago(age: dt.timedelta) -> str:
    """Return how long ago, in words: “26 hours ago”."""
    words = format_timedelta(
        -age, granularity="minute", threshold=2, add_direction=True, locale=i18n.locale()
    )
    return str(words) if age >= dt.timedelta(minutes=1) else _("just now")


def lasting(span: dt.timedelta | None) -> str:
    """Return a length of time in words: “26 hours”."""
    if span is None:
        return "–"
    return str(format_timedelta(span, granularity="minute", threshold=2, locale=i18n.locale()))


def _wanted() -> QueueFilter:
    return forms.read_filter(request.args, per_page=paging.per_page(request.args.get("per_page")))


def _zone(default: str | None = None) -> str | None:
    return actor().time_zone or default


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
        zone=_zone(),
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
    zone = _zone()
    found = queries.item(
        db.session(), actor=actor(), name=name, words=labels(zone=zone), now=clock.now()
    )
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
        zone=_zone(found.located.forum.time_zone),
        ago=ago,
        lasting=lasting,
    )


def _verdict_options(found: Item) -> list[tuple[str, str]]:
    is_edit = found.published is not None
    sentences = {
        Verdict.APPROVE: _("Approve: it takes the place of the public text")
        if is_edit
        else _("Approve: everybody can read exactly this text"),
        Verdict.RETURN: _("Return: the author may change it and send it again"),
        Verdict.REJECT: _("Reject: it is not published; the author may appeal once"),
        Verdict.HIDE: _("Hide the public text from everybody"),
        Verdict.RESTORE: _("Show the public text again"),
    }
    return [(verdict.value, sentences[verdict]) for verdict in found.verdicts]


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
    located = _find(receipt)
    try:
        if form.action == "decide" and is_complete:
            _decide(located, form)
            return redirect(_next_address(located), 303)
    except Invalid as error:
        form.refuse(error)
    except StaleState as error:
        return _stale_page(located, error)
    return _again(receipt, located, form)


def _decide(located: Located, form: forms.DecisionForm) -> None:
    verdict = form.chosen
    if verdict is None:
        raise Invalid({"verdict": ["verdict-missing"]})
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


def _again(receipt: str, located: Located, form: forms.DecisionForm) -> AnyResponse:
    """Show the form again with everything kept, unless it was about another text than now stands.

    Otherwise the next click would decide a text that the moderator has not read.
    """
    found = _item(receipt)
    if found.refusal is not None:
        raise Forbidden(found.refusal)
    if form.revision and form.revision != found.shown.number:
        conflict = stale(db.session(), located.contribution, seen=form.revision)
        return _stale_page(located, conflict)
    form.revision = found.shown.number
    form.published_revision = found.published_number
    if form.language is None:
        form.language = found.language
        form.objectives = [str(number) for number in found.objectives]
    page = _item_page(found, form, is_preview=form.action == "preview")
    return page, 422 if form.errors else 200


def _find(receipt: str) -> Located:
    located = queries.find(db.session(), actor=actor(), name=receipt, now=clock.now())
    g.forum = located.forum
    return located


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


def _stale_page(located: Located, error: StaleState) -> tuple[str, int]:
    g.is_error = True
    seen: dict[str, Any] = error.seen
    page = render_template(
        "moderation/stale.html",
        seen=seen,
        name=located.name,
        can_load=seen.get("removed") != Removed.ERASED,
        typed=request.form.get("message", "").strip(),
        zone=_zone(located.forum.time_zone),
    )
    return page, 409


@blueprint.post("/<lang>/moderation/<receipt>/undo")
@needs(Permission.DECIDE)
def undo(receipt: str) -> AnyResponse:
    """Take one's own last decision on an item back."""
    located = _find(receipt)
    try:
        with unit_of_work() as session:
            decision_id = last_own_decision(
                session, actor=actor(), contribution_id=located.contribution.id
            )
            if decision_id is None:
                raise Forbidden(Refusal.WRONG_STATE)
            services.undo(session, actor=actor(), decision_id=decision_id, now=clock.now())
    except StaleState as error:
        return _stale_page(located, error)
    flash(_("Your decision on %(name)s is taken back.", name=located.name), "good")
    return redirect(url_for("moderation.item", receipt=located.name), 303)


@blueprint.post("/<lang>/moderation/<receipt>/claim")
@needs(Permission.DECIDE)
def claim(receipt: str) -> AnyResponse:
    """Keep an item for oneself for ten minutes."""
    located = _find(receipt)
    try:
        with unit_of_work() as session:
            services.claim(
                session,
                actor=actor(),
                contribution_id=located.contribution.id,
                now=clock.now(),
            )
    except StaleState as error:
        return _stale_page(located, error)
    return redirect(url_for("moderation.item", receipt=located.name), 303)


@blueprint.post("/<lang>/moderation/<receipt>/release")
@needs(Permission.DECIDE)
def release(receipt: str) -> AnyResponse:
    """Give an item back to the colleagues."""
    located = _find(receipt)
    with unit_of_work() as session:
        services.release(
            session, actor=actor(), contribution_id=located.contribution.id, now=clock.now()
        )
    return redirect(url_for("moderation.item", receipt=located.name), 303)

"""Reporting a public text, and the moderators' answer that nothing is wrong with it."""

from __future__ import annotations

from urllib.parse import quote

from flask import flash, g, redirect, render_template, request, url_for

from consult.core import clock, limits
from consult.core.authz import Permission, require
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import format_instant, zone_words
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config, needs
from consult.discussion.queries import rows, single
from consult.moderation.forms import flagging as forms
from consult.moderation.forms.submitted import number
from consult.moderation.queries import flags
from consult.moderation.queries.queue_shapes import ItemKind
from consult.moderation.services import flagging as services
from consult.moderation.states import MAX_REPORT
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.desk import next_address
from consult.moderation.views.frame import AnyResponse, find, stale_page, zone


@blueprint.get("/<lang>/contributions/<name>/flag")
@needs(Permission.READ)
def flag(name: str) -> AnyResponse:
    """Show the form with which a public text is reported; to visitors, how they can."""
    found = _public(name)
    if found.canonical != name:
        return redirect(url_for("moderation.flag", name=found.canonical), 303)
    return _page(found, forms.FlagForm())


@blueprint.post("/<lang>/contributions/<name>/flag")
@needs(Permission.FLAG)
def report(name: str) -> AnyResponse:
    """Report a public text to its moderators, once."""
    found, form = _public(name), forms.read_flag(request.form)
    try:
        with unit_of_work() as session:
            now = clock.now()
            done = services.flag(
                session,
                actor=actor(),
                contribution_id=found.contribution.id,
                reason=form.reason,
                words=form.words,
                now=now,
            )
            if done.is_new and config().rate_limits:
                whose = str(actor().user_id)
                limits.spend(session, limits.FLAG_BY_ACCOUNT, whose=whose, now=now)
            is_new, at = done.is_new, done.flag.created_at
    except Invalid as error:
        form.refuse(error)
        return _page(found, form), 422
    if is_new:
        flash(_("Thank you for your report. The moderators will look at this text."), "good")
    else:
        when = format_instant(at, zone_name=zone(found.forum.time_zone))
        flash(_("You reported this text already, on %(when)s.", when=when), "info")
    return redirect(url_for("discussion.contribution", name=found.canonical), 303)


def _public(name: str) -> single.Found:
    """Return a contribution as every reader gets it; raises `NotVisible` and `Gone`."""
    found = single.find(db.session(), name=name, actor=actor())
    if not found.is_public:
        raise NotVisible
    g.forum = found.forum
    return found


def _page(found: single.Found, form: forms.FlagForm) -> str:
    """Render the form; raises `Forbidden` for whoever has an account and may not report this."""
    session, who = db.session(), actor()
    earlier = None
    if who.is_signed_in:
        require(Permission.FLAG, actor=who, subject=found.contribution, now=clock.now())
        own = flags.own_report(session, found.contribution, actor=who)
        earlier = own[1] if own is not None else None
    where = zone(found.forum.time_zone)
    words = rows.labels(zone=where, holds=config().holds_unscanned)
    return render_template(
        "moderation/flag.html",
        name=found.canonical,
        space=found.space,
        question=found.question,
        row=single.row_of(session, found, actor=who, words=words),
        form=form,
        reasons=forms.flag_options(flags.reasons_for_readers(session, forum_id=found.forum.id)),
        earlier=earlier,
        most=MAX_REPORT,
        contact=found.space.contact or found.forum.contact,
        next=quote(request.path, safe="/"),
        zone=where,
        zone_words=zone_words(where),
    )


@blueprint.post("/<lang>/moderation/<receipt>/keep")
@needs(Permission.DECIDE)
def keep(receipt: str) -> AnyResponse:
    """Answer the reports about a public text: nothing is wrong with it; and go to the next one."""
    located = find(receipt)
    try:
        with unit_of_work() as session:
            services.keep(
                session,
                actor=actor(),
                contribution_id=located.contribution.id,
                seen_published=number(request.form.get("revision", "")) or 0,
                now=clock.now(),
            )
    except StaleState as error:
        return stale_page(located, error)
    return redirect(next_address(f"{located.name}.{ItemKind.FLAG}"), 303)

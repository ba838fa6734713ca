"""“My contributions”."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import gettext as _
from consult.core.i18n import zone_words
from consult.core.ports import DecisionWords
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.discussion.policy import Writing
from consult.discussion.queries import clearance, own_list
from consult.discussion.queries.own_list import OwnItem, OwnState
from consult.discussion.services import revising
from consult.discussion.states import ContributionKind
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import may, words_of_decision
from consult.discussion.views.own_view import resubmit_until
from consult.discussion.views.times import ago
from consult.spaces.queries.delegations import focal_author_ids

FILTER_FROM = 20
"""How many contributions it takes before the list can be narrowed."""


@dataclass(frozen=True)
class Line:
    """A line of the list with what its author can do."""

    item: OwnItem
    at: str
    """Where it can be read, or where the draft is written on."""
    write_at: str | None
    """Where a new text is written; None where none can be."""
    decision: DecisionWords | None
    until: dt.datetime | None
    """Until when a returned text can be sent again."""
    waits: str | None
    """When what waits was sent, in words."""
    token: str
    """Names the draft, so that it can be discarded."""
    kept_text: str | None
    """The whole of a draft that can no longer be sent, so that it can be copied."""


@blueprint.get("/<lang>/account")
@needs(Permission.ACCOUNT)
def account() -> str:
    """Show the own contributions with their states, drafts first."""
    session, who = db.session(), actor()
    wanted = _wanted()
    after = request.args.get("after", "")[:36] or None
    page = own_list.own_page(session, actor=who, state=wanted, after=after)
    focal = focal_author_ids(session, user_id=who.user_id) & who.author_ids
    lost = {one.draft_id for one in page.items if one.draft_id and _write_at(one) is None}
    sources = own_list.sources_of(session, lost)
    return render_template(
        "discussion/account.html",
        lines=[_line(one, kept_text=sources.get(one.draft_id or 0)) for one in page.items],
        page=page,
        wanted=wanted,
        states=list(OwnState),
        releases=bool(focal),
        for_release=clearance.count_for_release(session, author_ids=focal),
        has_filter=page.total > FILTER_FROM or wanted is not None,
        zone=who.time_zone,
        zone_words=zone_words(who.time_zone),
        settings_url=url_for("accounts.settings"),
    )


@blueprint.post("/<lang>/account/discard")
@needs(Permission.ACCOUNT)
def discard_draft() -> Response:
    """Throw a draft away that is told from others by the token of its form."""
    uid, _colon, lock = request.form.get("draft", "")[:64].partition(":")
    with unit_of_work() as session:
        found = own_list.by_uid(session, actor=actor(), uid=uid)
        if found is not None:
            revising.discard(
                session,
                actor=actor(),
                contribution=found[0],
                space=found[1],
                lock=int(lock) if lock.isdecimal() else 0,
                now=clock.now(),
            )
    flash(_("The draft was discarded."), "info")
    return redirect(url_for("discussion.account"), 303)


def _wanted() -> OwnState | None:
    state = request.args.get("state", "")
    return OwnState(state) if state in set(OwnState) else None


def _line(item: OwnItem, *, kept_text: str | None) -> Line:
    write_at = _write_at(item)
    read_at = url_for("discussion.contribution", name=item.name) if item.name else None
    return Line(
        item=item,
        at=read_at or write_at or "",
        write_at=write_at,
        decision=words_of_decision(item.decided_id) if item.decided_id else None,
        until=resubmit_until(item.space, returned_at=item.returned_at),
        waits=ago(item.waits_since, now=clock.now()) if item.waits_since else None,
        token=f"{item.contribution.uid}:{item.draft_lock}",
        kept_text=kept_text,
    )


def _write_at(item: OwnItem) -> str | None:
    """Return where a draft or a new text of it is written; None where that is not possible."""
    if item.state not in {OwnState.DRAFT, OwnState.RETURNED, OwnState.PUBLISHED, OwnState.WAITING}:
        return None
    subject = Writing(
        space=item.space,
        contribution=item.contribution,
        returned_at=item.returned_at,
    )
    if not item.is_first:
        permission = Permission.RESUBMIT if item.returned_at else Permission.EDIT
        return url_for("discussion.edit", name=item.name) if may(permission, subject) else None
    if not may(Permission.ANSWER, subject):
        return None
    return _form_address(item)


def _form_address(item: OwnItem) -> str | None:
    """Return the page on which a first text is written."""
    if item.kind is ContributionKind.QUESTION:
        return url_for("discussion.ask", slug=item.space.slug)
    if item.is_reply:
        return url_for("discussion.reply", name=item.parent) if item.parent else None
    return url_for(
        "discussion.question",
        slug=item.space.slug,
        number=item.question_number,
        _anchor="write",
    )

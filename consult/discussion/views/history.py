"""The history of one contribution: every text that was sent, and what changed between them."""

from __future__ import annotations

from flask import g, render_template, request

from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Gone, NotVisible
from consult.core.ports import DecisionWords
from consult.core.web import actor, config, needs
from consult.discussion.queries import attachments, own_history, single
from consult.discussion.states import RevisionState
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import frame, words_of_decision
from consult.discussion.views.own_view import may_see_history, mine

_TOLD = frozenset({RevisionState.RETURNED, RevisionState.REJECTED})


@blueprint.get("/<lang>/contributions/<name>/history")
@needs(Permission.ACCOUNT)
def history(name: str) -> str:
    """Show every sent text with its decision and its differences, to those who may know of them.

    Everybody else gets the answer of an unknown name.
    """
    session, who = db.session(), actor()
    try:
        found = single.find(session, name=name, actor=who)
    except Gone as error:
        raise NotVisible from error
    if not may_see_history(found):
        raise NotVisible
    g.forum = found.forum
    page = own_history.history(session, found.contribution, actor=who, before=_before())
    return render_template(
        "discussion/history.html",
        name=found.canonical,
        question=found.question,
        is_own=found.is_own,
        mine=mine(found) if found.is_own else None,
        page=page,
        published_id=found.contribution.published_revision_id,
        removed=found.contribution.removed,
        decisions=_decisions(page, found),
        files=attachments.of_revisions(
            session, [one.id for one in page.texts], holds=config().holds_unscanned
        ),
        **frame(found.space, found.forum),
    )


def _before() -> int | None:
    number = request.args.get("before", "")
    return int(number) if number.isdecimal() and len(number) < 7 else None


def _decisions(page: own_history.History, found: single.Found) -> dict[int, DecisionWords]:
    """Return what moderators said of the texts of a page, by their ids."""
    told = [one.id for one in page.texts if one.state in _TOLD or one.is_redaction]
    if found.contribution.removed == "hidden" and found.contribution.published_revision_id:
        told.append(found.contribution.published_revision_id)
    words = {one: words_of_decision(one) for one in told}
    return {one: said for one, said in words.items() if said is not None}

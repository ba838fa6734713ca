"""The page of one contribution, which everybody reads, and the receipt of one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.accounts.models import User
from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.markup import SafeHtml
from consult.core.ports import Ports
from consult.core.web import actor, config, needs
from consult.discussion.models import Revision
from consult.discussion.policy import Writing
from consult.discussion.queries import own_history, rows, single, threads
from consult.discussion.queries.marked import marked_passages
from consult.discussion.states import ContributionKind, RevisionState
from consult.discussion.views import frame as framing
from consult.discussion.views import official
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.own_view import Mine, may_see_history, mine, question_words
from consult.discussion.views.times import in_own_zone


@blueprint.get("/<lang>/contributions/<name>")
@needs(Permission.READ)
def contribution(name: str) -> Response:
    """Show one contribution by its reference; a receipt leads there once it is public."""
    session, who = db.session(), actor()
    found = single.find(session, name=name, actor=who)
    if found.canonical != name:
        # What was just sent may be public already.
        sent = request.args.get("sent")
        return redirect(url_for("discussion.contribution", name=found.canonical, sent=sent), 303)
    g.forum = found.forum
    frame = framing.frame(found.space, found.forum)
    own_one = mine(found) if found.is_own else None
    arrived = own_one.texts.waiting if own_one and request.args.get("sent") else None
    if arrived is not None and not found.is_public:
        return make_response(_receipt_page(found, arrived, frame))
    is_published_now = bool(own_one and request.args.get("sent")) and arrived is None
    words = rows.labels(zone=frame["zone"], holds=config().holds_unscanned)
    replying = Writing(space=found.space, parent=found.contribution)
    page = render_template(
        "discussion/contribution.html",
        question=found.question,
        question_text=question_words(found),
        row=single.row_of(session, found, actor=who, words=words),
        replies=single.replies_of(session, found.contribution, actor=who, words=words),
        marked=marked_passages(session, found.revision),
        is_own=found.is_own,
        is_public=found.is_public,
        removed=found.contribution.removed,
        removed_at=found.contribution.removed_at,
        in_thread=_place_in_thread(found),
        receipt=found.contribution.receipt if found.is_own else None,
        can_reply=found.is_public and framing.may(Permission.REPLY, replying),
        texts_sent=_texts_sent(found),
        arrived=arrived,
        at_once=arrived is not None and _is_at_once(found),
        sent_draft=_first_draft(found) if is_published_now and found.is_public else None,
        offer=official.offer(found),
        may_move=found.is_public and _offers_move(found),
        mine=own_one,
        unsent=_unsent(own_one),
        waiting=_waiting_row(found, own_one, words=words),
        **frame,
    )
    response = make_response(page)
    if not found.is_public:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def _offers_move(found: single.Found) -> bool:
    """Whether the actor may move the text to another question, where moderation is bound."""
    ports: Ports = current_app.extensions["consult.ports"]
    return ports.offers_move(db.session(), actor(), found.contribution.id, clock.now())


def _texts_sent(found: single.Found) -> int:
    """Return how many texts the history tells of; 0 for those who may not see it."""
    if not may_see_history(found):
        return 0
    return own_history.texts_sent(db.session(), found.contribution, actor=actor())


def _unsent(own_one: Mine | None) -> SafeHtml | None:
    """Return the draft that went with a withdrawal, so that its words are not lost."""
    left = own_one.texts.left if own_one else None
    return SafeHtml.from_storage(left.html) if left is not None else None


def _waiting_row(
    found: single.Found, own_one: Mine | None, *, words: rows.Labels
) -> rows.Row | None:
    """Return the own text that waits beside the one the page shows; None where there is none."""
    text = own_one.texts.waiting if own_one else None
    if text is None or text.id == found.revision.id:
        return None
    row = single.row_of(db.session(), replace(found, revision=text), actor=actor(), words=words)
    row.anchor += "-new"
    return row


def _place_in_thread(found: single.Found) -> str | None:
    """Return the address of the page on which a public comment stands, at its place."""
    if not found.is_public or found.question is None or found.contribution.question_id is None:
        return None
    after = threads.reference_before(db.session(), contribution=found.contribution)
    return url_for(
        "discussion.question",
        slug=found.space.slug,
        number=found.question.number,
        after=after,
        _anchor=found.canonical.lower(),
    )


def _receipt_page(found: single.Found, arrived: Revision, frame: dict[str, Any]) -> str:
    """Render the page that says plainly that a text has arrived."""
    session, contribution = db.session(), found.contribution
    user = session.get(User, actor().user_id)
    is_first = arrived.sent_at == contribution.sent_at
    parent = single.parent_reference(session, contribution)
    return render_template(
        "discussion/receipt.html",
        name=found.canonical,
        receipt=contribution.receipt,
        sent_at=arrived.sent_at,
        waits_for_release=arrived.state == RevisionState.CLEARANCE,
        own_time=in_own_zone(arrived.sent_at, zone=frame["zone"]),
        question=found.question,
        kind=_kind(found, is_first=is_first, is_reply=parent is not None),
        email=user.email if user is not None else None,
        draft=_first_draft(found) if is_first else f"edit-{found.canonical}",
        at_once=_is_at_once(found),
        **frame,
    )


def _first_draft(found: single.Found) -> str:
    """Return the name under which a browser kept the first text before it was sent."""
    parent = single.parent_reference(db.session(), found.contribution)
    asked = found.question if found.contribution.question_id else None
    return framing.draft_name(found.space, asked, parent)


def _is_at_once(found: single.Found) -> bool:
    """Whether the author is a delegation of the actor's whose texts wait for nobody."""
    return found.contribution.author_id in actor().at_once_author_ids


def _kind(found: single.Found, *, is_first: bool, is_reply: bool) -> str:
    if not is_first:
        return "edit"
    if found.contribution.kind == ContributionKind.QUESTION:
        return "question"
    return "reply" if is_reply else "answer"

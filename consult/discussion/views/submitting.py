"""What every sending has in common: limits, the key that makes it happen once, and answers for the
script that keeps drafts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import flash, jsonify, redirect, request
from werkzeug.wrappers import Response

from consult.core import clock, idempotency, limits
from consult.core.db import db
from consult.core.errors import Forbidden, Refusal, StaleState
from consult.core.i18n import format_instant, gettext
from consult.core.text import remarks
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config
from consult.core.wording import of_remark
from consult.discussion import forms
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries import attachments
from consult.discussion.views.handing_in import hand_in

Answer = Response | tuple[str, int] | tuple[Response, int]


def received() -> forms.WritingForm:
    """Read the form of this request and keep its files; those refused are told as mistakes.

    Ends the transaction that was open.
    """
    form = forms.read(request.form)
    if actor().is_signed_in:
        handed_in = hand_in(already=form.attachments)
        form.attachments += [one for one in handed_in.tokens if one not in form.attachments]
        if handed_in.errors:
            form.errors["files"] = list(handed_in.errors)
    return form


def once(form: forms.WritingForm, act: Callable[[], str]) -> Response:
    """Do a sending once for its key and answer the same address to a repetition.

    Only what is really sent counts against the limits of the account: a mistake is rolled
    back with its count, a repetition is answered before it.
    """
    user_id, now = _user_id(), clock.now()
    with unit_of_work() as session:
        answer = idempotency.earlier_answer(
            session, user_id=user_id, key=form.key, body_hash=_fingerprint(form), now=now
        )
        if answer is None:
            answer = {"location": act()}
            if config().rate_limits:
                limits.spend(session, limits.POST_BY_ACCOUNT, whose=str(user_id), now=now)
                limits.spend(session, limits.POST_BY_DAY, whose=str(user_id), now=now)
            idempotency.remember(session, user_id=user_id, key=form.key, answer=answer)
    for remark in remarks(form.body):
        flash(of_remark(remark), "info")
    return redirect(answer["location"], 303)


def earlier(form: forms.WritingForm) -> Response | None:
    """Return the answer that exactly this sending got before, whatever has happened since."""
    if form.action != "send":
        return None
    answer = idempotency.known_answer(
        db.session(),
        user_id=_user_id(),
        key=form.key,
        body_hash=_fingerprint(form),
        now=clock.now(),
    )
    return redirect(answer["location"], 303) if answer else None


def _user_id() -> int:
    user_id = actor().user_id
    if user_id is None:
        raise Forbidden(Refusal.NOT_SIGNED_IN)
    return user_id


def _fingerprint(form: forms.WritingForm) -> str:
    files = attachments.fingerprint(db.session(), tokens=form.attachments, actor=actor())
    return idempotency.fingerprint(form.content | {"path": request.path, "files": files})


# --- The script that keeps drafts ---------------------------------------------------------------


def asks_for_json() -> bool:
    """Whether a script asked, which wants figures and sentences instead of a page."""
    return request.accept_mimetypes.best == "application/json"


def draft_token(contribution: Contribution, revision: Revision) -> str:
    """Return what a form carries to go on with a draft: which one, and how often it was saved."""
    return f"{contribution.uid}:{revision.lock}"


def kept_sentence(saved_at: dt.datetime, *, zone: str) -> str:
    """Return when the server last kept a draft, in words."""
    return gettext("Draft kept on %(when)s.", when=format_instant(saved_at, zone_name=zone))


def kept_answer(contribution: Contribution, revision: Revision, *, zone: str) -> Response:
    """Tell the script that a draft is kept, and how it goes on."""
    sentence = kept_sentence(revision.saved_at, zone=zone)
    return jsonify(draft=draft_token(contribution, revision), saved=sentence)


def not_kept_answer(form: forms.WritingForm, status: int) -> tuple[Response, int]:
    """Tell the script why a draft was not kept."""
    sentences = [sentence for some in form.errors.values() for sentence in some]
    return jsonify(message=" ".join(sentences)), status


def stale_answer() -> tuple[Response, int]:
    """Tell the script that another window has a newer text; nothing was overwritten."""
    sentence = gettext(
        "Another window has kept or sent a newer text. This one stays here; load the page again"
        " to see the other."
    )
    return jsonify(message=sentence), 409


def answering_scripts(act: Callable[[], Answer]) -> Answer:
    """Do a request; a script gets a sentence where a page would show both texts."""
    try:
        return act()
    except StaleState:
        if not asks_for_json():
            raise
        return stale_answer()

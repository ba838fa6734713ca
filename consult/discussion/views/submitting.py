"""What every sending has in common: limits, the key that makes it happen once, and answers for the
script that keeps drafts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import flash, jsonify, redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from consult.core import clock, idempotency, limits
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, Refusal, RepeatedKey, StaleState, TooMany
from consult.core.i18n import format_instant, gettext, ngettext
from consult.core.remarks import remarks
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config
from consult.core.wording import of_refusal, of_remark
from consult.discussion import forms
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import CLOSING_GRACE, CLOSING_GRACE_WITH_FILES
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


def grace_of(form: forms.WritingForm) -> dt.timedelta:
    """Return how long after the closing a form is taken that was opened before it."""
    return CLOSING_GRACE_WITH_FILES if form.attachments else CLOSING_GRACE


def note_save(
    session: Session, form: forms.WritingForm, contribution: Contribution, revision: Revision
) -> None:
    """Remember which window's script saved a draft last: it goes on even where the answer was lost.

    Saves by the button are not noted: they load the page anew, and an older page of the same
    window that is gone back to must not overwrite them.
    """
    if form.window and asks_for_json():
        idempotency.note(
            session,
            user_id=_user_id(),
            key=_key_of_saves(form),
            answer={"draft": draft_token(contribution, revision)},
            now=clock.now(),
        )


def is_own_save(form: forms.WritingForm, contribution: Contribution, revision: Revision) -> bool:
    """Whether a draft stands as the script of this very window saved it last."""
    if not form.window:
        return False
    noted = idempotency.noted(db.session(), user_id=_user_id(), key=_key_of_saves(form))
    return noted is not None and noted.get("draft") == draft_token(contribution, revision)


def _key_of_saves(form: forms.WritingForm) -> str:
    window = idempotency.fingerprint({"key": form.key, "window": form.window})
    return f"saves-{window[:40]}"


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


# --- Refusals -----------------------------------------------------------------------------------

REFUSALS = (Forbidden, Invalid, RepeatedKey, TooMany)
"""What is told beside the fields of the form, with everything kept."""


def refused(
    form: forms.WritingForm, error: Forbidden | Invalid | RepeatedKey | TooMany
) -> tuple[int, dict[str, str]]:
    """Take a refusal over into the form; return the status and headers of the answer.

    Who has not said yet for whom they speak, is not approved or has not agreed to what everybody
    agrees to is sent to where they can: that one is raised again.
    """
    if isinstance(error, Invalid):
        form.refuse(error)
        return 422, {}
    if isinstance(error, RepeatedKey):
        form.renew_key()
        form.errors["body"] = [
            gettext("This form was already sent with another text. Check it and send it again.")
        ]
        return 422, {}
    if isinstance(error, TooMany):
        form.errors["body"] = [_too_many_words(error)]
        return 429, {"Retry-After": str(error.retry_after)}
    if error.refusal in {Refusal.NO_AUTHOR, Refusal.NOT_APPROVED, Refusal.NO_CONSENT}:
        raise error
    form.errors["body"] = [of_refusal(error.refusal)]
    return 403, {}


def _too_many_words(error: TooMany) -> str:
    return ngettext(
        "You have sent many texts in a short time. Please send this one in %(num)s minute.",
        "You have sent many texts in a short time. Please send this one in %(num)s minutes.",
        -(-error.retry_after // 60),
    )


def show_both(form: forms.WritingForm, error: StaleState, *, draft: str) -> None:
    """Have the form show what stands there now; sent or kept again, it is meant to take its place.

    `draft` is the one that there is by now, as `draft_token` names it, else empty.
    """
    form.theirs = error.seen.get("theirs") or ""
    form.draft = draft
    form.errors["body"] = [
        gettext("Another window has kept or sent another text meanwhile. Nothing was overwritten.")
    ]

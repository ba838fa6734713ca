"""What every sending has in common: limits, the key that makes it happen once, the preview."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consult.core import clock, idempotency, limits, markup
from consult.core.db import db
from consult.core.errors import Forbidden, Refusal
from consult.core.i18n import language_label
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config
from consult.discussion import forms
from consult.discussion.queries import single
from consult.discussion.services.texts import PreparedText
from consult.discussion.views.frame import draft_name, frame
from consult.spaces import queries as space_queries
from consult.spaces.models import Question


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
    return idempotency.fingerprint(form.content | {"path": request.path})


def action_of(space_slug: str, asked: Question | None) -> str:
    """Return where the form of an answer, a reply or a question is sent."""
    if asked is None:
        return url_for("discussion.ask", slug=space_slug)
    return url_for("discussion.answer", slug=space_slug, number=asked.number)


def preview_page(
    view: space_queries.SpaceView,
    asked: Question | None,
    form: forms.WritingForm,
    prepared: PreparedText,
    *,
    edited: single.Found | None = None,
) -> str:
    """Render a text as readers will see it, above the form in which it can be changed."""
    objectives = space_queries.objectives_of_space(db.session(), space_id=view.space.id)
    return render_template(
        "discussion/preview.html",
        html=markup.SafeHtml.from_storage(prepared.html),
        language=prepared.language,
        language_label=language_label(prepared.language),
        words=prepared.words,
        tags=[(o.number, o.label) for o in objectives if str(o.number) in form.objectives],
        author=actor().name,
        question=asked,
        form=forms.presented(
            form,
            objectives,
            draft=f"edit-{edited.canonical}"
            if edited
            else draft_name(view.space, asked, form.parent),
        ),
        action=url_for("discussion.edit", name=edited.canonical)
        if edited
        else action_of(view.space.slug, asked),
        can_save=edited is None,
        **frame(view.space, view.forum),
    )

"""The unsent text that a form goes on with: found, told from others, or sent meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import redirect, url_for
from werkzeug.wrappers import Response

from consult.core import text
from consult.core.db import db
from consult.core.errors import StaleState
from consult.core.i18n import format_instant
from consult.core.web import actor
from consult.discussion import forms
from consult.discussion.models import Contribution
from consult.discussion.queries import own
from consult.discussion.queries.speaker import voices
from consult.discussion.queries.written import written
from consult.discussion.states import Capacity
from consult.discussion.views.submitting import draft_token, is_own_save
from consult.spaces.models import Author, Question, Space


@dataclass(frozen=True)
class ShownDraft:
    """The draft that a form was filled with, and how often it had been saved by then."""

    contribution_id: int | None = None
    lock: int | None = None


def draft_form(draft: own.Draft | None, *, zone: str) -> forms.WritingForm:
    """Return the answer form, filled with a draft where there is one."""
    if draft is None:
        return forms.fresh()
    form = forms.continuing(written(db.session(), draft.revision))
    form.in_role = draft.contribution.capacity != Capacity.PARTICIPANT
    form.draft = draft_token(draft.contribution, draft.revision)
    form.saved_at = format_instant(draft.revision.saved_at, zone_name=zone)
    if len(actor().author_ids) > 1:
        form.author = db.session().get_one(Author, draft.contribution.author_id).uid
    return form


def kept_draft(
    space: Space,
    asked: Question | None,
    parent: Contribution | None,
    *,
    form: forms.WritingForm | None = None,
) -> own.Draft | None:
    """Return the unsent text for a place that a form goes on with, else the newest; one that was
    sent is none any more.
    """
    found = own.find_drafts(
        db.session(),
        author_ids=actor().author_ids,
        space_id=space.id,
        question_id=asked.id if asked else None,
        parent_id=parent.id if parent else None,
    )
    if form is None or not found:
        return found[0] if found else None
    uid = form.draft.partition(":")[0]
    named = next((one for one in found if one.contribution.uid == uid), None)
    return named or _draft_of_chosen(found, form, space=space)


def _draft_of_chosen(
    found: Sequence[own.Draft], form: forms.WritingForm, *, space: Space
) -> own.Draft | None:
    """Return the draft of those for whom the form says that the person speaks."""
    if not form.author:
        return found[0]
    mine = voices(db.session(), actor=actor(), forum_id=space.forum_id)
    ids = {one.id for one in mine if one.uid == form.author}
    return next((one for one in found if one.contribution.author_id in ids), None)


def shown_draft(form: forms.WritingForm, draft: own.Draft | None) -> ShownDraft:
    """Return the draft that the form continues.

    A text sent from a window that knew of no draft leaves that draft alone; saved, it would
    overwrite it: `StaleState` with the other text.
    """
    if draft is None:
        return ShownDraft()
    if is_own_save(form, draft.contribution, draft.revision):
        return ShownDraft(draft.contribution.id, draft.revision.lock)
    uid, _colon, lock = form.draft.partition(":")
    if uid == draft.contribution.uid:
        return ShownDraft(draft.contribution.id, int(lock) if lock.isdecimal() else 0)
    if form.action == "send":
        return ShownDraft()
    raise StaleState(theirs=draft.revision.source)


def sent_from(form: forms.WritingForm) -> Response | None:
    """Return the address of what another window has sent from the draft that this form shows.

    Raises `StaleState` with that text where this form holds another one.
    """
    uid = form.draft.partition(":")[0]
    sent = own.sent_from_draft(db.session(), uid=uid, actor=actor()) if uid else None
    if sent is None or form.action == "discard":
        return None
    if sent.revision.source != text.normalise(form.body):
        raise StaleState(theirs=sent.revision.source)
    address = url_for("discussion.contribution", name=sent.contribution.receipt, sent=1)
    return redirect(address, 303)


def row_of(shown: ShownDraft) -> Contribution | None:
    """Return the head of a draft that a form continues."""
    if shown.contribution_id is None:
        return None
    return db.session().get(Contribution, shown.contribution_id)

"""The preview: a text as readers will see it, above the form in which it can be changed."""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template, url_for

from consult.core import clock
from consult.core.db import db
from consult.core.errors import Gone, NotVisible
from consult.core.i18n import format_instant, language_label
from consult.core.markup import SafeHtml
from consult.core.remarks import remarks
from consult.core.web import actor, config
from consult.core.wording import of_remark
from consult.discussion import forms
from consult.discussion.queries import rows, single
from consult.discussion.queries.attachments import AttachmentRow
from consult.discussion.queries.speaker import voices
from consult.discussion.queries.written import inherited_objective
from consult.discussion.services.speaking import capacity_of
from consult.discussion.services.texts import PreparedText
from consult.discussion.states import Capacity
from consult.discussion.views.frame import draft_name, frame
from consult.discussion.views.own_view import mine
from consult.discussion.views.writing_form import presented
from consult.spaces import queries as space_queries
from consult.spaces.models import Question, Space
from consult.spaces.queries import ObjectiveRow


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
    """Render a text as readers will see it, with what is proposed for its passages."""
    objectives = space_queries.objectives_of_space(db.session(), space_id=view.space.id)
    name = f"edit-{edited.canonical}" if edited else draft_name(view.space, asked, form.parent)
    shown = presented(
        form,
        space=view.space,
        question=asked,
        draft=name,
        prepared=prepared,
        objectives=objectives,
        is_first=edited is None,
    )
    capacity = (
        Capacity(edited.contribution.capacity)
        if edited
        else chosen_capacity(form.in_role, space=view.space)
    )
    return render_template(
        "discussion/preview.html",
        row=_row(
            view,
            asked,
            form,
            prepared,
            objectives=objectives,
            files=shown.files,
            capacity=capacity,
            author_id=edited.contribution.author_id if edited else None,
        ),
        words=prepared.words,
        remarks=[of_remark(one) for one in remarks(form.body)],
        question=asked,
        form=shown,
        action=url_for("discussion.edit", name=edited.canonical)
        if edited
        else action_of(view.space.slug, asked),
        can_save=edited is None or mine(edited).can.save,
        **frame(view.space, view.forum),
    )


def _row(
    view: space_queries.SpaceView,
    asked: Question | None,
    form: forms.WritingForm,
    prepared: PreparedText,
    *,
    objectives: Sequence[ObjectiveRow],
    files: Sequence[AttachmentRow],
    capacity: Capacity,
    author_id: int | None,
) -> rows.Row:
    """Return the text as the row that a page would show of it."""
    session, now = db.session(), clock.now()
    labels = rows.labels(
        zone=view.forum.time_zone, objectives=objectives, holds=config().holds_unscanned
    )
    speaking = voices(session, actor=actor(), forum_id=view.forum.id)
    who = next((one for one in speaking if author_id == one.id or form.author == one.uid), None)
    who = who or (speaking[0] if speaking else None)
    author, affiliation = rows.author_words(who, words=labels) if who else (actor().name, "")
    inherited = inherited_objective(session, asked)
    numbers = {*form.words.objectives, *(number for _one, number in prepared.tagged), inherited}
    head, rest = rows.fold(prepared.html)
    return rows.Row(
        name="",
        anchor="shown",
        level=0,
        author=author,
        badges=(labels.capacities[capacity],) if capacity in labels.capacities else (),
        affiliation=affiliation,
        sent_label=format_instant(now, zone_name=view.forum.time_zone),
        sent_iso=clock.iso(now) or "",
        language=prepared.language,
        language_label=language_label(prepared.language),
        html=SafeHtml.from_storage(head),
        rest_html=SafeHtml.from_storage(rest) if rest else None,
        words=prepared.words,
        objectives=tuple((one.number, one.label) for one in objectives if one.number in numbers),
        files=tuple(files),
        reply_to=_replied_to(form),
    )


def chosen_capacity(in_role: bool, *, space: Space) -> Capacity:
    """Return the capacity in which a text would be sent now."""
    return capacity_of(actor(), space=space) if in_role else Capacity.PARTICIPANT


def _replied_to(form: forms.WritingForm) -> tuple[str, str] | None:
    if not form.parent:
        return None
    try:
        found = single.find(db.session(), name=form.parent, actor=actor())
    except (NotVisible, Gone):
        return None
    words = rows.labels(zone=None, holds=config().holds_unscanned)
    row = single.row_of(db.session(), found, actor=actor(), words=words)
    return row.author, row.name

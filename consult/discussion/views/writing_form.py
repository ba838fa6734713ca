"""The writing form as its template takes it: choices with their words, made once for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import url_for

from consult.core import languages, markup, text
from consult.core.db import db
from consult.core.i18n import LOCALES, gettext, language_label
from consult.core.passages import Passage, passages
from consult.core.ports import Suggestion
from consult.core.web import actor, config
from consult.discussion import forms
from consult.discussion.queries import attachments
from consult.discussion.queries.attachments import AttachmentRow
from consult.discussion.queries.speaker import voices
from consult.discussion.queries.written import inherited_objective
from consult.discussion.services import marks
from consult.discussion.services.speaking import capacity_of
from consult.discussion.services.texts import PreparedText
from consult.discussion.states import Capacity
from consult.discussion.views.suggestions import beyond, suggested, why
from consult.spaces import queries as space_queries
from consult.spaces.models import Question, Space
from consult.spaces.queries import ObjectiveRow, shown_in
from consult.spaces.states import ModerationMode

BEGINNING = 90
"""Characters by which a passage is told from others."""


@dataclass(frozen=True)
class Choice:
    """A tick box or an entry of a list."""

    value: str
    label: str
    is_chosen: bool
    why: str | None = None
    """Why it is proposed."""


@dataclass(frozen=True)
class PassageChoices:
    """What can be said of one passage."""

    number: int
    beginning: str
    language: str
    """In which it is now."""
    objectives: Sequence[Choice]
    languages: Sequence[Choice]

    @property
    def is_marked(self) -> bool:
        """Whether anything was said of it."""
        return any(one.is_chosen for one in self.objectives) or any(
            one.is_chosen for one in self.languages[1:]
        )

    @property
    def is_proposed(self) -> bool:
        """Whether something is proposed that was not said yet."""
        return any(one.why and not one.is_chosen for one in (*self.objectives, *self.languages))


@dataclass(frozen=True)
class PresentedForm:
    """A writing form as its template takes it."""

    values: dict[str, Any]
    errors: dict[str, list[str]]
    hidden: dict[str, Any]
    objectives: list[tuple[str, str]]
    draft: str
    """Name of the text in the browser's own storage."""
    saved: str | None
    theirs: str | None
    """What another window kept or sent meanwhile."""
    proposals: str
    """Where a script asks for the language and the objectives of what is written."""
    inherited: str | None = None
    """Label of the objective that comes with the question."""
    role: str | None = None
    """The sentence beside the box that shows the person's role."""
    in_role: bool = False
    authors: Sequence[tuple[str, str]] = ()
    """For whom the person can speak here, by public id; empty where there is no choice."""
    files: Sequence[AttachmentRow] = ()
    """What was handed in so far."""
    passages: Sequence[PassageChoices] = ()
    all_passages: bool = False
    """Every passage is offered, as on the preview; else only those of which something was said."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why objectives are proposed for the whole text, by number."""
    proposed: int = field(default=0)
    """How many passages have a proposal that waits for an answer."""
    mode: str = ModerationMode.EVERYTHING.value
    """Which texts a moderator reads first."""
    at_once: bool = False
    """Whether the person speaks for a delegation whose texts wait for nobody."""


def presented(
    form: forms.WritingForm,
    *,
    space: Space,
    question: Question | None,
    draft: str,
    prepared: PreparedText | None = None,
    objectives: Sequence[ObjectiveRow] | None = None,
    is_first: bool = True,
) -> PresentedForm:
    """Return the form for a template; `prepared` is the text of a preview.

    `objectives` are those under review in the space, where the page has read them already.
    `is_first` is False for a text that was sent before: it keeps its author, and the capacity it
    was sent in.
    """
    session = db.session()
    if objectives is None:
        objectives = space_queries.objectives_of_space(session, space_id=space.id)
    inherited = inherited_objective(session, question)
    choices = _passages(form, space=space, objectives=objectives, prepared=prepared)
    choices, reasons = _for_the_whole(choices, objectives, chosen=form.objectives)
    authors = choices_of_author(space) if is_first else []
    return PresentedForm(
        values={
            "body": form.body,
            "language": form.language,
            "objectives": form.objectives,
            "author": form.author or (authors[0][0] if authors else ""),
        },
        errors=form.errors,
        hidden=_hidden(form),
        objectives=[(str(one.number), one.label) for one in objectives if one.number != inherited],
        draft=draft,
        saved=gettext("Draft kept on %(when)s.", when=form.saved_at) if form.saved_at else None,
        theirs=form.theirs,
        proposals=url_for("discussion.proposals", slug=space.slug),
        inherited=next((one.label for one in objectives if one.number == inherited), None),
        role=_role(capacity_of(actor(), space=space)) if is_first else None,
        in_role=form.in_role,
        authors=authors,
        files=attachments.staged(
            session,
            tokens=form.attachments,
            actor=actor(),
            holds=config().holds_unscanned,
        ),
        passages=choices,
        mode=space.moderation,
        at_once=bool(actor().at_once_author_ids),
        all_passages=prepared is not None,
        reasons=reasons,
        proposed=sum(1 for one in choices if one.is_proposed),
    )


def _hidden(form: forms.WritingForm) -> dict[str, Any]:
    """Return a reply's and an edit's place, the key and the draft."""
    hidden: dict[str, Any] = {"idempotency_key": form.key, "parent": form.parent}
    if form.seen:
        hidden["seen"] = form.seen
    if form.draft:
        hidden["draft"] = form.draft
    return hidden


def choices_of_author(space: Space) -> list[tuple[str, str]]:
    """Return for whom the person can speak here, delegations first; nothing without a choice."""
    if len(actor().author_ids) < 2:
        return []
    found = voices(db.session(), actor=actor(), forum_id=space.forum_id)
    return [(one.uid, _voice(one)) for one in found] if len(found) > 1 else []


def _voice(one: Any) -> str:
    """Return an Author as readers see the name, and whether colleagues share it."""
    name = shown_in(one).name
    if one.is_delegation:
        return gettext("%(name)s (your delegation)", name=name)
    return gettext("%(name)s (you alone)", name=name)


def _role(capacity: Capacity) -> str | None:
    return {
        Capacity.MODERATOR: gettext("Show that I write as a moderator of this consultation"),
        Capacity.DRAFTER: gettext("Show that I write for the drafting agencies"),
        Capacity.SECRETARIAT: gettext("Show that I write for the secretariat"),
    }.get(capacity)


def _passages(
    form: forms.WritingForm,
    *,
    space: Space,
    objectives: Sequence[ObjectiveRow],
    prepared: PreparedText | None,
) -> list[PassageChoices]:
    """Return the passages with what was said and what is proposed of each."""
    if prepared is None and not form.passages and not form.passage_languages:
        return []
    found = passages(prepared.html if prepared else str(markup.render(form.body)))
    language = prepared.language if prepared else form.words.language
    suggestions: Sequence[Suggestion] = ()
    if prepared:
        proposals = suggested(found, objectives, forum_id=space.forum_id, language=language)
        suggestions = beyond(proposals, chosen=form.objectives)
    if form.take_over:
        form.passages += [str(marks.mark(found[s.passage], s.objective)) for s in suggestions]
    tagged = {(one.index, value) for one, value in settled(form.passages, found)}
    spoken = {one.index: value for one, value in settled(form.passage_languages, found)}
    guessed = languages.languages_of(found, main=language) if prepared else {}
    choices = [
        PassageChoices(
            number=one.index + 1,
            beginning=text.shorten(one.text.replace("\n", " "), limit=BEGINNING),
            language=spoken.get(one.index, language),
            objectives=_objectives(one, objectives, tagged=tagged, suggestions=suggestions),
            languages=_languages(one, main=language, spoken=spoken, guessed=guessed),
        )
        for one in found
        if one.kind != "heading"
    ]
    return choices if prepared else [one for one in choices if one.is_marked]


def _for_the_whole(
    choices: list[PassageChoices], objectives: Sequence[ObjectiveRow], *, chosen: Sequence[str]
) -> tuple[list[PassageChoices], dict[str, str]]:
    """Take what is proposed for the only passage of a text as reasons for the whole of it."""
    if len(choices) != 1:
        return choices, {}
    only = choices[0]
    reasons = {
        str(objective.number): one.why
        for objective, one in zip(objectives, only.objectives, strict=True)
        if one.why and not one.is_chosen and str(objective.number) not in chosen
    }
    return [replace(only, objectives=[replace(one, why=None) for one in only.objectives])], reasons


def settled(values: Sequence[str], found: Sequence[Passage]) -> list[tuple[Passage, str]]:
    """Return what a form said of passages, beside the passages as they are now."""
    return marks.settle(marks.read(values), found)


def _objectives(
    passage: Passage,
    objectives: Sequence[ObjectiveRow],
    *,
    tagged: set[tuple[int, str]],
    suggestions: Sequence[Suggestion],
) -> list[Choice]:
    reasons = {s.objective: why(s) for s in suggestions if s.passage == passage.index}
    return [
        Choice(
            value=str(marks.mark(passage, one.number)),
            label=one.label,
            is_chosen=(passage.index, str(one.number)) in tagged,
            why=reasons.get(one.number),
        )
        for one in objectives
    ]


def _languages(
    passage: Passage, *, main: str, spoken: Mapping[int, str], guessed: Mapping[int, str]
) -> list[Choice]:
    """Return the languages of a passage; the first entry is that of the whole text."""
    chosen = spoken.get(passage.index)
    proposal = guessed.get(passage.index)
    label = language_label(main) if main else gettext("As the whole text")
    first = Choice(str(marks.mark(passage, main or "as")), label, chosen is None)
    others = [
        Choice(
            value=str(marks.mark(passage, code)),
            label=language_label(code),
            is_chosen=code == chosen,
            why=code if code == proposal else None,
        )
        for code in LOCALES
        if code != main
    ]
    return [first, *others]

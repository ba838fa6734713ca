"""The form in which staff file a text for somebody else, read and made ready for its template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request

from consult.accounts.forms import Form
from consult.accounts.forms import read as read_fields
from consult.core.db import db
from consult.core.i18n import LANGUAGE_NAMES, LOCALES, locale, zone
from consult.core.i18n import gettext as _
from consult.core.web import actor, config
from consult.discussion import forms
from consult.discussion.queries import attachments, spaces
from consult.discussion.queries.attachments import AttachmentRow
from consult.discussion.services.intake import Filing
from consult.spaces import forms as space_forms
from consult.spaces import queries as space_queries
from consult.spaces.services import Affiliation
from consult.spaces.states import DisplayChoice, QuestionKind

PERSON = ("name", "organisation", "category", "country", "on_behalf_of", "display")
FIELDS = (*PERSON, "email", "mail_language", "received", "question")
ON_THE_PAGE = (
    *("", "name", "email", "mail_language", "organisation", "category", "country"),
    *("on_behalf_of", "display", "received", "question", "body", "language", "objectives", "files"),
)
"""The fields in the order in which they stand there."""
POSED = "posed"
"""Value of the question field for a text that is itself a question."""
QUESTION_LENGTH = 100
"""Characters of a question in the list of choices."""

Options = list[tuple[str, str]]


@dataclass
class IntakeForm:
    """For whom a text is filed, and the text as in the writing form."""

    person: Form
    text: forms.WritingForm

    @property
    def errors(self) -> dict[str, list[str]]:
        """Return what is wrong with either, in the order of the page."""
        wrong = {**self.person.errors, **self.text.errors}
        return dict(sorted(wrong.items(), key=lambda one: _place(one[0])))

    def filing(self, *, zone_name: str) -> Filing:
        """Return what the service takes; hours are those of the forum's zone."""
        values = self.person.values
        return Filing(
            said=Affiliation(**{name: values[name] for name in PERSON}),
            email=values["email"],
            locale=values["mail_language"],
            received_at=_instant(values["received"], zone_name=zone_name),
            words=self.text.words,
        )

    @property
    def content(self) -> dict[str, Any]:
        """Return what makes two sendings the same, apart from their files."""
        return {**self.person.values, **self.text.content}


@dataclass(frozen=True)
class PresentedIntake:
    """The form as its template takes it."""

    values: dict[str, Any]
    errors: dict[str, list[str]]
    key: str
    questions: Options
    objectives: Options
    categories: Options
    countries: Options
    displays: Options
    languages: Options
    files: Sequence[AttachmentRow] = field(default_factory=tuple)


def fresh() -> IntakeForm:
    """Return the form as it is first shown."""
    values = dict.fromkeys(FIELDS, "")
    values |= {"display": DisplayChoice.FULL.value, "mail_language": locale()}
    return IntakeForm(person=Form(values=values), text=forms.fresh())


def read(text: forms.WritingForm) -> IntakeForm:
    """Read the fields beside the text, which was read with its files before."""
    person = read_fields(request.form, FIELDS)
    person.values = {name: value.replace("\x00", "") for name, value in person.values.items()}
    return IntakeForm(person=person, text=text)


def presented(form: IntakeForm, *, view: space_queries.SpaceView) -> PresentedIntake:
    """Return the form with its choices in words."""
    session = db.session()
    objectives = space_queries.objectives_of_space(session, space_id=view.space.id)
    text = form.text
    return PresentedIntake(
        values={
            **form.person.values,
            "body": text.body,
            "language": text.language,
            "objectives": text.objectives,
        },
        errors=form.errors,
        key=text.key,
        questions=_questions(view),
        objectives=[(str(one.number), one.label) for one in objectives],
        categories=space_forms.category_options(
            space_queries.categories(session, forum_id=view.forum.id)
        ),
        countries=space_forms.country_options(),
        displays=[
            (DisplayChoice.FULL.value, _("Their name and their organisation")),
            (DisplayChoice.ORGANISATION.value, _("Their organisation only")),
            (
                DisplayChoice.PSEUDONYM.value,
                _("A number, such as “Participant 12”, and their category"),
            ),
        ],
        languages=[(code, LANGUAGE_NAMES[code]) for code in LOCALES],
        files=attachments.staged(
            session,
            tokens=text.attachments,
            actor=actor(),
            holds=config().holds_unscanned,
        ),
    )


def _place(name: str) -> int:
    return ON_THE_PAGE.index(name) if name in ON_THE_PAGE else len(ON_THE_PAGE)


def _questions(view: space_queries.SpaceView) -> Options:
    """Return the questions that can be answered, and the choice to pose one."""
    posed = spaces.participant_questions(db.session(), space_id=view.space.id)
    words = {
        **{q.number: str(q.text) for q in view.questions if q.kind == QuestionKind.GUIDING},
        **{one.number: one.text for one in posed},
    }
    return [
        ("", _("Please choose")),
        *(
            (
                str(number),
                _(
                    "Question %(number)s: %(words)s",
                    number=number,
                    words=spaces.teaser(words[number], limit=QUESTION_LENGTH),
                ),
            )
            for number in sorted(words)
        ),
        (POSED, _("None: it is itself a question to the moderators and participants")),
    ]


def _instant(typed: str, *, zone_name: str) -> dt.datetime | None:
    """Return a typed day and hour of a zone as an instant; None where it is none."""
    try:
        moment = dt.datetime.fromisoformat(typed)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(zone_name))
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None

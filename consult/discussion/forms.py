"""What the writing forms send, read into typed values; problems as sentences by field."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from consult.core import text, wording
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES, gettext, locale
from consult.discussion.services.texts import Words
from consult.spaces.queries import ObjectiveRow

ACTIONS = ("send", "preview", "save", "discard")


@dataclass
class WritingForm:
    """The form in which somebody answers, replies, asks or edits."""

    body: str = ""
    language: str = ""
    """Empty: as recognised from the text."""
    objectives: list[str] = field(default_factory=list)
    parent: str = ""
    """Reference of what is replied to."""
    key: str = ""
    draft: str = ""
    """Which draft the form shows and how often it had been saved: `UUID:number`."""
    action: str = "send"
    seen: int = 0
    """Number of the newest revision when an edit was begun."""
    errors: dict[str, list[str]] = field(default_factory=dict)
    saved_at: str | None = None
    """When the server last kept it, in words."""

    @property
    def words(self) -> Words:
        """Return what the services take; a short text is in the page's language."""
        language = self.language
        if language not in LOCALES:
            language = text.guess_language(self.body) or locale()
        numbers = tuple(int(n) if n.isdecimal() and len(n) < 6 else 0 for n in self.objectives)
        return Words(source=self.body, language=language, objectives=numbers)

    @property
    def content(self) -> dict[str, Any]:
        """Return what makes two sendings the same."""
        return {
            "body": self.body,
            "language": self.language,
            "objectives": sorted(self.objectives),
            "parent": self.parent,
        }

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)

    def renew_key(self) -> None:
        """Give the form a key of its own, as a freshly loaded one has."""
        self.key = secrets.token_urlsafe(18)


def read(form: MultiDict[str, str]) -> WritingForm:
    """Read a submitted form; what cannot be read is kept as it was typed."""
    action = form.get("action", "send")
    seen = form.get("seen", "0")
    return WritingForm(
        body=form.get("body", "").replace("\r\n", "\n"),
        language=form.get("language", ""),
        objectives=form.getlist("objectives"),
        parent=form.get("parent", "").replace("\x00", "").strip()[:40],
        draft=form.get("draft", "")[:64],
        key=form.get("idempotency_key", ""),
        action=action if action in ACTIONS else "send",
        seen=int(seen) if seen.isdecimal() and len(seen) < 9 else 0,
    )


def fresh(
    *,
    body: str = "",
    language: str = "",
    objectives: Sequence[int] = (),
    parent: str = "",
    seen: int = 0,
) -> WritingForm:
    """Return a form as it is first shown."""
    form = WritingForm(
        body=body,
        language=language,
        objectives=[str(number) for number in objectives],
        parent=parent,
        seen=seen,
    )
    form.renew_key()
    return form


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


def presented(
    form: WritingForm, objectives: Sequence[ObjectiveRow], *, draft: str
) -> PresentedForm:
    """Return the form for a template; a reply's and an edit's place are hidden fields."""
    hidden: dict[str, Any] = {"idempotency_key": form.key, "parent": form.parent}
    if form.seen:
        hidden["seen"] = form.seen
    if form.draft:
        hidden["draft"] = form.draft
    return PresentedForm(
        values={
            "body": form.body,
            "language": form.language,
            "objectives": form.objectives,
        },
        errors=form.errors,
        hidden=hidden,
        objectives=[(str(o.number), o.label) for o in objectives],
        draft=draft,
        saved=gettext("Draft kept on %(when)s.", when=form.saved_at) if form.saved_at else None,
    )

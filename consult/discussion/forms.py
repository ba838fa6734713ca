"""What the writing forms send, read into typed values; problems as sentences by field."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from consult.core import languages, wording
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES, locale
from consult.discussion.queries.written import Written
from consult.discussion.services import marks
from consult.discussion.services.texts import Words

ACTIONS = ("send", "preview", "save", "discard")


@dataclass
class WritingForm:
    """The form in which somebody answers, replies, asks or edits."""

    body: str = ""
    language: str = ""
    """Empty: as recognised from the text."""
    objectives: list[str] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    """Objectives of single passages: `index.digest.number`."""
    passage_languages: list[str] = field(default_factory=list)
    """Languages of single passages: `index.digest.language`."""
    attachments: list[str] = field(default_factory=list)
    """Tokens of the files that were handed in, in their order."""
    parent: str = ""
    """Reference of what is replied to."""
    author: str = ""
    """Public id of the Author for whom the person speaks; empty where there is no choice."""
    in_role: bool = False
    """Show the role that the person has here beside the name."""
    key: str = ""
    draft: str = ""
    """Which draft the form shows and how often it had been saved: `UUID:number`."""
    window: str = ""
    """Which window of a browser with scripts it is; empty without scripts."""
    action: str = "send"
    take_over: bool = False
    """Tick every objective that is proposed for a passage."""
    seen: int = 0
    """Number of the newest revision when an edit was begun."""
    errors: dict[str, list[str]] = field(default_factory=dict)
    saved_at: str | None = None
    """When the server last kept it, in words."""
    theirs: str | None = None
    """What stands there by now, where another window was faster."""

    @property
    def words(self) -> Words:
        """Return what the services take; one too short to tell is in the page's language."""
        language = self.language if self.language in LOCALES else ""
        if not language:
            seen = languages.recognise(self.body)
            language = seen.language or ("" if seen.is_foreign else locale())
        numbers = tuple(int(n) if n.isdecimal() and len(n) < 6 else 0 for n in self.objectives)
        return Words(
            source=self.body,
            language=language,
            objectives=numbers,
            passages=marks.read(self.passages),
            passage_languages=marks.read(self.passage_languages),
            attachments=tuple(self.attachments),
        )

    @property
    def content(self) -> dict[str, Any]:
        """Return what makes two sendings the same, apart from their files."""
        return {
            "body": self.body,
            "language": self.language,
            "objectives": sorted(self.objectives),
            "passages": sorted(self.passages),
            "passage_languages": sorted(self.passage_languages),
            "parent": self.parent,
            "author": self.author,
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
    take_over = "take_over" in form
    action = "preview" if take_over else form.get("action", "send")
    seen = form.get("seen", "0")
    return WritingForm(
        body=form.get("body", "").replace("\r\n", "\n"),
        language=form.get("language", ""),
        objectives=form.getlist("objectives"),
        passages=form.getlist("passages")[:500],
        passage_languages=form.getlist("passage_languages")[:500],
        attachments=[token for token in form.getlist("attachments")[:50] if token.isalnum()],
        parent=form.get("parent", "").replace("\x00", "").strip()[:40],
        author=form.get("author", "").replace("\x00", "")[:36],
        in_role="in_role" in form,
        draft=form.get("draft", "").replace("\x00", "")[:64],
        key=form.get("idempotency_key", ""),
        window=form.get("window", "")[:64],
        action=action if action in ACTIONS else "send",
        take_over=take_over,
        seen=int(seen) if seen.isdecimal() and len(seen) < 9 else 0,
    )


def fresh(*, body: str = "", parent: str = "") -> WritingForm:
    """Return a form as it is first shown; who has a role shows it unless they take it away."""
    form = WritingForm(body=body, parent=parent, in_role=True)
    form.renew_key()
    return form


def continuing(text: Written, *, seen: int = 0) -> WritingForm:
    """Return a form that goes on with a text that was kept or sent before."""
    form = fresh(body=text.body)
    form.language = text.language
    form.objectives = [str(number) for number in text.objectives]
    form.passages = [str(marks.mark(passage, number)) for passage, number in text.tagged]
    form.passage_languages = [str(marks.mark(one, language)) for one, language in text.languages]
    form.attachments = list(text.attachments)
    form.seen = seen
    return form

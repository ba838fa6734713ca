"""The form of a note to colleagues."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.moderation.forms.submitted import Submitted


@dataclass
class NoteForm:
    """What a moderator notes about an item."""

    words: str = ""
    key: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the field."""
        for name, codes in error.problems.items():
            # Nobody sees the key: what is wrong with it is that the page is an old one.
            known = [name] if name == "idempotency_key" else codes
            self.errors.setdefault("words", []).extend(wording.of_problem(code) for code in known)

    def renew_key(self) -> None:
        """Give the form a key of its own, as a freshly loaded one has."""
        self.key = secrets.token_urlsafe(18)


def read_note(form: Submitted) -> NoteForm:
    """Read a submitted note."""
    return NoteForm(
        words=form.get("words", "").replace("\r\n", "\n"), key=form.get("idempotency_key", "")
    )


def fresh_note() -> NoteForm:
    """Return the form as it is first shown."""
    form = NoteForm()
    form.renew_key()
    return form

"""The form in which something is taken out of a public text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.core.i18n import gettext
from consult.core.text import truncate
from consult.moderation.forms.submitted import Submitted, number

_SHOWN = 120
"""Characters of a passage in the sentence that it is not there."""


@dataclass
class RedactionForm:
    """What goes, and why."""

    passages: str = ""
    """One passage a line."""
    files: list[str] = field(default_factory=list)
    """Tokens of files that go."""
    reason: str = ""
    message: str = ""
    revision: int = 0
    """Number of the text that was shown; 0 where it was not sent."""
    action: str = "preview"
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """Return the passages."""
        return [line.strip() for line in self.passages.split("\n") if line.strip()]

    def refuse(self, error: Invalid, *, unknown: Sequence[str] = ()) -> None:
        """Take over the problems of a service; `unknown` are passages that are not in the text."""
        for name, codes in error.problems.items():
            for code in codes:
                self.errors.setdefault(name, []).extend(_sentences(code, unknown))


def _sentences(code: str, unknown: Sequence[str]) -> list[str]:
    if code != "passage-unknown" or not unknown:
        return [wording.of_problem(code)]
    return [
        gettext(
            "“%(words)s” does not stand in the text. Please copy the words from it.",
            words=truncate(one, limit=_SHOWN),
        )
        for one in unknown
    ]


def read_redaction(form: Submitted) -> RedactionForm:
    """Read a submitted form; what cannot be read is kept as it was typed."""
    return RedactionForm(
        passages=form.get("passages", "").replace("\r\n", "\n"),
        files=[token[:32] for token in form.getlist("files")],
        reason=form.get("reason", "")[:32],
        message=form.get("message", "").replace("\r\n", "\n"),
        revision=number(form.get("revision", "")) or 0,
        action="redact" if form.get("action", "") == "redact" else "preview",
    )

"""The form in which a moderator decides on one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from consult.core import wording
from consult.core.errors import Invalid
from consult.moderation.forms.submitted import Submitted, number
from consult.moderation.queries.items import Item
from consult.moderation.states import OF_THE_FORM, Verdict

ACTIONS = ("decide", "preview", "claim")
"""What the buttons of the form do; the last one keeps the item and everything that was typed."""


@dataclass
class DecisionForm:
    """The form in which a moderator decides."""

    verdict: str = ""
    reason: str = ""
    message: str = ""
    revision: int = 0
    """Number of the text that was shown; 0 where it was not sent."""
    published_revision: int | None = None
    language: str | None = None
    """None where the form did not offer it."""
    objectives: list[str] | None = None
    action: str = "decide"
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """Return what was typed, by field."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "message": self.message,
            "language": self.language,
            "objectives": self.objectives or [],
        }

    @property
    def chosen(self) -> Verdict | None:
        """Return the verdict, None where none of ours was chosen."""
        return Verdict(self.verdict) if self.verdict in OF_THE_FORM else None

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """Return the objectives by number; what is no number is an unknown one."""
        if self.objectives is None:
            return None
        return tuple(int(n) if n.isdecimal() and len(n) < 6 else 0 for n in self.objectives)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)

    def check(self) -> bool:
        """Note what is missing before any service can be asked; return whether nothing is."""
        if self.chosen is None:
            self.refuse(Invalid({"verdict": ["verdict-missing"]}))
        if not self.revision:
            self.refuse(Invalid({"revision": ["revision-missing"]}))
        return not self.errors


def read(form: Submitted) -> DecisionForm:
    """Read a submitted decision; what cannot be read is kept as it was typed."""
    has_corrections = "language" in form
    return DecisionForm(
        verdict=form.get("verdict", ""),
        reason=form.get("reason", "")[:32],
        message=form.get("message", "").replace("\r\n", "\n"),
        revision=number(form.get("revision", "")) or 0,
        published_revision=number(form.get("published_revision", "")),
        language=form.get("language", "") if has_corrections else None,
        objectives=form.getlist("objectives") if has_corrections else None,
        action=action if (action := form.get("action", "")) in ACTIONS else "decide",
    )


def fresh(item: Item) -> DecisionForm:
    """Return the form as it is first shown: nothing decided, everything else as it stands."""
    return DecisionForm(
        revision=item.shown.number,
        published_revision=item.published_number,
        language=item.language,
        objectives=[str(number) for number in item.objectives],
    )


def reason_options(item: Item, *, empty: str) -> Sequence[tuple[str, str]]:
    """Return the choices of the reason select, beginning with none."""
    return [("", empty), *((reason.code, str(reason.label)) for reason in item.reasons)]

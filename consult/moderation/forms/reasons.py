"""The form in which organisers add a reason or change its words."""

from __future__ import annotations

from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES
from consult.moderation.forms.submitted import Submitted
from consult.moderation.queries.reasons import ReasonRow
from consult.moderation.services.reasons import SaidReason

NAMES = ("label", "explanation")
LONGEST = 2000
"""Characters of a field that are shown again; none takes as many."""


@dataclass
class ReasonForm:
    """A reason as it was typed; `seen` is the mark of the words that were shown."""

    code: str = ""
    values: dict[str, str] = field(default_factory=dict)
    seen: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def said(self) -> SaidReason:
        """Return name and explanation by language."""
        label, explanation = (
            {code: self.values.get(f"{name}_{code}", "") for code in LOCALES} for name in NAMES
        )
        return SaidReason(label=label, explanation=explanation)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)


def read_reason(form: Submitted) -> ReasonForm:
    """Read a submitted reason as it was typed."""
    return ReasonForm(
        code=form.get("code", "").strip()[:LONGEST],
        values={
            f"{name}_{code}": form.get(f"{name}_{code}", "").replace("\r\n", "\n")[:LONGEST]
            for name in NAMES
            for code in LOCALES
        },
        seen=form.get("seen", "")[:64],
    )


def of_reason(row: ReasonRow) -> ReasonForm:
    """Return the form with the words of a reason as they stand."""
    texts = {"label": row.label.texts, "explanation": row.explanation.texts}
    values = {f"{name}_{code}": texts[name].get(code, "") for name in NAMES for code in LOCALES}
    return ReasonForm(code=row.code, values=values, seen=row.mark)

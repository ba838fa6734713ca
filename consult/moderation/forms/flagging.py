"""The form in which a reader reports a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.moderation.forms.submitted import Submitted
from consult.spaces.models import Reason


@dataclass
class FlagForm:
    """What is wrong with a text, as a reader says it."""

    reason: str = ""
    words: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)


def read_flag(form: Submitted) -> FlagForm:
    """Read a submitted report."""
    return FlagForm(
        reason=form.get("reason", "")[:32], words=form.get("words", "").replace("\r\n", "\n")
    )


def flag_options(reasons: Sequence[Reason]) -> list[tuple[str, str]]:
    """Return the choices of the reason."""
    return [(reason.code, str(reason.label)) for reason in reasons]

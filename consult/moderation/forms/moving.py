"""The form in which a contribution is moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.core.i18n import gettext
from consult.moderation.forms.submitted import Submitted, number
from consult.moderation.queries.targets import Target
from consult.spaces.models import Reason

USUAL = "wrong-consultation"
"""The reason for which texts are moved, where the catalogue has it."""

Group = tuple[str, list[tuple[str, str]]]
"""Name of a consultation, and values with their words."""


@dataclass
class MoveForm:
    """Where it goes, and why."""

    target: str = ""
    reason: str = ""
    message: str = ""
    revision: int = 0
    """Number of the text that was shown; 0 where it was not sent."""
    place: str = ""
    """Where it stood then, as `queries.targets.place_code` says it; empty where it was not sent."""
    errors: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)


def read_move(form: Submitted) -> MoveForm:
    """Read a submitted form; what cannot be read is kept as it was typed."""
    return MoveForm(
        target=form.get("target", "")[:100],
        reason=form.get("reason", "")[:32],
        message=form.get("message", "").replace("\r\n", "\n"),
        revision=number(form.get("revision", "")) or 0,
        place=form.get("place", "")[:100],
    )


def fresh_move(reasons: Iterable[Reason], *, revision: int, place: str) -> MoveForm:
    """Return the form as it is first shown."""
    has_usual = any(one.code == USUAL for one in reasons)
    return MoveForm(reason=USUAL if has_usual else "", revision=revision, place=place)


def target_groups(targets: Sequence[Target]) -> list[Group]:
    """Return the choices of the target by consultation; questions of participants go to one."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in targets:
        name = f"{one.space.kicker} – {one.space.title}"
        groups.setdefault(name, []).append((one.value, _words(one) or name))
    return list(groups.items())


def _words(target: Target) -> str:
    if target.question is None:
        return ""
    named = gettext("Question %(number)s", number=target.question.number)
    return f"{named}: {target.words}" if target.words else named

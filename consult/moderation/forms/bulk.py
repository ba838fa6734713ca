"""The form in which a moderator decides several texts of the queue in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.moderation.forms.submitted import Submitted, number
from consult.moderation.queries.bulk import Chosen
from consult.moderation.states import ON_PENDING, Verdict
from consult.spaces.models import Reason


@dataclass
class BulkForm:
    """What was chosen in the queue, and what is to become of it."""

    items: list[str] = field(default_factory=list)
    """As they stand in the boxes: receipt, colon, number of the text that was shown."""
    verdict: str = ""
    reason: str = ""
    message: str = ""
    action: str = "decide"
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def chosen_verdict(self) -> Verdict | None:
        """Return the verdict, None where none was chosen that is given to several texts."""
        return Verdict(self.verdict) if self.verdict in ON_PENDING else None

    @property
    def chosen(self) -> list[Chosen]:
        """Return the texts, each once; what cannot be read names a text that nobody has."""
        read = (_chosen(item) for item in dict.fromkeys(self.items))
        return list({one.name: one for one in read}.values())

    def has(self, name: str, revision: int) -> bool:
        """Whether a line of the queue was chosen."""
        return f"{name}:{revision}" in self.items

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)


def read_bulk(form: Submitted) -> BulkForm:
    """Read a submitted choice; what cannot be read is kept as it was typed."""
    return BulkForm(
        items=list(dict.fromkeys(item[:64] for item in form.getlist("items"))),
        verdict=form.get("verdict", "")[:16],
        reason=form.get("reason", "")[:32],
        message=form.get("message", "").replace("\r\n", "\n"),
        action="preview" if form.get("action", "") == "preview" else "decide",
    )


def read_left_out(values: Sequence[str]) -> list[Chosen]:
    """Read from an address which of the chosen texts were left out."""
    return [_chosen(value[:64]) for value in dict.fromkeys(values)]


def fresh_bulk() -> BulkForm:
    """Return the form as it is first shown."""
    return BulkForm()


def bulk_reasons(reasons: Sequence[Reason], *, empty: str) -> list[tuple[str, str]]:
    """Return the choices of the reason select, each code once, beginning with none."""
    return [("", empty), *{reason.code: str(reason.label) for reason in reasons}.items()]


def _chosen(item: str) -> Chosen:
    name, _colon, revision = item.partition(":")
    return Chosen(name=name, revision=number(revision) or 0)

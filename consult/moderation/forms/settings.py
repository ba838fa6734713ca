"""The form in which organisers say how the desk of a space works."""

from __future__ import annotations

from dataclasses import dataclass, field

from consult.core import wording
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES
from consult.moderation.forms.submitted import Submitted
from consult.moderation.queries.settings import DeskSettings
from consult.moderation.services.settings import Wanted

_PLAIN = ("mode", "newcomer_texts", "claims", "remind_after", "escalate_after")
LONGEST = 40_000
"""Characters of a list that are read: more than two hundred words of eighty."""


@dataclass
class SettingsForm:
    """What was typed, by field; `seen` is the mark of the settings that were shown."""

    values: dict[str, str] = field(default_factory=dict)
    trusted: list[str] = field(default_factory=list)
    seen: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def wanted(self) -> Wanted:
        """Return what is handed to the service, which checks it."""
        return Wanted(
            **{name: self.values[name].strip() for name in _PLAIN},
            watch_words={code: self.values[f"watch_{code}"] for code in LOCALES},
            trusted=self.trusted,
        )

    def refuse(self, error: Invalid) -> None:
        """Take over the problems of a service as sentences beside the fields."""
        for name, codes in error.problems.items():
            self.errors.setdefault(name, []).extend(wording.of_problem(code) for code in codes)


def read_settings(form: Submitted) -> SettingsForm:
    """Read submitted settings as they were typed."""
    values = {name: form.get(name, "")[:40] for name in _PLAIN}
    values |= {
        f"watch_{code}": form.get(f"watch_{code}", "").replace("\r\n", "\n")[:LONGEST]
        for code in LOCALES
    }
    return SettingsForm(
        values=values, trusted=form.getlist("trusted")[:1000], seen=form.get("seen", "")[:64]
    )


def of_settings(settings: DeskSettings) -> SettingsForm:
    """Return the form as it is first shown: everything as it stands."""
    values = {
        "mode": settings.mode.value,
        "newcomer_texts": str(settings.newcomer_texts),
        "claims": settings.claims.value,
        "remind_after": _hours(settings.remind_after),
        "escalate_after": _hours(settings.escalate_after),
    }
    values |= {f"watch_{code}": "\n".join(settings.watch_words.get(code, ())) for code in LOCALES}
    return SettingsForm(values=values, trusted=list(settings.trusted), seen=settings.mark)


def _hours(number: int | None) -> str:
    return "" if number is None else str(number)

"""Reading the forms of whoever follows something, and of organisers who announce something."""

from __future__ import annotations

from collections.abc import Mapping

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.core.i18n import LOCALES, pgettext
from consult.core.i18n import gettext as _
from consult.notifications.services.announcing import BODY_LIMIT
from consult.notifications.states import Rhythm

ANNOUNCEMENT = tuple(f"{part}_{code}" for code in LOCALES for part in ("subject", "body"))
MOST_SHOWN = 2 * BODY_LIMIT
"""Characters of a text that are shown again."""


def rhythm_options() -> list[tuple[str, str]]:
    """Return the rhythms with their words, the most frequent first."""
    return [
        (Rhythm.AT_ONCE.value, pgettext("rhythm of mails", "At once, each text in a mail")),
        (Rhythm.DAILY.value, pgettext("rhythm of mails", "Every day, in one mail")),
        (Rhythm.WEEKLY.value, pgettext("rhythm of mails", "Every week, on Monday")),
        (Rhythm.NONE.value, pgettext("rhythm of mails", "Never")),
    ]


def short_rhythm_options() -> list[tuple[str, str]]:
    """Return the rhythms in single words, for lists."""
    return [
        (Rhythm.AT_ONCE.value, pgettext("rhythm of mails", "At once")),
        (Rhythm.DAILY.value, pgettext("rhythm of mails", "Daily")),
        (Rhythm.WEEKLY.value, pgettext("rhythm of mails", "Weekly")),
        (Rhythm.NONE.value, pgettext("rhythm of mails", "Never")),
    ]


def read_follow(sent: Mapping[str, str]) -> Form:
    """Read `rhythm`; whether it is one is for the service to say."""
    form = account_forms.read(sent, ("rhythm",))
    form.require("rhythm")
    return form


def read_announcement(sent: Mapping[str, str]) -> Form:
    """Read subject and text in each language, and the key that keeps it from being sent twice."""
    form = account_forms.read(sent, ("idempotency_key",))
    for name in ANNOUNCEMENT:
        form.values[name] = sent.get(name, "").replace("\x00", "").strip()[:MOST_SHOWN]
    return form


def announcement_parts(form: Form) -> tuple[dict[str, str], dict[str, str]]:
    """Return subjects and texts by language."""
    return (
        {code: form.values[f"subject_{code}"] for code in LOCALES},
        {code: form.values[f"body_{code}"] for code in LOCALES},
    )


def expired() -> str:
    """Return the sentence for a form whose protection token is missing or old."""
    return str(_("This page was open for too long. Please check the form and send it again."))

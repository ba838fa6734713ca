"""Rules about names, addresses, languages and time zones of accounts; pure."""

from __future__ import annotations

import unicodedata
import zoneinfo
from functools import cache

from email_validator import EmailNotValidError, validate_email

from consult.core.i18n import LOCALES
from consult.core.names import NameProblem, check_name

MAX_EMAIL = 254
MAX_NAME = 200
_NAME_CODES = {
    NameProblem.TOO_LONG: "too-long",
    NameProblem.CONTROL: "name-characters",
    NameProblem.BIDI: "name-characters",
    NameProblem.INVISIBLE: "name-characters",
    NameProblem.MIXED_SCRIPTS: "name-scripts",
    NameProblem.RESERVED: "name-reserved",
}
_PLACES = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


def name_problem(text: str, *, missing: str = "missing") -> str | None:
    """Return what is wrong with a name of a person or organisation as a problem code, or None.

    `missing` is the code for no name at all: `name-missing` asks people for their own.
    """
    problem = check_name(text.strip(), limit=MAX_NAME)
    if problem is NameProblem.EMPTY:
        return missing
    return None if problem is None else _NAME_CODES[problem]


def email_problem(text: str, *, missing: str = "missing") -> str | None:
    """Return what is wrong with an address as a problem code, or None; nothing is looked up.

    `missing` is the code for no address at all: `email-missing` asks people for their own.
    """
    if not text.strip():
        return missing
    if len(text) > MAX_EMAIL:
        return "email-invalid"
    try:
        validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return "email-invalid"
    return None


def email_key(text: str) -> str:
    """Return the form in which addresses are compared: NFKC and case folded."""
    folded = unicodedata.normalize("NFKC", text.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)[:MAX_EMAIL]


def is_locale(code: str) -> bool:
    """Whether it is one of our languages."""
    return code in LOCALES


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of time zones that people live in, and UTC, in order."""
    names = zoneinfo.available_timezones()
    return ("UTC", *sorted(name for name in names if name.startswith(_PLACES)))

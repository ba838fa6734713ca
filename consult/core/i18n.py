"""Three equal languages: locale choice, catalogues, translated texts of the definition."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.dates import format_skeleton, get_timezone_location
from babel.numbers import format_decimal
from flask import Flask, g, has_request_context
from flask_babel import Babel, force_locale, get_locale
from flask_babel import gettext as gettext
from flask_babel import lazy_gettext as lazy_gettext
from flask_babel import ngettext as ngettext
from flask_babel import pgettext as pgettext
from sqlalchemy import JSON, TypeDecorator
from sqlalchemy.engine import Dialect

LOCALES = ("en", "fr", "es")
DEFAULT_LOCALE = "en"
LANGUAGE_NAMES: Mapping[str, str] = MappingProxyType(
    {"en": "English", "fr": "Français", "es": "Español"}
)
"""Each language by its own name; never translated."""
DEFAULT_ZONE = "America/New_York"

babel = Babel()


def N_(text: str) -> str:  # noqa: N802 - the name that message extraction knows
    """Mark a text for translation without translating it here."""
    return text


def init_app(app: Flask, *, translations: Path) -> None:
    """Bind Flask-Babel; the locale is the one in the URL, never the browser's."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(translations)
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LOCALE
    babel.init_app(app, locale_selector=_locale_of_request)


def _locale_of_request() -> str:
    if has_request_context():
        return cast(str, g.get("locale", DEFAULT_LOCALE))
    return DEFAULT_LOCALE


def locale() -> str:
    """Return the current locale, one of `LOCALES`."""
    current = get_locale()
    code = str(current.language) if current is not None else DEFAULT_LOCALE
    return code if code in LOCALES else DEFAULT_LOCALE


def in_locale(code: str) -> AbstractContextManager[None]:
    """Speak another language inside the block; mails use it."""
    return cast(AbstractContextManager[None], force_locale(code))


def language_label(code: str | None) -> str:
    """Return the name of a text's language in the current locale."""
    labels = {"en": gettext("English"), "fr": gettext("French"), "es": gettext("Spanish")}
    return str(labels.get(code or "", gettext("Language not stated")))


def best_locale(wanted: list[str]) -> str:
    """Return the first of the wanted language tags that we speak, else the default."""
    for tag in wanted:
        code = tag.split("-")[0].lower()
        if code in LOCALES:
            return code
    return DEFAULT_LOCALE


# Dates and numbers -------------------------------------------------------------------------


def zone(name: str | None) -> zoneinfo.ZoneInfo:
    """Return the named time zone; an unknown or missing name gives the default one."""
    try:
        return zoneinfo.ZoneInfo(name or DEFAULT_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(DEFAULT_ZONE)


def zone_words(name: str | None) -> str:
    """Return a zone's name for people: “New York time”."""
    city = get_timezone_location(zone(name), locale=locale(), return_city=True)
    return str(gettext("%(city)s time", city=city))


def format_instant(instant: dt.datetime, zone_name: str | None = None) -> str:
    """Return date and hour in the zone, in the current locale."""
    hour = babel_datetime(instant, "HH:mm", tzinfo=zone(zone_name), locale=_date_locale())
    return f"{format_day(instant, zone_name)}, {hour}"


def format_day(instant: dt.datetime | dt.date, zone_name: str | None = None) -> str:
    """Return the day in words: 31 January 2026, 1er janvier 2026, 31 de enero de 2026."""
    if isinstance(instant, dt.datetime):
        instant = instant.astimezone(zone(zone_name)).date()
    return str(babel_date(instant, _day_pattern(instant), locale=_date_locale()))


def format_weekday(instant: dt.datetime, zone_name: str | None = None) -> str:
    """Return weekday, day and hour in the zone: Saturday 31 January 2026, 23:59."""
    there = instant.astimezone(zone(zone_name))
    weekday = babel_date(there.date(), "EEEE", locale=_date_locale())
    return f"{weekday} {format_instant(instant, zone_name)}"


def _day_pattern(day: dt.date) -> str:
    if locale() == "es":
        return "d 'de' MMMM 'de' y"
    return "d'er' MMMM y" if locale() == "fr" and day.day == 1 else "d MMMM y"


def format_month(instant: dt.datetime) -> str:
    """Return month and year."""
    return str(format_skeleton("yMMMM", instant, locale=_date_locale()))


def format_number(number: float) -> str:
    """Return the number with the locale's separators."""
    return str(format_decimal(number, locale=_date_locale()))


def _date_locale() -> Locale:
    return Locale.parse("en_GB" if locale() == "en" else locale())


# Texts of the definition -------------------------------------------------------------------


@dataclass(frozen=True)
class Translated:
    """One text in several languages, and per language where it comes from.

    Provenance is `verified` (seen in an official text), `recalled` (believed official, not
    seen) or `ours` (our own translation).
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def in_(self, code: str) -> str:
        """Return the text in a language, else in the first language there is."""
        return self.texts.get(self.language_for(code), "")

    def language_for(self, code: str) -> str:
        """Return the language that `in_` answers in; a template shows a fallback as such."""
        if self.texts.get(code):
            return code
        return next((other for other in LOCALES if self.texts.get(other)), code)

    def is_complete(self) -> bool:
        """Whether every language is there."""
        return all(self.texts.get(code) for code in LOCALES)

    def __str__(self) -> str:
        return self.in_(locale())

    def __bool__(self) -> bool:
        return any(self.texts.values())


class TranslatedText(TypeDecorator[Translated]):
    """Column of a `Translated`: `{"en": …, "fr": …, "es": …, "provenance": {…}}`."""

    impl = JSON
    cache_ok = True

    def process_bind_param(
        self, value: Translated | None, dialect: Dialect
    ) -> dict[str, Any] | None:
        """Return the JSON object."""
        if value is None:
            return None
        return {**value.texts, "provenance": dict(value.provenance)}

    def process_result_value(
        self, value: dict[str, Any] | None, dialect: Dialect
    ) -> Translated | None:
        """Return the texts with their provenance."""
        if value is None:
            return None
        texts = {code: text for code, text in value.items() if code != "provenance"}
        return Translated(texts=texts, provenance=value.get("provenance") or {})

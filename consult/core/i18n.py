"""Three equal languages: locale choice, catalogues, translated texts of the definition."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import get_timezone_location
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_app_context
from flask_babel import Babel, force_locale
from flask_babel import lazy_gettext as lazy_gettext
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
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


class Catalogue:
    """The translations of one language, read once for an application."""

    def __init__(self, folder: Path, code: str) -> None:
        self.translations = Translations.load(str(folder), [code])
        self.in_pages: dict[str, Markup] = {}
        """Sentences as pages take them: what stands in a catalogue is markup."""


@dataclass
class _Catalogues:
    folder: Path
    by_code: dict[str, Catalogue] = field(default_factory=dict)


_NO_TRANSLATIONS = NullTranslations()


def init_app(app: Flask, *, translations: Path) -> None:
    """Bind Flask-Babel; the locale is the one in the URL, never the browser's."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(translations)
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LOCALE
    babel.init_app(app, locale_selector=locale)
    app.extensions["consult.catalogues"] = _Catalogues(translations)
    install_in_templates(app)


def install_in_templates(app: Flask) -> None:
    """Give templates the functions of this module instead of those of the extension.

    The extension asks for locale, domain and catalogue anew for each sentence, which took a
    fifth of a page's time.
    """
    environment = cast(Any, app.jinja_env)
    environment.install_gettext_callables(
        gettext=lambda text: _translations().gettext(text),
        ngettext=lambda one, many, number: _translations().ngettext(one, many, number),
        pgettext=lambda context, text: _translations().pgettext(context, text),
        newstyle=True,
    )
    environment.globals["_"] = _in_template


def locale() -> str:
    """Return the current locale, one of `LOCALES`."""
    return cast(str, g.get("locale", DEFAULT_LOCALE)) if has_app_context() else DEFAULT_LOCALE


@contextmanager
def in_locale(code: str) -> Iterator[None]:
    """Speak another language inside the block; mails use it."""
    if not has_app_context():
        yield
        return
    before = g.get("locale")
    g.locale = code
    try:
        with force_locale(code):
            yield
    finally:
        if before is None:
            g.pop("locale")
        else:
            g.locale = before


def _catalogue() -> Catalogue | None:
    if not has_app_context():
        return None
    kept: _Catalogues = current_app.extensions["consult.catalogues"]
    code = locale()
    found = kept.by_code.get(code)
    if found is None:
        found = kept.by_code[code] = Catalogue(kept.folder, code)
    return found


def _translations() -> NullTranslations:
    catalogue = _catalogue()
    return catalogue.translations if catalogue else _NO_TRANSLATIONS


def gettext(text: str, **values: Any) -> str:
    """Return a sentence in the current locale, its named placeholders filled."""
    found = str(_translations().gettext(text))
    return found % values if values else found


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """Return the sentence for a number in the current locale; `num` is a placeholder too."""
    return str(_translations().ngettext(one, many, num)) % {"num": num, **values}


def pgettext(context: str, text: str, **values: Any) -> str:
    """Return a sentence that is ambiguous without its context, in the current locale."""
    found = str(_translations().pgettext(context, text))
    return found % values if values else found


@pass_eval_context
def _in_template(eval_ctx: EvalContext, text: str, **values: Any) -> str:
    """Translate for a template as Jinja's own function does; values are escaped."""
    catalogue = _catalogue()
    if catalogue is None or not eval_ctx.autoescape:
        return str(_translations().gettext(text)) % values
    kept = catalogue.in_pages.get(text)
    if kept is None:
        kept = Markup(catalogue.translations.gettext(text))  # noqa: S704 - the catalogue is ours
        catalogue.in_pages[text] = kept
    return kept % values if values or "%" in kept else kept


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
    if zone(name).key == "UTC":
        return gettext("Coordinated Universal Time (UTC)")
    return gettext("%(city)s time", city=zone_city(name))


def zone_city(name: str | None) -> str:
    """Return the city that a zone is named after, in the current locale."""
    return _city(zone(name).key, locale())


@cache
def _city(zone_name: str, code: str) -> str:
    return str(get_timezone_location(zone(zone_name), locale=code, return_city=True))


def format_instant(instant: dt.datetime, zone_name: str | None = None) -> str:
    """Return date and hour in the zone, in the current locale."""
    there = instant.astimezone(zone(zone_name))
    return f"{_day_in_words(there.date(), locale())}, {there:%H:%M}"


def format_day(instant: dt.datetime | dt.date, zone_name: str | None = None) -> str:
    """Return the day in words: 31 January 2026, 1er janvier 2026, 31 de enero de 2026."""
    if isinstance(instant, dt.datetime):
        instant = instant.astimezone(zone(zone_name)).date()
    return _day_in_words(instant, locale())


@lru_cache(maxsize=4096)
def _day_in_words(day: dt.date, code: str) -> str:
    if code == "es":
        pattern = "d 'de' MMMM 'de' y"
    else:
        pattern = "d'er' MMMM y" if code == "fr" and day.day == 1 else "d MMMM y"
    return str(babel_date(day, pattern, locale=_date_locale()))


def format_month(month: str) -> str:
    """Return a month such as 2026-11 in words: November 2026, novembre 2026, noviembre de 2026."""
    pattern = "MMMM 'de' y" if locale() == "es" else "MMMM y"
    return str(babel_date(dt.date.fromisoformat(f"{month}-01"), pattern, locale=_date_locale()))


def format_weekday(instant: dt.datetime, zone_name: str | None = None) -> str:
    """Return weekday, day and hour in the zone: Saturday 31 January 2026, 23:59."""
    there = instant.astimezone(zone(zone_name))
    weekday = babel_date(there.date(), "EEEE", locale=_date_locale())
    return f"{weekday} {format_instant(instant, zone_name)}"


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

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return the reader of a column; SQLite's texts are decoded once for many rows."""
        read = super().result_processor(dialect, coltype)
        if read is None or dialect.name != "sqlite":
            return read
        return lru_cache(maxsize=1024)(read)

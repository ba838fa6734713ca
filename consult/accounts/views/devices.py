"""Names of browsers and systems, in short, from what a browser says of itself; pure."""

from __future__ import annotations

from consult.core.i18n import gettext as _

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
"""Signs of browsers; many also bear the signs of those that stand after them."""
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
"""Signs of systems; an iPhone says that it is like Mac OS X, Android that it is Linux."""


def in_words(agent: str) -> str:
    """Return “Firefox on Windows” for the line that a browser sends, as far as it can be known."""
    browser = _first(BROWSERS, agent)
    system = _first(SYSTEMS, agent)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    if browser or system:
        return browser or system or ""
    return _("An unknown browser")


def _first(signs: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for sign, name in signs if sign in agent), None)

"""What every page knows: context of templates, filters, and the error pages.

Domain errors are mapped to HTTP here, once.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from consult.core import clock, i18n, wording
from consult.core.authz import VISITOR, Actor, Role
from consult.core.db import db
from consult.core.errors import (
    Forbidden,
    Gone,
    Invalid,
    NotVisible,
    Refusal,
    RepeatedKey,
    StaleState,
    TooMany,
)
from consult.core.i18n import gettext as _
from consult.core.i18n import pgettext
from consult.notifications.queries.bounces import TroubledAddress, trouble_of
from consult.spaces.queries import current_forum

log = structlog.get_logger("consult.pages")

KEPT_FIELDS = ("body", "message", "name", "words")
"""Fields whose words an error page gives back."""
WAYS = {
    Refusal.NO_AUTHOR: ("spaces.affiliation", i18n.lazy_gettext("Say for whom you speak")),
    Refusal.NOT_APPROVED: (
        "spaces.affiliation",
        i18n.lazy_gettext("See where my request stands"),
    ),
    Refusal.SECOND_FACTOR: ("accounts.security", i18n.lazy_gettext("Switch on the second step")),
    Refusal.NO_CONSENT: ("spaces.consents", i18n.lazy_gettext("Read it and agree")),
}
"""Where somebody who was refused can do something about it, and what the way there says."""
RETRY_AFTER = 5
"""Seconds after which a page that met a busy database may be asked for again."""


def init_app(app: Flask) -> None:
    """Bind context, filters and error pages to the application."""
    release = _release(Path(app.static_folder or ""))
    app.extensions["consult.release"] = release
    static = f"{app.static_url_path}/%s?v={release}"
    app.jinja_env.globals["static_url"] = lambda name: static % name
    app.jinja_env.globals["mail_trouble"] = _mail_trouble
    app.context_processor(lambda: _context(release))
    app.add_template_filter(i18n.format_instant, "instant")
    app.add_template_filter(i18n.format_day, "day")
    app.add_template_filter(i18n.format_weekday, "weekday")
    app.add_template_filter(i18n.format_number, "number")
    app.add_template_filter(i18n.language_label, "language_label")
    app.add_template_filter(i18n.zone_city, "zone_city")
    app.add_template_filter(clock.iso, "iso")
    app.register_error_handler(Forbidden, _forbidden)
    app.register_error_handler(NotVisible, lambda _error: _page(404))
    app.register_error_handler(Gone, lambda _error: _page(410))
    app.register_error_handler(StaleState, _stale)
    app.register_error_handler(RepeatedKey, _repeated)
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(CSRFError, lambda _error: _page(400, template="csrf"))
    # Numbers and characters that no column takes: NUL on PostgreSQL, integers beyond 64 bits.
    app.register_error_handler(DataError, lambda _error: _page(400))
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(500, _broken)


def _release(static: Path) -> str:
    """Return a string that changes when a static file does; part of addresses and ETags."""
    digest = hashlib.sha256()
    for path in sorted(static.glob("**/*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _context(release: str) -> dict[str, Any]:
    who = g.get("actor", VISITOR)
    return {
        "locale": i18n.locale(),
        "languages": _languages(),
        "actor": who,
        "forum": _forum(),
        "release": release,
        "nav": _navigation(who),
        "now": clock.now(),
    }


def _forum() -> Any:
    """Return the forum whose name the site carries; a view that has read it leaves it in `g`."""
    if "forum" not in g:
        g.forum = None if g.get("is_broken") else current_forum(db.session())
    return g.forum


def _mail_trouble() -> TroubledAddress | None:
    """Return what is the matter with the reader's own address; asked for by pages of an account."""
    user_id = g.get("actor", VISITOR).user_id
    return trouble_of(db.session(), user_id=user_id) if user_id else None


def _languages() -> list[tuple[str, str, str]]:
    """Return code, own name and address of the same page for each language."""
    endpoint = request.endpoint
    same_page = (
        endpoint is not None
        and not g.get("is_error")
        and request.method in {"GET", "HEAD"}
        and _speaks(endpoint)
    )
    rest = ""
    if same_page and endpoint is not None:
        here = url_for(endpoint, **{**(request.view_args or {}), "lang": i18n.locale()})
        rest = here.split("/", 2)[2]
        query = request.query_string.decode("ascii", "ignore")
        rest += f"?{query}" if query else ""
    return [(code, i18n.LANGUAGE_NAMES[code], f"/{code}/{rest}") for code in i18n.LOCALES]


def _speaks(endpoint: str) -> bool:
    """Whether the addresses of an endpoint begin with the language."""
    rules = current_app.url_map.iter_rules(endpoint)
    return any(rule.rule.startswith("/<lang>/") for rule in rules)


def _navigation(who: Actor) -> list[tuple[str, str, bool]]:
    here = request.endpoint or ""
    items = [
        (_("Consultations"), "spaces.home", here.startswith(("spaces.home", "discussion.space"))),
        (pgettext("heading", "Search"), "search.results", here.startswith("search.")),
    ]
    if who.is_signed_in:
        is_own = f"{request.path}/".startswith(f"/{i18n.locale()}/account/")
        items.append((_("My contributions"), "discussion.account", is_own))
    if who.has(Role.MODERATOR) or who.has(Role.ORGANISER):
        is_desk = here.startswith("moderation.") and here != "moderation.statistics"
        items.append((_("Moderation"), "moderation.queue", is_desk))
    elif who.has(Role.AUDITOR):
        items.append((_("Log of decisions"), "moderation.log", here == "moderation.log"))
    if who.has(Role.DRAFTER) or who.has(Role.ORGANISER):
        items.append((_("Drafting"), "drafting.desks", here.startswith("drafting.")))
    if who.has(Role.ORGANISER):
        kept = ("people", "glossary")
        is_here = request.path.startswith(tuple(f"/{i18n.locale()}/{part}" for part in kept))
        items.append((_("People"), "spaces.applications", is_here))
    known = current_app.view_functions
    return [(label, url_for(name), current) for label, name, current in items if name in known]


def kept_words() -> dict[str, str]:
    """Return what was typed into the long fields of this request, so that no page loses it."""
    if request.method != "POST":
        return {}
    try:
        form = request.form
    except HTTPException:
        return {}
    return {name: form[name] for name in KEPT_FIELDS if form.get(name)}


def _page(status: int, *, template: str | None = None, **values: Any) -> tuple[str, int]:
    g.is_error = True
    page = render_template(f"errors/{template or status}.html", kept=kept_words(), **values)
    return page, status


def _forbidden(error: Forbidden) -> Response | tuple[str, int]:
    if error.refusal is Refusal.NOT_SIGNED_IN and request.method in {"GET", "HEAD"}:
        target = request.full_path.rstrip("?")
        return redirect(url_for("accounts.sign_in") + "?next=" + quote(target, safe="/"), 303)
    way = WAYS.get(error.refusal)
    way_url = url_for(way[0], next=_way_back()) if way else None
    sentence = wording.of_refusal(error.refusal)
    return _page(403, sentence=sentence, way=way[1] if way else None, way_url=way_url)


def _way_back() -> str:
    """Return the page to come back to: the one asked for, or the one that sent this form."""
    is_asked = request.method in {"GET", "HEAD"}
    return request.path if is_asked else urlsplit(request.referrer or "").path


def _stale(error: StaleState) -> tuple[str, int]:
    texts = {"theirs": error.seen.get("theirs"), "mine": kept_words().get("body")}
    known = {name: words for name, words in texts.items() if words is not None}
    return _page(409, again_url=request.path, **known)


def _repeated(_error: RepeatedKey) -> tuple[str, int]:
    sentence = _("This form was sent before with another text. Please load the page again.")
    return _page(400, sentence=sentence)[0], 422


def _invalid(error: Invalid) -> tuple[str, int]:
    reason = " ".join(
        wording.of_problem(code) for codes in error.problems.values() for code in codes
    )
    return _page(400, reason=reason)[0], 422


def _too_many(error: TooMany) -> tuple[str, int, dict[str, str]]:
    page, status = _page(429, minutes=-(-error.retry_after // 60))
    return page, status, {"Retry-After": str(error.retry_after)}


def _busy(error: Exception) -> tuple[str, int, dict[str, str]]:
    log.warning("database busy or away", error=type(error).__name__)
    g.is_broken = True
    g.actor = VISITOR
    page, status = _page(503)
    return page, status, {"Retry-After": str(RETRY_AFTER)}


def _http(error: HTTPException) -> Any:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    known = {400, 403, 404, 409, 410, 413, 429, 500, 503}
    code = error.code if error.code in known else (404 if error.code == 405 else 400)
    page, _status = _page(code)
    headers = {"Retry-After": "60"} if error.code == 429 else {}
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        headers["Allow"] = ", ".join(sorted(allowed))
    return page, error.code, headers


def _broken(_error: Exception) -> tuple[str, int]:
    g.is_broken = True
    g.actor = VISITOR
    db.session.rollback()
    return _page(500)

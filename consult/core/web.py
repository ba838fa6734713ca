"""The edge that every page shares: locale in the URL, actor, headers, CSRF, request ids."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, current_app, g, request, session, url_for
from flask_limiter import Limiter
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config
from consult.core import bodies, clock, i18n, limits
from consult.core.authz import VISITOR, Actor, Permission, refusal
from consult.core.bodies import MAX_BODY, MAX_BODY_WITH_FILES, takes_files
from consult.core.errors import Forbidden, NotVisible, Refusal

__all__ = [
    "CSP",
    "FILE_CSP",
    "MAX_BODY",
    "MAX_BODY_WITH_FILES",
    "actor",
    "client_address",
    "config",
    "csrf",
    "init_app",
    "is_safe_target",
    "limiter",
    "needs",
    "public_url",
    "searching_limit",
    "takes_files",
]

F = TypeVar("F", bound=Callable[..., Any])

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
FILE_CSP = "default-src 'none'; sandbox"
PUBLIC_TOKENS = "/<lang>/files/"
"""Where the addresses of papers begin; their tokens are names, not secrets."""
PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), payment=(), usb=()"
)
READING_LIMIT = "600 per 5 minutes"
READING_LIMIT_OF_OFFICE = "6000 per 5 minutes"
SEARCH_LIMIT = "30 per minute"
SEARCH_LIMIT_OF_ACCOUNT = "60 per minute"
SEARCH_LIMIT_OF_OFFICE = "300 per minute"

csrf = CSRFProtect()
log = structlog.get_logger("consult.request")


def client_address() -> str:
    """Return who counts as one client for limits."""
    return limits.network(request.remote_addr or "unknown")


def _reading_limit() -> str:
    """Return how much one client may read; people of an office share their address."""
    is_office = config().is_office(request.remote_addr)
    return READING_LIMIT_OF_OFFICE if is_office else READING_LIMIT


def _searching_client() -> str:
    """Return who counts as one client for searches: an account, else an address."""
    user_id = actor().user_id
    return client_address() if user_id is None else f"account-{user_id}"


def _searching_limit() -> str:
    """Return how much one client may search, which costs more than reading."""
    if actor().user_id is not None:
        return SEARCH_LIMIT_OF_ACCOUNT
    is_office = config().is_office(request.remote_addr)
    return SEARCH_LIMIT_OF_OFFICE if is_office else SEARCH_LIMIT


limiter = Limiter(key_func=client_address, default_limits=[_reading_limit])
searching_limit = limiter.shared_limit(
    _searching_limit, scope="search", key_func=_searching_client, override_defaults=False
)
"""Counts the searches of a client, on whichever page it makes them."""


def needs(permission: Permission) -> Callable[[F], F]:
    """Declare the permission of an endpoint; one without fails a test and answers nobody."""

    def mark(view: F) -> F:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def actor() -> Actor:
    """Return who acts in this request, loaded at most once."""
    if "actor" not in g:
        load = cast(
            Callable[[], Actor], current_app.extensions.get("consult.actor", lambda: VISITOR)
        )
        g.actor = load()
    return cast(Actor, g.actor)


def config() -> Config:
    """Return the application's settings."""
    return cast(Config, current_app.extensions["consult.config"])


def public_url(endpoint: str, **values: Any) -> str:
    """Return an absolute address on the configured base URL, never on a request's host."""
    values.setdefault("lang", i18n.locale())
    return config().base_url + url_for(endpoint, **values)


def is_safe_target(target: str | None) -> bool:
    """Whether a `next` address stays on this site: one path, no host, no tricks."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return False
    if re.search(r"[\x00-\x20\\]", target):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def init_app(app: Flask) -> None:
    """Bind the edge to the application."""
    settings: Config = app.extensions["consult.config"]
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    # Before the check of the form's token, which reads the whole form.
    bodies.init_app(app, may_send_files=lambda: actor().is_signed_in)
    csrf.init_app(app)
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or "memory://"
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = bool(settings.redis_url)
    app.config["RATELIMIT_HEADERS_ENABLED"] = False
    # Made ready in any case; switched off it counts nothing.
    limiter.enabled = True
    limiter.init_app(app)
    limiter.enabled = settings.rate_limits
    limiter.request_filter(lambda: request.endpoint in {"static", "system.health", "system.ready"})
    app.url_value_preprocessor(_take_locale)
    app.url_defaults(_give_locale)
    app.before_request(_begin)
    app.after_request(_finish)


def arrived_at() -> dt.datetime:
    """Return when this request reached the application, before its body was read: by this instant
    a closing time is judged.
    """
    return cast(dt.datetime, g.arrived_at)


def _take_locale(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.arrived_at = clock.now()
    if values is None or "lang" not in values:
        return
    lang = values.pop("lang")
    if lang not in i18n.LOCALES:
        abort(404)
    g.locale = lang


def _give_locale(endpoint: str, values: dict[str, Any]) -> None:
    if "lang" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = g.get("locale", i18n.DEFAULT_LOCALE)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    g.request_id = secrets.token_hex(8)
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    _refuse_nul()
    if "locale" not in g:
        first = request.path.split("/", 2)[1] if request.path.count("/") else ""
        g.locale = first if first in i18n.LOCALES else i18n.DEFAULT_LOCALE
    if request.endpoint is None or request.endpoint == "static":
        return
    view = current_app.view_functions[request.endpoint]
    permission = getattr(view, "permission", None)
    if permission is None:
        raise NotVisible
    if permission is Permission.OPERATE:
        return
    reason = refusal(permission, actor=actor(), now=clock.now())
    if reason in {Refusal.NOT_SIGNED_IN, Refusal.UNCONFIRMED, Refusal.SUSPENDED}:
        raise Forbidden(reason)
    if reason is not None and actor().needs_second_factor:
        raise Forbidden(Refusal.SECOND_FACTOR)
    if reason is not None:
        raise NotVisible


def _refuse_nul() -> None:
    """Know of nothing whose name holds a NUL, and take it out of what was asked for.

    PostgreSQL keeps no NUL in a text; nothing that we keep has one.
    """
    if "\x00" in request.path:
        raise NotVisible
    if any("\x00" in value for _name, value in request.args.items(multi=True)):
        clean = [(n, v.replace("\x00", "")) for n, v in request.args.items(multi=True)]
        request.__dict__["args"] = ImmutableMultiDict(clean)


def _is_behind_a_token() -> bool:
    """Whether the address of the page is a secret of one reader; those of papers are public, or
    their page says otherwise.
    """
    rule = request.url_rule
    return (
        rule is not None and "token" in rule.arguments and not rule.rule.startswith(PUBLIC_TOKENS)
    )


def _finish(response: Response) -> Response:
    secure = config().is_https
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy", CSP + ("; upgrade-insecure-requests" if secure else "")
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = PERMISSIONS_POLICY
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["X-Request-Id"] = g.get("request_id", "-")
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint == "static":
        # What a script imports has no release in its address: it is asked for again each time.
        kept = "public, max-age=86400" if "v" in request.args else "no-cache"
        headers["Cache-Control"] = kept
        return response
    # The cookie is written after this; a page that changes it belongs to one reader.
    is_personal = g.get("actor", VISITOR).is_signed_in or session.modified
    if _is_behind_a_token():
        headers["X-Robots-Tag"] = "noindex"
        is_personal = True
    if is_personal or response.status_code >= 400:
        headers["Cache-Control"] = "private, no-store"
    else:
        headers.setdefault("Cache-Control", "no-cache")
    if request.method not in {"GET", "HEAD"} or response.status_code >= 500:
        log.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
        )
    return response

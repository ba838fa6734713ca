"""Pages for machines: health, readiness, metrics, robots, sitemap; and the choice at `/`."""

from __future__ import annotations

import datetime as dt
import ipaddress
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, request, url_for
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import DEFAULT_LOCALE, LOCALES, best_locale
from consult.core.web import actor, needs
from consult.operations import queries
from consult.operations.queries import PublicPage
from consult.spaces.queries import current_forum

blueprint = Blueprint("system", __name__)
"""Named `system`: the limiter passes over `system.health` and `system.ready`."""

SECURITY_EXPIRES = dt.datetime(2027, 11, 1, tzinfo=dt.UTC)
"""When somebody must have looked at `security.txt` again; renewed with a release."""
PRIVATE = ("account", "drafting", "moderation", "register", "reset", "sign-in", "sign-out")
"""First parts of addresses that no search engine needs."""
ABOUT = ("accessibility", "privacy", "disclaimer")


@blueprint.get("/")
@needs(Permission.READ)
def root() -> AnyResponse:
    """Lead to the home page in the language of the account, else in one the browser asks for."""
    wanted = [code for code, _quality in request.accept_languages]
    own = actor().locale
    lang = own if own in LOCALES else best_locale(wanted)
    response = redirect(url_for("spaces.home", lang=lang), 302)
    response.vary.add("Accept-Language")
    return response


@blueprint.get("/healthz")
@needs(Permission.OPERATE)
def health() -> Response:
    """Say that the process answers; asks nothing else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@needs(Permission.OPERATE)
def ready() -> tuple[Response, int]:
    """Say whether requests can be served: the database answers and has the code's tables."""
    try:
        migrations = queries.migrations_dir(current_app.root_path)
        state = queries.schema_state(db.session(), migrations=migrations)
    except SQLAlchemyError:
        return jsonify(status="unavailable", database=False, migrations=False), 503
    if not state.is_at_head:
        return jsonify(status="unavailable", database=True, migrations=False), 503
    return jsonify(status="ok", database=True, migrations=True), 200


@blueprint.get("/metrics")
@needs(Permission.OPERATE)
def metrics() -> Response:
    """Show figures for Prometheus, to this machine only."""
    if not _is_local():
        abort(404)
    registry = CollectorRegistry()
    for name, value in queries.figures(db.session(), now=clock.now()).items():
        Gauge(f"consult_{name}", name.replace("_", " "), registry=registry).set(value)
    body = generate_latest(REGISTRY) + generate_latest(registry)
    return Response(body, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _is_local() -> bool:
    """Whether the client is this machine; a forwarded request that nobody vouches for is not."""
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if is_forwarded and not web.config().proxies:
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


@blueprint.get("/.well-known/security.txt")
@needs(Permission.OPERATE)
def security() -> Response:
    """Say where a weakness is reported (RFC 9116)."""
    base = web.config().base_url
    forum = current_forum(db.session())
    contact = f"mailto:{forum.contact}" if forum and forum.contact else f"{base}/en/about/privacy"
    lines = (
        f"Contact: {contact}",
        f"Expires: {clock.iso(SECURITY_EXPIRES)}",
        f"Preferred-Languages: {', '.join(LOCALES)}",
        f"Canonical: {base}/.well-known/security.txt",
    )
    return _text("\n".join(lines) + "\n")


@blueprint.get("/robots.txt")
@needs(Permission.OPERATE)
def robots() -> Response:
    """Keep search engines to what is worth finding."""
    hidden = [f"Disallow: /{lang}/{part}" for lang in LOCALES for part in PRIVATE]
    lines = ["User-agent: *", *hidden, f"Sitemap: {web.config().base_url}/sitemap.xml"]
    return _text("\n".join(lines) + "\n")


@blueprint.get("/sitemap.xml")
@needs(Permission.OPERATE)
def sitemap() -> Response:
    """List the public spaces and questions in every language."""
    fixed = ["/", *(f"/about/{page}" for page in ABOUT)]
    places: list[tuple[str, dt.datetime | None]] = [(path, None) for path in fixed]
    places += [(_path(page), page.changed_at) for page in queries.public_pages(db.session())]
    entries = "".join(_entry(path, changed, lang) for path, changed in places for lang in LOCALES)
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        f"{entries}</urlset>\n"
    )
    return Response(body, content_type="application/xml; charset=utf-8")


def _path(page: PublicPage) -> str:
    space = f"/spaces/{page.slug}"
    return space if page.number is None else f"{space}/questions/{page.number}"


def _entry(path: str, changed: dt.datetime | None, lang: str) -> str:
    base = escape(web.config().base_url)
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{base}/{target}{path}"/>'
        for code, target in [*zip(LOCALES, LOCALES, strict=True), ("x-default", DEFAULT_LOCALE)]
    )
    moment = changed.replace(microsecond=0) if changed else None
    modified = f"<lastmod>{clock.iso(moment)}</lastmod>" if moment else ""
    return f"<url><loc>{base}/{lang}{path}</loc>{modified}{others}</url>\n"


def _text(body: str) -> Response:
    return Response(body, content_type="text/plain; charset=utf-8")

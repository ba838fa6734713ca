"""The composition root: everything is bound together here and nowhere else."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy.orm import Session

import config as settings
from consult import cli, pages
from consult.accounts import login
from consult.accounts import models as accounts_models
from consult.accounts import views as accounts_views
from consult.core import audit, clock, db, i18n, idempotency, limits, logs, outbox, web
from consult.core.authz import VISITOR, Actor
from consult.core.ports import Ports
from consult.core.storage import FileStorage
from consult.discussion import handlers as discussion_handlers
from consult.discussion import models as discussion_models
from consult.discussion import views as discussion_views
from consult.discussion.documents import Contributions
from consult.discussion.fragments import Fragments
from consult.discussion.papers.scanning import Clamd
from consult.drafting import models as drafting_models
from consult.drafting import views as drafting_views
from consult.moderation import models as moderation_models
from consult.moderation import views as moderation_views
from consult.moderation.queries.appeals import opened_to
from consult.moderation.queries.decisions import decision_facts
from consult.moderation.queries.words import decision_words
from consult.notifications import handlers as notifications_handlers
from consult.notifications import mailer, rendering
from consult.notifications import models as notifications_models
from consult.operations import handlers as operations_handlers
from consult.operations import views as operations_views
from consult.search import handlers as search_handlers
from consult.search import mentions, sync
from consult.search import views as search_views
from consult.search.backends.whoosh import WhooshBackend
from consult.spaces import models as spaces_models
from consult.spaces import queries as space_queries
from consult.spaces import views as spaces_views

ROOT = Path(__file__).resolve().parent.parent

TABLES = (
    audit,
    idempotency,
    limits,
    outbox,
    accounts_models,
    spaces_models,
    discussion_models,
    moderation_models,
    notifications_models,
    drafting_models,
)
"""Modules with tables, named so that their tables are known to migrations."""

PAGES = (
    operations_views,
    accounts_views,
    spaces_views,
    discussion_views,
    moderation_views,
    search_views,
    drafting_views,
)


def create_app(config: settings.Config | None = None) -> Flask:
    """Return the application; settings come from the environment unless given."""
    config = config or settings.from_environment()
    app = Flask(
        "consult",
        root_path=str(ROOT / "consult"),
        static_folder="static",
        template_folder=str(ROOT / "templates"),
    )
    _configure(app, config)
    logs.set_up(as_json=not sys.stderr.isatty())
    app.extensions["consult.config"] = config
    app.extensions["consult.storage"] = FileStorage(config.blob_dir)
    app.extensions["consult.search"] = WhooshBackend(config.index_dir)
    app.extensions["consult.actor"] = load_actor
    app.extensions["consult.fragments"] = Fragments()
    db.init_app(app, migrations=str(ROOT / "migrations"))
    i18n.init_app(app, translations=ROOT / "translations")
    login.init_app(app)
    web.init_app(app)
    pages.init_app(app)
    _bind(app, config)
    for views in PAGES:
        app.register_blueprint(views.blueprint)
    cli.register(app)
    return app


def _bind(app: Flask, config: settings.Config) -> None:
    """Hand each feature what it wants from above its floor, and subscribe the reactions."""
    ports = Ports(decision_words=decision_words, suggester=mentions.suggest)
    ports.documents["contributions"] = Contributions()
    app.extensions["consult.ports"] = ports
    operations_handlers.register(outbox.reactions)
    discussion_handlers.register(
        outbox.reactions,
        storage=app.extensions["consult.storage"],
        scanner=Clamd(config.clamd_url) if config.clamd_url else None,
        holds=config.holds_unscanned,
    )
    app.extensions["consult.checks"] = {"search": _check_search}
    search_handlers.register(
        outbox.reactions,
        backend=app.extensions["consult.search"],
        sources=ports.documents.values(),
    )
    notifications_handlers.register(
        outbox.reactions,
        mailer=mailer.make_mailer(mail_url=config.mail_url, mail_dir=config.mail_dir),
        render=rendering.make_renderer(),
        decision_facts=decision_facts,
    )


def _check_search(session: Session, _now: dt.datetime) -> Iterator[str]:
    """Compare the index with the database, for `flask doctor`."""
    ports: Ports = current_app.extensions["consult.ports"]
    backend = current_app.extensions["consult.search"]
    yield from sync.problems(session, backend=backend, sources=ports.documents.values())


def load_actor() -> Actor:
    """Return who acts in this request: two statements for somebody signed in, three for moderators
    and organisers, none for others.
    """
    signed_in = login.load_user()
    if signed_in is None:
        return VISITOR
    grants, author_ids, forum_ids = space_queries.roles_and_authors(
        db.db.session(), user_id=signed_in.user_id
    )
    actor = Actor(
        user_id=signed_in.user_id,
        name=signed_in.name,
        locale=signed_in.locale,
        time_zone=signed_in.time_zone,
        is_confirmed=signed_in.is_confirmed,
        grants=grants,
        author_ids=author_ids,
        forum_ids=forum_ids,
    )
    opened_ids = opened_to(db.db.session(), actor=actor, now=clock.now())
    actor = replace(actor, opened_ids=opened_ids) if opened_ids else actor
    return actor if login.stays(signed_in, is_staff=actor.is_staff) else VISITOR


def _configure(app: Flask, config: settings.Config) -> None:
    app.config.update(
        SECRET_KEY=config.secret_key,
        TESTING=config.testing,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config),
        MAX_CONTENT_LENGTH=web.MAX_BODY,
        MAX_FORM_MEMORY_SIZE=web.MAX_BODY,
        MAX_FORM_PARTS=1000,
        SESSION_COOKIE_NAME="__Host-session" if config.is_https else "session",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=dt.timedelta(days=30),
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    config.data_dir.mkdir(parents=True, exist_ok=True)


def _engine_options(config: settings.Config) -> dict[str, object]:
    if config.database_url.startswith("sqlite"):
        return {"pool_size": 16, "pool_timeout": 10}
    return {
        "pool_pre_ping": True,
        "pool_size": 8,
        "pool_timeout": 10,
        "connect_args": {"connect_timeout": 5, "options": "-c timezone=utc"},
    }

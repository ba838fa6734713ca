"""The composition root: everything is bound together here and nowhere else."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

import config as settings
from consult import cli, pages
from consult.accounts import login
from consult.accounts import models as accounts_models
from consult.accounts import views as accounts_views
from consult.accounts.queries.own_data import own_data as account_data
from consult.core import audit, clock, db, i18n, idempotency, limits, logs, outbox, web
from consult.core.authz import VISITOR, Actor, is_of_staff
from consult.core.ports import Ports
from consult.core.storage import FileStorage
from consult.discussion import handlers as discussion_handlers
from consult.discussion import models as discussion_models
from consult.discussion import views as discussion_views
from consult.discussion.documents import Contributions
from consult.discussion.fragments import Fragments
from consult.discussion.papers.scanning import Clamd
from consult.discussion.queries.heard import texts_of_organisation
from consult.discussion.queries.own_data import own_data as discussion_data
from consult.discussion.services import erasing as discussion_erasing
from consult.drafting import models as drafting_models
from consult.drafting import views as drafting_views
from consult.moderation import models as moderation_models
from consult.moderation import views as moderation_views
from consult.moderation.handlers import claims as moderation_claims
from consult.moderation.handlers import fingerprints as moderation_fingerprints
from consult.moderation.handlers import flagging as moderation_flagging
from consult.moderation.handlers import policies as moderation_policies
from consult.moderation.handlers import reminders as moderation_reminders
from consult.moderation.queries.appeals import opened_to
from consult.moderation.queries.decisions import decision_facts
from consult.moderation.queries.finding import offers_move
from consult.moderation.queries.own_data import own_data as moderation_data
from consult.moderation.queries.policies import let_through
from consult.moderation.queries.proof import decision_problems
from consult.moderation.queries.words import decision_words
from consult.moderation.services import erasing as moderation_erasing
from consult.notifications import handlers as notifications_handlers
from consult.notifications import mailer, rendering
from consult.notifications import models as notifications_models
from consult.notifications import views as notifications_views
from consult.notifications.handlers import following as following_handlers
from consult.notifications.handlers import own_data as notifications_own_data
from consult.notifications.queries.announcements import announcements
from consult.notifications.queries.followed_texts import HOLDS_BACK_STAFF
from consult.notifications.queries.own_rows import own_data as mail_data
from consult.notifications.services import erasing as mail_erasing
from consult.notifications.services import mail_files
from consult.operations import handlers as operations_handlers
from consult.operations import views as operations_views
from consult.operations.services import living_again
from consult.search import handlers as search_handlers
from consult.search import sync
from consult.search import views as search_views
from consult.search.backends.postgresql import PostgresqlBackend
from consult.search.backends.whoosh import WhooshBackend
from consult.search.documents import Backend
from consult.search.objectives import timetable as objectives_timetable
from consult.search.objectives.proposing import propose
from consult.spaces import models as spaces_models
from consult.spaces import queries as space_queries
from consult.spaces import views as spaces_views
from consult.spaces.queries.leaving import leaving
from consult.spaces.queries.own_data import own_data as space_data
from consult.spaces.services import erasing as space_erasing

UNSEALED = dt.timedelta(hours=1)
"""An older audit entry without a seal is worth a word."""
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
    notifications_views,
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
    app.extensions["consult.actor"] = load_actor
    app.extensions["consult.fragments"] = Fragments()
    db.init_app(app, migrations=str(ROOT / "migrations"))
    app.extensions["consult.search"] = _search_backend(app, config)
    i18n.init_app(app, translations=ROOT / "translations")
    login.init_app(app)
    web.init_app(app)
    pages.init_app(app)
    _bind(app, config)
    for views in PAGES:
        app.register_blueprint(views.blueprint)
    cli.register(app)
    return app


def _search_backend(app: Flask, config: settings.Config) -> Backend:
    """Return the search index that was chosen."""
    if config.search_backend == "whoosh":
        return WhooshBackend(config.index_dir)
    with app.app_context():
        return PostgresqlBackend(db.db.engine)


def _bind(app: Flask, config: settings.Config) -> None:
    """Hand each feature what it wants from above its floor, and subscribe the reactions."""
    ports = Ports(decision_words=decision_words, suggester=propose, site_names=_site_names)
    ports.announcements = announcements
    ports.texts_of_organisation = texts_of_organisation
    ports.asks_to_take_part = space_queries.asks_to_take_part
    ports.offers_move = offers_move
    ports.search_exports = drafting_views.offer_search
    ports.documents["contributions"] = Contributions()
    app.extensions["consult.ports"] = ports
    _bind_own_data(ports, config)
    operations_handlers.register(
        outbox.reactions,
        ports=ports,
        storage=app.extensions["consult.storage"],
        ledger=config.erasure_ledger,
        export_dir=config.export_dir,
        mail_folders=_mail_folders(config),
    )
    notifications_own_data.register(outbox.reactions, folders=_mail_folders(config))
    discussion_handlers.register(
        outbox.reactions,
        storage=app.extensions["consult.storage"],
        scanner=Clamd(config.clamd_url) if config.clamd_url else None,
        holds=config.holds_unscanned,
    )
    app.extensions["consult.checks"] = {"search": _check_search, "erasures": _check_erasures}
    app.extensions["consult.checks"] |= {"seals": _check_seals, "decisions": _check_decisions}
    search_handlers.register(
        outbox.reactions,
        backend=app.extensions["consult.search"],
        sources=ports.documents.values(),
    )
    objectives_timetable.register(outbox.reactions, let_through=let_through)
    # Before the receipts go out, so that they can say what is public already.
    moderation_policies.register(outbox.reactions)
    moderation_fingerprints.register(outbox.reactions)
    notifications_handlers.register(
        outbox.reactions,
        mailer=mailer.make_mailer(mail_url=config.mail_url, mail_dir=config.mail_dir),
        render=rendering.make_renderer(),
        decision_facts=decision_facts,
    )
    moderation_flagging.register(outbox.reactions)
    moderation_reminders.register(outbox.reactions)
    moderation_claims.register(outbox.reactions)
    following_handlers.register(outbox.reactions, backend=app.extensions["consult.search"])


def _bind_own_data(ports: Ports, config: settings.Config) -> None:
    """Say what each feature keeps about a person and how it forgets them, higher floors first."""
    ports.leaving = leaving
    ports.exports |= {
        "accounts": account_data,
        "spaces": space_data,
        "discussion": discussion_data,
        "moderation": moderation_data,
        "notifications": mail_data,
    }
    ports.erasers |= {
        "moderation": moderation_erasing.erase,
        "notifications": mail_erasing.make_eraser(
            folders=_mail_folders(config), says_farewell=config.mail_url is not None
        ),
        "discussion": discussion_erasing.erase,
        "spaces": space_erasing.erase,
    }


def _mail_folders(config: settings.Config) -> tuple[Path, ...]:
    """Return where mails lie as files: those sent without a server, those not understood, and
    replies that went nowhere.
    """
    came_in = config.mail_in_dir
    return config.mail_dir, came_in / "failed", came_in / mail_files.KEPT


def _check_erasures(session: Session, _now: dt.datetime) -> Iterator[str]:
    """Look whether somebody who was erased is back, for `flask doctor`."""
    config: settings.Config = current_app.extensions["consult.config"]
    count = len(living_again(session, path=config.erasure_ledger))
    if count:
        yield f"{count} erased accounts live again; run `flask user replay-erasures`"


def _check_seals(session: Session, now: dt.datetime) -> Iterator[str]:
    """Look whether the worker seals the audit log, for `flask doctor`."""
    played_at = session.scalar(select(spaces_models.Installation.demonstration_at))
    if played_at is not None and played_at > now - UNSEALED:
        # What a demonstration did is as old as it says, but was written down just now.
        return
    count = audit.unsealed(session, until=now - UNSEALED)
    if count:
        yield f"{count} audit entries are not sealed after an hour; does the worker run?"


def _check_decisions(session: Session, _now: dt.datetime) -> Iterator[str]:
    """Compare every decision with the audit log, for `flask doctor`."""
    yield from decision_problems(session)


def _site_names() -> tuple[str, ...]:
    """Return the names of the forum: the short one in the page's language, then all of them."""
    forum = space_queries.current_forum(db.db.session())
    if forum is None:
        return ()
    named = (*forum.short_title.texts.values(), *forum.title.texts.values())
    return (str(forum.short_title), *named)


def _check_search(session: Session, _now: dt.datetime) -> Iterator[str]:
    """Compare the index with the database, for `flask doctor`."""
    ports: Ports = current_app.extensions["consult.ports"]
    backend = current_app.extensions["consult.search"]
    yield from sync.problems(session, backend=backend, sources=ports.documents.values())


def load_actor() -> Actor:
    """Return who acts in this request: two statements for somebody signed in, three for moderators
    and organisers, none for others. Staff who owe a second factor get none of their roles.
    """
    signed_in = login.load_user()
    if signed_in is None:
        return VISITOR
    standing = space_queries.standing(db.db.session(), user_id=signed_in.user_id)
    is_staff = is_of_staff(standing.grants)
    owes_second = is_staff and not signed_in.has_second_factor and _needs_second_factor()
    actor = Actor(
        user_id=signed_in.user_id,
        name=signed_in.name,
        locale=signed_in.locale,
        time_zone=signed_in.time_zone,
        is_confirmed=signed_in.is_confirmed,
        grants=standing.grants if not owes_second else frozenset(),
        author_ids=standing.author_ids,
        forum_ids=standing.forum_ids,
        applied_forum_ids=standing.applied_forum_ids,
        at_once_author_ids=standing.at_once_author_ids,
        needs_second_factor=owes_second,
    )
    opened_ids = opened_to(db.db.session(), actor=actor, now=clock.now())
    actor = replace(actor, opened_ids=opened_ids) if opened_ids else actor
    return actor if login.stays(signed_in, is_staff=is_staff) else VISITOR


def _needs_second_factor() -> bool:
    """Whether roles are held back from staff until their second factor is on."""
    return web.config().staff_second_factor == "required"


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
    # What runs without a request asks the session whether staff are held back.
    holds_back = config.staff_second_factor == "required"
    return {"execution_options": {HOLDS_BACK_STAFF: holds_back}, **_pool_options(config)}


def _pool_options(config: settings.Config) -> dict[str, object]:
    # Errors end in logs and in the outbox, where nobody's words may stand.
    if config.database_url.startswith("sqlite"):
        return {"pool_size": 16, "pool_timeout": 10, "hide_parameters": True}
    return {
        "pool_pre_ping": True,
        "pool_size": 8,
        "pool_timeout": 10,
        "hide_parameters": True,
        "connect_args": {"connect_timeout": 5, "options": "-c timezone=utc"},
    }

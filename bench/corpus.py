"""Corpora of 1,000, 10,000 and 100,000 comments in a migrated SQLite database of their own.

A corpus is made once and kept under `bench/.corpus/`, in a folder whose name changes with
everything it is made from. The smaller corpus is the beginning of the larger one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask_migrate import upgrade
from sqlalchemy import select
from sqlalchemy.orm import Session

import config as settings
from bench import filling
from consult.accounts import sessions
from consult.accounts.models import User
from consult.app import create_app
from consult.core import clock, markup
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution
from consult.spaces import definitions
from consult.spaces.models import AuthorMember, Question, Space
from consult.spaces.services.loading import load_forum
from consult.spaces.states import Membership

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "bench" / ".corpus"
DEFINITION = ROOT / "consult" / "definitions" / "imrf2022.yaml"
SPACE = "round-table-3"
READER = "reader@example.org"
MADE_FROM = (
    "bench/corpus.py",
    "bench/filling.py",
    "bench/texts.py",
    "bench/words.py",
    "consult/definitions/imrf2022.yaml",
)


@dataclass(frozen=True)
class Corpus:
    """A filled database and the settings that open it."""

    size: int
    config: settings.Config

    def app(self) -> Flask:
        """Return an application on this corpus."""
        return create_app(self.config)


def corpus(size: int) -> Corpus:
    """Return the corpus of `size` comments, made now where it is not there yet."""
    folder = FOLDER / f"{size}-{_digest()}"
    made = Corpus(size, _config(folder))
    if folder.exists():
        return made
    print(f"making the corpus of {size} comments", file=sys.stderr, flush=True)
    for older in FOLDER.glob(f"{size}-*"):
        shutil.rmtree(older)
    part = folder.with_name(f"part-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _make(Corpus(size, _config(part)))
    part.rename(folder)
    return made


def with_port(made: Corpus, port: int) -> Corpus:
    """Return the corpus with the base URL of a server on that port."""
    return replace(made, config=settings.with_base_url(made.config, f"http://127.0.0.1:{port}"))


def sign_in(app: Flask, *, email: str = READER) -> str:
    """Begin a session of the reader, who speaks French and has an Author, or of somebody else;
    return the cookie.
    """
    with app.app_context(), unit_of_work() as session:
        user_id = session.scalars(select(User.id).where(User.email_key == email)).one()
        session_id = sessions.start(
            session, user_id=user_id, client=sessions.Client(), now=clock.now()
        )
    interface = app.session_interface
    assert isinstance(interface, SecureCookieSessionInterface)
    signer = interface.get_signing_serializer(app)
    assert signer is not None
    value = signer.dumps({"_permanent": True, "_user_id": session_id, "_fresh": True})
    return f"{app.config['SESSION_COOKIE_NAME']}={value!s}"


def reference_at(app: Flask, *, question: int, place: int) -> str:
    """Return the reference of the public comment at a place, counted from 0, by oldest first."""
    with app.app_context():
        found = db.session.scalars(
            select(Contribution.reference)
            .join(Question, Question.id == Contribution.question_id)
            .join(Space, Space.id == Contribution.space_id)
            .where(Space.slug == SPACE, Question.number == question)
            .where(Contribution.reference.is_not(None))
            .order_by(Contribution.thread_ordinal, Contribution.thread_id, Contribution.path)
            .offset(place)
            .limit(1)
        ).one()
        db.session.remove()
    assert found is not None
    return found


def _config(folder: Path) -> settings.Config:
    return settings.Config(
        data_dir=folder,
        secret_key="bench-" * 8,
        database_url=f"sqlite:///{folder / 'consult.db'}",
        base_url="http://127.0.0.1:8000",
        rate_limits=False,
    )


def _digest() -> str:
    digest = hashlib.sha256(str(markup.RENDERER_VERSION).encode())
    paths = [ROOT / name for name in MADE_FROM]
    paths += sorted((ROOT / "migrations" / "versions").glob("*.py"))
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _make(made: Corpus) -> None:
    app = made.app()
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        with unit_of_work() as session:
            _fill(session, size=made.size)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()


def _fill(session: Session, *, size: int) -> None:
    now = clock.now()
    load_forum(session, definitions.read(DEFINITION), now=now)
    space = session.scalars(select(Space).where(Space.slug == SPACE)).one()
    space.opens_at = filling.BEGINNING
    # Open for as long as a cached corpus may lie there, so that the pages show their forms.
    space.closes_at = now + dt.timedelta(days=3650)
    author_ids = filling.add_authors(session, space=space, count=max(40, size // 8))
    reader = User(
        email=READER,
        email_key=READER,
        name="Reader",
        locale="fr",
        confirmed_at=now,
        created_at=now,
    )
    session.add(reader)
    session.flush()
    session.add(
        AuthorMember(author_id=author_ids[0], user_id=reader.id, membership=Membership.SELF)
    )
    filling.add_comments(session, space=space, author_ids=author_ids, size=size)

"""What operators ask: is the schema current, are the counters right, does anything wait?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import VISITOR
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import counted_contributions, public_contributions
from consult.discussion.states import ContributionKind, RevisionState
from consult.spaces.models import Question, Space
from consult.spaces.policy import visible_spaces
from consult.spaces.states import QuestionKind

LATE = dt.timedelta(minutes=10)
"""A due outbox row that waits longer is worth a word: the worker does not run."""

Check = Callable[[Session, dt.datetime], Iterable[str]]
"""Looks at one thing and yields a sentence for each problem."""


@dataclass(frozen=True)
class SchemaState:
    """Which migrations the database has and which the code brings."""

    found: frozenset[str]
    wanted: frozenset[str]

    @property
    def is_at_head(self) -> bool:
        """Whether the tables are those of this code."""
        return self.found == self.wanted


@dataclass(frozen=True)
class PublicPage:
    """A page for the sitemap: a space, or a question of it."""

    slug: str
    number: int | None
    changed_at: dt.datetime | None


def migrations_dir(root_path: str) -> Path:
    """Return the folder of migrations beside the package at `root_path`."""
    return Path(root_path).parent / "migrations"


@cache
def _wanted(migrations: Path) -> frozenset[str]:
    config = AlembicConfig()
    config.set_main_option("script_location", str(migrations))
    return frozenset(ScriptDirectory.from_config(config).get_heads())


def schema_state(session: Session, *, migrations: Path) -> SchemaState:
    """Compare the database with the migrations; raises where the database does not answer."""
    context = MigrationContext.configure(session.connection())
    found = frozenset(context.get_current_heads())
    return SchemaState(found=found, wanted=_wanted(migrations))


def public_pages(session: Session) -> list[PublicPage]:
    """Return the spaces and questions that every visitor may read, in order."""
    spaces = session.execute(
        select(Space.slug, Space.last_change_at)
        .where(visible_spaces(VISITOR))
        .order_by(Space.forum_id, Space.position)
    )
    pages = [PublicPage(slug, None, changed) for slug, changed in spaces]
    questions = session.execute(
        select(Space.slug, Question.number, Space.last_change_at)
        .join(Space, Space.id == Question.space_id)
        .outerjoin(Contribution, Contribution.own_question_id == Question.id)
        .where(
            visible_spaces(VISITOR),
            (Question.kind == QuestionKind.GUIDING) | public_contributions(),
        )
        .order_by(Space.forum_id, Space.position, Question.number)
    )
    return pages + [PublicPage(*row) for row in questions]


# Figures -----------------------------------------------------------------------------------


def figures(session: Session, *, now: dt.datetime) -> dict[str, float]:
    """Return the gauges of `/metrics` by name; counts only, nothing that names anybody."""
    due = session.execute(
        select(func.count(), func.min(OutboxEntry.not_before)).where(
            OutboxEntry.parked_at.is_(None), OutboxEntry.not_before <= now
        )
    ).one()
    parked = select(func.count()).where(OutboxEntry.parked_at.is_not(None))
    pending = select(func.count()).where(Revision.state == RevisionState.PENDING)
    public = select(func.count(Contribution.id)).where(counted_contributions())
    return {
        "outbox_due": due[0],
        "outbox_oldest_seconds": max((now - due[1]).total_seconds(), 0) if due[1] else 0,
        "outbox_parked": session.scalar(parked) or 0,
        "revisions_pending": session.scalar(pending) or 0,
        "contributions_public": session.scalar(public) or 0,
    }


# Checks ------------------------------------------------------------------------------------


def wrong_counters(session: Session, _now: dt.datetime) -> Iterable[str]:
    """Yield questions whose counter of public comments is not their count."""
    counted = func.count(Contribution.id)
    rows = session.execute(
        select(Space.code, Question.number, Question.public_count, counted)
        .join(Space, Space.id == Question.space_id)
        .outerjoin(
            Contribution,
            (Contribution.question_id == Question.id)
            & (Contribution.kind == ContributionKind.COMMENT)
            & counted_contributions(),
        )
        .group_by(Question.id, Space.code, Question.number, Question.public_count)
        .having(Question.public_count != counted)
        .order_by(Space.code, Question.number)
    )
    for code, number, kept, real in rows:
        yield f"question {code}-Q{number} says {kept} public comments and has {real}"


def wrong_pointers(session: Session, _now: dt.datetime) -> Iterable[str]:
    """Yield contributions whose public pointer does not lead to a published text of their own."""
    rows = session.scalars(
        select(Contribution.id)
        .outerjoin(Revision, Revision.id == Contribution.published_revision_id)
        .where(
            Contribution.published_revision_id.is_not(None),
            (Revision.id.is_(None))
            | (Revision.state != RevisionState.PUBLISHED)
            | (Revision.contribution_id != Contribution.id)
            | (Contribution.reference.is_(None)),
        )
        .order_by(Contribution.id)
    )
    for contribution_id in rows:
        yield f"contribution {contribution_id} has no published text of its own behind its pointer"


def waiting_work(session: Session, now: dt.datetime) -> Iterable[str]:
    """Yield handlers whose rows were put aside, or wait for too long."""
    parked = session.execute(
        select(OutboxEntry.handler, func.count(), func.max(OutboxEntry.last_error))
        .where(OutboxEntry.parked_at.is_not(None))
        .group_by(OutboxEntry.handler)
    )
    for handler, count, error in parked:
        yield f"{count} rows of {handler} were put aside after failing: {error}"
    late = session.execute(
        select(OutboxEntry.handler, func.count())
        .where(OutboxEntry.parked_at.is_(None), OutboxEntry.not_before < now - LATE)
        .group_by(OutboxEntry.handler)
    )
    for handler, count in late:
        yield f"{count} rows of {handler} wait for more than ten minutes; does the worker run?"


def broken_chain(session: Session, _now: dt.datetime) -> Iterable[str]:
    """Yield what does not hold in the audit chain."""
    return audit.verify(session)


def damaged_database(session: Session, _now: dt.datetime) -> Iterable[str]:
    """Yield what SQLite finds wrong with its file; PostgreSQL watches over itself."""
    if session.get_bind().dialect.name != "sqlite":
        return
    for (message,) in session.execute(text("PRAGMA integrity_check(20)")):
        if message != "ok":
            yield f"the database file is damaged: {message}"
    for row in session.execute(text("PRAGMA foreign_key_check")):
        yield f"a row of {row[0]} refers to a missing row of {row[2]}"


CHECKS: Mapping[str, Check] = {
    "integrity": damaged_database,
    "counters": wrong_counters,
    "pointers": wrong_pointers,
    "outbox": waiting_work,
    "audit": broken_chain,
}
"""The checks of this feature by name; `consult.app` adds those of others."""

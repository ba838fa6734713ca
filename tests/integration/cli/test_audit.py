"""`flask audit`: what was changed behind the software's back is found and named."""

# ruff: noqa: S608 - the statements are made of ids and words of these tests.

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import text, update

from consult.core import audit, clock
from consult.moderation.models import Appeal, Decision
from consult.moderation.services import settle, undo
from consult.moderation.states import Verdict
from tests.integration.moderation.desk import WHY, make_desk

LATER = dt.timedelta(minutes=5)


@pytest.fixture
def desk(session):
    return make_desk(session)


def sealed(session):
    audit.seal(session, now=clock.now() + LATER)
    session.commit()


def without_triggers(session, statement):
    """Do what somebody with the whole database in hand could do."""
    if session.get_bind().dialect.name == "sqlite":
        triggers = session.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for name, _sql in triggers:
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(statement)
        for _name, sql in triggers:
            session.execute(text(sql))
    else:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(statement)
        session.execute(text("SET session_replication_role = DEFAULT"))
    session.commit()


@pytest.fixture
def decided(session, desk):
    """An approval, a rejection, one that was taken back and an appeal that was upheld."""
    desk.published()
    rejection = desk.decide(desk.pending(), Verdict.REJECT, message=WHY)
    undone = desk.decide(desk.pending(), Verdict.RETURN, message=WHY)
    undo(session, actor=desk.first, decision_id=undone.id, now=clock.now())
    appealed = desk.pending()
    first = desk.decide(appealed, Verdict.REJECT, message=WHY)
    session.add(
        Appeal(
            decision_id=first.id,
            contribution_id=appealed.id,
            submitted_by=desk.writer.id,
            words=WHY,
            created_at=clock.now(),
        )
    )
    session.flush()
    settle(
        session,
        actor=desk.second,
        contribution_id=appealed.id,
        seen_revision=1,
        verdict=Verdict.APPROVE,
        reason=None,
        message=None,
        language=None,
        objectives=None,
        now=clock.now(),
    )
    sealed(session)
    return rejection


def verified(app, *arguments):
    return app.test_cli_runner().invoke(args=["audit", "verify", *arguments])


def test_an_untouched_log_is_proved_in_one_line(app, session, decided):
    found = verified(app)
    head = audit.head(session)
    assert found.exit_code == 0, found.output
    assert found.output == (
        f"{head.entries} entries, {head.entries} sealed, "
        f"last digest {head.digest} (entry {head.last_entry})\n"
    )


def test_an_empty_log_holds(app, session):
    assert "0 entries, 0 sealed, no seal" in verified(app).output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("verdict = 'return'", "verdict"),
        ("reason = 'personal-data'", "reason"),
        ("decided_at = '2020-01-01 00:00:00.000000+00:00'", "time"),
    ],
)
def test_a_changed_decision_is_named(app, session, decided, change, told):
    if session.get_bind().dialect.name == "sqlite":
        change = change.replace("+00:00", "")
    without_triggers(session, text(f"UPDATE decision SET {change} WHERE id = {decided.id}"))
    found = verified(app)
    assert found.exit_code == 1
    assert f"decision {decided.id} differs from audit entry" in found.output
    assert f"in its {told}\n" in found.output


def test_a_deleted_decision_is_missed(app, session, decided):
    without_triggers(session, text(f"DELETE FROM decision WHERE id = {decided.id}"))
    found = verified(app)
    assert found.exit_code == 1
    assert f"decision {decided.id} of audit entry" in found.output


def test_a_decision_that_nobody_logged_is_named(app, session, desk, decided):
    session.execute(
        text(
            "INSERT INTO decision (revision_id, verdict, decided_at, policy)"
            f" SELECT revision_id, 'approve', decided_at, 'import' FROM decision"
            f" WHERE id = {decided.id}"
        )
    )
    session.commit()
    assert "has no entry in the audit log" in verified(app).output


def test_a_changed_entry_does_not_match_its_seal(app, session, decided):
    without_triggers(session, text("UPDATE audit_entry SET act = 'return' WHERE act = 'reject'"))
    found = verified(app, "--json")
    told = json.loads(found.output)
    assert (found.exit_code, told["ok"]) == (1, False)
    assert any("does not match its seal" in problem for problem in told["problems"])


def test_a_log_that_was_cut_off_lacks_the_noted_digest(app, session, decided):
    noted = audit.head(session).digest
    assert verified(app, "--noted", noted).exit_code == 0
    last = audit.head(session).last_entry
    for table, column in (("audit_seal", "entry_id"), ("audit_detail", "entry_id")):
        without_triggers(session, text(f"DELETE FROM {table} WHERE {column} = {last}"))
    without_triggers(session, text(f"DELETE FROM audit_entry WHERE id = {last}"))
    found = verified(app, "--noted", noted)
    assert found.exit_code == 1
    assert "is not in the chain" in found.output


def test_blanked_words_leave_the_log_proved(app, session, decided):
    session.execute(update(Decision).values(message=None, decided_by=None))
    session.commit()
    assert verified(app).exit_code == 0


def test_the_head_can_be_noted_down(app, session, decided):
    told = json.loads(app.test_cli_runner().invoke(args=["audit", "head", "--json"]).output)
    head = audit.head(session)
    assert (told["last_entry"], told["last_digest"]) == (head.last_entry, head.digest)


def test_an_entry_older_than_its_neighbours_is_sealed_in_its_turn(session):
    now = clock.now()
    for at in (now, now - dt.timedelta(days=3)):
        audit.record(session, "test", actor_id=None, now=at, subject=("thing", 1))
    assert audit.seal(session, now=now) == 0
    assert audit.seal(session, now=now + LATER) == 2
    assert audit.verify(session) == []


def test_doctor_tells_of_entries_that_nobody_seals(app, session, desk):
    audit.record(
        session, "test", actor_id=None, now=clock.now() - 2 * LATER * 12, subject=("thing", 1)
    )
    session.commit()
    found = app.test_cli_runner().invoke(args=["doctor"])
    assert "seals: 1 audit entries are not sealed after an hour" in found.output

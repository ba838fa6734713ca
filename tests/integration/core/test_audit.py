"""The chain over the audit log shows what was changed, and bears the blanking of words."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select, update

from consult.core import audit, clock
from consult.core.audit import AuditDetail, AuditSeal


def _write(session, *, count=3):
    past = clock.now() - dt.timedelta(hours=1)
    for number in range(count):
        audit.record(
            session,
            "send",
            actor_id=None,
            now=past,
            subject=("contribution", number),
            words={"name": "Amina"},
            revision=number,
        )
    session.flush()


def test_a_sealed_log_verifies(session):
    _write(session)
    assert audit.seal(session, now=clock.now()) == 3
    assert audit.verify(session) == []


def test_an_entry_waits_a_minute_before_it_is_sealed(session):
    audit.record(session, "send", actor_id=None, now=clock.now(), subject=("contribution", 1))
    assert audit.seal(session, now=clock.now()) == 0
    assert audit.seal(session, now=clock.now() + dt.timedelta(seconds=61)) == 1


def test_sealing_goes_on_where_it_stopped(session):
    _write(session)
    audit.seal(session, now=clock.now(), limit=2)
    assert audit.seal(session, now=clock.now()) == 1
    assert audit.verify(session) == []


def test_blanked_words_do_not_break_the_chain(session):
    _write(session)
    audit.seal(session, now=clock.now())
    session.execute(update(AuditDetail).values(words=None))
    assert audit.verify(session) == []


def test_changed_words_are_told(session):
    _write(session, count=1)
    audit.seal(session, now=clock.now())
    session.execute(update(AuditDetail).values(words='{"name": "Somebody else"}'))
    assert any("detail" in problem for problem in audit.verify(session))


def test_a_seal_that_does_not_fit_is_told(session):
    _write(session, count=2)
    audit.seal(session, now=clock.now(), limit=1)
    first = session.scalars(select(AuditSeal)).one()
    session.add(AuditSeal(entry_id=first.entry_id + 1, digest="0" * 64))
    session.flush()
    assert any("does not match" in problem for problem in audit.verify(session))


def test_details_hold_the_words_and_entries_do_not(session):
    _write(session, count=1)
    entry = session.scalars(select(audit.AuditEntry)).one()
    assert "Amina" not in str(entry.facts)
    assert session.execute(delete(AuditDetail)).rowcount == 1

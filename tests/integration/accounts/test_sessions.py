"""Sessions on the server: how they begin, how long they last, how they end."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from consult.accounts import queries, sessions
from consult.accounts.models import User, UserSession
from consult.accounts.sessions import Client, digest_of
from consult.accounts.states import UserStatus
from tests.factories import make_user

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
CLIENT = Client(address="192.0.2.77", agent="Browser " * 100)
Scoped = scoped_session[Session]


@pytest.fixture
def user(session: Scoped) -> User:
    return make_user(session)


def _start(session: Scoped, user: User, *, now: dt.datetime = NOW) -> str:
    return sessions.start(session(), user_id=user.id, client=CLIENT, now=now)


def _is_there(session: Scoped, session_id: str) -> bool:
    return queries.signed_in_by(session(), digest=digest_of(session_id)) is not None


def test_a_session_is_found_by_its_id_and_kept_as_a_digest_only(
    session: Scoped, user: User
) -> None:
    session_id = _start(session, user)
    found = queries.signed_in_by(session(), digest=digest_of(session_id))
    row = session.scalars(select(UserSession)).one()

    assert found is not None
    assert (found.user_id, found.name, found.began_at) == (user.id, user.name, NOW)
    assert session_id not in {row.digest, row.agent, row.network}
    assert queries.signed_in_by(session(), digest=session_id) is None


def test_ids_are_long_and_never_alike(session: Scoped, user: User) -> None:
    ids = {_start(session, user) for _ in range(20)}

    assert len(ids) == 20
    assert all(len(session_id) >= 22 for session_id in ids)


def test_the_address_is_cut_and_the_browser_shortened(session: Scoped, user: User) -> None:
    _start(session, user)
    row = session.scalars(select(UserSession)).one()

    assert row.network == "192.0.2.0/24"
    assert len(row.agent) == 200
    assert sessions.cut("2001:db8:1:2::") == "2001:db8:1::/48"
    assert sessions.cut("unknown") == ""


@pytest.mark.parametrize(
    ("is_staff", "idle", "age", "is_over"),
    [
        (False, dt.timedelta(hours=7, minutes=59), dt.timedelta(days=29), False),
        (False, dt.timedelta(hours=8), dt.timedelta(days=1), True),
        (False, dt.timedelta(0), dt.timedelta(days=30), True),
        (True, dt.timedelta(minutes=59), dt.timedelta(hours=11), False),
        (True, dt.timedelta(hours=1), dt.timedelta(hours=2), True),
        (True, dt.timedelta(0), dt.timedelta(hours=12), True),
    ],
)
def test_a_session_is_over_when_idle_or_old(
    is_staff: bool, idle: dt.timedelta, age: dt.timedelta, is_over: bool
) -> None:
    said = sessions.is_over(began_at=NOW - age, seen_at=NOW - idle, now=NOW, is_staff=is_staff)

    assert said is is_over


def test_being_seen_is_written_every_five_minutes_at_most(session: Scoped, user: User) -> None:
    digest = digest_of(_start(session, user))

    def seen_after(minutes: int) -> dt.datetime:
        sessions.touch(session(), digest=digest, now=NOW + dt.timedelta(minutes=minutes))
        session.expire_all()
        return session.scalars(select(UserSession.last_seen_at)).one()

    assert seen_after(4) == NOW
    assert seen_after(5) == NOW + dt.timedelta(minutes=5)
    assert seen_after(9) == NOW + dt.timedelta(minutes=5)


def test_ending_one_session_leaves_the_others(session: Scoped, user: User) -> None:
    first, second = _start(session, user), _start(session, user)

    assert sessions.end(session(), session_id=first)
    assert not _is_there(session, first)
    assert _is_there(session, second)
    assert not sessions.end(session(), session_id=first)


def test_ending_the_others_keeps_one_and_other_people_s(session: Scoped, user: User) -> None:
    mine, other = _start(session, user), _start(session, user)
    somebody = _start(session, make_user(session))

    assert sessions.end_others(session(), user_id=user.id, keep=digest_of(mine)) == 1
    assert _is_there(session, mine)
    assert not _is_there(session, other)
    assert _is_there(session, somebody)


def test_all_sessions_of_a_user_end_at_once(session: Scoped, user: User) -> None:
    started = [_start(session, user) for _ in range(3)]

    assert sessions.end_all(session(), user_id=user.id) == 3
    assert not any(_is_there(session, session_id) for session_id in started)


def test_the_session_of_a_suspended_user_is_not_found(session: Scoped, user: User) -> None:
    session_id = _start(session, user)
    user.status = UserStatus.SUSPENDED
    session.flush()

    assert not _is_there(session, session_id)


def test_rows_of_sessions_that_are_over_are_forgotten(session: Scoped, user: User) -> None:
    _start(session, user, now=NOW - dt.timedelta(hours=9))
    fresh = _start(session, user)

    assert sessions.forget_old(session(), now=NOW) == 1
    assert _is_there(session, fresh)


def test_the_list_of_sessions_marks_the_own_one(session: Scoped, user: User) -> None:
    _start(session, user, now=NOW - dt.timedelta(hours=1))
    mine = _start(session, user)
    rows = queries.sessions_of(
        session(), user_id=user.id, current=digest_of(mine), since=NOW - sessions.IDLE
    )

    assert [row.is_current for row in rows] == [True, False]

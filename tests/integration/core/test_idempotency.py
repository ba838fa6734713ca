"""A key does its work once, answers the same again, and refuses another body."""

from __future__ import annotations

import datetime as dt

import pytest

from consult.core import clock, idempotency
from consult.core.errors import Invalid, RepeatedKey
from tests import factories as make

KEY = "a-key-of-some-length"


def _ask(session, user, *, body="one", key=KEY, now=None):
    return idempotency.earlier_answer(
        session,
        user_id=user.id,
        key=key,
        body_hash=idempotency.fingerprint(body),
        now=now or clock.now(),
    )


def test_the_first_time_there_is_no_answer_and_then_the_same_one(session):
    user = make.make_user(session)
    assert _ask(session, user) is None
    idempotency.remember(session, user_id=user.id, key=KEY, answer={"location": "/x"})
    assert _ask(session, user) == {"location": "/x"}


def test_the_same_key_with_another_body_is_refused(session):
    user = make.make_user(session)
    _ask(session, user)
    with pytest.raises(RepeatedKey):
        _ask(session, user, body="two")


def test_two_people_may_use_the_same_key(session):
    _ask(session, make.make_user(session))
    assert _ask(session, make.make_user(session), body="two") is None


def test_a_key_is_free_again_after_a_day(session):
    user = make.make_user(session)
    _ask(session, user)
    later = clock.now() + idempotency.KEPT + dt.timedelta(seconds=1)
    assert _ask(session, user, body="two", now=later) is None


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "é" * 20])
def test_a_missing_or_strange_key_is_refused(session, key):
    with pytest.raises(Invalid):
        _ask(session, make.make_user(session), key=key)

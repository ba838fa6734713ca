"""Commands for somebody who has lost the second factor or the address."""

from __future__ import annotations

from sqlalchemy import select

from consult.accounts.models import RecoveryCode, SecondFactor, User
from consult.core import clock
from consult.core.audit import AuditEntry
from tests.factories import make_user


def run(app, session, *args):
    session.commit()
    result = app.test_cli_runner().invoke(args=["user", *args])
    session.expire_all()
    return result


def test_the_operator_takes_a_lost_second_factor_away(app, session):
    user = make_user(session, email="desk@example.org")
    now = clock.now()
    session.add(SecondFactor(user_id=user.id, nonce="0" * 32, confirmed_at=now, created_at=now))
    session.add(RecoveryCode(user_id=user.id, digest="0"))
    result = run(app, session, "reset-second-factor", "DESK@example.org")
    assert result.exit_code == 0, result.stderr
    assert session.scalars(select(SecondFactor)).all() == []
    assert session.scalars(select(RecoveryCode)).all() == []
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.actor_id) == ("account.second-factor-reset", None)
    again = run(app, session, "reset-second-factor", "desk@example.org")
    assert again.exit_code != 0
    assert "no second factor" in again.stderr
    assert run(app, session, "reset-second-factor", "nobody@example.org").exit_code != 0


def test_the_operator_changes_an_address_that_is_lost(app, session):
    make_user(session, email="old@example.org")
    make_user(session, email="taken@example.org")
    for new, word in (("taken@example.org", "email"), ("nonsense", "email")):
        refused = run(app, session, "change-address", "old@example.org", new)
        assert refused.exit_code != 0
        assert word in refused.stderr
    result = run(app, session, "change-address", "old@example.org", "New@example.org")
    assert result.exit_code == 0, result.stderr
    emails = set(session.scalars(select(User.email)))
    assert emails == {"New@example.org", "taken@example.org"}

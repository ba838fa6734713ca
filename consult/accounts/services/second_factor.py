"""The second factor: switching it on and off, its codes, and an organiser's reset."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from consult.accounts import authenticator, passwords, queries, sessions
from consult.accounts.events import RecoveryCodeUsed, SecondFactorChanged
from consult.accounts.models import RecoveryCode, SecondFactor, User
from consult.accounts.passwords import Hasher
from consult.accounts.services.checks import check_own_password
from consult.accounts.services.links import void_links
from consult.accounts.sessions import Client
from consult.accounts.states import UserStatus
from consult.core import audit, outbox
from consult.core.errors import Invalid, NotVisible, StaleState


def offer(session: Session, *, user_id: int, now: dt.datetime) -> SecondFactor:
    """Return a fresh second factor of a user that waits for its first code.

    A secret that was shown before and not taken is good no more. Raises `StaleState` where one is
    switched on already.
    """
    if queries.has_second_factor(session, user_id=user_id):
        raise StaleState("the second factor is switched on already")
    _remove(session, user_id=user_id)
    factor = SecondFactor(user_id=user_id, nonce=secrets.token_hex(16), last_step=0, created_at=now)
    session.add(factor)
    session.flush()
    return factor


def secret_offered(session: Session, *, user_id: int, secret_key: str) -> str | None:
    """Return the secret that waits for its first code; None where none does."""
    factor = session.get(SecondFactor, user_id)
    if factor is None or factor.confirmed_at is not None:
        return None
    return authenticator.secret_of(factor.nonce, secret_key=secret_key)


def unused_codes(
    session: Session, *, user_id: int, codes: Sequence[str], secret_key: str
) -> list[str]:
    """Return those of the codes that are recovery codes of the user and were not used, in order."""
    digests = {
        authenticator.digest_of(code, user_id=user_id, secret_key=secret_key): code
        for code in codes
    }
    kept = session.scalars(
        select(RecoveryCode.digest).where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.used_at.is_(None),
            RecoveryCode.digest.in_(digests),
        )
    ).all()
    return [code for digest, code in digests.items() if digest in kept]


def switch_on(
    session: Session,
    *,
    user_id: int,
    code: str,
    client: Client,
    secret_key: str,
    now: dt.datetime,
) -> tuple[str, list[str]]:
    """Switch the second factor on with a first code; every other session ends.

    Returns the new id of the session that goes on, and the recovery codes, which are kept as
    digests only and so never shown again. Raises `Invalid` (code) and `StaleState` where it is on
    already or was never offered.
    """
    factor = session.get(SecondFactor, user_id, with_for_update=True, populate_existing=True)
    if factor is None or factor.confirmed_at is not None:
        raise StaleState("there is no second factor that waits for its first code")
    secret = authenticator.secret_of(factor.nonce, secret_key=secret_key)
    step = authenticator.step_of(code, secret=secret, now=now)
    if step is None:
        raise Invalid({"code": ["code-wrong" if code.strip() else "missing"]})
    factor.confirmed_at, factor.last_step = now, step
    codes = _make_codes(session, user_id=user_id, secret_key=secret_key)
    sessions.end_all(session, user_id=user_id)
    session_id = sessions.start(session, user_id=user_id, client=client, now=now)
    _tell(session, "on", user_id=user_id, by=user_id, now=now)
    return session_id, codes


def renew_codes(session: Session, *, user_id: int, secret_key: str, now: dt.datetime) -> list[str]:
    """Make new recovery codes; the older ones are good no more.

    Raises `StaleState` where the second factor is off.
    """
    if not queries.has_second_factor(session, user_id=user_id):
        raise StaleState("the second factor is off")
    codes = _make_codes(session, user_id=user_id, secret_key=secret_key)
    _tell(session, "codes", user_id=user_id, by=user_id, now=now)
    return codes


def switch_off(
    session: Session,
    *,
    user_id: int,
    password: str,
    hasher: Hasher,
    client: Client,
    now: dt.datetime,
) -> str | None:
    """Switch the second factor off; every other session ends.

    Returns the new id of the session that goes on, or None where the password is wrong: that is
    counted, so it is no error. Raises `Invalid` (password) for one that is too short to stand
    alone, and `TooMany`.
    """
    user = session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    if not check_own_password(
        session, user=user, password=password, hasher=hasher, client=client, now=now
    ):
        return None
    if len(passwords.prepared(password)) < passwords.MIN_LENGTH:
        raise Invalid({"password": ["password-short-alone"]})
    _remove(session, user_id=user_id)
    sessions.end_all(session, user_id=user_id)
    session_id = sessions.start(session, user_id=user_id, client=client, now=now)
    _tell(session, "off", user_id=user_id, by=user_id, now=now)
    return session_id


def reset_second_factor(
    session: Session, *, user_id: int, by: int | None, now: dt.datetime
) -> bool:
    """Take somebody's second factor away who has lost it; every session of theirs ends.

    `by` is the organiser, None for the operator; who may is for the caller to say. The person is
    told by mail. Returns False where it was off. Raises `NotVisible` for an unknown or erased user.
    """
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.status == UserStatus.ERASED:
        raise NotVisible
    if not queries.has_second_factor(session, user_id=user_id):
        return False
    _remove(session, user_id=user_id)
    sessions.end_all(session, user_id=user_id)
    void_links(session, user_id=user_id)
    _tell(session, "reset", user_id=user_id, by=by, now=now)
    return True


def is_right_code(
    session: Session, *, user_id: int, code: str, secret_key: str, now: dt.datetime
) -> bool:
    """Use a code of the authenticator or a recovery code up; return whether it was right.

    No code is good twice, also of two uses at once. Without a second factor none is right.
    """
    factor = session.get(SecondFactor, user_id, with_for_update=True, populate_existing=True)
    if factor is None or factor.confirmed_at is None:
        return False
    if authenticator.is_recovery_code(code):
        return _use_recovery_code(
            session, user_id=user_id, code=code, secret_key=secret_key, now=now
        )
    secret = authenticator.secret_of(factor.nonce, secret_key=secret_key)
    step = authenticator.step_of(code, secret=secret, now=now)
    return step is not None and _is_one_row(
        session.execute(
            update(SecondFactor)
            .where(SecondFactor.user_id == user_id, SecondFactor.last_step < step)
            .values(last_step=step)
            .execution_options(synchronize_session="fetch")
        )
    )


def _use_recovery_code(
    session: Session, *, user_id: int, code: str, secret_key: str, now: dt.datetime
) -> bool:
    digest = authenticator.digest_of(code, user_id=user_id, secret_key=secret_key)
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.digest == digest,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if not _is_one_row(used):
        return False
    entry = audit.record(
        session,
        "account.use-recovery-code",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
    )
    outbox.emit(session, RecoveryCodeUsed(user_id=user_id, entry_id=entry.id), now=now)
    return True


def _make_codes(session: Session, *, user_id: int, secret_key: str) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = authenticator.new_recovery_codes()
    session.add_all(
        RecoveryCode(
            user_id=user_id,
            digest=authenticator.digest_of(code, user_id=user_id, secret_key=secret_key),
        )
        for code in codes
    )
    session.flush()
    return codes


def _remove(session: Session, *, user_id: int) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.execute(
        delete(SecondFactor)
        .where(SecondFactor.user_id == user_id)
        .execution_options(synchronize_session="fetch")
    )


def _tell(
    session: Session,
    change: str,
    *,
    user_id: int,
    by: int | None,
    now: dt.datetime,
) -> None:
    """Write down what became of the second factor, and have its owner told."""
    entry = audit.record(
        session,
        f"account.second-factor-{change}",
        actor_id=by,
        now=now,
        subject=("user", user_id),
    )
    event = SecondFactorChanged(user_id=user_id, change=change, entry_id=entry.id)
    outbox.emit(session, event, now=now)


def _is_one_row(result: object) -> bool:
    return cast("CursorResult[object]", result).rowcount == 1

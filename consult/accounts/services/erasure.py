"""Erasing an account: every feature forgets the person, and a tombstone stays.

All of it is one transaction. Files, the index and the ledger follow from it, by the events that
are emitted here and by the features (docs/decisions/0006-erasure-ledger.md).
"""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from consult.accounts import sessions
from consult.accounts.events import AccountErased
from consult.accounts.models import (
    AddressChange,
    DataExport,
    Erasure,
    MailedLink,
    RecoveryCode,
    SecondFactor,
    User,
)
from consult.accounts.states import UserStatus
from consult.core import audit, idempotency, limits, outbox
from consult.core.audit import AuditEntry
from consult.core.errors import NotVisible
from consult.core.i18n import DEFAULT_LOCALE
from consult.core.ports import Erasing, Ports

_OWN_ROWS = (MailedLink, SecondFactor, RecoveryCode, AddressChange, DataExport)


def erase_account(
    session: Session,
    *,
    user_id: int,
    keeps_texts: bool,
    by: int | None,
    ports: Ports,
    now: dt.datetime,
) -> Erasure:
    """Erase an account for good; an erased one stays as it is.

    `keeps_texts` says whether published texts stay, under “former participant”; it counts only
    where the forum leaves that to the person. `by` is who does it, None for the system. Raises
    `NotVisible` for an unknown account.
    """
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotVisible
    user.uid = user.uid or secrets.token_hex(16)
    done = session.get(Erasure, user.uid)
    if done is not None and user.status == UserStatus.ERASED:
        return done
    erasing = Erasing(
        user_id=user.id,
        uid=user.uid,
        name=user.name,
        email=user.email,
        email_key=user.email_key,
        locale=user.locale,
        keeps_texts=keeps_texts,
        now=now,
    )
    ports.erase(session, erasing)
    _forget(session, erasing)
    _bury(user)
    session.flush()
    audit.record(
        session,
        "account.erase",
        actor_id=by,
        now=now,
        subject=("user", user_id),
        keeps_texts=keeps_texts,
    )
    if done is None:
        done = Erasure(
            uid=user.uid,
            keeps_texts=keeps_texts,
            erased_at=now,
            by_id=None if by == user_id else by,
        )
        session.add(done)
    session.flush()
    outbox.emit(session, AccountErased(uid=user.uid), now=now)
    return done


def _forget(session: Session, erasing: Erasing) -> None:
    """Drop what accounts and the foundation keep about the person."""
    user_id = erasing.user_id
    sessions.end_all(session, user_id=user_id)
    for model in _OWN_ROWS:
        session.execute(delete(model).where(model.user_id == user_id))
    idempotency.forget_user(session, user_id=user_id)
    counted = (str(user_id), erasing.email_key, erasing.email)
    limits.forget(session, *(one for one in counted if one))
    is_theirs = or_(
        AuditEntry.actor_id == user_id,
        (AuditEntry.subject_kind == "user") & (AuditEntry.subject_id == user_id),
    )
    audit.blank(session, of=is_theirs)
    audit.blank_naming(session, address=erasing.email_key, name=erasing.name)
    if erasing.email != erasing.email_key:
        audit.blank_naming(session, address=erasing.email, name="")


def _bury(user: User) -> None:
    """Leave a row that names nobody, so that what others decided or wrote keeps its order."""
    user.email = user.email_key = user.password_hash = None
    user.name = ""
    user.locale = DEFAULT_LOCALE
    user.time_zone = user.confirmed_at = None
    user.mail_failures, user.mail_failed_at, user.mail_problem = 0, None, None
    user.status = UserStatus.ERASED

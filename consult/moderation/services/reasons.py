"""Keeping the forum's list of reasons: adding codes, changing their words, dropping unused ones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, Role, refusal
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import LOCALES, Translated
from consult.core.text import normalise, single_line
from consult.moderation.queries.reasons import FIXED, reason_row
from consult.moderation.states import OTHER
from consult.spaces.models import Forum, Reason
from consult.spaces.states import OTHER_IS_LAST

MAX_CODE, MAX_LABEL, MAX_EXPLANATION = 32, 60, 600
"""Characters."""
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")


@dataclass(frozen=True)
class SaidReason:
    """Name and explanation of a reason by language, as they were typed."""

    label: Mapping[str, str]
    explanation: Mapping[str, str]


def add_reason(
    session: Session,
    *,
    actor: Actor,
    forum_id: int,
    code: str,
    said: SaidReason,
    now: dt.datetime,
) -> Reason:
    """Add a reason before `other`, in all three languages.

    Raises `NotVisible` for whoever does not organise the forum, `Invalid` by field: `code`,
    `label_en`, `explanation_fr` and so on.
    """
    _require(session, actor=actor, forum_id=forum_id, now=now)
    problems: dict[str, list[str]] = {}
    if not _CODE.fullmatch(code) or len(code) > MAX_CODE:
        problems["code"] = ["reason-code"]
    elif _find(session, forum_id=forum_id, code=code) is not None:
        problems["code"] = ["reason-known"]
    label, explanation = _checked(said, problems)
    if problems:
        raise Invalid(problems)
    _put_other_last(session, forum_id=forum_id)
    last = session.scalar(
        select(func.max(Reason.position)).where(Reason.forum_id == forum_id, Reason.code != OTHER)
    )
    reason = Reason(
        forum_id=forum_id,
        code=code,
        position=(last or 0) + 1,
        label=label,
        explanation=explanation,
    )
    session.add(reason)
    session.flush()
    _note(session, "reason.add", reason, actor=actor, now=now)
    return reason


def change_reason(
    session: Session,
    *,
    actor: Actor,
    forum_id: int,
    code: str,
    said: SaidReason,
    seen: str,
    now: dt.datetime,
) -> bool:
    """Give an added reason other words, for earlier decisions too; return whether any changed.

    `seen` is the mark of the words that the form showed. Raises `NotVisible` for an unknown reason
    and for one of the contract, `Invalid` by field, `StaleState` with the row that stands there
    (`theirs`) where somebody else changed it.
    """
    _require(session, actor=actor, forum_id=forum_id, now=now)
    reason = _added(session, forum_id=forum_id, code=code)
    problems: dict[str, list[str]] = {}
    label, explanation = _checked(said, problems)
    if problems:
        raise Invalid(problems)
    stands = reason_row(session, forum_id=forum_id, code=code)
    if stands.mark != seen:
        raise StaleState(theirs=stands)
    if (reason.label.texts, reason.explanation.texts) == (label.texts, explanation.texts):
        return False
    reason.label, reason.explanation = label, explanation
    session.flush()
    _note(session, "reason.change", reason, actor=actor, now=now)
    return True


def drop_reason(
    session: Session, *, actor: Actor, forum_id: int, code: str, now: dt.datetime
) -> None:
    """Take an added reason off the list that nothing was decided or reported with.

    Raises `NotVisible` for an unknown reason and for one of the contract, `Invalid` (code) for one
    that was used.
    """
    _require(session, actor=actor, forum_id=forum_id, now=now)
    reason = _added(session, forum_id=forum_id, code=code)
    if reason_row(session, forum_id=forum_id, code=code).is_used:
        raise Invalid({"code": ["reason-used"]})
    _note(session, "reason.drop", reason, actor=actor, now=now)
    session.execute(delete(Reason).where(Reason.id == reason.id))
    session.flush()


def _require(session: Session, *, actor: Actor, forum_id: int, now: dt.datetime) -> None:
    """Let organisers of the forum pass, one at a time."""
    may = refusal(Permission.CONFIGURE_DESK, actor=actor, now=now) is None
    if not may or not actor.has_in_forum(Role.ORGANISER, forum_id=forum_id):
        raise NotVisible
    session.execute(select(Forum.id).where(Forum.id == forum_id).with_for_update())


def _find(session: Session, *, forum_id: int, code: str) -> Reason | None:
    return session.scalars(
        select(Reason)
        .where(Reason.forum_id == forum_id, Reason.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def _added(session: Session, *, forum_id: int, code: str) -> Reason:
    reason = _find(session, forum_id=forum_id, code=code)
    if reason is None or code in FIXED:
        raise NotVisible
    return reason


def _put_other_last(session: Session, *, forum_id: int) -> None:
    other = _find(session, forum_id=forum_id, code=OTHER)
    if other is not None:
        other.position = OTHER_IS_LAST
        session.flush()


def _checked(said: SaidReason, problems: dict[str, list[str]]) -> tuple[Translated, Translated]:
    """Return name and explanation as they are kept; notes what is wrong with each language."""
    labels = {code: single_line(said.label.get(code, "")) for code in LOCALES}
    reasons = {code: normalise(said.explanation.get(code, "")).strip() for code in LOCALES}
    for name, texts, longest, too_long in (
        ("label", labels, MAX_LABEL, "reason-label-long"),
        ("explanation", reasons, MAX_EXPLANATION, "reason-words-long"),
    ):
        for code, text in texts.items():
            if not text:
                problems[f"{name}_{code}"] = ["missing"]
            elif len(text) > longest:
                problems[f"{name}_{code}"] = [too_long]
    ours = dict.fromkeys(LOCALES, "ours")
    return Translated(labels, ours), Translated(reasons, ours)


def _note(session: Session, act: str, reason: Reason, *, actor: Actor, now: dt.datetime) -> None:
    words: dict[str, str | None] = {
        f"{name}_{code}": text
        for name, said in (("label", reason.label), ("explanation", reason.explanation))
        for code, text in said.texts.items()
    }
    audit.record(
        session,
        act,
        actor_id=actor.user_id,
        now=now,
        subject=("forum", reason.forum_id),
        words=words,
        code=reason.code,
    )

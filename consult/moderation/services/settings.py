"""Setting how the desk of a space works."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, refusal
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import LOCALES
from consult.moderation.queries.settings import DeskSettings, settings_of
from consult.spaces.models import Author, Forum, Space
from consult.spaces.policy import watch_list
from consult.spaces.states import NEWCOMER_TEXTS, WAITING_HOURS, ClaimRule, ModerationMode


@dataclass(frozen=True)
class Wanted:
    """Settings as they were typed: words one a line, hours as digits, empty for never."""

    mode: str
    newcomer_texts: str
    watch_words: Mapping[str, str]
    claims: str
    remind_after: str
    escalate_after: str
    trusted: Sequence[str]


def configure(
    session: Session,
    *,
    actor: Actor,
    space_id: int,
    wanted: Wanted,
    seen: str,
    now: dt.datetime,
) -> Sequence[str]:
    """Set how the desk of a space works; return the names of what changed, none where nothing did.

    `seen` is the mark of the settings that the form showed. What waits already goes on waiting.
    Raises `NotVisible` for whoever does not organise its forum, `Invalid` by field, `StaleState`
    with `theirs` and `mine` (`DeskSettings`) where somebody else changed something meanwhile.
    """
    space = _locked(session, space_id)
    if refusal(Permission.CONFIGURE_DESK, actor=actor, subject=space, now=now) is not None:
        raise NotVisible
    before = settings_of(session, space)
    delegations = _delegations(session, space, wanted.trusted)
    after = checked(wanted, known=delegations.keys())
    if seen != before.mark:
        raise StaleState(theirs=before, mine=after)
    changed = [
        one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name)
    ]
    if changed:
        _keep(session, space, after, delegations=delegations)
        _note(session, space, before=before, after=after, changed=changed, actor=actor, now=now)
    return changed


def checked(wanted: Wanted, *, known: Iterable[str]) -> DeskSettings:
    """Return the settings that were typed; raises `Invalid` with every problem by field.

    `known` are the public ids of the forum's delegations.
    """
    problems: dict[str, list[str]] = {}
    if wanted.mode not in set(ModerationMode):
        problems["mode"] = ["mode-unknown"]
    if wanted.claims not in set(ClaimRule):
        problems["claims"] = ["claims-unknown"]
    texts = _whole(wanted.newcomer_texts, NEWCOMER_TEXTS)
    if texts is None:
        problems["newcomer_texts"] = ["newcomer-texts"]
    hours: dict[str, int | None] = {}
    for name, typed in (
        ("remind_after", wanted.remind_after),
        ("escalate_after", wanted.escalate_after),
    ):
        hours[name] = _whole(typed, WAITING_HOURS)
        if hours[name] is None and typed:
            problems[name] = ["hours-wrong"]
    remind, escalate = hours["remind_after"], hours["escalate_after"]
    if remind and escalate and escalate < remind:
        problems["escalate_after"] = ["escalates-early"]
    words = _watch_words(wanted.watch_words, problems)
    if not set(wanted.trusted) <= set(known):
        problems["trusted"] = ["delegation-unknown"]
    if problems or texts is None:
        raise Invalid(problems)
    return DeskSettings(
        mode=ModerationMode(wanted.mode),
        newcomer_texts=texts,
        watch_words=words,
        claims=ClaimRule(wanted.claims),
        remind_after=remind,
        escalate_after=escalate,
        trusted=tuple(sorted(set(wanted.trusted))),
    )


def _watch_words(
    typed: Mapping[str, str], problems: dict[str, list[str]]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code in LOCALES:
        try:
            words = watch_list(typed.get(code, "").splitlines())
        except Invalid as error:
            problems[f"watch_{code}"] = error.problems["words"]
            continue
        if words:
            found[code] = tuple(words)
    return found


def _whole(typed: str, limits: tuple[int, int]) -> int | None:
    """Return a whole number between limits, None for anything else."""
    if not (typed.isascii() and typed.isdecimal()) or len(typed) > 6:
        return None
    number = int(typed)
    return number if limits[0] <= number <= limits[1] else None


def _locked(session: Session, space_id: int) -> Space:
    """Return the space; the forum is locked before it, because trust is common to its spaces."""
    space = session.get(Space, space_id)
    if space is None:
        raise NotVisible
    session.execute(select(Forum.id).where(Forum.id == space.forum_id).with_for_update())
    session.refresh(space, with_for_update=True)
    return space


def _delegations(session: Session, space: Space, wanted: Sequence[str]) -> dict[str, Author]:
    """Return the forum's delegations that are wanted or trusted now, by their public ids."""
    rows = session.scalars(
        select(Author)
        .where(
            Author.forum_id == space.forum_id,
            Author.is_delegation.is_(True),
            Author.uid.in_(wanted) | Author.publishes_at_once.is_(True),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {author.uid: author for author in rows}


def _keep(
    session: Session, space: Space, after: DeskSettings, *, delegations: dict[str, Author]
) -> None:
    space.moderation, space.newcomer_texts = after.mode, after.newcomer_texts
    space.watch_words = {code: list(words) for code, words in after.watch_words.items()}
    space.claims = after.claims
    space.remind_after, space.escalate_after = after.remind_after, after.escalate_after
    # Pages tell readers whether a moderator comes first.
    space.public_version += 1
    for uid, author in delegations.items():
        author.publishes_at_once = uid in after.trusted
    session.flush()


def _note(
    session: Session,
    space: Space,
    *,
    before: DeskSettings,
    after: DeskSettings,
    changed: Sequence[str],
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Write down what changed: codes and numbers as facts, watched words apart."""
    plain = ("mode", "newcomer_texts", "claims", "remind_after", "escalate_after")
    facts: dict[str, Any] = {
        name: [getattr(before, name), getattr(after, name)] for name in plain if name in changed
    }
    if "trusted" in changed:
        facts["trusted"] = [list(before.trusted), list(after.trusted)]
    words: dict[str, str | None] | None = None
    if "watch_words" in changed:
        words = {
            "watch_words_before": json.dumps(before.watch_words, ensure_ascii=False),
            "watch_words": json.dumps(after.watch_words, ensure_ascii=False),
        }
    audit.record(
        session,
        "space.configure-desk",
        actor_id=actor.user_id,
        now=now,
        subject=("space", space.id),
        words=words,
        changed=list(changed),
        **facts,
    )

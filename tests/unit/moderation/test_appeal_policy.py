"""Who answers an appeal, predicate by predicate."""

from __future__ import annotations

import datetime as dt

import pytest

from consult.core.authz import Actor, Grant, Permission, Role, refusal
from consult.core.errors import Refusal
from consult.moderation.policy import Appealing, Deciding, Hearing
from consult.moderation.states import Instance
from consult.spaces.models import Space

NOW = dt.datetime(2026, 1, 31, 17, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HERE = Space(id=5, forum_id=1)

COLLEAGUE = Actor(user_id=1, grants=frozenset({Grant(Role.MODERATOR, 1, 5)}))
ELSEWHERE = Actor(user_id=2, grants=frozenset({Grant(Role.MODERATOR, 1, 6)}))
ORGANISER = Actor(user_id=3, grants=frozenset({Grant(Role.ORGANISER, 1, None)}))
STRANGER = Actor(user_id=4, grants=frozenset({Grant(Role.MODERATOR, 2, 9)}))


def subject(instance: Instance | None, *, settled_at: dt.datetime | None = None) -> Deciding:
    hearing = Hearing(instance, 7, settled_at) if instance is not None else None
    return Deciding(HERE, author_id=8, typed_by=frozenset({6}), is_orphan=False, hearing=hearing)


@pytest.mark.parametrize(
    ("instance", "heard_by"),
    [
        (Instance.SPACE, COLLEAGUE),
        (Instance.FORUM, ELSEWHERE),
        (Instance.ORGANISER, ORGANISER),
    ],
)
def test_it_falls_to_one_kind_of_people(instance: Instance, heard_by: Actor) -> None:
    others = {COLLEAGUE, ELSEWHERE, ORGANISER, STRANGER} - {heard_by}
    if instance is Instance.FORUM:
        # Whoever moderates the space moderates in the forum; they were found unable already.
        others -= {COLLEAGUE}
    concerned = subject(instance)
    assert refusal(Permission.SETTLE, actor=heard_by, subject=concerned, now=NOW) is None
    assert refusal(Permission.MODERATE, actor=heard_by, subject=concerned, now=NOW) is None
    for actor in others:
        told = refusal(Permission.SETTLE, actor=actor, subject=concerned, now=NOW)
        assert told is Refusal.ELSEWHERE


def test_from_another_desk_it_is_seen_until_a_minute_after_its_answer() -> None:
    soon = subject(Instance.FORUM, settled_at=NOW - 59 * SECOND)
    late = subject(Instance.FORUM, settled_at=NOW - 60 * SECOND)
    assert refusal(Permission.MODERATE, actor=ELSEWHERE, subject=soon, now=NOW) is None
    told = refusal(Permission.MODERATE, actor=ELSEWHERE, subject=late, now=NOW)
    assert told is Refusal.NO_ROLE
    assert refusal(Permission.MODERATE, actor=COLLEAGUE, subject=late, now=NOW) is None


def test_seeing_it_from_another_desk_is_not_deciding_there() -> None:
    concerned = subject(Instance.FORUM)
    told = refusal(Permission.DECIDE, actor=ELSEWHERE, subject=concerned, now=NOW)
    assert told is Refusal.NO_ROLE


def test_without_an_appeal_there_is_none_to_answer() -> None:
    told = refusal(Permission.SETTLE, actor=COLLEAGUE, subject=subject(None), now=NOW)
    assert told is Refusal.WRONG_STATE


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (Actor(user_id=7, grants=COLLEAGUE.grants), Refusal.DECIDED_BEFORE),
        (Actor(user_id=6, grants=COLLEAGUE.grants), Refusal.OWN_TEXT),
        (
            Actor(user_id=1, grants=COLLEAGUE.grants, author_ids=frozenset({8})),
            Refusal.OWN_TEXT,
        ),
        (Actor(user_id=1, author_ids=frozenset({8})), Refusal.NO_ROLE),
        (Actor(), Refusal.NOT_SIGNED_IN),
    ],
)
def test_neither_who_rejected_nor_who_wrote_answers(actor: Actor, expected: Refusal) -> None:
    concerned = subject(Instance.SPACE)
    assert refusal(Permission.SETTLE, actor=actor, subject=concerned, now=NOW) is expected


@pytest.mark.parametrize(
    ("concerned", "expected"),
    [
        (None, None),
        (Appealing(8, NOW, is_appealed=False), None),
        (Appealing(8, NOW - dt.timedelta(days=14), is_appealed=False), None),
        (Appealing(8, NOW - dt.timedelta(days=14) - SECOND, is_appealed=False),
         Refusal.APPEAL_OVER),
        (Appealing(8, NOW, is_appealed=True), Refusal.APPEALED),
        (Appealing(8, None, is_appealed=False), Refusal.NOT_REJECTED),
        (Appealing(9, NOW, is_appealed=False), Refusal.NOT_YOURS),
    ],
)  # fmt: skip
def test_an_appeal_is_made_by_the_author_once_and_in_time(
    concerned: Appealing | None, expected: Refusal | None
) -> None:
    author = Actor(user_id=6, author_ids=frozenset({8}))
    assert refusal(Permission.APPEAL, actor=author, subject=concerned, now=NOW) is expected

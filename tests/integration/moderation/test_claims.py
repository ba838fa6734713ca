"""Claims: one has it, renewing leaves no trace, and it ends with whoever took it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.accounts import services as accounts
from consult.accounts import sessions
from consult.accounts.events import SessionsEnded
from consult.accounts.states import UserStatus
from consult.app import create_app
from consult.core import clock, outbox
from consult.core.authz import Actor, Role
from consult.core.db import db
from consult.core.errors import StaleState
from consult.core.unit_of_work import unit_of_work
from consult.discussion.states import Removed, RevisionState
from consult.moderation import services
from consult.moderation.handlers import claims as handlers
from consult.moderation.models import Claim, Decision
from consult.moderation.queries.bulk import Chosen
from consult.moderation.services import claims, moving, redacting
from consult.moderation.states import Verdict
from consult.spaces.services import roles
from consult.spaces.states import ClaimRule
from tests import factories as make
from tests import postgresql
from tests.conftest import DATABASES, Template
from tests.integration.moderation.desk import WHY, Desk, make_desk

MINUTE = dt.timedelta(minutes=1)


def claim(desk: Desk, item: Any, *, by: Actor | None = None, now: dt.datetime) -> Claim:
    return services.claim(desk.session, actor=by or desk.first, contribution_id=item.id, now=now)


def test_renewing_leaves_no_entry_in_the_log(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    claim(desk, item, now=now)
    held = claim(desk, item, now=now + 4 * MINUTE)
    assert held.until == now + 14 * MINUTE
    services.release(desk.session, actor=desk.first, contribution_id=item.id, now=now + 5 * MINUTE)
    assert desk.audited(item) == ["claim", "release"]


def test_taking_a_lapsed_claim_again_is_a_new_one(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    claim(desk, item, now=now)
    claim(desk, item, now=now + 11 * MINUTE)
    assert desk.audited(item) == ["claim", "claim"]


def test_a_lapsed_claim_keeps_nobody_out(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    claim(desk, item, now=now)
    held = claim(desk, item, by=desk.second, now=now + 10 * MINUTE)
    assert held.user_id == desk.second.user_id


def test_a_claim_stands_when_the_author_sends_a_newer_text(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    claim(desk, item, now=now)
    desk.text(item).state = RevisionState.CANCELLED
    desk.session.flush()
    desk.edit(item)
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, Verdict.APPROVE, seen_revision=2, actor=desk.second, now=now)
    assert conflict.value.seen["claimed_by"] == "Moderator One"
    with pytest.raises(StaleState) as moved:
        desk.decide(item, Verdict.APPROVE, now=now)
    assert moved.value.seen["theirs"] == "A newer text."
    desk.decide(item, Verdict.APPROVE, seen_revision=2, now=now)
    assert desk.session.get(Claim, item.id) is None


@pytest.mark.parametrize("removed", [Removed.WITHDRAWN, Removed.ERASED])
def test_nobody_keeps_what_is_gone(desk: Desk, removed: Removed) -> None:
    item = desk.published()
    item.removed = removed
    desk.session.flush()
    with pytest.raises(StaleState):
        claim(desk, item, now=clock.now())


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT])
def test_where_claims_are_wanted_nothing_is_decided_without_one(
    desk: Desk, verdict: Verdict
) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    item, now = desk.pending(), clock.now()
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, verdict, now=now)
    assert conflict.value.seen["unclaimed"] is True
    assert conflict.value.seen["lapsed"] is None
    assert desk.text(item).state == RevisionState.PENDING
    assert desk.decisions(item) == []
    claim(desk, item, now=now)
    with pytest.raises(StaleState) as lapsed:
        desk.decide(item, verdict, now=now + 10 * MINUTE)
    assert lapsed.value.seen["lapsed"] == now + 10 * MINUTE
    assert desk.decisions(item) == []
    claim(desk, item, now=now + 10 * MINUTE)
    desk.decide(item, verdict, now=now + 19 * MINUTE)
    assert len(desk.decisions(item)) == 1


def test_hiding_and_answering_an_appeal_want_a_claim_as_well(desk: Desk) -> None:
    public, rejected = desk.published(), desk.pending()
    desk.decide(rejected, Verdict.REJECT, actor=desk.second)
    writer = make.actor_for(user=desk.writer, author=desk.author)
    now = clock.now()
    services.appeal(desk.session, actor=writer, contribution_id=rejected.id, words=WHY, now=now)
    desk.space.claims = ClaimRule.REQUIRED
    desk.session.flush()
    with pytest.raises(StaleState):
        desk.decide(public, Verdict.HIDE)
    answer: dict[str, Any] = {
        "actor": desk.first,
        "contribution_id": rejected.id,
        "seen_revision": 1,
        "verdict": Verdict.APPROVE,
        "reason": None,
        "message": None,
        "language": None,
        "objectives": None,
        "now": now,
    }
    with pytest.raises(StaleState):
        services.settle(desk.session, **answer)
    for item in (public, rejected):
        claim(desk, item, now=now)
    desk.decide(public, Verdict.HIDE)
    services.settle(desk.session, **answer)
    assert desk.text(rejected).state == RevisionState.PUBLISHED


def act_on(desk: Desk, item: Any, act: str, *, now: dt.datetime) -> None:
    """Redact, move or take the approval of a public text back, as the first moderator."""
    here: dict[str, Any] = {"actor": desk.first, "now": now}
    why: dict[str, Any] = {"reason": "off-topic", "message": None, "seen_revision": 1}
    if act == "undo":
        [approval] = desk.decisions(item)
        services.undo(desk.session, **here, decision_id=approval.id)
    elif act == "undo-together":
        [approval] = desk.decisions(item)
        services.undo_together(desk.session, **here, batch=approval.batch or "")
    elif act == "redact":
        redacting.redact(
            desk.session,
            **here,
            **why,
            contribution_id=item.id,
            passages=["learned"],
            files=(),
        )
    else:
        moving.move(
            desk.session,
            **here,
            **why,
            contribution_id=item.id,
            seen_place=None,
            target=f"{desk.space.slug}/2",
        )


@pytest.mark.parametrize("act", ["redact", "move", "undo", "undo-together"])
def test_every_act_respects_a_colleagues_claim_until_it_ends(desk: Desk, act: str) -> None:
    item, now = desk.pending(), clock.now()
    services.decide_together(
        desk.session,
        actor=desk.first,
        chosen=[Chosen(item.receipt or "", 1)],
        verdict=Verdict.APPROVE,
        reason=None,
        message=None,
        now=now,
    )
    claim(desk, item, by=desk.second, now=now - 10 * MINUTE + dt.timedelta(seconds=30))
    with pytest.raises(StaleState) as conflict:
        act_on(desk, item, act, now=now + dt.timedelta(seconds=29))
    if act != "undo-together":
        assert conflict.value.seen["claimed_by"] == "Moderator Two"
    assert len(desk.decisions(item)) == 1
    act_on(desk, item, act, now=now + dt.timedelta(seconds=30))
    assert len(desk.decisions(item)) == 2


@pytest.mark.parametrize("act", ["redact", "move"])
def test_redacting_and_moving_want_a_claim_that_stands(desk: Desk, act: str) -> None:
    item, now = desk.published(), clock.now()
    desk.space.claims = ClaimRule.REQUIRED
    desk.session.flush()
    with pytest.raises(StaleState) as missing:
        act_on(desk, item, act, now=now)
    assert (missing.value.seen["unclaimed"], missing.value.seen["lapsed"]) == (True, None)
    claim(desk, item, now=now)
    with pytest.raises(StaleState) as lapsed:
        act_on(desk, item, act, now=now + 10 * MINUTE)
    assert lapsed.value.seen["lapsed"] == now + 10 * MINUTE
    act_on(desk, item, act, now=now + 9 * MINUTE)
    assert desk.session.get(Claim, item.id) is None


def test_a_text_that_moved_is_told_before_the_missing_claim(desk: Desk) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    item = desk.pending()
    desk.text(item).state = RevisionState.CANCELLED
    desk.session.flush()
    desk.edit(item)
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, Verdict.APPROVE)
    assert "unclaimed" not in conflict.value.seen
    assert conflict.value.seen["theirs"] == "A newer text."


def payloads(desk: Desk) -> list[dict[str, Any]]:
    rows = desk.session.scalars(
        select(outbox.OutboxEntry).where(outbox.OutboxEntry.handler == "moderation.release-claims")
    )
    return [row.payload for row in rows]


def _sign_out(desk: Desk, now: dt.datetime) -> None:
    user = desk.users[0]
    key = sessions.start(desk.session, user_id=user.id, client=sessions.Client(), now=now)
    accounts.sign_out(desk.session, session_id=key, user_id=user.id, now=now)


def _end_others(desk: Desk, now: dt.datetime) -> None:
    user = desk.users[0]
    sessions.start(desk.session, user_id=user.id, client=sessions.Client(), now=now)
    accounts.end_others(desk.session, user_id=user.id, keep=None, now=now)


def _suspend(desk: Desk, now: dt.datetime) -> None:
    accounts.set_status(
        desk.session, user_id=desk.users[0].id, status=UserStatus.SUSPENDED, now=now
    )


def _revoke(desk: Desk, now: dt.datetime) -> None:
    roles.revoke_role(
        desk.session,
        user_id=desk.users[0].id,
        role=Role.MODERATOR,
        forum_id=desk.forum.id,
        space_id=desk.space.id,
        now=now,
    )


@pytest.mark.parametrize("leave", [_sign_out, _end_others, _suspend, _revoke])
def test_claims_end_with_whoever_took_them(desk: Desk, leave: Any) -> None:
    mine, other, theirs = desk.pending(), desk.pending(), desk.pending()
    now = clock.now()
    for item in (mine, other):
        claim(desk, item, now=now)
    claim(desk, theirs, by=desk.second, now=now)
    leave(desk, now)
    handlers.release(desk.session, payloads(desk), now=now)
    assert desk.session.scalars(select(Claim.contribution_id)).all() == [theirs.id]
    assert desk.audited(mine) == desk.audited(other) == ["claim", "release"]
    # Doing it again changes nothing: the outbox delivers at least once.
    handlers.release(desk.session, payloads(desk), now=now)
    assert desk.audited(mine) == ["claim", "release"]


def test_lapsed_claims_are_swept_and_others_stay(desk: Desk) -> None:
    old, fresh, now = desk.pending(), desk.pending(), clock.now()
    claim(desk, old, now=now - 2 * claims.KEPT)
    claim(desk, fresh, now=now)
    handlers.forget(desk.session, [], now=now)
    assert desk.session.scalars(select(Claim.contribution_id)).all() == [fresh.id]


def test_the_handler_listens_to_the_end_of_sessions(app: Flask) -> None:
    assert "moderation.release-claims" in outbox.reactions.by_event[SessionsEnded]


@pytest.fixture(params=DATABASES)
def own_app(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Flask]:
    """An application on a database of its own, because threads commit for good."""
    app = create_app(templates[request.param].copy(tmp_path))
    yield app
    with app.app_context():
        url = db.engine.url
        db.engine.dispose()
    if request.param == "postgresql" and url.database:
        postgresql.drop_database(url.database)


def test_of_two_who_claim_at_once_one_has_it(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        items = [desk.pending().id for _ in range(8)]
        actors = (desk.first, desk.second)
    barrier = Barrier(2)

    def take(actor: Actor) -> list[bool]:
        got = []
        with own_app.app_context():
            for item in items:
                barrier.wait()
                try:
                    with unit_of_work() as session:
                        services.claim(session, actor=actor, contribution_id=item, now=clock.now())
                except StaleState:
                    got.append(False)
                else:
                    got.append(True)
        return got

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(take, actors)
    assert [a != b for a, b in zip(one, two, strict=True)] == [True] * len(items)


def test_bulks_that_cross_decide_each_text_once_and_wait_for_no_ring(own_app: Flask) -> None:
    """Two bulks in opposite orders over two questions, and a colleague who decides replies."""
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        questions = [make.make_question(session, space=desk.space) for _ in range(2)]
        items = [desk.pending(question=questions[n % 2]) for n in range(12)]
        root = desk.published(question=questions[1])
        replies = [desk.pending(parent=root, question=questions[1]) for _ in range(6)]
        desk.edit(root)
        seen = [Chosen(item.receipt or "", 1) for item in (*items, *replies)]
        seen.append(Chosen(root.receipt or "", 2))
        single = [reply.id for reply in replies]
        first, second = desk.first, desk.second
        texts = len(items) + len(replies) + 2
    barrier = Barrier(3)

    def many(actor: Actor, chosen: list[Chosen]) -> int:
        with own_app.app_context():
            barrier.wait()
            with unit_of_work() as session:
                done = services.decide_together(
                    session,
                    actor=actor,
                    chosen=chosen,
                    verdict=Verdict.APPROVE,
                    reason=None,
                    message=None,
                    now=clock.now(),
                )
            return len(done.decided)

    def one_by_one() -> int:
        done = 0
        with own_app.app_context():
            barrier.wait()
            for reply in single:
                try:
                    with unit_of_work() as session:
                        services.decide(
                            session,
                            actor=second,
                            contribution_id=reply,
                            seen_revision=1,
                            seen_published=None,
                            verdict=Verdict.APPROVE,
                            reason=None,
                            message=None,
                            language=None,
                            objectives=None,
                            now=clock.now(),
                        )
                    done += 1
                except StaleState:
                    pass
        return done

    with ThreadPoolExecutor(3) as pool:
        running = [
            pool.submit(many, first, seen),
            pool.submit(many, second, seen[::-1]),
            pool.submit(one_by_one),
        ]
        decided = sum(one.result() for one in running)
    with own_app.app_context():
        rows = db.session().scalars(select(Decision.revision_id)).all()
    assert decided == len(seen)
    assert len(rows) == len(set(rows)) == texts

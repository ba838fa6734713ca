"""An organiser moves what is public of the forum, without a desk there and without seeing one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution
from consult.discussion.queries import single
from consult.discussion.services import threads
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.moderation import services
from consult.moderation.models import Claim, Decision
from consult.moderation.queries.finding import find, find_to_move, offers_move
from consult.moderation.services import moving
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space
from consult.spaces.states import ClaimRule
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, moderator_of
from tests.integration.moderation.figures import check_figures


@pytest.fixture
def elsewhere(desk: Desk) -> Space:
    """Another space of the forum."""
    return make.make_space(desk.session, forum=desk.forum)


@pytest.fixture
def organiser(desk: Desk) -> Actor:
    """Who organises the forum and moderates nothing of it."""
    user = make.make_user(desk.session, name="Organiser")
    make.grant(desk.session, user=user, role=Role.ORGANISER, space=desk.space)
    return make.actor_for(user=user, role=Role.ORGANISER, space=desk.space)


def move(desk: Desk, item: Contribution, target: str, by: Actor, **over: Any) -> Decision:
    values: dict[str, Any] = {
        "contribution_id": item.id,
        "seen_revision": 1,
        "seen_place": None,
        "target": target,
        "reason": "off-topic",
        "message": None,
        "now": clock.now(),
    }
    return moving.move(desk.session, actor=by, **values | over)


def asked(desk: Desk) -> Contribution:
    """Make a participant's question that was approved."""
    made = desk.pending(kind=ContributionKind.QUESTION, question_id=None)
    made.thread_id, made.path = None, ""
    desk.session.flush()
    desk.decide(made, Verdict.APPROVE)
    return made


def test_a_public_comment_goes_where_they_moderate_nothing(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    item = desk.published()
    below = desk.pending(parent=item)
    threads.place(desk.session, below, parent=item, at=0)
    old = item.reference or ""
    decision = move(desk, item, f"{elsewhere.slug}/2", organiser, message=WHY)
    desk.session.refresh(item)
    desk.session.refresh(below)
    assert item.reference == f"{elsewhere.code}-Q2-0001"
    assert (below.space_id, desk.text(below).state) == (elsewhere.id, RevisionState.PENDING)
    assert single.find(desk.session, name=old, actor=Actor()).canonical == item.reference
    assert (decision.decided_by, decision.verdict) == (organiser.user_id, Verdict.MOVE)
    assert desk.audited(item)[-1] == "move"
    told = desk.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "notifications.decision")
    )
    assert decision.id in [entry.payload["decision_id"] for entry in told]
    check_figures(desk.session)


def test_a_public_question_goes_with_its_answers(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    item = asked(desk)
    question = desk.session.get_one(Question, item.own_question_id)
    answer = desk.published(question=question)
    move(desk, item, elsewhere.slug, organiser)
    for one in (item, answer):
        desk.session.refresh(one)
        assert one.space_id == elsewhere.id
    assert answer.reference == f"{item.reference}-0001"
    check_figures(desk.session)


def test_a_newer_text_that_waits_goes_along_as_it_is(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    item = desk.published()
    edit = desk.edit(item)
    decision = move(desk, item, f"{elsewhere.slug}/1", organiser)
    assert decision.revision_id == desk.text(item, 1).id
    desk.session.refresh(item)
    assert (item.open_revision_id, desk.text(item, 2).state) == (edit.id, RevisionState.PENDING)
    assert item.space_id == elsewhere.id


@pytest.mark.parametrize("removed", [Removed.HIDDEN, Removed.WITHDRAWN, Removed.ERASED])
def test_what_is_not_public_any_more_does_not_exist_for_them(
    desk: Desk, elsewhere: Space, organiser: Actor, removed: Removed
) -> None:
    item = desk.published()
    item.removed = removed
    desk.session.flush()
    with pytest.raises(NotVisible):
        move(desk, item, f"{elsewhere.slug}/1", organiser)
    with pytest.raises(NotVisible):
        find_to_move(desk.session, actor=organiser, name=item.reference or "", now=clock.now())


def test_what_waits_does_not_exist_for_them(desk: Desk, elsewhere: Space, organiser: Actor) -> None:
    item = desk.pending()
    with pytest.raises(NotVisible):
        move(desk, item, f"{elsewhere.slug}/1", organiser)
    for name in (item.receipt, "NOTH-INGH-ERE0-0000"):
        with pytest.raises(NotVisible):
            find_to_move(desk.session, actor=organiser, name=name or "", now=clock.now())
    assert desk.text(item).state == RevisionState.PENDING


def test_what_no_moderator_may_decide_is_theirs_as_before(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    item = desk.pending()
    for user in desk.users:
        desk.text(item).submitted_by = user.id
        make.make_revision(
            desk.session, contribution=item, state=RevisionState.CANCELLED, submitted_by=user.id
        )
    desk.session.flush()
    located = find_to_move(desk.session, actor=organiser, name=item.receipt or "", now=clock.now())
    assert not located.is_off_desk
    move(desk, item, f"{elsewhere.slug}/1", organiser)
    desk.session.refresh(item)
    assert item.space_id == elsewhere.id


def test_the_organiser_of_another_forum_knows_of_nothing(desk: Desk, elsewhere: Space) -> None:
    strange = make.make_space(desk.session)
    user = make.make_user(desk.session)
    make.grant(desk.session, user=user, role=Role.ORGANISER, space=strange)
    actor = make.actor_for(user=user, role=Role.ORGANISER, space=strange)
    item = desk.published()
    with pytest.raises(NotVisible):
        move(desk, item, f"{elsewhere.slug}/1", actor)
    with pytest.raises(NotVisible):
        find_to_move(desk.session, actor=actor, name=item.reference or "", now=clock.now())
    assert not offers_move(desk.session, actor, item.id, clock.now())


def test_another_forum_is_no_target(desk: Desk, organiser: Actor) -> None:
    strange = make.make_space(desk.session)
    with pytest.raises(Invalid) as refused:
        move(desk, desk.published(), f"{strange.slug}/1", organiser)
    assert refused.value.problems == {"target": ["target-missing"]}


def test_a_text_of_their_own_stays_where_it_is(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    item = desk.published()
    desk.text(item).submitted_by = organiser.user_id
    desk.session.flush()
    with pytest.raises(Forbidden) as refused:
        move(desk, item, f"{elsewhere.slug}/1", organiser)
    assert refused.value.refusal is Refusal.OWN_TEXT
    assert not offers_move(desk.session, organiser, item.id, clock.now())


def test_a_moderator_of_another_space_gains_nothing(desk: Desk, elsewhere: Space) -> None:
    user = make.make_user(desk.session)
    make.grant(desk.session, user=user, role=Role.MODERATOR, space=elsewhere)
    actor = make.actor_for(user=user, role=Role.MODERATOR, space=elsewhere)
    item = desk.published()
    with pytest.raises(NotVisible):
        move(desk, item, f"{elsewhere.slug}/1", actor)
    assert not offers_move(desk.session, actor, item.id, clock.now())


def test_a_claim_is_respected_and_none_is_wanted_of_them(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    item, now = desk.pending(), clock.now()
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=now)
    desk.decide(item, Verdict.APPROVE)
    with pytest.raises(NotVisible):
        services.claim(desk.session, actor=organiser, contribution_id=item.id, now=now)
    desk.edit(item, "A text that waits.")
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=now)
    with pytest.raises(StaleState) as conflict:
        move(desk, item, f"{elsewhere.slug}/1", organiser, now=now)
    assert conflict.value.seen == {
        "for_readers": True,
        "theirs": None,
        "claimed_by": "Moderator One",
    }
    services.release(desk.session, actor=desk.first, contribution_id=item.id, now=now)
    move(desk, item, f"{elsewhere.slug}/1", organiser, now=now)
    assert desk.session.get(Claim, item.id) is None


def test_a_conflict_tells_nothing_but_the_public_text(
    desk: Desk, elsewhere: Space, organiser: Actor
) -> None:
    item = desk.published(source="The first public text.")
    desk.edit(item, "The second public text.")
    desk.decide(item, Verdict.APPROVE, seen_revision=2)
    desk.edit(item, "A text that waits.")
    with pytest.raises(StaleState) as conflict:
        move(desk, item, f"{elsewhere.slug}/1", organiser)
    assert conflict.value.seen == {
        "for_readers": True,
        "theirs": "The second public text.",
        "claimed_by": None,
    }
    with pytest.raises(StaleState) as conflict:
        move(
            desk,
            item,
            f"{elsewhere.slug}/1",
            organiser,
            seen_revision=2,
            seen_place=f"{desk.space.code}-Q3",
        )
    assert conflict.value.seen["theirs"] is None
    with pytest.raises(StaleState):
        move(desk, item, f"{elsewhere.slug}/1", organiser, seen_revision=3)


def test_nothing_else_of_the_desk_opens_to_them(desk: Desk, organiser: Actor) -> None:
    item, now = desk.published(), clock.now()
    for name in (item.receipt or "", item.reference or ""):
        with pytest.raises(NotVisible):
            find(desk.session, actor=organiser, name=name, now=now)
    with pytest.raises(NotVisible):
        find_to_move(desk.session, actor=organiser, name=item.receipt or "", now=now)
    with pytest.raises(NotVisible):
        desk.decide(item, Verdict.HIDE, actor=organiser)
    located = find_to_move(desk.session, actor=organiser, name=item.reference or "", now=now)
    assert (located.is_off_desk, located.name) == (True, item.reference)


def test_an_old_name_is_followed(desk: Desk, elsewhere: Space, organiser: Actor) -> None:
    item, now = desk.published(), clock.now()
    old = item.reference or ""
    _user, there = moderator_of(desk.session, elsewhere)
    move(desk, item, f"{elsewhere.slug}/1", organiser)
    located = find_to_move(desk.session, actor=organiser, name=old, now=now)
    assert located.name == f"{elsewhere.code}-Q1-0001"
    assert find(desk.session, actor=there, name=old, now=now).contribution.id == item.id


def test_the_link_is_offered_to_them_alone(desk: Desk, organiser: Actor) -> None:
    item, waiting, now = desk.published(), desk.pending(), clock.now()
    assert offers_move(desk.session, organiser, item.id, now)
    assert not offers_move(desk.session, organiser, waiting.id, now)
    for actor in (Actor(), desk.first, make.actor_for(user=desk.writer, author=desk.author)):
        assert not offers_move(desk.session, actor, item.id, now)

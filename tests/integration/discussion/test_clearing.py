"""Inside a delegation: who speaks, what waits for a focal point, and what leaves the house."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.audit import AuditDetail, AuditEntry
from consult.core.authz import Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries import clearance, own, own_history, single
from consult.discussion.queries.own_list import OwnState, own_page
from consult.discussion.queries.rows import labels
from consult.discussion.services import clearing, publishing, removing, revising, sending
from consult.discussion.services.texts import Words
from consult.discussion.states import RevisionState
from consult.moderation.queries import finding, items
from consult.moderation.queries.queue import QueueFilter, queue
from consult.moderation.services import decide
from consult.moderation.states import Verdict
from tests import factories as make

NO_GRACE = dt.timedelta(0)


class House:
    """A delegation that wants clearance: Farid looks after it, Carmen and Chen write for it."""

    def __init__(self, session):
        self.session = session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.users = {
            name: make.make_user(session, name=name) for name in ("Farid", "Carmen", "Chen")
        }
        self.author = make.make_delegation(
            session,
            forum=self.forum,
            focal_point=self.users["Farid"],
            contributors=[self.users["Carmen"], self.users["Chen"]],
        )
        self.moderator = make.actor_for(
            user=make.make_user(session), role=Role.MODERATOR, space=self.space
        )

    def actor(self, name):
        return make.actor_for(user=self.users[name], author=self.author)

    def send(self, name="Carmen", body="What our members say.", *, now=None, **over):
        values = {
            "actor": self.actor(name),
            "space": self.space,
            "question": make.question_of(self.session, self.space),
            "parent": None,
            "draft": None,
            "words": Words(source=body, language="en"),
            "now": now or clock.now(),
            "grace": NO_GRACE,
        }
        return sending.send(self.session, **values | over)

    def edit(self, contribution, name="Carmen", body="A newer text.", *, now=None):
        return revising.send_revision(
            self.session,
            actor=self.actor(name),
            contribution=contribution,
            space=self.space,
            seen=self.texts(contribution).newest.number,
            words=Words(source=body, language="en"),
            now=now or clock.now(),
            grace=NO_GRACE,
        )

    def publish(self, contribution):
        publishing.publish(
            self.session,
            contribution=contribution,
            revision=self.texts(contribution).waiting,
            space=self.space,
            now=clock.now(),
        )
        return contribution

    def texts(self, contribution):
        return own.texts_of(self.session, contribution)

    def seen(self, contribution):
        return clearing.mark_of(self.texts(contribution).waiting)

    def release(self, contribution, name="Farid", *, seen=None):
        return clearing.release(
            self.session,
            actor=self.actor(name),
            contribution=contribution,
            seen=seen or self.seen(contribution),
            now=clock.now(),
        )

    def hand_back(self, contribution, words="Please name the year.", *, name="Farid"):
        return clearing.hand_back(
            self.session,
            actor=self.actor(name),
            contribution=contribution,
            seen=self.seen(contribution),
            words=words,
            now=clock.now(),
        )

    def close(self):
        self.space.closes_at = clock.now() - dt.timedelta(minutes=1)
        self.session.flush()

    def waiting(self):
        now = clock.now()
        return queue(self.session, actor=self.moderator, wanted=QueueFilter(), now=now)

    def state(self, contribution):
        return self.session.scalars(
            select(Revision.state)
            .where(Revision.contribution_id == contribution.id)
            .order_by(Revision.number.desc())
            .limit(1)
        ).one()


@pytest.fixture
def house(session):
    return House(session)


def events(session, handler):
    return session.scalar(select(func.count()).where(OutboxEntry.handler == handler))


def acts(session):
    rows = session.execute(select(AuditEntry.act, AuditEntry.actor_id).order_by(AuditEntry.id))
    return [tuple(row) for row in rows]


# --- Sending ------------------------------------------------------------------------------------


def test_what_a_contributor_sends_counts_as_sent_and_waits_inside(house):
    sent_at = clock.now()
    contribution = house.send(now=sent_at)
    assert house.state(contribution) == RevisionState.CLEARANCE
    assert contribution.receipt
    assert contribution.sent_at == sent_at
    assert events(house.session, "notifications.received") == 0
    assert events(house.session, "notifications.clearance") == 1
    assert house.waiting().page.total == 0
    with pytest.raises(NotVisible):
        finding.find(
            house.session, actor=house.moderator, name=contribution.receipt, now=clock.now()
        )
    with pytest.raises(NotVisible):
        single.find(house.session, name=contribution.receipt, actor=house.moderator)


def test_what_a_focal_point_sends_goes_to_the_moderators(house):
    contribution = house.send("Farid")
    assert house.state(contribution) == RevisionState.PENDING
    assert house.waiting().page.total == 1


def test_a_delegation_that_wants_no_clearance_sends_straight_on(house):
    house.author.wants_clearance = False
    assert house.state(house.send()) == RevisionState.PENDING


def test_an_edit_and_a_returned_text_wait_inside_too(house):
    contribution = house.publish(house.send("Farid"))
    house.edit(contribution)
    assert house.state(contribution) == RevisionState.CLEARANCE
    house.release(contribution)
    publishing.send_back(
        house.session,
        contribution=contribution,
        revision=house.texts(contribution).waiting,
        now=clock.now(),
    )
    house.edit(contribution, "Chen", "As the moderators wished.")
    assert house.state(contribution) == RevisionState.CLEARANCE


def test_two_members_who_send_the_same_words_make_one_contribution(house):
    first = house.send("Carmen", "One voice, one text.")
    second = house.send("Chen", "One voice, one text.")
    assert first.id == second.id
    assert house.session.scalar(select(func.count(Contribution.id))) == 1


def test_two_members_with_one_draft_do_not_overwrite_each_other(house):
    def save(name, body, **over):
        return sending.save_draft(
            house.session,
            actor=house.actor(name),
            space=house.space,
            question=make.question_of(house.session, house.space),
            parent=None,
            words=Words(source=body, language="en"),
            now=clock.now(),
            **over,
        )

    draft = save("Carmen", "Half a thought.", draft=None)
    lock = house.texts(draft).draft.lock
    save("Chen", "The other half.", draft=draft, lock=lock)
    with pytest.raises(StaleState) as stale:
        save("Carmen", "Half a thought, mended.", draft=draft, lock=lock)
    assert stale.value.seen["theirs"] == "The other half."
    with pytest.raises(StaleState):
        save("Carmen", "A second draft.", draft=None)
    sent = house.send("Chen", "The other half.", draft=draft)
    text = house.texts(sent).waiting
    assert text.submitted_by == house.users["Chen"].id


# --- Release ------------------------------------------------------------------------------------


def test_a_release_sends_the_text_on_and_names_the_persons_in_the_audit_only(house):
    contribution = house.send()
    sent_at = contribution.sent_at
    revision = house.release(contribution)
    assert revision.state == RevisionState.PENDING
    assert revision.released_by == house.users["Farid"].id
    assert contribution.sent_at == sent_at
    assert events(house.session, "notifications.received") == 1
    assert [row.author.name for row in house.waiting().page.items] == [house.author.name]
    assert acts(house.session) == [
        ("send-for-clearance", house.users["Carmen"].id),
        ("release", house.users["Farid"].id),
    ]
    seen = own_history.history(house.session, contribution, actor=house.moderator).texts[0]
    assert (seen.written_by, seen.released_by) == (None, None)
    inside = own_history.history(house.session, contribution, actor=house.actor("Chen")).texts[0]
    assert (inside.written_by, inside.released_by) == ("Carmen", "Farid")


def test_the_moderators_clock_begins_with_the_release(house):
    contribution = house.send(now=clock.now() - dt.timedelta(days=3))
    house.release(contribution)
    [row] = house.waiting().page.items
    assert row.waits.days == 0


def test_a_text_sent_in_time_is_released_after_the_closing(house):
    contribution = house.send()
    house.close()
    assert house.release(contribution).state == RevisionState.PENDING


@pytest.mark.parametrize("name", ["Carmen", "Chen"])
def test_a_contributor_releases_nothing(house, name):
    contribution = house.send()
    with pytest.raises(Forbidden) as refused:
        house.release(contribution, name)
    assert refused.value.refusal is Refusal.NOT_FOCAL_POINT
    assert house.state(contribution) == RevisionState.CLEARANCE


def test_a_suspended_focal_point_releases_nothing(house):
    contribution = house.send()
    house.users["Farid"].status = UserStatus.SUSPENDED
    house.session.flush()
    with pytest.raises(Forbidden) as refused:
        house.release(contribution)
    assert refused.value.refusal is Refusal.SUSPENDED


def test_another_delegations_focal_point_releases_nothing(house):
    contribution = house.send()
    stranger = make.make_user(house.session)
    other = make.make_delegation(house.session, forum=house.forum, focal_point=stranger)
    with pytest.raises(Forbidden):
        clearing.release(
            house.session,
            actor=make.actor_for(user=stranger, author=other),
            contribution=contribution,
            seen=house.seen(contribution),
            now=clock.now(),
        )


def test_a_release_is_of_the_text_that_was_read(house):
    contribution = house.send()
    seen = house.seen(contribution)
    house.edit(contribution, body="Another text.")
    with pytest.raises(StaleState) as stale:
        house.release(contribution, seen=seen)
    assert stale.value.seen["theirs"] == "Another text."
    assert house.state(contribution) == RevisionState.CLEARANCE
    house.release(contribution)
    with pytest.raises(StaleState):
        house.release(contribution, seen=seen)


def test_a_text_handed_back_and_sent_again_has_to_be_read_again(house):
    contribution = house.send()
    seen = house.seen(contribution)
    house.hand_back(contribution)
    house.edit(contribution, body="With the year, 2021.")
    with pytest.raises(StaleState):
        house.release(contribution, seen=seen)


def test_the_list_of_a_focal_point_begins_with_the_oldest(house):
    first = house.send(now=clock.now() - dt.timedelta(hours=2))
    second = house.send("Chen", "A second text.")
    house.send("Farid", "Straight to the moderators.")
    rows = clearance.waiting_for_release(house.session, author_ids={house.author.id})
    assert [row.name for row in rows] == [first.receipt, second.receipt]
    assert [row.written_by for row in rows] == ["Carmen", "Chen"]
    assert clearance.count_for_release(house.session, author_ids={house.author.id}) == 2


# --- Handing back -------------------------------------------------------------------------------


def test_a_first_text_handed_back_is_changed_and_sent_again_under_its_receipt(house):
    contribution = house.send()
    receipt, sent_at = contribution.receipt, contribution.sent_at
    house.hand_back(contribution)
    assert house.state(contribution) == RevisionState.DRAFT
    assert house.texts(contribution).handed_back == "Please name the year."
    found = single.find(house.session, name=receipt, actor=house.actor("Carmen"))
    assert found.is_own
    with pytest.raises(NotVisible):
        single.find(house.session, name=receipt, actor=house.moderator)
    line = own_page(house.session, actor=house.actor("Carmen")).items[0]
    assert (line.state, line.name) == (OwnState.DRAFT, receipt)
    assert line.handed_back == "Please name the year."
    house.edit(contribution, body="With the year, 2021.")
    assert house.state(contribution) == RevisionState.CLEARANCE
    text = house.texts(contribution).waiting
    assert (text.number, text.handed_back, text.base_id) == (1, None, None)
    assert (contribution.receipt, contribution.sent_at) == (receipt, sent_at)


def test_an_edit_handed_back_stays_a_draft_beside_the_published_text(house):
    contribution = house.publish(house.send("Farid"))
    house.edit(contribution)
    house.hand_back(contribution)
    texts = house.texts(contribution)
    assert texts.draft.base_id == texts.published.id
    assert texts.newest.number == 1
    house.edit(contribution, body="The newer text, better.")
    assert house.state(contribution) == RevisionState.CLEARANCE


def test_what_is_handed_back_after_the_closing_can_be_sent_again_for_a_week(house):
    contribution = house.send()
    sent_at = contribution.sent_at
    house.close()
    back = house.hand_back(contribution).decided_at
    (item,) = own_page(house.session, actor=house.actor("Carmen")).items
    assert item.returned_at == back
    with pytest.raises(Forbidden) as refused:
        house.edit(contribution, now=back + dt.timedelta(days=7, seconds=1))
    assert refused.value.refusal is Refusal.TOO_LATE

    again = house.edit(contribution, now=back + dt.timedelta(days=7))
    assert (again.state, again.decided_at) == (RevisionState.CLEARANCE, None)
    assert contribution.sent_at == sent_at
    # What waits is not changed after the closing: only what came back is.
    with pytest.raises(Forbidden) as refused:
        house.edit(contribution)
    assert refused.value.refusal is Refusal.SPACE_CLOSED


def test_handing_back_needs_words_and_they_stand_in_the_detail_of_the_audit(house):
    contribution = house.send()
    for words in ("  ", "x" * 2001):
        with pytest.raises(Invalid) as problem:
            house.hand_back(contribution, words)
        assert list(problem.value.problems) == ["words"]
    house.hand_back(contribution)
    entry = house.session.scalars(select(AuditEntry).where(AuditEntry.act == "hand-back")).one()
    assert "year" not in str(entry.facts)
    assert "year" in house.session.get_one(AuditDetail, entry.id).words


def test_a_first_text_that_was_handed_back_can_be_thrown_away(house):
    contribution = house.send()
    house.hand_back(contribution)
    revising.discard(
        house.session,
        actor=house.actor("Carmen"),
        contribution=contribution,
        space=house.space,
        lock=house.texts(contribution).draft.lock,
        now=clock.now(),
    )
    assert house.session.scalar(select(func.count(Contribution.id))) == 0


# --- Nobody outside -----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["take back", "replace", "withdraw"])
def test_a_text_that_was_never_released_stays_inside_whatever_becomes_of_it(house, way):
    contribution = house.publish(house.send("Farid", "The public text."))
    house.edit(contribution, body="Never released.")
    common = {
        "actor": house.actor("Carmen"),
        "contribution": contribution,
        "space": house.space,
        "now": clock.now(),
    }
    if way == "take back":
        revising.take_back(house.session, **common)
    elif way == "replace":
        house.edit(contribution, "Farid", "Another edit.")
    else:
        removing.withdraw(house.session, **common)
    seen = own_history.history(house.session, contribution, actor=house.moderator).texts
    assert "Never released." not in [text.text for text in seen]
    inside = own_history.history(house.session, contribution, actor=house.actor("Chen")).texts
    assert RevisionState.RECALLED in [text.state for text in inside]


def test_an_undone_withdrawal_puts_a_text_back_into_clearance(house):
    contribution = house.send()
    common = {
        "actor": house.actor("Carmen"),
        "contribution": contribution,
        "space": house.space,
        "now": clock.now(),
    }
    removing.withdraw(house.session, **common)
    assert clearance.count_for_release(house.session, author_ids={house.author.id}) == 0
    removing.undo_withdrawal(house.session, **common)
    assert house.state(contribution) == RevisionState.CLEARANCE
    assert house.waiting().page.total == 0


def test_somebody_who_left_sees_the_texts_no_more_and_the_delegation_keeps_them(house):
    contribution = house.send()
    gone = make.actor_for(user=house.users["Carmen"])
    assert own_page(house.session, actor=gone).total == 0
    with pytest.raises(NotVisible):
        single.find(house.session, name=contribution.receipt, actor=gone)
    assert own_page(house.session, actor=house.actor("Chen")).items[0].written_by == "Carmen"


# --- For whom somebody speaks -------------------------------------------------------------------


class Speaker:
    """Carmen, who also speaks for herself."""

    def __init__(self, house):
        self.house = house
        user = house.users["Carmen"]
        self.alone = make.make_author(house.session, forum=house.forum, user=user)
        actor = house.actor("Carmen")
        self.actor = replace(actor, author_ids=actor.author_ids | {self.alone.id})

    def save(self, body="Half a thought.", *, draft=None, author=None):
        return sending.save_draft(
            self.house.session,
            actor=self.actor,
            space=self.house.space,
            question=make.question_of(self.house.session, self.house.space),
            parent=None,
            draft=draft,
            words=Words(source=body, language="en"),
            now=clock.now(),
            author=author,
        )

    def send(self, body="A whole thought.", **over):
        return self.house.send("Carmen", body, actor=self.actor, **over)


@pytest.fixture
def carmen(house):
    return Speaker(house)


def test_the_delegation_speaks_unless_somebody_else_is_chosen(house, carmen):
    assert carmen.send("For all of us.").author_id == house.author.id
    mine = carmen.send("For me alone.", author=carmen.alone.uid)
    assert mine.author_id == carmen.alone.id
    assert house.state(mine) == RevisionState.PENDING


def test_nobody_speaks_for_somebody_else(house, carmen):
    stranger = make.make_author(house.session, forum=house.forum)
    for author in (stranger.uid, "nonsense"):
        with pytest.raises(Invalid) as problem:
            carmen.send(author=author)
        assert problem.value.problems == {"author": ["author-unknown"]}


def test_a_draft_stays_with_its_author_and_moves_with_a_new_choice(house, carmen):
    draft = carmen.save(author=carmen.alone.uid)
    assert draft.author_id == carmen.alone.id
    assert carmen.save("A little more.", draft=draft).author_id == carmen.alone.id
    moved = carmen.save("For all of us.", draft=draft, author=house.author.uid)
    assert (moved.id, moved.author_id) == (draft.id, house.author.id)


def test_a_colleagues_draft_is_not_taken_out_of_the_delegation(house, carmen):
    theirs = house.session.get_one(
        Contribution,
        sending.save_draft(
            house.session,
            actor=house.actor("Chen"),
            space=house.space,
            question=make.question_of(house.session, house.space),
            parent=None,
            draft=None,
            words=Words(source="Chen began this.", language="en"),
            now=clock.now(),
        ).id,
    )
    mine = carmen.save("Carmen goes on alone.", draft=theirs, author=carmen.alone.uid)
    assert mine.id != theirs.id
    assert theirs.author_id == house.author.id
    assert house.texts(theirs).draft.source == "Chen began this."


def test_a_draft_does_not_move_over_another_one(house, carmen):
    mine = carmen.save("Mine.", author=carmen.alone.uid)
    carmen.save("Ours.", author=house.author.uid)
    with pytest.raises(StaleState) as stale:
        carmen.save("Mine, for all.", draft=mine, author=house.author.uid)
    assert stale.value.seen["theirs"] == "Ours."


# --- Nobody decides a text of their own delegation ----------------------------------------------


def test_a_moderator_decides_no_text_of_their_delegation(house):
    user = make.make_user(house.session)
    make.grant(house.session, user=user, role=Role.MODERATOR, space=house.space)
    member = make.actor_for(user=user, author=house.author, role=Role.MODERATOR, space=house.space)
    contribution = house.send("Farid")
    [row] = queue(house.session, actor=member, wanted=QueueFilter(), now=clock.now()).page.items
    assert row.is_own
    item = items.item(
        house.session,
        actor=member,
        name=contribution.receipt,
        words=labels(zone=None, holds=False),
        now=clock.now(),
    )
    assert item.refusal is Refusal.OWN_TEXT
    assert item.verdicts == ()
    with pytest.raises(Forbidden) as refused:
        decide(
            house.session,
            actor=member,
            contribution_id=contribution.id,
            seen_revision=1,
            seen_published=None,
            verdict=Verdict.APPROVE,
            reason=None,
            message=None,
            language=None,
            objectives=None,
            now=clock.now(),
        )
    assert refused.value.refusal is Refusal.OWN_TEXT

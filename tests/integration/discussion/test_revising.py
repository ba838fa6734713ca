"""A new text for an own contribution is kept, sent or discarded, and nobody else knows of it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.core.authz import Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.queries import own, own_history, single
from consult.discussion.queries.own_list import OwnState, own_page
from consult.discussion.services import publishing, removing, revising, sending
from consult.discussion.services.texts import Words
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
from tests import factories as make

NO_GRACE = dt.timedelta(0)


class Text:
    """A contribution of Amina's with what she does to it."""

    def __init__(self, session):
        self.session = session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.user = make.make_user(session)
        self.author = make.make_author(session, forum=self.forum, user=self.user)
        self.actor = make.actor_for(user=self.user, author=self.author)
        self.contribution = sending.send(
            session,
            actor=self.actor,
            space=self.space,
            question=make.question_of(session, self.space),
            parent=None,
            draft=None,
            words=Words(source="The first version.", language="en"),
            now=clock.now(),
            grace=NO_GRACE,
        )

    @property
    def texts(self):
        return own.texts_of(self.session, self.contribution)

    def publish(self):
        publishing.publish(
            self.session,
            contribution=self.contribution,
            revision=self.texts.waiting,
            space=self.space,
            now=clock.now(),
        )
        return self

    def send_back(self, *, now=None):
        publishing.send_back(
            self.session,
            contribution=self.contribution,
            revision=self.texts.waiting,
            now=now or clock.now(),
        )
        return self

    def save(self, body="Half a thought.", *, lock=0, seen=None, objectives=(), now=None):
        return revising.save_revision(
            self.session,
            **self.common(now),
            seen=self.texts.newest.number if seen is None else seen,
            words=Words(source=body, language="en", objectives=objectives),
            lock=lock,
        )

    def send(self, body="The second version.", *, lock=None, seen=None, now=None):
        return revising.send_revision(
            self.session,
            **self.common(now),
            seen=self.texts.newest.number if seen is None else seen,
            words=Words(source=body, language="en"),
            lock=lock,
            grace=NO_GRACE,
        )

    def discard(self, *, lock=None, now=None):
        revising.discard(self.session, **self.common(now), lock=lock)

    def withdraw(self, now=None):
        removing.withdraw(self.session, **self.common(now))

    def undo_withdrawal(self, now=None):
        removing.undo_withdrawal(self.session, **self.common(now))

    def common(self, now=None):
        return {
            "actor": self.actor,
            "contribution": self.contribution,
            "space": self.space,
            "now": now or clock.now(),
        }

    def close(self):
        self.space.closes_at = clock.now() - dt.timedelta(minutes=1)
        self.session.flush()


@pytest.fixture
def text(session):
    return Text(session)


def states(text):
    rows = text.session.execute(
        select(Revision.number, Revision.state)
        .where(Revision.contribution_id == text.contribution.id)
        .order_by(Revision.number)
    )
    return {number: state for number, state in rows}  # noqa: C416 - rows are no tuples


# --- Keeping ------------------------------------------------------------------------------------


def test_a_draft_of_an_edit_stands_beside_the_published_text(text):
    public = text.publish().texts.published
    draft = text.save()
    assert states(text) == {1: "published", 2: "draft"}
    assert draft.base_id == public.id
    assert text.contribution.open_revision_id == draft.id
    assert text.contribution.published_revision_id == public.id


def test_keeping_again_goes_on_with_the_same_draft(text):
    text.publish()
    draft = text.save()
    lock = draft.lock
    again = text.save("A whole thought.", lock=lock)
    assert again.id == draft.id
    assert (again.source, again.lock) == ("A whole thought.", lock + 1)


def test_keeping_tells_nobody_anything(text):
    text.publish()
    events = select(func.count(OutboxEntry.id))
    before = text.session.scalar(events)
    version, public = text.contribution.version, text.contribution.public_version
    text.save()
    assert text.session.scalar(events) == before
    assert (text.contribution.version, text.contribution.public_version) == (version, public)


def test_a_draft_of_a_returned_text_is_based_on_it(text):
    returned = text.send_back().texts.returned
    draft = text.save()
    assert draft.base_id == returned.id
    assert text.texts.returned.id == returned.id


def test_nothing_is_kept_beside_a_text_that_waits(text):
    with pytest.raises(Invalid) as caught:
        text.save()
    assert caught.value.problems == {"body": ["draft-not-here"]}
    assert states(text) == {1: "pending"}


def test_a_rejected_text_that_never_was_public_takes_no_draft(text):
    publishing.reject(
        text.session,
        contribution=text.contribution,
        revision=text.texts.waiting,
        now=clock.now(),
    )
    with pytest.raises(Forbidden) as caught:
        text.save()
    assert caught.value.refusal is Refusal.WRONG_STATE


def test_a_closed_space_takes_no_draft_of_an_edit(text):
    text.publish().close()
    with pytest.raises(Forbidden) as caught:
        text.save()
    assert caught.value.refusal is Refusal.SPACE_CLOSED


def test_a_returned_text_is_kept_and_sent_after_the_closing_for_a_week(text):
    text.send_back().close()
    lock = text.save().lock
    later = clock.now() + dt.timedelta(days=6)
    text.send(lock=lock, now=later)
    assert states(text) == {1: "returned", 2: "pending"}


def test_a_returned_text_is_neither_kept_nor_sent_once_the_week_is_over(text):
    text.send_back(now=clock.now() - dt.timedelta(days=8)).close()
    for act in (text.save, text.send):
        with pytest.raises(Forbidden) as caught:
            act()
        assert caught.value.refusal is Refusal.TOO_LATE


# --- Sending ------------------------------------------------------------------------------------


def test_sending_sends_the_draft_and_makes_no_second_one(text):
    text.publish()
    draft = text.save()
    sent = text.send(lock=draft.lock)
    assert sent.id == draft.id
    assert states(text) == {1: "published", 2: "pending"}
    assert sent.source == "The second version."


def test_a_returned_text_sent_again_keeps_its_receipt_and_its_first_instant(text):
    receipt, sent_at = text.contribution.receipt, text.contribution.sent_at
    lock = text.send_back().save().lock
    text.send(lock=lock)
    assert (text.contribution.receipt, text.contribution.sent_at) == (receipt, sent_at)


def test_a_draft_begun_before_a_redaction_is_sent_after_it_and_compared_with_it(text):
    text.publish()
    lock = text.save().lock
    redaction = make.make_revision(
        text.session,
        contribution=text.contribution,
        state=RevisionState.PUBLISHED,
        origin=RevisionOrigin.REDACTION,
        number=3,
    )
    older = text.texts.published
    older.state = RevisionState.SUPERSEDED
    text.contribution.published_revision_id = redaction.id
    text.session.flush()
    sent = text.send(lock=lock, seen=3)
    assert (sent.number, sent.base_id) == (4, redaction.id)


# --- Two windows --------------------------------------------------------------------------------


def test_of_two_windows_on_one_draft_the_second_is_told_of_the_first(text):
    text.publish()
    lock = text.save().lock
    text.save("From one window.", lock=lock)
    for act in (text.save, text.send):
        with pytest.raises(StaleState) as caught:
            act("From the other.", lock=lock)
        assert caught.value.seen["theirs"] == "From one window."


def test_a_window_that_knows_of_no_draft_takes_none_over(text):
    text.publish()
    text.save("A long and careful draft.")
    for act in (text.save, text.send):
        with pytest.raises(StaleState) as caught:
            act("Hasty.", lock=0)
        assert caught.value.seen["theirs"] == "A long and careful draft."


def test_a_window_with_an_older_text_than_was_sent_keeps_nothing(text):
    text.publish()
    text.send()
    revising.take_back(text.session, **text.common())
    with pytest.raises(StaleState) as caught:
        text.save(seen=1)
    assert caught.value.seen["theirs"] == "The second version."


def test_a_window_that_shows_a_discarded_draft_does_not_take_the_next_one_for_it(text):
    text.publish()
    shown = [text.save().lock]
    for _ in range(5):
        shown.append(text.save(lock=shown[-1]).lock)
    text.discard(lock=shown[-1])
    newer = text.save("Another draft.")
    for lock in shown:
        with pytest.raises(StaleState):
            text.save("From the old window.", lock=lock)
    assert text.texts.draft.source == newer.source == "Another draft."


# --- Discarding ---------------------------------------------------------------------------------


def test_a_discarded_draft_is_gone_with_its_words_and_tags(text):
    text.publish()
    draft = text.save(objectives=(15,))
    text.discard(lock=draft.lock)
    assert states(text) == {1: "published"}
    assert text.contribution.open_revision_id is None
    assert text.session.scalars(select(RevisionTag)).all() == []


def test_discarding_the_draft_of_a_returned_text_gives_the_returned_one_back(text):
    returned = text.send_back().texts.returned
    text.discard(lock=text.save().lock)
    assert text.contribution.open_revision_id == returned.id
    text.send("On third thoughts.")
    assert states(text) == {1: "returned", 2: "pending"}


def test_discarding_what_another_window_changed_is_refused_with_the_other_text(text):
    text.publish()
    lock = text.save().lock
    text.save("Newer words.", lock=lock)
    with pytest.raises(StaleState) as caught:
        text.discard(lock=lock)
    assert caught.value.seen["theirs"] == "Newer words."


def test_discarding_never_touches_a_text_that_was_sent_meanwhile(text):
    text.publish()
    lock = text.save().lock
    text.send(lock=lock)
    with pytest.raises(StaleState):
        text.discard(lock=lock)
    assert states(text) == {1: "published", 2: "pending"}


def test_discarding_twice_is_discarding_once(text):
    text.publish()
    text.discard(lock=text.save().lock)
    text.discard()
    assert states(text) == {1: "published"}


def test_a_first_draft_goes_with_its_head(session, text):
    draft = sending.save_draft(
        session,
        actor=text.actor,
        space=text.space,
        question=make.question_of(session, text.space, 2),
        parent=None,
        draft=None,
        words=Words(source="Never sent.", language="en"),
        now=clock.now(),
    )
    revising.take_back(
        session, actor=text.actor, contribution=draft, space=text.space, now=clock.now()
    )
    assert session.scalar(select(func.count(Contribution.id))) == 1


def test_nobody_discards_somebody_elses_draft(text):
    text.publish()
    text.save()
    stranger = make.actor_for(user=make.make_user(text.session))
    with pytest.raises(Forbidden):
        revising.discard(text.session, **(text.common() | {"actor": stranger}), lock=None)
    assert text.texts.draft is not None


# --- Withdrawing --------------------------------------------------------------------------------


def test_withdrawing_and_undoing_keeps_the_text_and_its_draft(text):
    text.publish()
    draft = text.save()
    text.withdraw()
    assert text.contribution.open_revision_id is None
    assert text.texts.left.id == draft.id
    text.undo_withdrawal()
    assert text.contribution.removed == Removed.NONE
    assert text.texts.draft.id == draft.id
    assert states(text) == {1: "published", 2: "draft"}


def test_undoing_the_withdrawal_of_a_returned_text_keeps_the_draft_of_its_rework(text):
    returned = text.send_back().texts.returned
    draft = text.save()
    text.withdraw()
    text.undo_withdrawal()
    assert (text.texts.draft.id, text.texts.returned.id) == (draft.id, returned.id)


def test_undoing_a_withdrawal_puts_the_waiting_edit_back(text):
    text.publish()
    waiting = text.send()
    text.withdraw()
    assert states(text) == {1: "published", 2: "cancelled"}
    text.undo_withdrawal()
    assert text.texts.waiting.id == waiting.id


def test_a_withdrawn_text_takes_no_new_one(text):
    text.publish().withdraw()
    for act in (text.save, text.send):
        with pytest.raises(Forbidden):
            act()


# --- Who sees it --------------------------------------------------------------------------------


def test_the_page_of_a_returned_text_goes_on_showing_it_beside_its_draft(text):
    returned = text.send_back().texts.returned
    text.save()
    found = single.find(text.session, name=text.contribution.receipt, actor=text.actor)
    assert found.revision.id == returned.id


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.DRAFTER, Role.ORGANISER, Role.AUDITOR])
def test_nobody_else_reads_a_draft_whatever_their_role(text, role):
    text.send_back()
    text.save("Words for nobody.")
    staff = make.actor_for(user=make.make_user(text.session), role=role, space=text.space)
    try:
        found = single.find(text.session, name=text.contribution.receipt, actor=staff)
    except NotVisible:
        assert role is not Role.MODERATOR
    else:
        assert found.revision.source == "The first version."
    seen = own_history.history(text.session, text.contribution, actor=staff)
    assert "Words for nobody." not in str(seen)
    assert own.sent_text(text.session, text.contribution, number=2, actor=staff) is None


def test_a_discarded_or_withdrawn_draft_is_in_nobodys_history(text):
    text.publish()
    text.discard(lock=text.save("Words for nobody.").lock)
    text.save("Words for nobody either.")
    text.withdraw()
    moderator = make.actor_for(
        user=make.make_user(text.session), role=Role.MODERATOR, space=text.space
    )
    for actor in (moderator, text.actor):
        seen = own_history.history(text.session, text.contribution, actor=actor)
        assert [one.number for one in seen.texts] == [1]


def test_the_history_shows_author_and_moderator_every_text_and_strangers_the_public_one(text):
    text.publish().send()
    text.publish()
    moderator = make.actor_for(
        user=make.make_user(text.session), role=Role.MODERATOR, space=text.space
    )
    for actor in (text.actor, moderator):
        seen = own_history.history(text.session, text.contribution, actor=actor).texts
        assert [one.state for one in seen] == ["published", "superseded"]
        added = [
            part.text for one in seen[0].changes or () for part in one if part.change == "added"
        ]
        assert added == ["second "]
        assert seen[1].changes is None
    stranger = make.actor_for(user=make.make_user(text.session))
    seen = own_history.history(text.session, text.contribution, actor=stranger).texts
    assert [one.number for one in seen] == [2]


def test_a_long_history_is_read_in_pages_without_gap(text):
    for number in range(own_history.HISTORY_SHOWN + 5):
        text.send(f"Version {number}.")
    first = own_history.history(text.session, text.contribution, actor=text.actor)
    second = own_history.history(
        text.session, text.contribution, actor=text.actor, before=first.before
    )
    numbers = [one.number for one in (*first.texts, *second.texts)]
    assert numbers == list(range(own_history.HISTORY_SHOWN + 6, 0, -1))
    assert first.texts[-1].changes is not None
    assert second.before is None


# --- The list -----------------------------------------------------------------------------------


def test_the_list_begins_with_drafts_of_every_kind(session, text):
    text.publish()
    newer = make.make_contribution(session, space=text.space, author=text.author)
    text.save("A change begun.")
    page = own_page(session, actor=text.actor)
    assert [one.contribution.id for one in page.items] == [text.contribution.id, newer.id]
    assert page.items[0].state is OwnState.DRAFT
    assert page.items[0].beginning == "The first version."
    assert page.items[0].draft_beginning == "A change begun."
    assert page.counts == {OwnState.DRAFT: 1, OwnState.PUBLISHED: 1}


@pytest.mark.parametrize(
    ("state", "removed", "shown"),
    [
        (RevisionState.DRAFT, Removed.NONE, OwnState.DRAFT),
        (RevisionState.PENDING, Removed.NONE, OwnState.WAITING),
        (RevisionState.CLEARANCE, Removed.NONE, OwnState.WAITING),
        (RevisionState.RETURNED, Removed.NONE, OwnState.RETURNED),
        (RevisionState.REJECTED, Removed.NONE, OwnState.REJECTED),
        (RevisionState.CANCELLED, Removed.NONE, OwnState.GONE),
        (RevisionState.PUBLISHED, Removed.NONE, OwnState.PUBLISHED),
        (RevisionState.PUBLISHED, Removed.HIDDEN, OwnState.GONE),
        (RevisionState.PUBLISHED, Removed.WITHDRAWN, OwnState.GONE),
        (RevisionState.PUBLISHED, Removed.ERASED, OwnState.GONE),
    ],
)
def test_every_state_has_its_place_in_the_list(session, text, state, removed, shown):
    author = make.make_author(session, forum=text.forum)
    make.make_contribution(session, space=text.space, author=author, state=state, removed=removed)
    page = own_page(session, actor=make.actor_for(user=text.user, author=author))
    assert [one.state for one in page.items] == [shown]
    assert page.counts == {shown: 1}


def test_the_list_is_read_in_pages_without_gap_and_narrowed_by_state(session, text):
    author = make.make_author(session, forum=text.forum)
    actor = make.actor_for(user=text.user, author=author)
    for number in range(45):
        state = RevisionState.DRAFT if number % 9 == 0 else RevisionState.PUBLISHED
        make.make_contribution(session, space=text.space, author=author, state=state)
    seen, after = [], None
    while True:
        page = own_page(session, actor=actor, after=after)
        seen += [one.contribution.id for one in page.items]
        after = page.next_after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 45
    drafts = own_page(session, actor=actor, state=OwnState.DRAFT)
    assert [one.contribution.id for one in drafts.items] == seen[:5]
    assert drafts.total == 45


def test_nobody_elses_contribution_is_in_the_list(session, text):
    stranger = make.make_author(session, forum=text.forum)
    assert own_page(session, actor=make.actor_for(author=stranger)).items == []
    assert own_page(session, actor=make.actor_for()).items == []


def test_a_cursor_of_somebody_elses_text_is_an_unknown_one(session, text):
    stranger = make.make_author(session, forum=text.forum)
    mine = make.make_contribution(session, space=text.space, author=stranger)
    page = own_page(session, actor=make.actor_for(author=stranger), after=text.contribution.uid)
    assert [one.contribution.id for one in page.items] == [mine.id]

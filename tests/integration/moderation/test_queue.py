"""The queue and the item's page: what is on whose desk, in which order, with what beside it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.db import db
from consult.core.errors import NotVisible, Refusal
from consult.discussion.models import Contribution
from consult.discussion.queries.rows import Labels
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.moderation import services
from consult.moderation.queries import item as read_item
from consult.moderation.queries import next_in_queue
from consult.moderation.queries import queue as read_queue
from consult.moderation.queries.items import Item
from consult.moderation.queries.queue import ItemKind, Queue, QueueFilter
from consult.moderation.states import Verdict
from tests import factories as make
from tests.integration.moderation.desk import Desk, moderator_of


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/moderation"):
        yield


def queue(desk: Desk, *, actor: Actor | None = None, **wanted: Any) -> Queue:
    return read_queue(
        desk.session,
        actor=actor or desk.first,
        wanted=QueueFilter(**wanted),
        now=clock.now(),
    )


def names(found: Queue) -> list[str]:
    return [row.name for row in found.page.items]


def item(desk: Desk, contribution: Contribution, *, actor: Actor | None = None) -> Item:
    return read_item(
        desk.session,
        actor=actor or desk.first,
        name=contribution.receipt or "",
        words=Labels(),
        now=clock.now(),
    )


def waiting_since(desk: Desk, hours: int, **over: Any) -> Contribution:
    made = desk.pending(**over)
    desk.text(made).waits_since = clock.now() - dt.timedelta(hours=hours)
    desk.session.flush()
    return made


def test_the_oldest_comes_first(desk: Desk) -> None:
    made = [waiting_since(desk, hours) for hours in (3, 30, 12)]
    assert names(queue(desk)) == [made[i].receipt for i in (1, 2, 0)]


def test_texts_of_the_same_instant_come_in_the_order_they_arrived(desk: Desk) -> None:
    now = clock.now()
    made = [desk.pending() for _ in range(3)]
    for one in made:
        desk.text(one).waits_since = now
    desk.session.flush()
    assert names(queue(desk)) == [one.receipt for one in made]


def test_the_queue_holds_what_waits_and_nothing_else(desk: Desk) -> None:
    waiting = desk.pending()
    for state in RevisionState:
        if state is not RevisionState.PENDING:
            make.make_contribution(desk.session, space=desk.space, author=desk.author, state=state)
    make.make_contribution(
        desk.session,
        space=desk.space,
        author=desk.author,
        state=RevisionState.PENDING,
        removed=Removed.WITHDRAWN,
    )
    found = queue(desk)
    assert names(found) == [waiting.receipt]
    assert found.clock.waiting == found.page.total == 1


def test_an_edit_of_a_hidden_text_waits_as_well(desk: Desk) -> None:
    made = desk.published()
    desk.decide(made, Verdict.HIDE)
    desk.edit(made)
    assert [row.kind for row in queue(desk).page.items] == [ItemKind.EDIT]


def test_nothing_of_another_space_is_on_the_desk(desk: Desk) -> None:
    desk.pending()
    _, stranger = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))
    found = queue(desk, actor=stranger)
    assert (names(found), found.clock.waiting, dict(found.by_space)) == ([], 0, {})
    assert [space.id for space in found.spaces] == sorted(stranger.space_ids(Role.MODERATOR))


def test_an_organiser_finds_what_nobody_in_the_space_may_decide(desk: Desk) -> None:
    desk.pending()
    empty = make.make_space(desk.session, forum=desk.forum)
    orphan = make.make_contribution(
        desk.session, space=empty, author=desk.author, state=RevisionState.PENDING
    )
    user = make.make_user(desk.session)
    organiser = make.actor_for(user=user, role=Role.ORGANISER, space=desk.space)
    assert names(queue(desk, actor=organiser)) == [orphan.receipt]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["new", "edit", "question", "french"]),
        ({"kind": ItemKind.NEW}, ["new", "french"]),
        ({"kind": ItemKind.EDIT}, ["edit"]),
        ({"kind": ItemKind.QUESTION}, ["question"]),
        ({"language": "fr"}, ["french"]),
        ({"question": 2}, ["french"]),
        ({"category": "civil-society"}, ["french"]),
        ({"category": "civil-society", "kind": ItemKind.EDIT}, []),
        ({"space": "nowhere"}, []),
    ],
)
def test_filters_narrow_the_list_and_its_total(
    desk: Desk, wanted: dict[str, Any], expected: list[str]
) -> None:
    civil = make.make_author(desk.session, forum=desk.forum, category="civil-society")
    edited = desk.published()
    made = {
        "new": waiting_since(desk, 9),
        "edit": edited,
        "question": waiting_since(desk, 7),
        "french": waiting_since(
            desk,
            6,
            author=civil,
            language="fr",
            question=make.question_of(desk.session, desk.space, 2),
        ),
    }
    desk.edit(edited).waits_since = clock.now() - dt.timedelta(hours=8)
    made["question"].question_id = None
    made["question"].kind = ContributionKind.QUESTION
    desk.session.flush()
    found = queue(desk, **wanted)
    assert names(found) == [made[key].receipt for key in expected]
    assert found.page.total == len(expected)
    assert dict(found.by_kind) == {"new": 2, "edit": 1, "question": 1}
    assert dict(found.by_language) == {"en": 3, "fr": 1}
    assert dict(found.by_space) == {desk.space.slug: 4}


def test_pages_follow_each_other_without_gap_or_repetition(desk: Desk) -> None:
    made = [waiting_since(desk, hours) for hours in range(45, 0, -1)]
    seen: list[str] = []
    after = None
    while True:
        page = queue(desk, per_page=20, after=after).page
        seen += [row.name for row in page.items]
        after = page.next_after
        if after is None:
            break
    assert seen == [one.receipt for one in made]


def test_a_place_stays_when_the_item_there_is_decided(desk: Desk) -> None:
    made = [waiting_since(desk, hours) for hours in (4, 3, 2)]
    desk.decide(made[1], Verdict.REJECT)
    assert names(queue(desk, after=made[1].receipt)) == [made[2].receipt]


def test_an_unknown_place_is_the_beginning(desk: Desk) -> None:
    made = desk.pending()
    assert names(queue(desk, after="NOBO-DYKN-OWST-HIS0")) == [made.receipt]


def test_the_number_of_statements_does_not_grow_with_the_queue(desk: Desk) -> None:
    desk.pending()
    few = _statements(lambda: queue(desk))
    for _ in range(30):
        desk.pending()
    assert _statements(lambda: queue(desk)) == few <= 9


def test_the_clock_tells_the_oldest_and_the_next_closing(desk: Desk) -> None:
    waiting_since(desk, 30)
    waiting_since(desk, 2)
    figures = queue(desk).clock
    assert figures.waiting == 2
    assert figures.oldest is not None
    assert figures.oldest >= dt.timedelta(hours=30)
    assert figures.is_late
    assert figures.closes_at == desk.space.closes_at


def test_on_the_last_day_four_hours_are_late(desk: Desk) -> None:
    waiting_since(desk, 5)
    assert not queue(desk).clock.is_late
    desk.space.closes_at = clock.now() + dt.timedelta(hours=20)
    desk.session.flush()
    assert queue(desk).clock.is_late


def test_the_list_tells_claims_and_own_texts(desk: Desk) -> None:
    held, own = desk.pending(), desk.pending()
    services.claim(desk.session, actor=desk.second, contribution_id=held.id, now=clock.now())
    desk.text(own).submitted_by = desk.first.user_id
    desk.session.flush()
    rows = {row.name: row for row in queue(desk).page.items}
    claim = rows[held.receipt or ""].claim
    assert claim is not None
    assert (claim.by, claim.is_mine) == ("Moderator Two", False)
    assert rows[own.receipt or ""].is_own
    assert not rows[held.receipt or ""].is_own


def test_the_next_item_is_one_that_can_be_decided(desk: Desk) -> None:
    here, own, held, last = [waiting_since(desk, hours) for hours in (5, 4, 3, 2)]
    desk.text(own).submitted_by = desk.first.user_id
    services.claim(desk.session, actor=desk.second, contribution_id=held.id, now=clock.now())

    def after(one: Contribution) -> str | None:
        return next_in_queue(
            desk.session,
            actor=desk.first,
            wanted=QueueFilter(),
            name=one.receipt or "",
            now=clock.now(),
        )

    assert after(here) == last.receipt
    assert after(last) is None


def test_an_item_offers_what_applies(desk: Desk) -> None:
    waiting, public, hidden, edited = (
        desk.pending(),
        desk.published(),
        desk.published(),
        desk.published(),
    )
    desk.decide(hidden, Verdict.HIDE)
    desk.edit(edited)
    returned = desk.pending()
    desk.decide(returned, Verdict.RETURN)
    yes_or_no = (Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT)
    assert item(desk, waiting).verdicts == yes_or_no
    assert item(desk, public).verdicts == (Verdict.HIDE,)
    assert item(desk, hidden).verdicts == (Verdict.RESTORE,)
    assert item(desk, edited).verdicts == (*yes_or_no, Verdict.HIDE)
    assert item(desk, returned).verdicts == ()


def test_an_edit_is_shown_beside_the_public_text_word_by_word(desk: Desk) -> None:
    made = desk.published(source="We count 1,200 families here.")
    desk.edit(made, "We count 1,340 families here.")
    parts = [
        (part.change.value, part.text.strip())
        for paragraph in item(desk, made).difference or ()
        for part in paragraph
    ]
    assert parts == [
        ("same", "We count"),
        ("removed", "1,200"),
        ("added", "1,340"),
        ("same", "families here."),
    ]


def test_a_first_text_is_compared_with_nothing(desk: Desk) -> None:
    assert item(desk, desk.pending()).difference is None


def test_the_thread_stands_around_it(desk: Desk) -> None:
    top = desk.published()
    chain = [top]
    for _ in range(6):
        chain.append(desk.published(parent=chain[-1]))
    middle = desk.pending(parent=chain[-1])
    found = item(desk, middle)
    assert [row.name for row in found.parents] == [one.reference for one in chain[-5:]]
    reply = desk.published(parent=top)
    desk.pending(parent=top)
    assert {row.name for row in item(desk, top).replies} == {chain[1].reference, reply.reference}


def test_earlier_decisions_are_told_newest_first(desk: Desk) -> None:
    made = desk.published()
    desk.decide(made, Verdict.HIDE, reason="personal-data", actor=desk.second)
    rows = item(desk, made).decisions
    assert [(row.verdict, row.by) for row in rows] == [
        (Verdict.HIDE, "Moderator Two"),
        (Verdict.APPROVE, "Moderator One"),
    ]
    assert rows[0].reason is not None
    assert rows[0].reason.in_("en") == "personal-data"


def test_the_authors_history_counts_only_what_the_moderator_may_know(desk: Desk) -> None:
    here = desk.pending()
    desk.published()
    desk.decide(desk.pending(), Verdict.REJECT)
    elsewhere = make.make_space(desk.session, forum=desk.forum)
    for state in (RevisionState.REJECTED, RevisionState.PENDING, RevisionState.PUBLISHED):
        make.make_contribution(desk.session, space=elsewhere, author=desk.author, state=state)
    history = item(desk, here).history
    assert (history.published, history.rejected, history.waiting) == (2, 1, 0)


def test_the_same_words_elsewhere_are_pointed_out(desk: Desk) -> None:
    here = desk.pending(source="Un guichet unique pour chaque quartier.")
    same = desk.published(source="UN GUICHET UNIQUE pour chaque quartier.")
    desk.published(source="Un guichet unique pour chaque village.")
    assert [other.name for other in item(desk, here).duplicates.shown] == [same.reference]


def test_language_of_the_mail_is_the_authors(desk: Desk) -> None:
    assert item(desk, desk.pending()).author_locale == "fr"


def test_an_own_text_is_shown_with_the_reason_why_it_cannot_be_decided(desk: Desk) -> None:
    made = desk.pending()
    own = dataclasses.replace(desk.first, author_ids=frozenset({desk.author.id}))
    assert item(desk, made, actor=own).refusal is Refusal.OWN_TEXT
    assert item(desk, made).refusal is None


def test_to_others_an_item_does_not_exist(desk: Desk) -> None:
    made = desk.pending()
    _, stranger = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))
    drafter = make.actor_for(user=desk.users[0], role=Role.DRAFTER, space=desk.space)
    organiser = make.actor_for(user=desk.users[0], role=Role.ORGANISER, space=desk.space)
    for actor in (stranger, drafter, organiser, make.actor_for(author=desk.author)):
        with pytest.raises(NotVisible):
            item(desk, made, actor=actor)


def test_an_unknown_receipt_and_an_erased_text_do_not_exist(desk: Desk) -> None:
    made = desk.published()
    made.removed = Removed.ERASED
    desk.session.flush()
    with pytest.raises(NotVisible):
        item(desk, made)
    made.receipt = "AAAA-BBBB-CCCC-DDDD"
    with pytest.raises(NotVisible):
        item(desk, Contribution(receipt="NOBO-DYKN-OWST-HIS0"))


def test_a_draft_behind_a_returned_text_is_not_shown(desk: Desk) -> None:
    made = desk.pending(source="What was sent.")
    desk.decide(made, Verdict.RETURN)
    draft = make.make_revision(
        desk.session, contribution=made, state=RevisionState.DRAFT, source="Secret draft."
    )
    made.open_revision_id = draft.id
    desk.session.flush()
    found = item(desk, made)
    assert found.shown.source == "What was sent."
    assert found.verdicts == ()


def _statements(work: Callable[[], object]) -> int:
    counted = 0

    def count(*_args: object) -> None:
        nonlocal counted
        counted += 1

    connection = db.session.connection()
    event.listen(connection, "before_cursor_execute", count)
    try:
        work()
    finally:
        event.remove(connection, "before_cursor_execute", count)
    return counted

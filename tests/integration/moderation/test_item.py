"""What stands beside an item: copies, the author's other texts, files, and the readers' view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from consult.core import clock
from consult.core.authz import Actor
from consult.core.errors import NotVisible
from consult.discussion.models import Contribution
from consult.discussion.queries.rows import Row, labels
from consult.discussion.states import Reading, Removed, RevisionState, Scan
from consult.moderation.models import Decision
from consult.moderation.queries import item as read_item
from consult.moderation.queries.duplicates import SHOWN, Duplicate
from consult.moderation.queries.items import Item
from consult.moderation.queries.paper_words import CHARACTERS, beginning
from consult.moderation.queries.public_view import PublicView, public_view
from consult.moderation.services import fingerprinting
from consult.moderation.services.notes import add_note
from consult.moderation.states import Policy, Verdict
from consult.spaces.states import DisplayChoice
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.moderation.desk import Desk, moderator_of
from tests.integration.moderation.test_fingerprinting import LETTER, OTHER, copy, work
from tests.integration.test_budgets import counted


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/moderation"):
        yield


def item(desk: Desk, contribution: Contribution, *, actor: Actor | None = None) -> Item:
    return read_item(
        desk.session,
        actor=actor or desk.first,
        name=contribution.receipt or "",
        words=labels(zone=None, holds=True),
        now=clock.now(),
    )


def as_public(desk: Desk, contribution: Contribution, *, actor: Actor | None = None) -> PublicView:
    return public_view(
        desk.session,
        actor=actor or desk.first,
        name=contribution.receipt or "",
        words=labels(zone="Europe/Rome", holds=True),
        now=clock.now(),
    )


# --- what says the same ----------------------------------------------------------------------


def test_near_copies_are_told_with_how_alike_they_are_where_they_stand_and_by_whom(
    desk: Desk,
) -> None:
    here = desk.pending(source=copy(1))
    stranger = make.make_author(desk.session, forum=desk.forum, name="Somebody Else")
    same = desk.published(source=copy(1).upper(), author=stranger)
    near = desk.pending(source=copy(2))
    rejected = desk.pending(source=LETTER, author=stranger)
    desk.decide(rejected, Verdict.REJECT)
    other = desk.pending(source=OTHER)
    work(desk, [here, same, near, rejected, other])
    found = item(desk, here).duplicates
    told: dict[str | None, Duplicate] = {one.name: one for one in found.shown}
    assert set(told) == {same.reference, near.receipt, rejected.receipt}
    assert found.shown[0].name == same.reference
    assert told[same.reference].common == 100
    assert told[same.reference].author == "Somebody Else"
    assert told[same.reference].is_public
    assert 80 < told[near.receipt].common < 100
    assert told[near.receipt].is_same_author
    assert told[near.receipt].state == "pending"
    assert told[rejected.receipt].state == "rejected"
    assert not told[rejected.receipt].is_same_author
    assert found.waiting == 2


def test_the_very_same_words_are_found_before_the_worker_has_come_to_them(desk: Desk) -> None:
    here = desk.pending(source=LETTER)
    same = desk.pending(source=LETTER.upper())
    desk.pending(source=copy(1))
    found = item(desk, here).duplicates
    assert [(one.name, one.common) for one in found.shown] == [(same.receipt, 100)]
    assert found.waiting == 0


def test_copies_on_other_desks_are_not_told_before_they_are_public(desk: Desk) -> None:
    elsewhere = make.make_space(desk.session, forum=desk.forum)
    here = desk.pending(source=copy(1))
    hidden, public = (
        make.make_contribution(
            desk.session, space=elsewhere, author=desk.author, state=state, source=copy(2)
        )
        for state in (RevisionState.PENDING, RevisionState.PUBLISHED)
    )
    other = make.make_space(desk.session, forum=make.make_forum(desk.session))
    make.make_contribution(desk.session, space=other, author=desk.author, source=copy(1))
    work(desk, [here, hidden, public])
    assert [one.name for one in item(desk, here).duplicates.shown] == [public.reference]
    both = moderator_of(desk.session, elsewhere)[1]
    assert [one.name for one in item(desk, hidden, actor=both).duplicates.shown] == [
        public.reference
    ]


def test_of_a_campaign_the_first_lines_are_shown_and_the_rest_is_counted(desk: Desk) -> None:
    texts = [desk.pending(source=copy(number)) for number in range(SHOWN + 4)]
    work(desk, texts)
    found = item(desk, texts[0]).duplicates
    assert (len(found.shown), found.more, found.waiting) == (SHOWN, 3, SHOWN + 4)


def test_an_edit_is_no_copy_of_its_own_older_text(desk: Desk) -> None:
    made = desk.published(source=LETTER)
    desk.edit(made, source=copy(1))
    work(desk, [made])
    assert item(desk, made).duplicates.shown == []


# --- the author's other texts ----------------------------------------------------------------


def test_the_newest_five_of_the_authors_other_texts_are_told_with_their_reasons(
    desk: Desk,
) -> None:
    here = desk.pending()
    public = [desk.published() for _ in range(4)]
    returned = desk.pending()
    desk.decide(returned, Verdict.RETURN, reason="off-topic")
    waiting = desk.pending()
    earlier = item(desk, here).earlier
    names = [waiting.receipt, returned.receipt, *(one.reference for one in reversed(public))][:5]
    assert [one.name for one in earlier] == names
    assert [one.state for one in earlier[:3]] == ["pending", "returned", "published"]
    assert earlier[1].reason is not None
    assert earlier[1].reason.in_("en") == "off-topic"
    assert not earlier[1].is_public
    assert earlier[2].is_public


def test_a_decision_that_was_taken_back_is_no_reason(desk: Desk) -> None:
    here, other = desk.pending(), desk.pending()
    taken = desk.decide(other, Verdict.REJECT)
    undone = desk.decide(desk.pending(), Verdict.APPROVE)
    desk.session.add(
        Decision(
            revision_id=taken.revision_id,
            verdict=Verdict.REJECT,
            undoes=taken.id,
            decided_at=clock.now(),
        )
    )
    desk.session.flush()
    told = {one.name: one.verdict for one in item(desk, here).earlier}
    assert told[other.receipt or ""] is None
    assert Verdict.APPROVE in told.values()
    assert undone.id


def test_texts_on_other_desks_are_told_only_as_far_as_they_are_public(desk: Desk) -> None:
    here = desk.pending()
    elsewhere = make.make_space(desk.session, forum=desk.forum)
    public, _hidden = (
        make.make_contribution(desk.session, space=elsewhere, author=desk.author, state=state)
        for state in (RevisionState.PUBLISHED, RevisionState.PENDING)
    )
    assert [one.name for one in item(desk, here).earlier] == [public.reference]


def test_policies_that_decided_are_told_in_words(desk: Desk) -> None:
    made = desk.pending()
    for policy in Policy:
        desk.session.add(
            Decision(
                revision_id=desk.text(made).id,
                verdict=Verdict.KEEP,
                policy=policy,
                decided_at=clock.now(),
            )
        )
    desk.session.flush()
    told = {row.by for row in item(desk, made).decisions}
    assert len(told) == len(Policy)
    assert not told & {policy.value for policy in Policy}


# --- the words of files ----------------------------------------------------------------------


def attach(desk: Desk, made: Contribution, **over: Any) -> None:
    make_attachment(desk.session, revision_id=desk.text(made).id, **over)


def test_the_beginning_of_a_files_words_is_shown_by_page(desk: Desk) -> None:
    made = desk.pending()
    paragraphs = [[1, "Première page."], [1, "Encore."], [2, "mot " * 2000], [3, "Never shown."]]
    attach(desk, made, name="paper.pdf", paragraphs=paragraphs)
    (paper,) = item(desk, made).papers
    assert [page for page, _texts in paper.pages] == [1, 2]
    assert paper.pages[0][1] == ["Première page.", "Encore."]
    shown = sum(len(text) for _page, texts in paper.pages for text in texts)
    assert shown <= CHARACTERS + 2
    assert paper.is_cut


def test_a_short_file_is_shown_whole(desk: Desk) -> None:
    made = desk.pending()
    attach(desk, made, paragraphs=[[None, "“Égalité”"], [None, "fin"]])
    (paper,) = item(desk, made).papers
    assert paper.pages == [(None, ["“Égalité”", "fin"])]
    assert not paper.is_cut


@pytest.mark.parametrize(
    "over",
    [
        {"scan": Scan.INFECTED},
        {"scan": Scan.WAITING},
        {"reading": Reading.FAILED, "paragraphs": None},
        {"reading": Reading.WAITING, "paragraphs": None},
    ],
)
def test_of_a_file_that_nobody_may_have_or_read_no_words_are_shown(
    desk: Desk, over: dict[str, Any]
) -> None:
    made = desk.pending()
    attach(desk, made, **{"paragraphs": [[1, "Words."]]} | over)
    (paper,) = item(desk, made).papers
    assert paper.pages == []
    assert not paper.is_cut


@pytest.mark.parametrize("end", range(14, 26))
def test_a_long_first_paragraph_is_read_as_far_as_it_goes_wherever_it_is_cut(end: int) -> None:
    stored = '[[1, "abc \\u00e9\\ud83d\\ude00 def"]]'
    paragraphs, is_whole = beginning(stored[:end])
    assert not is_whole
    assert all(text.encode() for _page, text in paragraphs)
    assert "".join(text for _page, text in paragraphs) in "abc é😀 def"


# --- as readers will see it ------------------------------------------------------------------


def here(view: PublicView, contribution: Contribution) -> Row:
    name = contribution.reference or contribution.receipt
    return next(row for row in view.rows if row.name == name)


def test_readers_will_see_it_under_what_it_answers_and_over_its_replies(desk: Desk) -> None:
    top = desk.published(source="First.")
    made = desk.pending(source="Second.", parent=top)
    view = as_public(desk, made)
    assert [row.name for row in view.rows] == [top.reference, made.receipt]
    row = here(view, made)
    assert row.is_public
    assert row.state is None
    assert row.level == 1
    assert row.edited_label is None
    assert not view.is_public


def test_an_edit_is_shown_with_its_new_words_as_edited_now(desk: Desk) -> None:
    made = desk.published(source="Older words.")
    reply = desk.published(source="A reply.", parent=made)
    waiting = desk.pending(source="A reply that waits.", parent=made)
    desk.edit(made, source="Newer words.")
    view = as_public(desk, made)
    assert [row.name for row in view.rows] == [made.reference, reply.reference]
    assert "Newer words" in here(view, made).html
    assert here(view, made).edited_label
    assert waiting.receipt


def test_the_name_is_the_one_its_author_chose(desk: Desk) -> None:
    made = desk.pending()
    desk.author.display = DisplayChoice.ORGANISATION
    desk.session.flush()
    row = here(as_public(desk, made), made)
    assert desk.author.name not in row.author + row.affiliation
    assert not row.is_own


def test_a_removed_place_above_stays_nameless(desk: Desk) -> None:
    top = desk.published(source="Words that were hidden.")
    made = desk.pending(parent=top)
    desk.decide(top, Verdict.HIDE)
    view = as_public(desk, made)
    assert view.rows[0].tombstone
    assert "hidden" not in view.rows[0].html


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.HIDE])
def test_what_was_refused_or_hidden_is_shown_as_it_would_be(desk: Desk, verdict: Verdict) -> None:
    made = desk.published() if verdict is Verdict.HIDE else desk.pending()
    desk.decide(made, verdict)
    row = here(as_public(desk, made), made)
    assert row.tombstone is None
    assert row.is_public


def test_a_moderators_own_replies_that_wait_are_not_what_readers_see(desk: Desk) -> None:
    made = desk.published()
    own = make.make_author(desk.session, forum=desk.forum, user=desk.users[0])
    desk.pending(author=own, parent=made)
    mine = make.actor_for(user=desk.users[0], author=own, role=None)
    seen = Actor(user_id=mine.user_id, grants=desk.first.grants, author_ids=mine.author_ids)
    assert [row.name for row in as_public(desk, made, actor=seen).rows] == [made.reference]


def test_nobody_else_sees_it(desk: Desk) -> None:
    made = desk.pending()
    strange = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))[1]
    for actor in (strange, make.actor_for(user=desk.writer, author=desk.author)):
        with pytest.raises(NotVisible):
            as_public(desk, made, actor=actor)
    made.removed = Removed.ERASED
    with pytest.raises(NotVisible):
        as_public(desk, made)


# --- what it costs ---------------------------------------------------------------------------


def test_an_item_costs_the_same_few_statements_whatever_stands_beside_it(desk: Desk) -> None:
    def cost(contribution: Contribution) -> int:
        desk.session.flush()
        desk.session.expire_all()
        with counted() as statements:
            item(desk, contribution)
        return len(statements)

    top = desk.published(source="First.")
    made = desk.pending(source=copy(0), parent=top)
    attach(desk, made, paragraphs=[[1, "Words."]])
    twin = desk.pending(source=copy(1))
    add_note(
        desk.session, actor=desk.first, contribution_id=made.id, words="A note.", now=clock.now()
    )
    work(desk, [made, twin])
    few = cost(made)
    deeper = top
    for number in range(4):
        deeper = desk.published(source=f"Level {number}.", parent=deeper)
        attach(desk, made, paragraphs=[[1, "Words."]])
        add_note(
            desk.session, actor=desk.second, contribution_id=made.id, words="More.", now=clock.now()
        )
    texts = [desk.pending(source=copy(number)) for number in range(2, 20)]
    work(desk, texts)
    many = cost(made)
    assert len(item(desk, made).duplicates.shown) == SHOWN
    assert many == few
    assert many <= 25


def test_the_worker_handles_a_batch_that_is_partly_gone(desk: Desk) -> None:
    ids = {desk.pending().id, 10**9}
    made = fingerprinting.signatures(desk.session, contribution_ids=ids)
    fingerprinting.keep(desk.session, contribution_ids=ids, made=made)
    assert len(made) == 1

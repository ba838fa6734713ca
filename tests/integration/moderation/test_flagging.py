"""Readers report public texts; moderators keep or hide them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Actor
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.ports import OwnRow
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries.rows import labels
from consult.discussion.services import removing
from consult.discussion.states import Removed, RevisionState
from consult.moderation import queries, services
from consult.moderation.models import Claim, Decision, Flag
from consult.moderation.queries import flags
from consult.moderation.queries.log import LogFilter, log
from consult.moderation.queries.own_data import own_data
from consult.moderation.services import flagging
from consult.moderation.services.settling import reopen_flags, settle_flags
from consult.moderation.states import Verdict
from consult.spaces.states import DisplayChoice, SpaceVisibility
from tests import factories as make
from tests.integration.moderation.desk import Desk, moderator_of
from tests.integration.moderation.queues import queue

WORDS = "My cousin is named here with her address."


def reader_of(session: Any, **over: Any) -> Actor:
    return make.actor_for(user=make.make_user(session, **over))


def report(desk: Desk, item: Contribution, actor: Actor, **over: Any) -> flagging.Reported:
    values: dict[str, Any] = {
        "actor": actor,
        "contribution_id": item.id,
        "reason": "personal-data",
        "words": WORDS,
        "now": clock.now(),
    }
    return flagging.flag(desk.session, **values | over)


def keep(desk: Desk, item: Contribution, **over: Any) -> Decision:
    values: dict[str, Any] = {
        "actor": desk.first,
        "contribution_id": item.id,
        "seen_published": 1,
        "now": clock.now(),
    }
    return flagging.keep(desk.session, **values | over)


def kept_flags(desk: Desk, item: Contribution) -> list[Flag]:
    return list(
        desk.session.scalars(
            select(Flag)
            .where(Flag.contribution_id == item.id)
            .order_by(Flag.id)
            .execution_options(populate_existing=True)
        )
    )


def waits(desk: Desk, item: Contribution) -> bool:
    condition = select(Contribution.id).where(Contribution.id == item.id, flags.is_reported())
    return desk.session.scalar(condition) is not None


def approve_edit(desk: Desk, item: Contribution, source: str = "A newer text.") -> Revision:
    edit = desk.edit(item, source)
    desk.decide(item, Verdict.APPROVE, seen_revision=edit.number)
    return edit


# --- Reporting ----------------------------------------------------------------------------------


def test_a_report_is_kept_waits_and_is_in_the_audit_log_without_words(desk: Desk) -> None:
    item = desk.published()
    version = item.version, item.public_version
    done = report(desk, item, reader_of(desk.session))
    assert done.is_new
    assert (done.flag.reason, done.flag.words) == ("personal-data", WORDS)
    assert waits(desk, item)
    assert desk.audited(item)[-1] == "flag"
    desk.session.refresh(item)
    assert (item.version, item.public_version) == version, "no decision becomes stale by a report"


def test_a_second_report_by_the_same_person_changes_nothing(desk: Desk) -> None:
    item, reader = desk.published(), reader_of(desk.session)
    first = report(desk, item, reader)
    again = report(desk, item, reader, reason="other", words="Something else that is long enough.")
    assert not again.is_new
    assert again.flag.id == first.flag.id
    (kept,) = kept_flags(desk, item)
    assert kept.words == WORDS
    assert desk.audited(item).count("flag") == 1


@pytest.mark.parametrize(
    ("over", "field", "problem"),
    [
        ({"reason": None}, "reason", "report-reason"),
        ({"reason": "unheard-of"}, "reason", "report-reason"),
        ({"reason": "off-topic"}, "reason", "report-reason"),
        ({"reason": "other", "words": "x" * 19}, "words", "report-short"),
        ({"words": "x" * 1001}, "words", "report-long"),
        ({"words": "x" * 10_000}, "words", "report-long"),
    ],
)
def test_a_report_that_says_too_little_or_too_much_is_refused(
    desk: Desk, over: dict[str, Any], field: str, problem: str
) -> None:
    item = desk.published()
    with pytest.raises(Invalid) as refused:
        report(desk, item, reader_of(desk.session), **over)
    assert refused.value.problems[field] == [problem]
    assert not kept_flags(desk, item)


def test_a_reason_of_the_catalogue_needs_no_words_and_a_thousand_characters_are_taken(
    desk: Desk,
) -> None:
    item = desk.published()
    assert report(desk, item, reader_of(desk.session), words=" ").flag.words is None
    assert report(desk, item, reader_of(desk.session), words="x" * 1000).is_new
    assert report(desk, item, reader_of(desk.session), reason="other", words="x" * 20).is_new


def test_nobody_reports_a_text_of_their_own_or_of_their_delegation(desk: Desk) -> None:
    item = desk.published()
    speaker = Actor(
        user_id=desk.writer.id, is_confirmed=True, author_ids=frozenset({item.author_id})
    )
    with pytest.raises(Forbidden) as refused:
        report(desk, item, speaker)
    assert refused.value.refusal is Refusal.REPORT_OWN


def test_whoever_has_no_account_or_no_confirmed_address_reports_nothing(desk: Desk) -> None:
    item = desk.published()
    user = make.make_user(desk.session)
    for actor, why in (
        (Actor(), Refusal.NOT_SIGNED_IN),
        (Actor(user_id=user.id, is_confirmed=False), Refusal.UNCONFIRMED),
    ):
        with pytest.raises(Forbidden) as refused:
            report(desk, item, actor)
        assert refused.value.refusal is why


def test_what_no_reader_gets_cannot_be_reported(desk: Desk) -> None:
    hidden = desk.published()
    desk.decide(hidden, Verdict.HIDE)
    unannounced = make.make_space(
        desk.session, forum=desk.forum, visibility=SpaceVisibility.UNANNOUNCED
    )
    secret = make.make_contribution(desk.session, space=unannounced, author=desk.author)
    for item in (desk.pending(), hidden, secret):
        with pytest.raises(NotVisible):
            report(desk, item, reader_of(desk.session))
    with pytest.raises(NotVisible):
        report(desk, hidden, reader_of(desk.session), contribution_id=10**9)


# --- Answering ----------------------------------------------------------------------------------


def test_keeping_answers_all_reports_and_leaves_the_text_as_it_is(desk: Desk) -> None:
    item = desk.published()
    for _ in range(2):
        report(desk, item, reader_of(desk.session))
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=clock.now())
    decision = keep(desk, item)
    assert decision.verdict == Verdict.KEEP
    assert (decision.reason, decision.message) == (None, None)
    assert {flag.settled_by_id for flag in kept_flags(desk, item)} == {decision.id}
    assert not waits(desk, item)
    assert desk.removed(item) is Removed.NONE
    assert item.published_revision_id == decision.revision_id
    assert desk.audited(item)[-1] == "keep"
    assert desk.session.get(Claim, item.id) is None


def test_a_text_can_be_kept_only_while_reports_wait_and_as_it_was_seen(desk: Desk) -> None:
    item = desk.published()
    with pytest.raises(StaleState):
        keep(desk, item)
    report(desk, item, reader_of(desk.session))
    with pytest.raises(StaleState):
        keep(desk, item, seen_published=2)
    approve_edit(desk, item)
    with pytest.raises(StaleState) as moved:
        keep(desk, item)
    assert moved.value.seen["theirs"] == "A newer text."
    keep(desk, item, seen_published=2)
    with pytest.raises(StaleState) as late:
        keep(desk, item, actor=desk.second, seen_published=2)
    assert late.value.seen["by"] == "Moderator One"


def test_a_colleagues_claim_keeps_others_from_answering(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=clock.now())
    with pytest.raises(StaleState) as held:
        keep(desk, item)
    assert held.value.seen["claimed_by"] == "Moderator Two"
    assert waits(desk, item)


def test_nobody_else_than_its_moderators_answers(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    elsewhere = make.make_space(desk.session, forum=desk.forum)
    for actor in (moderator_of(desk.session, elsewhere)[1], reader_of(desk.session)):
        with pytest.raises(NotVisible):
            keep(desk, item, actor=actor)


def test_nobody_keeps_a_text_of_their_own(desk: Desk) -> None:
    moderator = desk.first
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    desk.text(item).submitted_by = moderator.user_id
    desk.session.flush()
    with pytest.raises(Forbidden) as refused:
        keep(desk, item)
    assert refused.value.refusal is Refusal.OWN_TEXT


def test_nobody_answers_a_report_of_their_own_unless_others_reported_it_too(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, desk.first)
    with pytest.raises(Forbidden) as refused:
        keep(desk, item)
    assert refused.value.refusal is Refusal.REPORTED_BY_YOU
    assert not shown_item(desk, item).can_keep
    report(desk, item, reader_of(desk.session))
    assert shown_item(desk, item).can_keep
    keep(desk, item)


def test_the_only_moderator_of_a_space_is_not_stuck_with_a_report_of_their_own(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, desk.first)
    desk.users[1].confirmed_at = None
    desk.session.flush()
    keep(desk, item)


def test_a_moderator_may_hide_what_they_reported_themselves(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, desk.first)
    decision = desk.decide(item, Verdict.HIDE)
    (kept,) = kept_flags(desk, item)
    assert kept.settled_by_id == decision.id


def test_hiding_answers_the_reports_and_an_edit_that_is_approved_does_not(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session), now=clock.now() - dt.timedelta(minutes=5))
    approve_edit(desk, item)
    assert waits(desk, item)
    (row,) = flags.reports(desk.session, item, actor=desk.first)
    assert row.is_older
    desk.decide(item, Verdict.HIDE, seen_revision=2)
    assert not waits(desk, item)
    assert kept_flags(desk, item)[0].settled_at is not None


@pytest.mark.parametrize("verdict", [Verdict.KEEP, Verdict.HIDE])
def test_reports_wait_again_when_the_answer_is_taken_back(desk: Desk, verdict: Verdict) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    decision = keep(desk, item) if verdict is Verdict.KEEP else desk.decide(item, verdict)
    undone = services.undo(desk.session, actor=desk.first, decision_id=decision.id, now=clock.now())
    assert undone.undoes == decision.id
    assert desk.removed(item) is Removed.NONE
    assert waits(desk, item)
    keep(desk, item)
    assert not waits(desk, item)


def test_keeping_can_be_taken_back_for_a_minute_only(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    decision = keep(desk, item)
    with pytest.raises(Forbidden) as refused:
        services.undo(
            desk.session,
            actor=desk.first,
            decision_id=decision.id,
            now=clock.now() + dt.timedelta(seconds=61),
        )
    assert refused.value.refusal is Refusal.TOO_LATE
    assert not waits(desk, item)


def test_a_withdrawn_text_no_longer_waits_and_waits_again_once_it_is_back(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    author = make.actor_for(user=desk.writer, author=desk.author)
    now = clock.now()
    removing.withdraw(desk.session, actor=author, contribution=item, space=desk.space, now=now)
    assert not waits(desk, item)
    assert flags.reports(desk.session, item, actor=desk.first) == []
    removing.undo_withdrawal(
        desk.session, actor=author, contribution=item, space=desk.space, now=now
    )
    assert waits(desk, item)


# --- Once more ----------------------------------------------------------------------------------


def test_who_reported_an_answered_text_reports_it_again_only_after_it_changed(desk: Desk) -> None:
    item, reader = desk.published(), reader_of(desk.session)
    made = report(desk, item, reader)
    keep(desk, item)
    assert not report(desk, item, reader).is_new
    assert not waits(desk, item)
    approve_edit(desk, item)
    again = report(desk, item, reader, words="Now it is about my other cousin.")
    assert again.is_new
    assert again.flag.id == made.flag.id
    (kept,) = kept_flags(desk, item)
    assert kept.words == "Now it is about my other cousin."
    assert (kept.settled_at, kept.settled_by_id) == (None, None)
    assert waits(desk, item)
    assert desk.audited(item).count("flag") == 2


def test_a_report_that_waits_is_not_sent_anew_when_the_text_changes(desk: Desk) -> None:
    item, reader = desk.published(), reader_of(desk.session)
    report(desk, item, reader)
    approve_edit(desk, item)
    assert not report(desk, item, reader).is_new


# --- What the desk shows ------------------------------------------------------------------------


def shown_item(desk: Desk, item: Contribution, actor: Actor | None = None) -> Any:
    return queries.item(
        desk.session,
        actor=actor or desk.first,
        name=item.receipt or "",
        words=labels(zone="UTC", holds=False),
        now=clock.now(),
    )


def test_the_item_of_a_reported_text_says_who_reported_what(desk: Desk) -> None:
    item, other = desk.published(), desk.published()
    user = make.make_user(desk.session, name="Nadia Reader")
    reader = make.actor_for(user=user)
    report(desk, other, reader)
    report(desk, item, reader)
    report(desk, item, desk.first, reason="other", words="It seems to be copied from a book.")
    shown = shown_item(desk, item)
    assert shown.kind == "flag"
    assert shown.verdicts == (Verdict.HIDE,)
    one, mine = shown.reports
    assert (one.by, one.words, one.others, one.is_mine) == ("Nadia Reader", WORDS, 1, False)
    assert str(one.reason) == "personal-data"
    assert not one.is_older
    assert mine.is_mine


def test_a_reader_with_a_pseudonym_is_shown_by_it(desk: Desk) -> None:
    item = desk.published()
    user = make.make_user(desk.session, name="Nadia Reader")
    make.make_author(
        desk.session,
        forum=desk.forum,
        user=user,
        name="Nadia Reader",
        display=DisplayChoice.PSEUDONYM,
        pseudonym_number=7,
    )
    report(desk, item, make.actor_for(user=user))
    (row,) = shown_item(desk, item).reports
    assert "Nadia" not in row.by
    assert "7" in row.by


def test_a_text_with_an_edit_that_waits_is_an_edit_and_shows_its_reports(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    desk.edit(item)
    shown = shown_item(desk, item)
    assert shown.kind == "edit"
    assert len(shown.reports) == 1


def test_settling_and_reopening_touch_no_other_text(desk: Desk) -> None:
    item, other = desk.published(), desk.published()
    for one in (item, other):
        report(desk, one, reader_of(desk.session))
    decision = keep(desk, item)
    assert settle_flags(desk.session, contribution_id=item.id, decision=decision) == 0
    assert waits(desk, other)
    assert reopen_flags(desk.session, decision=decision) == 1
    assert waits(desk, item)


def test_a_copy_of_ones_data_holds_ones_reports_and_their_answers(desk: Desk) -> None:
    item = desk.published()
    reader = reader_of(desk.session)
    report(desk, item, reader)
    keep(desk, item)
    rows = own_data(desk.session, user_id=reader.user_id or 0)
    (row,) = [row for row in rows if isinstance(row, OwnRow) and row.part == "reports"]
    assert row.values["words"] == WORDS
    assert row.values["answer"] == "keep"
    assert row.values["answered_at"] is not None


def test_a_pending_text_has_no_kind_of_report(desk: Desk) -> None:
    item = desk.pending()
    assert shown_item(desk, item).kind == "new"
    assert desk.text(item).state == RevisionState.PENDING


def as_author_of(desk: Desk, item: Contribution, moderator: Actor) -> Actor:
    """Make a moderator speak for the author of a text."""
    return replace(moderator, author_ids=frozenset({item.author_id}))


def test_a_moderator_is_shown_no_report_about_a_text_of_their_own(app: Flask, desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    for own in (as_author_of(desk, item, desk.first), typist_of(desk, item)):
        with app.test_request_context("/en/moderation"):
            assert queue(desk, actor=own).page.total == 0
        shown = shown_item(desk, item, own)
        assert (shown.reports, shown.kind) == ((), "edit")
    with app.test_request_context("/en/moderation"):
        assert queue(desk, actor=desk.first).page.total == 1
    assert len(shown_item(desk, item).reports) == 1


def typist_of(desk: Desk, item: Contribution) -> Actor:
    """Make the second moderator one who typed the text for somebody else."""
    desk.text(item).submitted_by = desk.second.user_id
    desk.session.flush()
    return desk.second


def test_answers_to_reports_are_kept_from_the_author_in_every_list(desk: Desk) -> None:
    item = desk.published()
    report(desk, item, reader_of(desk.session))
    keep(desk, item)
    own = as_author_of(desk, item, desk.second)
    assert [one.verdict for one in shown_item(desk, item, own).decisions] == [Verdict.APPROVE]
    told = {row.verdict: row.name for row in log(desk.session, actor=own, wanted=LogFilter()).rows}
    assert told == {Verdict.KEEP: None, Verdict.APPROVE: item.reference}
    rows = own_data(desk.session, user_id=desk.writer.id)
    decided = [row for row in rows if isinstance(row, OwnRow) and row.part == "decisions"]
    assert [row.values["verdict"] for row in decided] == ["approve"]
    assert Verdict.KEEP in {one.verdict for one in shown_item(desk, item).decisions}

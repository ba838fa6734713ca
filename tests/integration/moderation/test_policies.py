"""Publishing at once by policy: what is published, what waits, and that nobody is overruled."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.outbox import OutboxEntry, reactions
from consult.discussion.models import Contribution, Intake, Revision
from consult.discussion.states import Reading, Removed, RevisionOrigin, RevisionState, Scan
from consult.moderation import services
from consult.moderation.handlers.policies import publish_at_once
from consult.moderation.models import Claim, Decision, Flag
from consult.moderation.policy.modes import Waits
from consult.moderation.services.policies import FILES_TIMES, decide_by_policy
from consult.moderation.states import Policy, Verdict
from consult.notifications.models import InboundMail
from consult.spaces.states import ModerationMode
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.moderation.desk import Desk


def set_mode(desk: Desk, mode: ModerationMode, **over: Any) -> None:
    desk.space.moderation = mode
    for name, value in over.items():
        setattr(desk.space, name, value)
    desk.session.flush()


def weighed(desk: Desk, contribution: Contribution, number: int = 1, *, days: int = 0) -> object:
    """Let the policies look at a text, so many days later; return the policy, why it waits, or
    None.
    """
    revision = desk.text(contribution, number)
    now = clock.now() + dt.timedelta(days=days)
    answer = decide_by_policy(desk.session, revision.id, now)
    return Policy(answer.policy or "") if isinstance(answer, Decision) else answer


def trust(desk: Desk) -> Any:
    """Make a trusted delegation through which the writer speaks."""
    return make.make_delegation(
        desk.session, forum=desk.forum, contributors=[desk.writer], publishes_at_once=True
    )


def test_where_everything_waits_nothing_is_touched(desk: Desk) -> None:
    item = desk.pending()
    assert weighed(desk, item) is None
    assert desk.text(item).state == RevisionState.PENDING
    assert desk.decisions(item) == []


def test_a_flagged_space_publishes_at_once_in_the_name_of_its_policy(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    assert weighed(desk, item) is Policy.NOTHING_MATCHED
    assert desk.text(item).state == RevisionState.PUBLISHED
    assert item.reference is not None
    (decision,) = desk.decisions(item)
    assert (decision.verdict, decision.policy, decision.decided_by) == (
        Verdict.APPROVE,
        "nothing-matched",
        None,
    )
    assert desk.audited(item) == ["approve"]
    entry = desk.session.scalars(select(AuditEntry).where(AuditEntry.act == "approve")).one()
    assert entry.actor_id is None
    assert entry.facts["policy"] == "nothing-matched"
    told = desk.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "notifications.decision")
    ).all()
    assert [row.payload["decision_id"] for row in told] == [decision.id]


def test_the_handler_may_run_twice(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    payload = {"contribution_id": item.id, "revision_id": desk.text(item).id}
    for _ in range(2):
        publish_at_once(desk.session, [payload], now=clock.now())
    assert len(desk.decisions(item)) == 1


def test_the_handler_follows_every_sending() -> None:
    assert "moderation.policies" in reactions.handlers
    assert reactions.handlers["moderation.policies"].batch == 1


@pytest.mark.parametrize("word", ["casino", "arnaque", "estafa"])
def test_a_watched_word_of_any_list_waits_in_every_mode(desk: Desk, word: str) -> None:
    lists = {"en": ["casino"], "fr": ["Arnaque"], "es": ["ESTAFA"]}
    author = trust(desk)
    for mode in ModerationMode:
        set_mode(desk, mode, watch_words=lists)
        item = desk.pending(author=author, source=f"It says {word}.")
        assert weighed(desk, item) is Waits.MATCHED
        assert desk.text(item).state == RevisionState.PENDING


def test_a_watched_word_in_the_address_of_a_link_waits(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED, watch_words={"en": ["casino"]})
    item = desk.pending(source="[Read this](https://casino.example/x)")
    assert weighed(desk, item) is Waits.MATCHED


# --- Newcomers ------------------------------------------------------------------------------------


def test_somebody_with_enough_approved_texts_publishes_at_once(desk: Desk) -> None:
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=2)
    desk.published()
    assert weighed(desk, desk.pending()) is Waits.NEWCOMER
    desk.published()
    assert weighed(desk, desk.pending()) is Policy.KNOWN_AUTHOR


def test_what_a_policy_published_makes_nobody_known(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    for _ in range(2):
        assert weighed(desk, desk.pending()) is Policy.NOTHING_MATCHED
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=1)
    assert weighed(desk, desk.pending()) is Waits.NEWCOMER


def test_an_approval_that_was_taken_back_makes_nobody_known(desk: Desk) -> None:
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=1)
    item = desk.pending()
    decision = desk.decide(item, Verdict.APPROVE)
    services.undo(desk.session, actor=desk.first, decision_id=decision.id, now=clock.now())
    assert weighed(desk, desk.pending()) is Waits.NEWCOMER


@pytest.mark.parametrize("removed", [Removed.WITHDRAWN, Removed.ERASED])
def test_a_text_that_nobody_can_read_any_more_makes_nobody_known(
    desk: Desk, removed: Removed
) -> None:
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=1)
    desk.published().removed = removed
    desk.session.flush()
    assert weighed(desk, desk.pending()) is Waits.NEWCOMER


def test_an_approval_counts_after_its_moderator_was_erased(desk: Desk) -> None:
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=1)
    item = desk.published()
    desk.decisions(item)[0].decided_by = None
    desk.session.flush()
    assert weighed(desk, desk.pending()) is Policy.KNOWN_AUTHOR


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.HIDE])
def test_a_rejected_or_hidden_text_makes_a_newcomer_of_somebody_known(
    desk: Desk, verdict: Verdict
) -> None:
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=1)
    desk.published()
    bad = desk.pending() if verdict is Verdict.REJECT else desk.published()
    desk.decide(bad, verdict)
    assert weighed(desk, desk.pending(), days=29) is Waits.TROUBLE
    assert weighed(desk, desk.pending(), days=31) is Policy.KNOWN_AUTHOR


def test_a_hidden_text_that_was_restored_is_no_trouble(desk: Desk) -> None:
    set_mode(desk, ModerationMode.NEWCOMERS, newcomer_texts=1)
    item = desk.published()
    desk.decide(item, Verdict.HIDE)
    desk.decide(item, Verdict.RESTORE, seen_published=1)
    assert weighed(desk, desk.pending()) is Policy.KNOWN_AUTHOR


# --- Trust ----------------------------------------------------------------------------------------


def test_a_trusted_delegation_publishes_at_once_where_everything_waits(desk: Desk) -> None:
    assert weighed(desk, desk.pending(author=trust(desk))) is Policy.TRUSTED_DELEGATION


def test_somebody_who_is_no_delegation_is_not_trusted(desk: Desk) -> None:
    desk.author.publishes_at_once = True
    assert weighed(desk, desk.pending()) is None


# --- What always waits ----------------------------------------------------------------------------


def unconfirmed(desk: Desk, item: Contribution) -> None:
    item.is_unconfirmed = True


def filed(desk: Desk, item: Contribution) -> None:
    now = clock.now()
    row = Intake(id="0" * 32, contribution_id=item.id, locale="en", created_at=now, asked_at=now)
    row.confirmed_at = now
    desk.session.add(row)


def by_mail(desk: Desk, item: Contribution) -> None:
    row = InboundMail(digest="d", outcome="taken", received_at=clock.now())
    row.contribution_id = item.id
    desk.session.add(row)


def imported(desk: Desk, item: Contribution) -> None:
    desk.text(item).origin = RevisionOrigin.IMPORT


def typed_by_nobody(desk: Desk, item: Contribution) -> None:
    desk.text(item).submitted_by = None


def suspended(desk: Desk, item: Contribution) -> None:
    desk.writer.status = UserStatus.SUSPENDED


def somebody_elses(desk: Desk, item: Contribution) -> None:
    desk.text(item).submitted_by = desk.users[0].id


@pytest.mark.parametrize(
    "make_so",
    [unconfirmed, filed, by_mail, imported, typed_by_nobody, suspended, somebody_elses],
    ids=lambda one: one.__name__,
)
def test_what_its_author_did_not_send_here_waits(desk: Desk, make_so: Any) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    make_so(desk, item)
    desk.session.flush()
    assert weighed(desk, item) is Waits.NOT_BY_AUTHOR
    assert desk.text(item).state == RevisionState.PENDING


def test_a_moderator_who_was_faster_stays_right(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    desk.decide(item, Verdict.RETURN)
    assert weighed(desk, item) is Waits.DECIDED
    assert desk.text(item).state == RevisionState.RETURNED
    assert len(desk.decisions(item)) == 1


def test_an_approval_that_was_taken_back_is_not_repeated(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    decision = desk.decide(item, Verdict.APPROVE)
    services.undo(desk.session, actor=desk.first, decision_id=decision.id, now=clock.now())
    assert weighed(desk, item) is Waits.DECIDED


def test_a_text_that_a_moderator_claimed_waits_until_the_claim_ends(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=clock.now())
    assert weighed(desk, item) is Waits.CLAIMED
    desk.session.get_one(Claim, item.id).until = clock.now() - dt.timedelta(seconds=1)
    desk.session.flush()
    assert weighed(desk, item) is Policy.NOTHING_MATCHED


def test_an_edit_of_a_public_text_follows_the_same_rule(desk: Desk) -> None:
    item = desk.published()
    set_mode(desk, ModerationMode.FLAGGED, watch_words={"en": ["casino"]})
    bad = desk.edit(item, "A casino.")
    assert weighed(desk, item, bad.number) is Waits.MATCHED
    bad.state, item.open_revision_id = RevisionState.CANCELLED, None
    good = desk.edit(item)
    assert weighed(desk, item, good.number) is Policy.NOTHING_MATCHED
    assert item.published_revision_id == good.id


def test_a_returned_text_that_is_sent_again_waits(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    desk.decide(item, Verdict.RETURN)
    newer = desk.edit(item)
    assert weighed(desk, item, newer.number) is Waits.SENT_BACK


def test_an_edit_of_a_hidden_text_waits(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.published()
    desk.decide(item, Verdict.HIDE)
    newer = desk.edit(item)
    assert weighed(desk, item, newer.number) is Waits.SENT_BACK


def test_an_edit_of_a_text_that_readers_reported_waits(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.published()
    reader = make.make_user(desk.session)
    desk.session.add(
        Flag(contribution_id=item.id, user_id=reader.id, reason="other", created_at=clock.now())
    )
    newer = desk.edit(item)
    assert weighed(desk, item, newer.number) is Waits.SENT_BACK


def test_an_edit_of_a_shortened_text_waits(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.published()
    desk.text(item).origin = RevisionOrigin.REDACTION
    newer = desk.edit(item)
    assert weighed(desk, item, newer.number) is Waits.SENT_BACK


def test_a_reply_to_a_hidden_text_waits(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    parent = desk.published()
    reply = desk.pending(parent=parent)
    desk.decide(parent, Verdict.HIDE)
    assert weighed(desk, reply) is Waits.REPLY_TO_REMOVED


def test_a_closed_space_keeps_its_rule(desk: Desk) -> None:
    set_mode(desk, ModerationMode.FLAGGED, closes_at=clock.now() - dt.timedelta(hours=1))
    assert weighed(desk, desk.pending()) is Policy.NOTHING_MATCHED


# --- Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scan", "reading", "words", "answer"),
    [
        (Scan.WAITING, Reading.WAITING, {}, Waits.FILES),
        (Scan.INFECTED, Reading.READ, {}, Waits.FILES),
        (Scan.CLEAN, Reading.FAILED, {}, Policy.NOTHING_MATCHED),
        (Scan.CLEAN, Reading.FAILED, {"en": ["casino"]}, Waits.FILES),
        (Scan.CLEAN, Reading.WAITING, {"en": ["casino"]}, Waits.FILES),
        (Scan.SKIPPED, Reading.READ, {"en": ["casino"]}, Policy.NOTHING_MATCHED),
        (Scan.CLEAN, Reading.READ, {"en": ["roulette"]}, Waits.MATCHED),
    ],
)
def test_a_file_has_to_be_clean_and_where_words_are_watched_read(
    app: Any, desk: Desk, scan: Scan, reading: Reading, words: Any, answer: object
) -> None:
    set_mode(desk, ModerationMode.FLAGGED, watch_words=words)
    item = desk.pending()
    make_attachment(
        desk.session,
        revision_id=desk.text(item).id,
        scan=scan,
        reading=reading,
        paragraphs=[[1, "The roulette turns."]],
        storage=app.extensions["consult.storage"],
    )
    assert weighed(desk, item) is answer


def test_a_text_is_weighed_again_until_its_files_are_known_but_not_for_ever(
    app: Any, desk: Desk
) -> None:
    set_mode(desk, ModerationMode.FLAGGED)
    item = desk.pending()
    make_attachment(
        desk.session,
        revision_id=desk.text(item).id,
        scan=Scan.WAITING,
        storage=app.extensions["consult.storage"],
    )
    payload: dict[str, Any] = {"contribution_id": item.id, "revision_id": desk.text(item).id}
    for times in range(1, FILES_TIMES + 1):
        publish_at_once(desk.session, [payload], now=clock.now())
        desk.session.flush()
        row = desk.session.scalars(
            select(OutboxEntry)
            .where(OutboxEntry.handler == "moderation.policies")
            .order_by(OutboxEntry.id.desc())
        ).first()
        assert row is not None
        payload = row.payload
        assert payload["times"] == times
    before = row.id
    publish_at_once(desk.session, [payload], now=clock.now())
    desk.session.flush()
    newest = desk.session.scalars(
        select(OutboxEntry.id)
        .where(OutboxEntry.handler == "moderation.policies")
        .order_by(OutboxEntry.id.desc())
    ).first()
    assert newest == before


def test_an_unknown_text_is_nothing_to_decide(desk: Desk) -> None:
    assert decide_by_policy(desk.session, 0, clock.now()) is None
    assert desk.session.scalars(select(Revision.id)).first() is None

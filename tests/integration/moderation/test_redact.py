"""Redacting: readers get a marked gap, its author and the moderators keep what stood there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock, markup
from consult.core.authz import Actor
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Revision, RevisionAttachment, RevisionTag
from consult.discussion.policy import visible_revisions
from consult.discussion.queries import own
from consult.discussion.queries.rows import build as build_rows
from consult.discussion.queries.rows import labels, select_rows
from consult.discussion.services.gaps import PHRASES
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
from consult.moderation import services
from consult.moderation.models import Decision, Flag
from consult.moderation.queries.decisions import decision_facts, undoable
from consult.moderation.services import redacting
from consult.moderation.states import Verdict
from consult.spaces.models import Objective
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.moderation.desk import WHY, Desk, moderator_of

SECOND = dt.timedelta(seconds=1)
SOURCE = "We agree.\n\nCall **Ann** Lee on [her line](mailto:ann@example.org) today.\n\nThank you."
GAP = PHRASES["en"]


def redact(desk: Desk, item: Contribution, *passages: str, **over: Any) -> Decision:
    values: dict[str, Any] = {
        "actor": desk.first,
        "contribution_id": item.id,
        "seen_revision": 1,
        "passages": passages or ("Ann Lee on her line",),
        "files": (),
        "reason": "personal-data",
        "message": None,
        "now": clock.now(),
    }
    return redacting.redact(desk.session, **values | over)


def public_text(desk: Desk, item: Contribution) -> Revision:
    desk.session.refresh(item)
    found: Revision = desk.session.get_one(Revision, item.published_revision_id)
    desk.session.refresh(found)
    return found


def test_readers_get_a_new_text_with_a_gap_and_the_reference_stays(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    reference, version = item.reference, item.public_version
    desk.session.query(OutboxEntry).delete()
    decision = redact(desk, item, message=WHY)
    text, base = public_text(desk, item), desk.text(item)
    assert (text.origin, text.state, text.number) == ("redaction", "published", 2)
    assert (text.base_id, text.redacted_for, text.submitted_by) == (base.id, "personal-data", None)
    assert base.state == RevisionState.SUPERSEDED
    assert text.source == f"We agree.\n\nCall *{GAP}* today.\n\nThank you."
    assert text.text == f"We agree.\n\nCall {GAP} today.\n\nThank you."
    assert text.html == str(markup.render(text.source))
    assert base.source == SOURCE
    assert (item.reference, item.edited_at) == (reference, None)
    assert item.public_version > version
    assert (decision.verdict, decision.reason, decision.message) == ("redact", "personal-data", WHY)
    assert (decision.revision_id, decision.facts) == (
        text.id,
        {"base": base.id, "gaps": 1, "files": 0},
    )
    assert desk.audited(item)[-1] == "redact"
    told = list(desk.session.scalars(select(OutboxEntry.payload)))
    names = {payload["event"] for payload in told}
    assert names <= {"PublicTextChanged", "RevisionDecided"}


def test_the_base_is_for_its_author_and_the_moderators_only(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    redact(desk, item)
    author = make.actor_for(user=desk.writer, author=desk.author)
    stranger = Actor()

    def seen(actor: Actor) -> list[int]:
        return list(
            desk.session.scalars(
                select(Revision.number)
                .join(Contribution, Contribution.id == Revision.contribution_id)
                .where(Revision.contribution_id == item.id, visible_revisions(actor))
                .order_by(Revision.number)
            )
        )

    assert seen(author) == seen(desk.second) == [1, 2]
    assert seen(stranger) == [2]


def test_the_mark_says_when_and_why_but_not_who(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    redact(desk, item)
    desk.session.flush()
    actor = Actor()
    raw = desk.session.execute(select_rows(actor).where(Contribution.id == item.id)).all()
    row = build_rows(desk.session, raw, actor=actor, words=labels(zone="UTC", holds=True))[0]
    assert row.redacted is not None
    assert "personal-data" in row.redacted
    assert "Moderator" not in row.redacted
    assert row.edited_label is None


def test_tags_files_and_languages_come_along_as_far_as_their_words_stay(desk: Desk) -> None:
    source = "Ann Lee lives here.\n\nAnn Lee\n\nLa vie est belle, dit Ann Lee.\n\nThe end."
    item = desk.pending(source=source)
    base = desk.text(item)
    numbers = {
        one.number: one.id
        for one in desk.session.scalars(
            select(Objective).where(Objective.forum_id == desk.forum.id)
        )
    }
    second, third = base.text.index("Ann Lee\n\nLa"), base.text.index("La vie")
    for objective, start, end in (
        (15, None, None),
        (16, 0, base.text.index("\n")),
        (16, second, second + 7),
        (20, third, base.text.index("\n\nThe end")),
    ):
        desk.session.add(
            RevisionTag(revision_id=base.id, objective_id=numbers[objective], start=start, end=end)
        )
    base.language_spans = [
        [third, base.text.index("\n\nThe end"), "fr"],
        [second, second + 7, "fr"],
    ]
    kept = make_attachment(desk.session, revision_id=base.id, name="kept.pdf")
    gone = make_attachment(desk.session, revision_id=base.id, name="gone.pdf")
    desk.decide(item, Verdict.APPROVE)
    redact(desk, item, "Ann Lee", files=[gone.token])
    text = public_text(desk, item)
    tags = {
        (row.objective_id, None if row.start is None else text.text[row.start : row.end])
        for row in desk.session.scalars(
            select(RevisionTag).where(RevisionTag.revision_id == text.id)
        )
    }
    assert tags == {
        (numbers[15], None),
        (numbers[16], f"{GAP} lives here."),
        (numbers[20], f"La vie est belle, dit {GAP}."),
    }
    assert text.language_spans is not None
    [(start, end, language)] = text.language_spans
    assert (text.text[start:end], language) == (f"La vie est belle, dit {GAP}.", "fr")
    assert text.html.count('lang="fr"') == 1
    files = desk.session.scalars(
        select(RevisionAttachment).where(RevisionAttachment.revision_id == text.id)
    ).all()
    assert [one.name for one in files] == ["kept.pdf"]
    assert files[0].sha256 == kept.sha256
    assert files[0].token != kept.token


def test_a_file_alone_can_be_taken_out(desk: Desk) -> None:
    item = desk.pending(source=SOURCE)
    file = make_attachment(desk.session, revision_id=desk.text(item).id, name="private.pdf")
    desk.decide(item, Verdict.APPROVE)
    decision = redact(desk, item, passages=(), files=[file.token])
    text = public_text(desk, item)
    assert (text.source, text.redacted_for) == (SOURCE, "personal-data")
    assert decision.facts == {"base": desk.text(item).id, "gaps": 0, "files": 1}


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"passages": ("nowhere",)}, {"passages": ["passage-unknown"]}),
        ({"passages": ()}, {"passages": ["passages-missing"]}),
        ({"passages": (SOURCE.replace("*", ""),)}, {"passages": ["passage-unknown"]}),
        ({"files": ["f" * 32]}, {"files": ["file-unknown"]}),
        ({"reason": None}, {"reason": ["reason-missing"]}),
        ({"reason": "invented"}, {"reason": ["reason-missing"]}),
        ({"reason": "other", "message": "short"}, {"message": ["message-short"]}),
        ({"message": "x" * 2001}, {"message": ["message-long"]}),
    ],
)
def test_what_cannot_be_taken_out_is_told_by_field(
    desk: Desk, over: dict[str, Any], problem: dict[str, list[str]]
) -> None:
    item = desk.published(source=SOURCE)
    with pytest.raises(Invalid) as refused:
        redact(desk, item, **over)
    assert refused.value.problems == problem
    assert public_text(desk, item).number == 1


def test_nothing_is_taken_out_where_nothing_would_be_left(desk: Desk) -> None:
    item = desk.published(source="Ann Lee!")
    with pytest.raises(Invalid) as refused:
        redact(desk, item, "Ann Lee")
    assert refused.value.problems == {"passages": ["redaction-everything"]}


def test_a_file_that_stays_must_not_say_it(desk: Desk) -> None:
    item = desk.pending(source=SOURCE)
    file = make_attachment(desk.session, revision_id=desk.text(item).id, name="Ann-Lee.pdf")
    desk.decide(item, Verdict.APPROVE)
    with pytest.raises(Invalid) as refused:
        redact(desk, item, "Ann Lee")
    assert refused.value.problems == {"files": ["file-says-it"]}
    redact(desk, item, "Ann Lee", files=[file.token])


@pytest.mark.parametrize("removed", [Removed.HIDDEN, Removed.WITHDRAWN, Removed.ERASED])
def test_only_what_readers_get_is_redacted(desk: Desk, removed: Removed) -> None:
    item = desk.published(source=SOURCE)
    item.removed = removed
    desk.session.flush()
    with pytest.raises(StaleState):
        redact(desk, item)


def test_a_text_that_was_never_public_is_refused(desk: Desk) -> None:
    with pytest.raises(Forbidden) as refused:
        redact(desk, desk.pending(source=SOURCE))
    assert refused.value.refusal is Refusal.WRONG_STATE


def test_nobody_redacts_an_own_text_or_one_of_another_desk(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    stranger = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))[1]
    with pytest.raises(NotVisible):
        redact(desk, item, actor=stranger)
    desk.text(item).submitted_by = desk.users[0].id
    desk.session.flush()
    with pytest.raises(Forbidden):
        redact(desk, item)


def test_whoever_redacted_a_text_may_go_on_deciding_on_it(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    redact(desk, item)
    redact(desk, item, "Thank you", seen_revision=2)
    assert public_text(desk, item).number == 3


def test_a_newer_public_text_and_a_claim_are_respected(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    redact(desk, item)
    with pytest.raises(StaleState) as stale:
        redact(desk, item, "Thank you")
    assert stale.value.seen["mine"] == SOURCE
    assert GAP in stale.value.seen["theirs"]
    services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=clock.now())
    with pytest.raises(StaleState) as stale:
        redact(desk, item, "Thank you", seen_revision=2)
    assert stale.value.seen["claimed_by"] == "Moderator Two"


def test_an_open_edit_stays_and_takes_the_place_of_the_redacted_text(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    edit = desk.edit(item, "We agree. Call me today.")
    redact(desk, item)
    assert item.open_revision_id == edit.id
    assert public_text(desk, item).number == 3
    desk.decide(item, Verdict.APPROVE, seen_revision=2)
    assert public_text(desk, item).id == edit.id
    assert item.edited_at is not None


def test_undoing_the_approval_of_an_edit_never_gives_the_base_back(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    desk.edit(item, "We agree. Call me today.")
    redact(desk, item)
    now = clock.now() + SECOND
    decision = desk.decide(item, Verdict.APPROVE, seen_revision=2, now=now)
    services.undo(desk.session, actor=desk.first, decision_id=decision.id, now=now + SECOND)
    text = public_text(desk, item)
    assert (text.number, text.origin) == (3, RevisionOrigin.REDACTION)
    assert item.edited_at is None
    assert desk.text(item, 1).state == RevisionState.SUPERSEDED


def test_the_next_edit_starts_from_the_redacted_text(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    redact(desk, item)
    texts = own.texts_of(desk.session, item)
    assert texts.base is not None
    assert texts.base.id == public_text(desk, item).id
    assert texts.newest is not None
    assert texts.newest.number == 2


def test_a_redaction_is_undone_within_a_minute(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    decision = redact(desk, item)
    version = item.public_version
    now = decision.decided_at + SECOND
    [offered] = undoable(desk.session, actor=desk.first, now=now, contribution_id=item.id)[:1]
    assert offered.until == decision.decided_at + 60 * SECOND
    reversal = services.undo(desk.session, actor=desk.first, decision_id=decision.id, now=now)
    assert (reversal.undoes, reversal.verdict) == (decision.id, Verdict.REDACT)
    assert public_text(desk, item).number == 1
    assert desk.text(item, 1).state == RevisionState.PUBLISHED
    assert desk.text(item, 2).state == RevisionState.CANCELLED
    assert (item.edited_at, item.public_version > version) == (None, True)
    facts = decision_facts(desk.session, decision.id)
    assert facts is not None
    assert facts.is_undone


def test_a_minute_is_the_limit_and_a_later_decision_ends_it(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    decision = redact(desk, item)
    late = decision.decided_at + 60 * SECOND
    with pytest.raises(Forbidden) as refused:
        services.undo(desk.session, actor=desk.first, decision_id=decision.id, now=late)
    assert refused.value.refusal is Refusal.TOO_LATE
    redact(desk, item, "Thank you", seen_revision=2)
    with pytest.raises(StaleState):
        services.undo(
            desk.session,
            actor=desk.first,
            decision_id=decision.id,
            now=decision.decided_at + SECOND,
        )


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_newer_text_that_began_from_the_redacted_one_ends_the_undoing(
    desk: Desk, is_sent: bool
) -> None:
    item = desk.published(source=SOURCE)
    decision = redact(desk, item)
    edit = desk.edit(item, "We agree with everything.")
    edit.state = RevisionState.PENDING if is_sent else RevisionState.DRAFT
    desk.session.flush()
    with pytest.raises(StaleState):
        services.undo(
            desk.session,
            actor=desk.first,
            decision_id=decision.id,
            now=decision.decided_at + SECOND,
        )
    assert public_text(desk, item).number == 2


def test_an_edit_that_waited_before_does_not_keep_a_redaction_from_being_undone(
    desk: Desk,
) -> None:
    item = desk.published(source=SOURCE)
    edit = desk.edit(item, "We agree with everything.")
    decision = redact(desk, item)
    services.undo(
        desk.session,
        actor=desk.first,
        decision_id=decision.id,
        now=decision.decided_at + SECOND,
    )
    assert public_text(desk, item).number == 1
    assert item.open_revision_id == edit.id


def test_reports_of_readers_end_with_a_redaction_and_wait_again_when_it_is_undone(
    desk: Desk,
) -> None:
    item = desk.published(source=SOURCE)
    reader = make.make_user(desk.session)
    flag = Flag(
        contribution_id=item.id, user_id=reader.id, reason="personal-data", created_at=clock.now()
    )
    desk.session.add(flag)
    desk.session.flush()
    decision = redact(desk, item)
    desk.session.refresh(flag)
    assert flag.settled_by_id == decision.id
    services.undo(
        desk.session,
        actor=desk.first,
        decision_id=decision.id,
        now=decision.decided_at + SECOND,
    )
    desk.session.refresh(flag)
    assert flag.settled_at is None


def test_a_right_to_appeal_against_another_text_is_not_lost(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    desk.edit(item, "A rejected edit.")
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    redact(desk, item)
    author = make.actor_for(user=desk.writer, author=desk.author)
    made = services.appeal(
        desk.session, actor=author, contribution_id=item.id, words=WHY, now=clock.now()
    )
    upheld = services.settle(
        desk.session,
        actor=desk.second,
        contribution_id=item.id,
        seen_revision=2,
        verdict=Verdict.APPROVE,
        reason=None,
        message=None,
        language=None,
        objectives=None,
        now=clock.now() + SECOND,
    )
    assert made.outcome == "upheld"
    assert public_text(desk, item).number == 2
    services.undo(
        desk.session,
        actor=desk.second,
        decision_id=upheld.id,
        now=upheld.decided_at + SECOND,
    )
    assert public_text(desk, item).number == 3


def test_a_preview_writes_nothing(desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    before = (item.version, item.public_version, len(desk.decisions(item)))
    outcome = redacting.try_redaction(
        desk.session,
        actor=desk.first,
        contribution_id=item.id,
        seen_revision=1,
        passages=["Ann Lee"],
        files=(),
        reason="personal-data",
        message=None,
        now=clock.now(),
    )
    assert outcome.made is not None
    assert GAP in outcome.made.text
    assert public_text(desk, item).number == 1
    assert (item.version, item.public_version, len(desk.decisions(item))) == before

"""Whatever an author and two moderators do in whatever order, the desk keeps to its rules."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.errors import DomainError
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import counted_contributions
from consult.discussion.services import removing, revising
from consult.discussion.services.texts import Words
from consult.discussion.states import RevisionState
from consult.moderation import services
from consult.moderation.models import Decision
from consult.moderation.queries.bulk import Chosen
from consult.moderation.services.redacting import redact
from consult.moderation.states import OF_THE_FORM, Verdict
from consult.spaces.models import Question
from tests import factories as make
from tests.integration.moderation.desk import Desk, make_desk

OPEN = {RevisionState.DRAFT, RevisionState.CLEARANCE, RevisionState.PENDING}

OTHER_ACTS = (
    "edit edit take-back withdraw undo-withdrawal undo undo claim release redact redact together"
).split()
ACTS = st.lists(
    st.tuples(
        st.sampled_from([*map(str, OF_THE_FORM), "approve", *OTHER_ACTS]),
        st.sampled_from([0, 1]),
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from([1, 1, 5, 90, 700]),
    ),
    min_size=5,
    max_size=14,
)
"""What is done, by which moderator, how many texts too late, and how many seconds afterwards."""


@dataclass
class Story:
    """One contribution and what is done about it."""

    desk: Desk
    contribution: Contribution
    now: dt.datetime
    words: int = 0

    def texts(self) -> list[Revision]:
        return list(
            self.desk.session.scalars(
                select(Revision)
                .where(Revision.contribution_id == self.contribution.id)
                .order_by(Revision.number)
                .execution_options(populate_existing=True)
            )
        )

    def seen(self, late: int) -> int:
        """Return the number of the newest text, or of one before it."""
        return max(1, self.texts()[-1].number - late)

    def do(self, act: str, moderator: int, late: int) -> None:
        """Do it; raises a `DomainError` where it is refused."""
        desk, session, now = self.desk, self.desk.session, self.now
        actor = (desk.first, desk.second)[moderator]
        author = make.actor_for(user=desk.writer, author=desk.author)
        own: dict[str, Any] = {
            "actor": author,
            "contribution": self.contribution,
            "space": desk.space,
            "now": now,
        }
        item: dict[str, Any] = {"actor": actor, "contribution_id": self.contribution.id, "now": now}
        if act == "edit":
            self.words += 1
            revising.send_revision(
                session,
                **own,
                seen=self.seen(late),
                words=Words(
                    source=f"What we learned, told anew {self.words} times.", language="en"
                ),
                grace=dt.timedelta(0),
            )
        elif act == "take-back":
            revising.take_back(session, **own)
        elif act == "withdraw":
            removing.withdraw(session, **own)
        elif act == "undo-withdrawal":
            removing.undo_withdrawal(session, **own)
        elif act == "claim":
            services.claim(session, **item)
        elif act == "release":
            services.release(session, **item)
        elif act == "undo":
            last = session.scalar(select(func.max(Decision.id))) or 0
            services.undo(session, actor=actor, decision_id=last, now=now)
        elif act == "redact":
            redact(
                session,
                **item,
                seen_revision=self.seen(late),
                passages=["learned"],
                files=(),
                reason="personal-data",
                message=None,
            )
        elif act == "together":
            services.decide_together(
                session,
                actor=actor,
                chosen=[Chosen(name=self.contribution.receipt or "", revision=self.seen(late))],
                verdict=Verdict.APPROVE,
                reason=None,
                message=None,
                now=now,
            )
        else:
            desk.decide(
                self.contribution,
                Verdict(act),
                actor=actor,
                seen_revision=self.seen(late),
                now=now,
            )


def test_no_order_of_acts_brings_the_desk_out_of_order(session):
    desk = make_desk(session)
    session.commit()
    done: Counter[str] = Counter()

    @settings(
        derandomize=True,
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(acts=ACTS, is_public=st.booleans())
    @example(acts=[(act, 0, 0, 1) for act in ("redact", "undo", "hide", "restore")], is_public=True)
    @example(acts=[("edit", 0, 0, 1), ("together", 1, 0, 1), ("undo", 1, 0, 1)], is_public=False)
    def check(acts, is_public):
        around = session.begin_nested()
        try:
            story = Story(desk, desk.pending(source="What we learned."), clock.now())
            before = (0, 0, None)
            if is_public:
                acts = [("approve", 0, 0, 1), *acts]
            for act, moderator, late, seconds in acts:
                story.now += dt.timedelta(seconds=seconds)
                before = _try(story, act, moderator, late, before=before, done=done)
        finally:
            around.rollback()
            session.expire_all()

    check()
    # Where everything is refused, nothing is shown.
    assert {"edit", "approve", "undo", "hide", "redact", "together"} <= set(done)


def _try(story, act, moderator, late, *, before, done):
    """Do one thing, and look whether the rules hold; return what may not go back."""
    session = story.desk.session
    attempt = session.begin_nested()
    try:
        story.do(act, moderator, late)
        attempt.commit()
        done[act] += 1
    except DomainError:
        attempt.rollback()
    session.expire_all()
    head = story.contribution
    after = (head.version, head.public_version, head.reference)
    assert after[0] >= before[0], act
    assert after[1] >= before[1], act
    assert before[2] in {None, after[2]}, act
    _texts_are_in_order(head, story.texts())
    _each_decision_was_written_down_once(session, head)
    _the_counter_is_right(session, head)
    return after


def _texts_are_in_order(head, texts):
    open_ones = [text.id for text in texts if text.state in OPEN]
    assert len(open_ones) <= 1
    waiting = [text.id for text in texts if text.state == RevisionState.PENDING]
    assert waiting in ([], [head.open_revision_id])
    published = [text.id for text in texts if text.state == RevisionState.PUBLISHED]
    pointed_at = [] if head.published_revision_id is None else [head.published_revision_id]
    assert published == pointed_at
    assert (head.reference is not None) or not published


def _each_decision_was_written_down_once(session, head):
    decided = session.scalars(
        select(Decision.id)
        .join(Revision, Revision.id == Decision.revision_id)
        .where(Revision.contribution_id == head.id)
    ).all()
    entries = session.scalars(
        select(AuditEntry).where(
            AuditEntry.subject_kind == "contribution", AuditEntry.subject_id == head.id
        )
    )
    told = [entry.facts["decision"] for entry in entries if "decision" in entry.facts]
    assert sorted(told) == sorted(decided)


def _the_counter_is_right(session, head):
    kept = session.get_one(Question, head.question_id).public_count
    real = session.scalar(
        select(func.count(Contribution.id)).where(
            Contribution.question_id == head.question_id, counted_contributions()
        )
    )
    assert kept == real

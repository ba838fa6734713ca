"""Whatever is decided, taken away and moved in whatever order: figures and versions are right."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.db import Base
from consult.core.errors import DomainError
from consult.discussion.models import Contribution, ReferenceRedirect, Revision
from consult.discussion.queries import single
from consult.discussion.services import removing, threads
from consult.discussion.states import ContributionKind, Removed
from consult.moderation import services
from consult.moderation.models import Decision
from consult.moderation.queries.bulk import Chosen
from consult.moderation.queries.targets import targets
from consult.moderation.services import moving
from consult.moderation.services.redacting import redact
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space
from tests import factories as make
from tests.integration.moderation.desk import Desk, make_desk
from tests.integration.moderation.figures import check_figures

KINDS = (
    "approve approve hide restore redact undo undo move move move withdraw undo-withdrawal erase "
    "together undo-together"
).split()
ACTS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 7),
        st.integers(0, 6),
        st.sampled_from([1, 1, 5, 70]),
    ),
    min_size=6,
    max_size=16,
)
"""What is done, to which text, to which place where it moves, and how many seconds afterwards."""


@dataclass
class Story:
    """Two threads, a participant's question with answers, and two spaces for them."""

    desk: Desk
    actor: Actor
    items: list[Contribution]
    now: dt.datetime
    batch: str = ""

    def do(self, act: str, which: int, where: int) -> None:
        """Do it; raises a `DomainError` where it is refused."""
        session, item = self.desk.session, self.items[which]
        session.refresh(item)
        own: dict[str, Any] = {
            "actor": make.actor_for(user=self.desk.writer, author=self.desk.author),
            "contribution": item,
            "now": self.now,
        }
        here: dict[str, Any] = {"actor": self.actor, "contribution_id": item.id, "now": self.now}
        if act == "move":
            offered = targets(session, actor=self.actor, contribution=item)
            self._move(here, offered[where % len(offered)].value)
        elif act == "redact":
            redact(
                session,
                **here,
                seen_revision=self._newest(item),
                passages=["learned"],
                files=(),
                reason="personal-data",
                message=None,
            )
        elif act == "undo":
            last = session.scalar(select(func.max(Decision.id))) or 0
            services.undo(session, actor=self.actor, decision_id=last, now=self.now)
        elif act == "withdraw":
            removing.withdraw(session, **own, space=session.get_one(Space, item.space_id))
        elif act == "undo-withdrawal":
            removing.undo_withdrawal(session, **own, space=session.get_one(Space, item.space_id))
        elif act == "erase":
            removing.erase(session, **own)
        elif act == "together":
            chosen = [Chosen(one.receipt or "", 1) for one in self.items]
            done = services.decide_together(
                session,
                actor=self.actor,
                chosen=chosen,
                verdict=Verdict.APPROVE,
                reason=None,
                message=None,
                now=self.now,
            )
            self.batch = done.batch
        elif act == "undo-together":
            services.undo_together(session, actor=self.actor, batch=self.batch, now=self.now)
        else:
            seen = self._newest(item)
            self.desk.decide(item, Verdict(act), actor=self.actor, seen_revision=seen, now=self.now)

    def _move(self, here: dict[str, Any], target: str) -> None:
        item = self.desk.session.get_one(Contribution, here["contribution_id"])
        moving.move(
            self.desk.session,
            **here,
            seen_revision=self._newest(item),
            seen_place=None,
            target=target,
            reason="off-topic",
            message=None,
        )

    def _newest(self, item: Contribution) -> int:
        found: int = self.desk.session.scalar(
            select(func.max(Revision.number)).where(Revision.contribution_id == item.id)
        )
        return found


def tell(desk: Desk) -> Story:
    """Make what the story is about; half of it is public."""
    session, user = desk.session, desk.users[0]
    other = make.make_space(session, forum=desk.forum)
    make.grant(session, user=user, role=Role.MODERATOR, space=other)
    grants = make.actor_for(user=user, role=Role.MODERATOR, space=other).grants
    actor = Actor(user_id=user.id, grants=desk.first.grants | grants)
    said = {"source": "What we learned."}
    root = desk.published(**said)
    asked = desk.pending(kind=ContributionKind.QUESTION, question_id=None, **said)
    asked.thread_id, asked.path = None, ""
    session.flush()
    desk.decide(asked, Verdict.APPROVE)
    posed = session.get_one(Question, asked.own_question_id)
    items = [root, asked, desk.pending(**said), desk.pending(question=posed, **said)]
    for parent, is_public in ((root, True), (root, False), (None, True), (None, False)):
        below = parent or items[4]
        reply = desk.pending(
            parent=below, question=session.get_one(Question, root.question_id), **said
        )
        threads.place(session, reply, parent=below, at=0)
        session.flush()
        if is_public:
            desk.decide(reply, Verdict.APPROVE)
        items.append(reply)
    return Story(desk, actor, items, clock.now() + dt.timedelta(seconds=61))


def shown(session: Any) -> dict[int, tuple[Any, ...]]:
    """Return what readers see of each text that has a name."""
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.reference,
            Contribution.published_revision_id,
            Contribution.removed,
            Contribution.space_id,
            Contribution.question_id,
            Contribution.own_question_id,
            Contribution.thread_id,
        ).where(Contribution.reference.is_not(None))
    )
    return {row.id: tuple(row) for row in rows}


def versions(session: Any, model: Any) -> dict[int, int]:
    return dict(session.execute(select(model.id, model.public_version)).tuples().all())


def look(session: Any) -> tuple[Any, ...]:
    session.expire_all()
    private = dict(session.execute(select(Contribution.id, Contribution.version)).tuples().all())
    models = {model: versions(session, model) for model in (Contribution, Question, Space)}
    return shown(session), models, private


def check_versions(before: tuple[Any, ...], after: tuple[Any, ...], act: str) -> None:
    """Look whether every version has grown with what it stands for, and none gone back."""
    kinds: tuple[type[Base], ...] = (Contribution, Question, Space)
    for model in kinds:
        for row_id, version in before[1][model].items():
            assert after[1][model][row_id] >= version, (act, model)
    for row_id, seen in after[0].items():
        earlier = before[0].get(row_id)
        if seen == earlier:
            continue
        grown: list[tuple[type[Base], Any]] = [
            (Contribution, row_id),
            (Space, seen[4]),
            (Question, seen[5] or seen[6]),
        ]
        if earlier is not None:
            grown += [(Space, earlier[4]), (Question, earlier[5] or earlier[6])]
        for model, changed in grown:
            assert after[1][model][changed] > before[1][model].get(changed, 0), (act, model)
        assert after[2][row_id] > before[2][row_id], act
    for row_id, earlier in before[0].items():
        assert after[0][row_id][1] is not None, act
        assert earlier[1] is not None


def check_names(session: Any) -> None:
    """Look whether every old name leads to one text, and no name was given twice."""
    old = session.execute(select(ReferenceRedirect.reference, ReferenceRedirect.contribution_id))
    current = set(session.scalars(select(Contribution.reference)))
    for reference, contribution_id in old.all():
        assert reference not in current
        head = session.get_one(Contribution, contribution_id)
        if head.published_revision_id and head.removed == Removed.NONE:
            found = single.find(session, name=reference, actor=Actor())
            assert found.canonical == head.reference


def test_no_order_of_acts_brings_a_figure_out_of_step(session: Any) -> None:
    desk = make_desk(session)
    session.commit()
    done: Counter[str] = Counter()

    @settings(
        derandomize=True,
        max_examples=6,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(acts=ACTS)
    @example(acts=[("move", 4, 3, 1), ("hide", 4, 0, 1), ("move", 0, 4, 1), ("undo", 0, 0, 1)])
    @example(acts=[("approve", 3, 0, 1), ("undo", 3, 0, 1), ("hide", 4, 0, 1), ("undo", 4, 0, 1)])
    @example(acts=[("together", 0, 0, 1), ("move", 1, 0, 1), ("undo-together", 0, 0, 1)])
    @example(acts=[("withdraw", 4, 0, 1), ("move", 0, 4, 1), ("undo-withdrawal", 4, 0, 1)])
    @example(acts=[("approve", 3, 0, 1), ("move", 1, 0, 1), ("undo", 0, 0, 1), ("erase", 1, 0, 1)])
    def check(acts: list[tuple[str, int, int, int]]) -> None:
        around = session.begin_nested()
        try:
            story = tell(desk)
            check_figures(session)
            before = look(session)
            for act, which, where, seconds in acts:
                story.now += dt.timedelta(seconds=seconds)
                attempt = session.begin_nested()
                try:
                    story.do(act, which, where)
                    attempt.commit()
                    done[act] += 1
                except DomainError:
                    attempt.rollback()
                after = look(session)
                check_versions(before, after, act)
                check_figures(session)
                check_names(session)
                before = after
        finally:
            around.rollback()
            session.expire_all()

    check()
    # Where everything is refused, nothing is shown.
    assert {"approve", "hide", "undo", "move", "withdraw", "together"} <= set(done)

"""Every figure that is kept, compared with a count."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from consult.discussion.models import Contribution
from consult.discussion.policy import counted_contributions
from consult.spaces.models import Question


def check_figures(session: Any) -> None:
    """Compare every figure that is kept with a count."""
    session.expire_all()
    for question in session.scalars(select(Question)):
        counted = session.scalar(
            select(func.count(Contribution.id)).where(
                Contribution.question_id == question.id, counted_contributions()
            )
        )
        assert question.public_count == counted, question.number
    for root in session.scalars(
        select(Contribution).where(Contribution.thread_id == Contribution.id)
    ):
        below = session.scalars(
            select(Contribution).where(
                Contribution.thread_id == root.id, Contribution.id != root.id
            )
        ).all()
        public = [one for one in below if one.published_revision_id and one.removed == "none"]
        assert root.thread_size == len(public)
        for one in below:
            assert one.question_id == root.question_id
            assert one.space_id == root.space_id
            assert one.depth == len(one.path) // 4 + 1
            steps = [int(one.path[i : i + 4], 36) for i in range(0, len(one.path), 4)]
            assert max(steps) < root.next_child

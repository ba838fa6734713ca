"""Which answers the drafting agencies stand behind, and who may say so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_

from consult.core.authz import Actor, Permission, Role, declare, signed_in
from consult.core.errors import Refusal
from consult.discussion.models import Contribution
from consult.discussion.policy.visibility import is_public, public_contributions
from consult.discussion.states import ContributionKind
from consult.spaces.models import Question
from consult.spaces.states import QuestionKind


@dataclass(frozen=True)
class Answering:
    """What marking an answer concerns; predicates look at it."""

    contribution: Contribution
    question: Question | None
    """The question that it stands under."""


def is_official(contribution: Contribution) -> bool:
    """Whether the mark stands: a text that was replaced since has to be marked anew."""
    marked_at, edited_at = contribution.official_at, contribution.edited_at
    return (
        marked_at is not None
        and is_public(contribution)
        and (edited_at is None or edited_at <= marked_at)
    )


def official_answers() -> ColumnElement[bool]:
    """Return the condition for official answers among rows of `Contribution`; twin of
    `is_official`.
    """
    return and_(
        Contribution.official_at.is_not(None),
        public_contributions(),
        or_(
            Contribution.edited_at.is_(None),
            Contribution.edited_at <= Contribution.official_at,
        ),
    )


def drafts_here(actor: Actor, subject: Answering | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor speaks for the drafting agencies of the space."""
    if subject is None:
        return None if actor.has(Role.DRAFTER) else Refusal.NO_ROLE
    held = actor.has_in_space(Role.DRAFTER, space_id=subject.contribution.space_id)
    return None if held else Refusal.NO_ROLE


def answers_a_participant(
    _actor: Actor, subject: Answering | None, _now: dt.datetime
) -> Refusal | None:
    """Predicate: a public comment that answers a participant's question itself, not a reply."""
    if subject is None:
        return None
    contribution, question = subject.contribution, subject.question
    is_answer = (
        contribution.kind == ContributionKind.COMMENT
        and contribution.parent_id is None
        and question is not None
        and question.id == contribution.question_id
        and question.kind == QuestionKind.PARTICIPANT
    )
    return None if is_answer and is_public(contribution) else Refusal.WRONG_STATE


declare(Permission.MARK_OFFICIAL, signed_in, drafts_here, answers_a_participant)

"""Places in threads, references and receipts, and the figures that follow a public change."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.core.errors import Forbidden, NotVisible, Refusal
from consult.core.outbox import emit
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import PATH_STEP, Contribution
from consult.discussion.policy import is_counted, is_public
from consult.discussion.states import MAX_DEPTH, ContributionKind
from consult.spaces.models import Question, Space
from consult.spaces.states import QuestionKind

BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
RECEIPT_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
"""32 letters without I, L, O and U, so that a receipt can be read aloud."""


def new_receipt() -> str:
    """Return 80 random bits as sixteen letters in groups of four."""
    letters = "".join(secrets.choice(RECEIPT_LETTERS) for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def base36(number: int) -> str:
    """Return a number as four base-36 characters, in the same order as the numbers."""
    digits = ""
    for _ in range(PATH_STEP):
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    if number:
        raise OverflowError("a thread cannot hold more than 1,679,615 replies")
    return digits


def ordinal(instant: dt.datetime) -> int:
    """Return the order of a thread begun at an instant: microseconds since 1970."""
    return int(instant.timestamp() * 1_000_000)


def locked(session: Session, contribution_id: int) -> Contribution:
    """Return the row as it is now and keep others from changing it until the commit."""
    row = session.scalars(
        select(Contribution)
        .where(Contribution.id == contribution_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotVisible
    return row


def place(
    session: Session, contribution: Contribution, *, parent: Contribution | None, at: int
) -> None:
    """Give a comment its place: the end of its parent's replies, or a thread of its own.

    `at` is the ordinal of a new thread. Raises `Forbidden` below depth 100.
    """
    if contribution.kind == ContributionKind.QUESTION:
        return
    if parent is None:
        contribution.thread_id = contribution.id
        contribution.thread_ordinal = at
        contribution.path, contribution.depth = "", 1
        return
    if parent.depth >= MAX_DEPTH:
        raise Forbidden(Refusal.TOO_DEEP)
    number = session.execute(
        update(Contribution)
        .where(Contribution.id == parent.thread_id)
        .values(next_child=Contribution.next_child + 1)
        .returning(Contribution.next_child)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    contribution.thread_id = parent.thread_id
    contribution.thread_ordinal = parent.thread_ordinal
    contribution.path = parent.path + base36(number - 1)
    contribution.depth = parent.depth + 1


def give_reference(session: Session, contribution: Contribution, *, space: Space) -> None:
    """Give a reference at first publication; a participant's question gets its row as well."""
    if contribution.reference is not None:
        return
    if contribution.kind == ContributionKind.QUESTION:
        number = take_question_number(session, space_id=space.id)
        add_participant_question(session, contribution, space=space, number=number)
        return
    number, question_number = session.execute(
        update(Question)
        .where(Question.id == contribution.question_id)
        .values(next_reference=Question.next_reference + 1)
        .returning(Question.next_reference, Question.number)
        .execution_options(synchronize_session=False)
    ).one()
    contribution.reference = f"{space.code}-Q{question_number}-{number - 1:04d}"


def take_question_number(session: Session, *, space_id: int) -> int:
    """Return the next number of a question in a space; never given twice."""
    number: int = session.execute(
        update(Space)
        .where(Space.id == space_id)
        .values(next_question_number=Space.next_question_number + 1)
        .returning(Space.next_question_number)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    return number - 1


def add_participant_question(
    session: Session, contribution: Contribution, *, space: Space, number: int
) -> Question:
    """Make the row and the reference of a participant's question."""
    question = Question(space_id=space.id, number=number, kind=QuestionKind.PARTICIPANT)
    session.add(question)
    session.flush()
    contribution.own_question_id = question.id
    contribution.reference = f"{space.code}-Q{number}"
    return question


def public_change(
    session: Session, contribution: Contribution, *, was_public: bool, now: dt.datetime
) -> None:
    """Raise every version that readers' pages hang on, move the counts, tell the outbox."""
    was_counted = was_public and not contribution.is_unconfirmed
    step = int(is_public(contribution)) - int(was_public)
    count = int(is_counted(contribution)) - int(was_counted)
    _change(session, contribution, step=step, count=count, now=now)


def confirmed(session: Session, contribution: Contribution, *, now: dt.datetime) -> None:
    """Count a public text from now on, because somebody has said that it is theirs."""
    contribution.is_unconfirmed = False
    _change(session, contribution, step=0, count=int(is_counted(contribution)), now=now)


def _change(
    session: Session, contribution: Contribution, *, step: int, count: int, now: dt.datetime
) -> None:
    """Move the thread's size by `step` and the question's figure by `count`."""
    contribution.public_version += 1
    contribution.version += 1
    if contribution.kind == ContributionKind.COMMENT:
        session.execute(
            update(Question)
            .where(Question.id == contribution.question_id)
            .values(
                public_version=Question.public_version + 1,
                public_count=Question.public_count + count,
            )
            .execution_options(synchronize_session=False)
        )
        if step and contribution.parent_id is not None:
            session.execute(
                update(Contribution)
                .where(Contribution.id == contribution.thread_id)
                .values(thread_size=Contribution.thread_size + step)
                .execution_options(synchronize_session=False)
            )
    elif contribution.own_question_id is not None:
        session.execute(
            update(Question)
            .where(Question.id == contribution.own_question_id)
            .values(public_version=Question.public_version + 1)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        update(Space)
        .where(Space.id == contribution.space_id)
        .values(public_version=Space.public_version + 1, last_change_at=now)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    emit(session, PublicTextChanged(contribution_id=contribution.id), now=now)

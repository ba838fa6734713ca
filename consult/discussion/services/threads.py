"""Places in threads, references and receipts, and the figures that follow a public change."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import or_, select, update
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
    if row.parent_id is not None:
        # Its thread's size may change, and whoever has the first comment may want the question:
        # everybody takes the comment, then its thread, then the question, then the space.
        head = select(Contribution.id).where(Contribution.id == row.thread_id)
        session.execute(head.with_for_update(key_share=True))
    return row


def locked_together(session: Session, ids: Collection[int]) -> list[Contribution]:
    """Return the rows as they are now, with their threads, questions and spaces locked too.

    Whoever changes many in one transaction locks them here first: replies before what they answer,
    which was there earlier, then questions and spaces by id. In that order two of them, or one and
    somebody who changes a single text, never wait for each other. The rows come in the order of
    their questions, in which references are given.
    """
    heads = select(Contribution.thread_id).where(
        Contribution.id.in_(ids), Contribution.thread_id.is_not(None)
    )
    rows = session.scalars(
        select(Contribution)
        .where(or_(Contribution.id.in_(ids), Contribution.id.in_(heads)))
        .order_by(Contribution.id.desc())
        # As strong as for a single text: whoever asks for more later would wait out of turn.
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    chosen = [row for row in rows if row.id in ids]
    questions = {one for row in chosen for one in (row.question_id, row.own_question_id) if one}
    for model, wanted in ((Question, questions), (Space, {row.space_id for row in chosen})):
        session.execute(
            select(model.id)
            .where(model.id.in_(sorted(wanted)))
            .order_by(model.id)
            .with_for_update(key_share=True)
        )
    return sorted(chosen, key=lambda row: (row.question_id or row.own_question_id or 0, row.id))


def place(
    session: Session, contribution: Contribution, *, parent: Contribution | None, at: int
) -> None:
    """Give a comment its place: the end of its parent's replies, or a thread of its own.

    `at` is the ordinal of a new thread. Raises `Forbidden` below depth 100.
    """
    if contribution.kind == ContributionKind.QUESTION:
        return
    if parent is None:
        # The question may have moved to another space since its page was opened; from here on it
        # waits for this answer.
        around = select(Question.space_id).where(Question.id == contribution.question_id)
        contribution.space_id = session.scalars(
            around.with_for_update(read=True, key_share=True)
        ).one()
        contribution.thread_id = contribution.id
        contribution.thread_ordinal = at
        contribution.path, contribution.depth = "", 1
        return
    if parent.depth >= MAX_DEPTH:
        raise Forbidden(Refusal.TOO_DEEP)
    thread_id = parent.thread_id
    number = session.execute(
        update(Contribution)
        .where(Contribution.id == thread_id)
        .values(next_child=Contribution.next_child + 1)
        .returning(Contribution.next_child)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    # Who waited for the thread just now may find its texts moved somewhere else.
    session.refresh(parent)
    if parent.thread_id != thread_id:
        place(session, contribution, parent=parent, at=at)
        return
    contribution.question_id, contribution.space_id = parent.question_id, parent.space_id
    contribution.thread_id = parent.thread_id
    contribution.thread_ordinal = parent.thread_ordinal
    contribution.path = parent.path + base36(number - 1)
    contribution.depth = parent.depth + 1


def give_reference(session: Session, contribution: Contribution, *, space: Space) -> None:
    """Give a reference at first publication; a participant's question gets its row as well."""
    give_references(session, [contribution], spaces={space.id: space})


def give_references(
    session: Session, contributions: Sequence[Contribution], *, spaces: Mapping[int, Space]
) -> None:
    """Give each a reference that has none yet, in the order in which they come; `spaces` by id."""
    by_question: dict[int, list[Contribution]] = {}
    for contribution in contributions:
        if contribution.reference is not None:
            continue
        if contribution.question_id is not None:
            by_question.setdefault(contribution.question_id, []).append(contribution)
            continue
        space = spaces[contribution.space_id]
        number = take_question_number(session, space_id=space.id)
        add_participant_question(session, contribution, space=space, number=number)
    for question_id, waiting in by_question.items():
        following, question_number = session.execute(
            update(Question)
            .where(Question.id == question_id)
            .values(next_reference=Question.next_reference + len(waiting))
            .returning(Question.next_reference, Question.number)
            .execution_options(synchronize_session=False)
        ).one()
        for number, contribution in enumerate(waiting, following - len(waiting)):
            code = spaces[contribution.space_id].code
            contribution.reference = f"{code}-Q{question_number}-{number:04d}"


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
    public_changes(session, [(contribution, was_public)], now=now)


def public_changes(
    session: Session, changed: Sequence[tuple[Contribution, bool]], *, now: dt.datetime
) -> None:
    """Do the same for several at once; with each stands whether it was public before."""
    steps = []
    for contribution, was_public in changed:
        was_counted = was_public and not contribution.is_unconfirmed
        step = int(is_public(contribution)) - int(was_public)
        count = int(is_counted(contribution)) - int(was_counted)
        steps.append((contribution, step, count))
    _change(session, steps, now=now)


def confirmed(session: Session, contribution: Contribution, *, now: dt.datetime) -> None:
    """Count a public text from now on, because somebody has said that it is theirs."""
    contribution.is_unconfirmed = False
    _change(session, [(contribution, 0, int(is_counted(contribution)))], now=now)


def _change(
    session: Session, changed: Sequence[tuple[Contribution, int, int]], *, now: dt.datetime
) -> None:
    """Move with each the thread's size by the first number and the question's figure by the
    second one; one statement for each thread, question and space.
    """
    threads, counts, spaces = Counter[int](), dict[int, list[int]](), Counter[int]()
    for contribution, step, count in changed:
        contribution.public_version += 1
        contribution.version += 1
        spaces[contribution.space_id] += 1
        # A participant's question counts nothing in its own row.
        question_id = contribution.question_id or contribution.own_question_id
        if question_id is not None:
            is_comment = contribution.kind == ContributionKind.COMMENT
            counts.setdefault(question_id, []).append(count if is_comment else 0)
        if step and contribution.parent_id is not None and contribution.thread_id is not None:
            threads[contribution.thread_id] += step
    session.flush()
    for thread_id, step in threads.items():
        session.execute(
            update(Contribution)
            .where(Contribution.id == thread_id)
            .values(thread_size=Contribution.thread_size + step)
            .execution_options(synchronize_session=False)
        )
    for question_id, figures in counts.items():
        session.execute(
            update(Question)
            .where(Question.id == question_id)
            .values(
                public_version=Question.public_version + len(figures),
                public_count=Question.public_count + sum(figures),
            )
            .execution_options(synchronize_session=False)
        )
    for space_id, times in spaces.items():
        session.execute(
            update(Space)
            .where(Space.id == space_id)
            .values(public_version=Space.public_version + times, last_change_at=now)
            .execution_options(synchronize_session=False)
        )
    for contribution, _step, _count in changed:
        emit(session, PublicTextChanged(contribution_id=contribution.id), now=now)
    session.flush()

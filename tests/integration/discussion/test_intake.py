"""Texts that staff file for somebody: in whose name, in which figures, and what the person says."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import event, select

from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.authz import Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal
from consult.discussion.models import Contribution
from consult.discussion.queries.intake import Answer, Filed, filed
from consult.discussion.queries.single import replies_below
from consult.discussion.services import intake, intake_answers, removing
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
from consult.moderation.states import Verdict
from consult.operations.queries import figures, wrong_counters
from consult.spaces.models import Author, AuthorMember
from consult.spaces.states import DisplayChoice, Registration
from tests import factories as make
from tests.integration.discussion.filing import (
    confirm,
    disown,
    file_for,
    intake_of,
    token,
)
from tests.integration.moderation.desk import make_desk

DAY = dt.timedelta(days=1)


@pytest.fixture
def desk(session, app):
    return make_desk(session)


@pytest.fixture
def organiser(session, desk):
    user = make.make_user(session, name="Organiser")
    make.grant(session, user=user, role=Role.ORGANISER, space=desk.space)
    return make.actor_for(user=user, role=Role.ORGANISER, space=desk.space)


@pytest.fixture
def lucias(session, desk, organiser):
    """A text that the organiser filed for Lucía."""
    return file_for(session, actor=organiser, space=desk.space)


def lucia(session, desk, *, with_author=False, **over):
    """Register Lucía with the address to which the mail went."""
    user = make.make_user(session, email="lucia@example.org", name="Lucía", **over)
    own = make.make_author(session, forum=desk.forum, user=user) if with_author else None
    return user, own


def public_count(session, desk):
    question = make.question_of(session, desk.space)
    session.refresh(question)
    return question.public_count


def speakers(session, author_id):
    found = select(AuthorMember.user_id).where(AuthorMember.author_id == author_id)
    return session.scalars(found).all()


def problems(problem):
    return problem.value.problems


# Filing -------------------------------------------------------------------------------------


def test_a_filed_text_waits_in_the_name_of_its_author_as_when_it_was_received(
    session, desk, organiser, lucias
):
    author, text = session.get(Author, lucias.author_id), desk.text(lucias)
    assert (author.name, speakers(session, author.id)) == ("Lucía Ferrer", [])
    assert (text.state, text.origin) == (RevisionState.PENDING, RevisionOrigin.AUTHOR)
    assert text.submitted_by == organiser.user_id
    assert lucias.is_unconfirmed
    assert clock.now() - lucias.sent_at > dt.timedelta(hours=2)
    assert lucias.receipt
    assert desk.audited(lucias) == ["send", "intake.file"]


def test_what_came_in_before_the_closing_is_taken_after_it(session, desk, organiser):
    desk.space.closes_at = clock.now() - dt.timedelta(hours=2)
    late = clock.now() - dt.timedelta(hours=1)
    with pytest.raises(Invalid) as problem:
        file_for(session, actor=organiser, space=desk.space, received_at=late)
    assert problems(problem) == {"received": ["received-late"]}
    with pytest.raises(Invalid):
        file_for(session, actor=organiser, space=desk.space, received_at=desk.space.closes_at)
    in_time = clock.now() - dt.timedelta(hours=3)
    assert file_for(session, actor=organiser, space=desk.space, received_at=in_time).receipt


def test_every_problem_is_told_at_once(session, desk, organiser):
    with pytest.raises(Invalid) as problem:
        file_for(
            session,
            actor=organiser,
            space=desk.space,
            email="no address",
            name="",
            category="unheard-of",
            locale="de",
            source="",
            received_at=clock.now() + dt.timedelta(minutes=1),
        )
    assert problems(problem) == {
        "email": ["email-invalid"],
        "name": ["missing"],
        "category": ["category-unknown"],
        "mail_language": ["mail-language-unknown"],
        "received": ["received-future"],
        "body": ["body-missing"],
    }


def test_only_organisers_and_moderators_of_the_space_file(session, desk, organiser):
    elsewhere = make.make_space(session, forum=desk.forum)
    stranger = make.make_space(session)
    for actor, space in (
        (desk.first, elsewhere),
        (organiser, stranger),
        (make.actor_for(user=desk.writer, author=desk.author), desk.space),
    ):
        with pytest.raises(Forbidden) as refusal:
            file_for(session, actor=actor, space=space)
        assert refusal.value.refusal is Refusal.NO_ROLE
    elsewhere.opens_at = clock.now() + DAY
    with pytest.raises(Forbidden) as refusal:
        file_for(session, actor=organiser, space=elsewhere)
    assert refusal.value.refusal is Refusal.SPACE_UPCOMING


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_the_same_address_and_affiliation_speak_through_one_author(
    session, desk, organiser, lucias, is_confirmed
):
    if is_confirmed:
        confirm(session, lucias)
    ramon = file_for(session, actor=organiser, space=desk.space, name="Ramón Ferrer")
    for made, name in ((lucias, "Lucía Ferrer"), (ramon, "Ramón Ferrer")):
        again = file_for(
            session, actor=desk.first, space=desk.space, email="LUCIA@example.org", name=name
        )
        assert again.author_id == made.author_id
        assert session.get(Author, made.author_id).name == name
    other = file_for(session, actor=desk.first, space=desk.space, email="other@example.org")
    assert len({lucias.author_id, ramon.author_id, other.author_id}) == 3


def test_finding_or_entering_an_author_takes_turns(session, desk, organiser):
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(" ".join(statement.split()))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        file_for(session, actor=organiser, space=desk.space)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    locked = [one for one in seen if "FROM forum" in one and "FOR UPDATE" in one]
    assert bool(locked) == (connection.dialect.name == "postgresql")


def test_an_address_that_disowned_its_text_gets_another_author(session, desk, organiser, lucias):
    disown(session, lucias)
    again = file_for(session, actor=organiser, space=desk.space)
    assert again.author_id != lucias.author_id


# Whose it becomes ---------------------------------------------------------------------------


def test_an_account_with_the_address_gets_the_text_only_once_it_is_confirmed(
    session, desk, organiser
):
    _user, own = lucia(session, desk, with_author=True)
    made = file_for(session, actor=organiser, space=desk.space)
    entered = made.author_id
    assert entered != own.id
    confirm(session, made)
    assert made.author_id == own.id
    assert session.get(Author, entered) is None


def test_an_account_without_an_author_gets_the_one_that_was_entered(session, desk, lucias):
    user, _own = lucia(session, desk)
    confirm(session, lucias)
    assert speakers(session, lucias.author_id) == [user.id]


def test_where_organisers_approve_a_text_makes_nobody_a_participant(session, desk, lucias):
    desk.forum.registration = Registration.APPROVAL
    user, _none = lucia(session, desk)
    confirm(session, lucias)
    assert speakers(session, lucias.author_id) == []

    own = make.make_author(session, forum=desk.forum, user=user)
    intake_answers.join(session, user_id=user.id, now=clock.now())
    session.refresh(lucias)
    assert lucias.author_id == own.id


@pytest.mark.parametrize(
    "over",
    [{"confirmed_at": None}, {"status": UserStatus.SUSPENDED}],
    ids=["unconfirmed", "barred"],
)
def test_an_account_that_has_not_shown_the_address_is_its_own_gets_nothing(
    session, desk, lucias, over
):
    lucia(session, desk, with_author=True, **over)
    confirm(session, lucias)
    assert speakers(session, lucias.author_id) == []


def test_whoever_registers_later_gets_what_was_confirmed_and_nothing_else(
    session, desk, organiser, lucias
):
    user, own = lucia(session, desk, with_author=True)
    intake_answers.join(session, user_id=user.id, now=clock.now())
    session.refresh(lucias)
    assert lucias.author_id != own.id
    user.confirmed_at = None
    confirm(session, lucias)
    user.confirmed_at = clock.now()
    for _twice in range(2):
        intake_answers.join(session, user_id=user.id, now=clock.now())
    session.refresh(lucias)
    assert lucias.author_id == own.id


def test_whoever_registers_without_an_author_is_given_the_entered_one(session, desk, lucias):
    confirm(session, lucias)
    user, _own = lucia(session, desk)
    intake_answers.join(session, user_id=user.id, now=clock.now())
    assert speakers(session, lucias.author_id) == [user.id]


# Answering ----------------------------------------------------------------------------------


def test_a_confirmed_text_loses_the_mark_and_is_counted_once_it_is_public(session, desk, lucias):
    desk.decide(lucias, Verdict.APPROVE)
    session.refresh(lucias)
    version = lucias.public_version
    assert public_count(session, desk) == 0
    assert figures(session, now=clock.now())["contributions_public"] == 0
    assert not list(wrong_counters(session, clock.now()))
    confirm(session, lucias)
    assert not lucias.is_unconfirmed
    assert lucias.public_version > version
    assert public_count(session, desk) == 1
    assert figures(session, now=clock.now())["contributions_public"] == 1
    assert not list(wrong_counters(session, clock.now()))


def test_what_is_confirmed_before_it_is_public_is_counted_from_its_publication(
    session, desk, lucias
):
    confirm(session, lucias)
    assert public_count(session, desk) == 0
    desk.decide(lucias, Verdict.APPROVE)
    assert public_count(session, desk) == 1
    assert not list(wrong_counters(session, clock.now()))


def test_hiding_and_showing_an_unconfirmed_text_moves_no_figure(session, desk, lucias):
    desk.decide(lucias, Verdict.APPROVE)
    for verdict in (Verdict.HIDE, Verdict.RESTORE):
        desk.decide(lucias, verdict, seen_published=1)
        assert public_count(session, desk) == 0
    desk.decide(lucias, Verdict.HIDE, seen_published=1)
    session.refresh(lucias)
    confirm(session, lucias)
    assert public_count(session, desk) == 0
    desk.decide(lucias, Verdict.RESTORE, seen_published=1)
    assert public_count(session, desk) == 1
    assert not list(wrong_counters(session, clock.now()))


def test_a_disowned_text_leaves_the_queue(session, desk, lucias):
    disown(session, lucias)
    assert lucias.removed == Removed.WITHDRAWN
    assert lucias.open_revision_id is None
    assert desk.text(lucias).state == RevisionState.CANCELLED


def test_a_disowned_public_text_leaves_the_view_and_nobody_brings_it_back(
    session, desk, organiser, lucias
):
    desk.decide(lucias, Verdict.APPROVE)
    session.refresh(lucias)
    disown(session, lucias)
    assert lucias.removed == Removed.WITHDRAWN
    assert public_count(session, desk) == 0
    speaker = make.actor_for(user=desk.writer, author=session.get(Author, lucias.author_id))
    for actor in (desk.first, organiser):
        with pytest.raises(Forbidden):
            removing.undo_withdrawal(
                session, actor=actor, contribution=lucias, space=desk.space, now=clock.now()
            )
    removing.undo_withdrawal(
        session, actor=speaker, contribution=lucias, space=desk.space, now=clock.now()
    )
    session.refresh(lucias)
    assert lucias.removed == Removed.WITHDRAWN


def test_an_answer_is_given_once(session, desk, lucias):
    for first, second in ((confirm, disown), (disown, confirm)):
        made = file_for(session, actor=desk.second, space=desk.space, email="once@example.org")
        first(session, made)
        with pytest.raises(Invalid) as problem:
            second(session, made)
        assert problems(problem) == {"link": ["link-invalid"]}


def test_a_foreign_edited_or_expired_token_answers_nothing(session, desk, organiser, lucias):
    other = file_for(session, actor=organiser, space=desk.space, email="other@example.org")
    mine, others = token(session, lucias), token(session, other)
    wrong = [
        token(session, lucias, "another key"),
        f"{mine.partition('.')[0]}.{others.partition('.')[2]}",
        mine[:-1],
        "",
        "0" * 32 + "." + "0" * 32,
    ]
    for one in wrong:
        with pytest.raises(Invalid):
            confirm(session, lucias, token=one)
    with pytest.raises(Invalid):
        confirm(session, lucias, now=clock.now() + 31 * DAY)
    intake_of(session, lucias).email_key = "moved@example.org"
    with pytest.raises(Invalid):
        confirm(session, lucias, token=mine)
    session.refresh(lucias)
    assert lucias.is_unconfirmed


# Asking again -------------------------------------------------------------------------------


def test_they_are_asked_again_once_a_day_and_three_times_at_most(session, desk, organiser, lucias):
    filed_id, now = intake_of(session, lucias).id, clock.now()

    def ask(at):
        intake.ask_again(session, actor=desk.first, intake_id=filed_id, now=at)

    with pytest.raises(Forbidden) as refusal:
        ask(now)
    assert refusal.value.refusal is Refusal.ASKED_TODAY
    for day in (1, 2, 3):
        ask(now + day * DAY + dt.timedelta(minutes=1))
    with pytest.raises(Forbidden) as refusal:
        ask(now + 9 * DAY)
    assert refusal.value.refusal is Refusal.ASKED_ENOUGH
    (row,) = filed(session, actor=desk.first, now=now + 9 * DAY)
    assert (row.asked, row.refusal) == (4, Refusal.ASKED_ENOUGH)
    assert intake_of(session, lucias).asked_at > now + 3 * DAY


def test_nobody_of_another_desk_asks_or_sees_it(session, desk, lucias):
    other = make_desk(session)
    intake_id = intake_of(session, lucias).id
    with pytest.raises(NotVisible):
        intake.ask_again(session, actor=other.first, intake_id=intake_id, now=clock.now() + 2 * DAY)
    assert filed(session, actor=other.first, now=clock.now()) == []


def test_who_has_answered_is_not_asked_again(session, desk, lucias):
    confirm(session, lucias)
    with pytest.raises(Forbidden) as refusal:
        intake.ask_again(
            session,
            actor=desk.first,
            intake_id=intake_of(session, lucias).id,
            now=clock.now() + 2 * DAY,
        )
    assert refusal.value.refusal is Refusal.WRONG_STATE


def test_the_list_says_what_became_of_each_and_keeps_chosen_names(session, desk, organiser):
    said = {"display": DisplayChoice.PSEUDONYM}
    waiting = file_for(session, actor=organiser, space=desk.space, **said)
    mine = file_for(session, actor=desk.first, space=desk.space, email="c@example.org", **said)
    gone = file_for(session, actor=organiser, space=desk.space, email="d@example.org")
    confirm(session, mine)
    disown(session, gone)
    rows: dict[str | None, Filed] = {
        row.receipt: row for row in filed(session, actor=desk.first, now=clock.now())
    }
    assert rows[waiting.receipt].answer is Answer.WAITING
    assert rows[mine.receipt].answer is Answer.CONFIRMED
    assert rows[gone.receipt].answer is Answer.DISOWNED
    assert rows[waiting.receipt].name.startswith("Participant")
    assert rows[mine.receipt].name == "Lucía Ferrer"
    named = {row.name for row in filed(session, actor=organiser, now=clock.now())}
    assert named == {"Lucía Ferrer"}


def test_an_organiser_follows_only_what_they_filed_themselves(session, desk, organiser, lucias):
    others = file_for(session, actor=desk.first, space=desk.space, email="c@example.org")
    rows = {
        row.id: (row.receipt, row.state) for row in filed(session, actor=organiser, now=clock.now())
    }
    assert rows == {
        intake_of(session, lucias).id: (lucias.receipt, RevisionState.PENDING),
        intake_of(session, others).id: (None, None),
    }
    at_the_desk = {row.receipt for row in filed(session, actor=desk.first, now=clock.now())}
    assert at_the_desk == {lucias.receipt, others.receipt}


# Deciding -----------------------------------------------------------------------------------


def test_whoever_filed_it_does_not_decide_it(session, desk):
    made = file_for(session, actor=desk.first, space=desk.space)
    with pytest.raises(Forbidden) as refusal:
        desk.decide(made, Verdict.APPROVE)
    assert refusal.value.refusal is Refusal.FILED_BY_YOU
    desk.decide(made, Verdict.APPROVE, actor=desk.second)
    session.refresh(made)
    assert made.reference is not None


def test_the_shape_of_a_thread_counts_what_figures_do_not(session, desk, lucias):
    desk.decide(lucias, Verdict.APPROVE)
    session.refresh(lucias)
    make.make_contribution(session, space=desk.space, author=desk.author, parent=lucias)
    assert replies_below(session, session.get(Contribution, lucias.id)) == 1

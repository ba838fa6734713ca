"""Whom mail tells of a text that staff filed: the person at their address, never who typed it."""

from __future__ import annotations

import datetime as dt

import pytest

from consult.core import clock
from consult.core.authz import Role
from consult.discussion.events import ContributionSent, IntakeAsked, IntakeDisowned
from consult.discussion.states import Removed, RevisionState
from tests import factories as make
from tests.integration.discussion.filing import confirm, disown, file_for, intake_of
from tests.integration.notifications.post import NOW, plain, revision_of

LATER = dt.timedelta(minutes=2)


@pytest.fixture
def staff(session, space):
    user = make.make_user(session, email="office@staff.example")
    make.grant(session, user=user, role=Role.ORGANISER, space=space)
    return user


@pytest.fixture
def lucias(session, space, staff):
    """A text for Lucía, filed so that everything about it happens at `NOW`."""
    space.opens_at, space.closes_at = NOW - dt.timedelta(days=9), NOW + dt.timedelta(days=9)
    actor = make.actor_for(user=staff, role=Role.ORGANISER, space=space)
    made = file_for(
        session, actor=actor, space=space, now=NOW, received_at=NOW - dt.timedelta(hours=3)
    )
    session.flush()
    return made


def tell_filed(post, session, contribution, number=1):
    if number == 1:
        text = revision_of(session, contribution)
        post.tell(ContributionSent(contribution.id, text.id))
    post.tell(IntakeAsked(intake_of(session, contribution).id, number))


def decided(post, session, contribution, verdict, state, removed=Removed.NONE):
    revision_of(session, contribution).state = state
    contribution.removed = removed
    session.flush()
    post.decide(contribution, verdict)
    return post.send(at=NOW + LATER)


def test_the_person_is_asked_in_their_language_and_staff_get_a_receipt(post, session, lucias):
    tell_filed(post, session, lucias)
    mails = {mail["To"]: mail for mail in post.send()}
    assert set(mails) == {"Lucia@Example.org", "office@staff.example"}
    asked = mails["Lucia@Example.org"]
    assert asked["Content-Language"] == "es"
    body = plain(asked)
    assert "desk for newcomers" in body
    assert f"/es/discussion.answer_intake/{intake_of(session, lucias).id}." in body
    assert lucias.receipt in plain(mails["office@staff.example"])


def test_each_asking_is_one_mail(post, session, lucias):
    for number in (1, 1, 2):
        tell_filed(post, session, lucias, number)
    to_her = [mail for mail in post.send() if mail["To"] == "Lucia@Example.org"]
    assert len(to_her) == 2


@pytest.mark.parametrize("answer", [confirm, disown])
def test_who_has_answered_is_not_asked(post, session, lucias, answer):
    tell_filed(post, session, lucias, 2)
    answer(session, lucias, now=NOW)
    assert post.send() == []


def test_nobody_is_asked_with_a_link_that_is_dead(post, session, lucias):
    tell_filed(post, session, lucias, 2)
    assert post.send(at=NOW + dt.timedelta(days=31)) == []


def test_staff_hear_that_it_is_not_theirs(post, session, lucias, staff):
    disown(session, lucias, now=NOW)
    post.tell(IntakeDisowned(intake_of(session, lucias).id))
    (mail,) = post.send()
    assert mail["To"] == staff.email
    assert "Lucía" not in plain(mail)


def test_the_organisers_hear_it_where_whoever_filed_it_is_gone(post, session, lucias, staff):
    disown(session, lucias, now=NOW)
    intake_of(session, lucias).filed_by = None
    session.flush()
    post.tell(IntakeDisowned(intake_of(session, lucias).id))
    assert [mail["To"] for mail in post.send()] == [staff.email]


@pytest.mark.parametrize(
    ("verdict", "state", "removed"),
    [
        ("approve", RevisionState.PUBLISHED, Removed.NONE),
        ("return", RevisionState.RETURNED, Removed.NONE),
        ("reject", RevisionState.REJECTED, Removed.NONE),
        ("hide", RevisionState.PUBLISHED, Removed.HIDDEN),
    ],
)
def test_a_decision_is_told_to_the_person(post, session, lucias, verdict, state, removed):
    (mail,) = decided(post, session, lucias, verdict, state, removed)
    assert mail["To"] == "Lucia@Example.org"
    assert mail["Content-Language"] == "es"
    body = plain(mail)
    assert ("spaces.register" in body) == (verdict in {"return", "reject"})
    assert "moderation.appeal" not in body


def test_a_decision_is_told_to_the_account_that_has_the_text(post, session, space, lucias):
    user = make.make_user(session, email="lucia@example.org", confirmed_at=clock.now())
    confirm(session, lucias, now=NOW)
    (mail,) = decided(post, session, lucias, "return", RevisionState.RETURNED)
    assert mail["To"] == user.email
    assert "discussion.contribution" in plain(mail)


def test_whoever_disowned_a_text_hears_no_more_of_it(post, session, lucias):
    post.decide(lucias, "approve")
    revision_of(session, lucias).state = RevisionState.PUBLISHED
    intake_of(session, lucias).disowned_at = NOW
    session.flush()
    assert post.send(at=NOW + LATER) == []


def test_an_erased_address_gets_nothing(post, session, lucias):
    tell_filed(post, session, lucias, 2)
    intake_of(session, lucias).email = None
    session.flush()
    assert post.send() == []

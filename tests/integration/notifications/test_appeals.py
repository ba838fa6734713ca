"""Mails about an appeal: to whom, and when they would be a lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consult.accounts.models import User
from consult.discussion.events import RejectionAppealed, RevisionDecided
from consult.discussion.models import Contribution
from consult.discussion.states import Removed, RevisionState
from consult.notifications.queries import DecisionFacts
from consult.notifications.states import DeliveryState
from consult.spaces.models import AuthorMember, Space
from consult.spaces.states import Membership
from tests import factories
from tests.integration.notifications.post import (
    MINUTE,
    NOW,
    AnySession,
    Post,
    plain,
    revision_of,
    written,
)

ANSWERS = (
    ("upheld", RevisionState.PUBLISHED),
    ("dismissed", RevisionState.REJECTED),
)


@pytest.fixture
def colleague(session: AnySession) -> User:
    """Another of the delegation, who appeals."""
    return factories.make_user(session, email="Colleague@example.org", locale="es")


def rejected(
    session: AnySession, space: Space, writer: User, colleague: User, state: RevisionState
) -> Contribution:
    contribution = written(session, space, writer, state)
    session.add(
        AuthorMember(
            author_id=contribution.author_id,
            user_id=colleague.id,
            membership=Membership.CONTRIBUTOR,
        )
    )
    session.flush()
    return contribution


def answer(post: Post, contribution: Contribution, outcome: str, by: User, **over: Any) -> None:
    """Tell of the answer to an appeal."""
    facts = DecisionFacts(
        verdict="approve" if outcome == "upheld" else "reject",
        reason_label=None,
        reason_explanation=None,
        message="We have read it again.",
        is_undone=False,
        decided_at=NOW,
        outcome=outcome,
        appealed_by=by.id,
    )
    post.decisions[1] = replace(facts, **over)
    revision = revision_of(post.session, contribution)
    post.tell(RevisionDecided(contribution.id, revision.id, 1))


def test_the_receipt_goes_at_once_and_once_to_whoever_appealed(
    post: Post, session: AnySession, space: Space, writer: User, colleague: User
) -> None:
    contribution = rejected(session, space, writer, colleague, RevisionState.REJECTED)
    event = RejectionAppealed(
        contribution.id, revision_of(session, contribution).id, 7, colleague.id
    )
    for _ in range(2):
        post.tell(event)
    (mail,) = post.send(at=NOW)
    assert mail["To"] == "Colleague@example.org"
    assert mail["Content-Language"] == "es"
    assert str(contribution.receipt) in plain(mail)
    assert mail["References"]


@pytest.mark.parametrize(("outcome", "state"), ANSWERS)
def test_the_answer_waits_its_minute_and_goes_to_whoever_appealed(
    post: Post,
    session: AnySession,
    space: Space,
    writer: User,
    colleague: User,
    outcome: str,
    state: RevisionState,
) -> None:
    contribution = rejected(session, space, writer, colleague, state)
    answer(post, contribution, outcome, colleague)
    assert post.send(at=NOW) == []
    (mail,) = post.send(at=NOW + MINUTE)
    assert mail["To"] == "Colleague@example.org"
    assert "> We have read it again." in plain(mail)


@pytest.mark.parametrize(("outcome", "state"), ANSWERS)
def test_an_answer_that_was_taken_back_is_never_told(
    post: Post,
    session: AnySession,
    space: Space,
    writer: User,
    colleague: User,
    outcome: str,
    state: RevisionState,
) -> None:
    contribution = rejected(session, space, writer, colleague, state)
    answer(post, contribution, outcome, colleague)
    post.undo()
    assert post.send() == []
    assert post.only().state == DeliveryState.DROPPED


@pytest.mark.parametrize(("outcome", "state"), ANSWERS)
def test_a_text_that_was_withdrawn_meanwhile_gets_no_answer(
    post: Post,
    session: AnySession,
    space: Space,
    writer: User,
    colleague: User,
    outcome: str,
    state: RevisionState,
) -> None:
    contribution = rejected(session, space, writer, colleague, state)
    answer(post, contribution, outcome, colleague)
    contribution.removed = Removed.WITHDRAWN
    session.flush()
    assert post.send() == []


def test_without_an_account_of_who_appealed_the_one_who_typed_is_told(
    post: Post, session: AnySession, space: Space, writer: User, colleague: User
) -> None:
    contribution = rejected(session, space, writer, colleague, RevisionState.REJECTED)
    answer(post, contribution, "dismissed", colleague, appealed_by=None)
    (mail,) = post.send()
    assert mail["To"] == "Writer@example.org"

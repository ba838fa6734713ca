from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.accounts.events import LinkRequested
from consult.accounts.models import User
from consult.accounts.states import LinkPurpose, UserStatus
from consult.discussion.events import ContributionSent
from consult.discussion.states import Removed, RevisionState
from consult.notifications.states import DeliveryState
from consult.spaces.models import AuthorMember, Space
from consult.spaces.states import SpaceVisibility
from tests import factories
from tests.integration.notifications.post import (
    NOW,
    STATE_OF_VERDICT,
    AnySession,
    Post,
    link_for,
    revision_of,
    written,
)


def test_a_decision_is_told_after_a_minute_and_not_before(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    post.decide(written(session, space, writer, RevisionState.PUBLISHED), "approve")

    assert post.send(at=NOW + dt.timedelta(seconds=59)) == []
    assert len(post.send(at=NOW + dt.timedelta(seconds=60))) == 1


def test_a_decision_undone_within_the_minute_is_never_told(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    post.decide(written(session, space, writer, RevisionState.PUBLISHED), "approve")
    post.undo()

    assert post.send() == []
    assert post.only().state == DeliveryState.DROPPED


def test_a_new_decision_after_an_undone_one_is_told(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    text = written(session, space, writer, RevisionState.PUBLISHED)
    post.decide(text, "approve")
    post.undo()
    post.decide(text, "approve", decision_id=2)

    assert len(post.send()) == 1


def test_a_text_hidden_before_the_mail_left_is_not_announced_as_published(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    text = written(session, space, writer, RevisionState.PUBLISHED)
    post.decide(text, "approve")
    text.removed = Removed.HIDDEN
    session.flush()

    assert post.send() == []
    assert post.only().state == DeliveryState.DROPPED


@pytest.mark.parametrize("removed", [Removed.WITHDRAWN, Removed.ERASED])
@pytest.mark.parametrize("verdict", STATE_OF_VERDICT)
def test_nothing_is_mailed_about_a_text_that_was_withdrawn_or_erased(
    session: AnySession, post: Post, space: Space, writer: User, verdict: str, removed: Removed
) -> None:
    text = written(session, space, writer, STATE_OF_VERDICT[verdict])
    post.decide(text, verdict)
    text.removed = removed
    session.flush()

    assert post.send() == []


@pytest.mark.parametrize("verdict", ["approve", "return", "reject"])
def test_nothing_is_mailed_about_a_text_that_waits_again(
    session: AnySession, post: Post, space: Space, writer: User, verdict: str
) -> None:
    text = written(session, space, writer, STATE_OF_VERDICT[verdict])
    post.decide(text, verdict)
    revision_of(session, text).state = RevisionState.PENDING
    session.flush()

    assert post.send() == []


def test_no_receipt_is_mailed_for_a_text_that_was_taken_back(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    sent = written(session, space, writer, RevisionState.PENDING)
    post.tell(ContributionSent(sent.id, revision_of(session, sent).id))
    revision_of(session, sent).state = RevisionState.CANCELLED
    session.flush()

    assert post.send() == []


def test_whoever_left_the_delegation_is_no_longer_told(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    text = written(session, space, writer, RevisionState.RETURNED)
    post.decide(text, "return")
    for membership in session.scalars(select(AuthorMember)):
        session.delete(membership)
    session.flush()

    assert post.send() == []


def test_nobody_is_mailed_about_a_space_that_no_longer_exists_for_them(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    text = written(session, space, writer, RevisionState.RETURNED)
    post.decide(text, "return")
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()

    assert post.send() == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": UserStatus.SUSPENDED},
        {"status": UserStatus.ERASED},
        {"confirmed_at": None},
        {"email": None, "email_key": None},
    ],
)
def test_only_active_and_confirmed_people_are_told_of_decisions(
    session: AnySession, post: Post, space: Space, writer: User, change: dict[str, Any]
) -> None:
    post.decide(written(session, space, writer, RevisionState.RETURNED), "return")
    for name, value in change.items():
        setattr(writer, name, value)
    session.flush()

    assert post.send() == []
    assert post.only().state == DeliveryState.DROPPED


@pytest.mark.parametrize("spoil", ["used", "expired", "changed-address", "deleted", "confirmed"])
def test_a_link_that_opens_nothing_any_more_is_not_mailed(
    session: AnySession, post: Post, spoil: str
) -> None:
    user = factories.make_user(session, confirmed_at=None)
    link = link_for(session, user, LinkPurpose.CONFIRM)
    post.tell(LinkRequested(link.id))
    if spoil == "used":
        link.used_at = NOW
    elif spoil == "expired":
        link.expires_at = NOW
    elif spoil == "changed-address":
        user.email = user.email_key = "new@example.org"
    elif spoil == "deleted":
        session.delete(link)
    else:
        user.confirmed_at = NOW
    session.flush()

    assert post.send(at=NOW) == []
    assert post.only().state == DeliveryState.DROPPED


def test_the_mail_goes_to_the_address_of_the_moment_of_sending(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    post.decide(written(session, space, writer, RevisionState.RETURNED), "return")
    writer.email, writer.locale = "Moved@example.org", "es"
    session.flush()
    (mail,) = post.send()

    assert mail["To"] == "Moved@example.org"
    assert mail["Content-Language"] == "es"

"""Mails inside a delegation: who is told, and when they would be a lie."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from consult.discussion.events import ClearanceWanted, ContributionSent, TextHandedBack
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.spaces.events import DelegationJoined
from consult.spaces.models import Author, AuthorMember, Forum, Space
from tests import factories
from tests.integration.notifications.post import NOW, Post, plain, revision_of


class House:
    """A delegation of three, with a text of Carmen's."""

    def __init__(self, post: Post, space: Space) -> None:
        self.post, self.session, self.space = post, post.session, space
        make = factories.make_user
        self.farid = make(post.session, name="Farid", email="farid@union.example")
        self.carmen = make(post.session, name="Carmen", email="carmen@union.example", locale="es")
        self.author: Author = factories.make_delegation(
            post.session,
            forum=post.session.get_one(Forum, space.forum_id),
            organisation="Union of Dockers",
            focal_point=self.farid,
            contributors=[self.carmen],
        )

    def text(self, state: RevisionState, **over: object) -> tuple[Contribution, Revision]:
        contribution = factories.make_contribution(
            self.session, space=self.space, author=self.author, state=state
        )
        revision = revision_of(self.session, contribution)
        revision.submitted_by = self.carmen.id
        for name, value in over.items():
            setattr(revision, name, value)
        self.session.flush()
        return contribution, revision

    def leave(self, user_id: int) -> None:
        self.session.execute(delete(AuthorMember).where(AuthorMember.user_id == user_id))
        self.session.flush()


@pytest.fixture
def house(post: Post, space: Space) -> House:
    return House(post, space)


def test_a_focal_point_hears_that_a_text_waits(house: House) -> None:
    contribution, revision = house.text(RevisionState.CLEARANCE)
    house.post.tell(ClearanceWanted(contribution.id, revision.id))
    house.post.tell(ClearanceWanted(contribution.id, revision.id))
    [mail] = house.post.send()
    assert mail["To"] == "farid@union.example"
    assert "Carmen has sent a text for “Union of Dockers”" in plain(mail)
    assert "What our city has learned." in plain(mail)
    assert str(contribution.receipt) in plain(mail)


def test_nobody_is_asked_to_release_what_waits_no_longer(house: House) -> None:
    contribution, revision = house.text(RevisionState.CLEARANCE)
    house.post.tell(ClearanceWanted(contribution.id, revision.id))
    revision.state = RevisionState.PENDING
    house.session.flush()
    assert house.post.send() == []


def test_a_focal_point_who_left_is_told_nothing(house: House) -> None:
    contribution, revision = house.text(RevisionState.CLEARANCE)
    house.post.tell(ClearanceWanted(contribution.id, revision.id))
    house.leave(house.farid.id)
    assert house.post.send() == []


def test_the_writer_reads_in_their_language_what_the_focal_point_wrote(house: House) -> None:
    contribution, revision = house.text(RevisionState.DRAFT, handed_back="Name the year.")
    contribution.receipt = "AAAA-BBBB-CCCC-DDDD"
    house.session.flush()
    house.post.tell(TextHandedBack(contribution.id, revision.id))
    [mail] = house.post.send()
    assert mail["To"] == "carmen@union.example"
    assert "> Name the year." in plain(mail)
    assert mail["Content-Language"] in {None, "es"}


def test_a_release_is_the_receipt_of_whoever_wrote_the_text(house: House) -> None:
    contribution, revision = house.text(RevisionState.PENDING, released_by=house.farid.id)
    house.post.tell(ContributionSent(contribution.id, revision.id))
    assert house.post.only().event == "released"
    [mail] = house.post.send()
    assert mail["To"] == "carmen@union.example"
    assert str(contribution.receipt) in plain(mail)


def test_where_the_writer_left_the_focal_point_hears_what_was_decided(house: House) -> None:
    contribution, _revision = house.text(RevisionState.RETURNED)
    house.leave(house.carmen.id)
    house.post.decide(contribution, "return")
    [mail] = house.post.send()
    assert mail["To"] == "farid@union.example"


def test_the_other_focal_points_hear_who_joined(house: House) -> None:
    house.post.tell(DelegationJoined(house.author.id, house.carmen.id))
    house.post.tell(DelegationJoined(house.author.id, house.farid.id))
    [mail] = house.post.send(at=NOW)
    assert mail["To"] == "farid@union.example"
    assert "Carmen has joined your delegation" in str(mail["Subject"])

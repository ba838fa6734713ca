"""Delegations: set up, looked after, left; one voice for each organisation."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal
from consult.core.outbox import OutboxEntry
from consult.spaces.models import Author, AuthorMember, Invitation, Organisation
from consult.spaces.queries import delegations as reads
from consult.spaces.queries import standing
from consult.spaces.services import delegation_members, delegations
from consult.spaces.states import DisplayChoice, Membership, OrganisationStanding, Registration
from tests import factories as make


class House:
    """A forum in which Farid speaks for a registered organisation."""

    def __init__(self, session):
        self.session = session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.farid = make.make_user(session, name="Farid")
        self.alone = make.make_author(
            session,
            forum=self.forum,
            user=self.farid,
            organisation="Union of Dockers",
            country="PE",
        )
        self.organiser = make.make_user(session)
        make.grant(session, user=self.organiser, role=Role.ORGANISER, space=self.space)

    def actor(self, user):
        return make.actor_for(user=user)

    @property
    def organisers(self):
        return make.actor_for(user=self.organiser, role=Role.ORGANISER, space=self.space)

    def found(self, user=None):
        return delegations.found(
            self.session, forum=self.forum, actor=self.actor(user or self.farid), now=clock.now()
        )

    def joined(self, author, *, membership=Membership.CONTRIBUTOR, **over):
        user = make.make_user(self.session, **over)
        delegation_members.join(
            self.session, author=author, user_id=user.id, membership=membership, now=clock.now()
        )
        return user

    def act(self, service, author, *, actor, **values):
        return service(
            self.session, forum=self.forum, author=author, actor=actor, now=clock.now(), **values
        )

    def memberships(self, author):
        rows = self.session.execute(
            select(AuthorMember.user_id, AuthorMember.membership).where(
                AuthorMember.author_id == author.id
            )
        )
        return dict(rows.tuples().all())

    def last_act(self):
        return self.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()


@pytest.fixture
def house(session):
    return House(session)


# --- Setting one up -----------------------------------------------------------------------------


def test_a_stakeholder_sets_up_the_delegation_of_their_organisation(house):
    author = house.found()
    assert (author.name, author.display) == ("Union of Dockers", DisplayChoice.ORGANISATION)
    assert (author.category_id, author.country) == (house.alone.category_id, "PE")
    assert house.memberships(author) == {house.farid.id: Membership.FOCAL_POINT}
    author_ids = standing(house.session, user_id=house.farid.id).author_ids
    assert author_ids == {house.alone.id, author.id}


def test_an_organisation_has_one_delegation(house):
    house.found()
    other = make.make_user(house.session)
    second = make.make_author(house.session, forum=house.forum, user=other)
    second.organisation_id = house.alone.organisation_id
    house.session.flush()
    with pytest.raises(Invalid) as problem:
        house.found(other)
    assert problem.value.problems == {"organisation": ["delegation-exists"]}
    assert house.session.scalar(select(func.count()).where(Author.is_delegation)) == 1


def test_only_the_organisers_set_one_up_where_not_everybody_registers(house):
    house.forum.registration = Registration.APPROVAL
    with pytest.raises(Invalid) as problem:
        house.found()
    assert problem.value.problems == {"organisation": ["delegation-by-organisers"]}


def test_a_proposed_organisation_has_no_delegation_yet(house):
    organisation = house.session.get_one(Organisation, house.alone.organisation_id)
    organisation.standing = OrganisationStanding.PROPOSED
    house.session.flush()
    with pytest.raises(Invalid) as problem:
        house.found()
    assert problem.value.problems == {"organisation": ["organisation-proposed"]}


def test_whoever_speaks_for_no_organisation_sets_up_none(house):
    house.alone.organisation_id = None
    house.session.flush()
    with pytest.raises(Invalid) as problem:
        house.found()
    assert problem.value.problems == {"organisation": ["organisation-none"]}


def test_an_organiser_sets_one_up_and_its_focal_point_is_invited(house):
    house.forum.registration = Registration.INVITATION
    values = {
        "forum": house.forum,
        "organisation": "Union of Dockers",
        "category": "civil-society",
        "country": "",
        "email": "head@dockers.example",
        "locale": "es",
        "now": clock.now(),
    }
    author = delegations.found_for(house.session, actor=house.organisers, **values)
    [invitation] = house.session.scalars(select(Invitation)).all()
    assert (invitation.author_id, invitation.membership) == (author.id, Membership.FOCAL_POINT)
    assert house.memberships(author) == {}
    with pytest.raises(Forbidden):
        delegations.found_for(house.session, actor=house.actor(house.farid), **values)
    with pytest.raises(Invalid) as problem:
        delegations.found_for(
            house.session,
            actor=house.organisers,
            **values | {"organisation": "Nobody knows them", "category": "x"},
        )
    assert set(problem.value.problems) == {"organisation", "category"}


# --- Looking after it ---------------------------------------------------------------------------


def test_a_focal_point_invites_and_a_contributor_does_not(house):
    author = house.found()
    values = {"email": "new@dockers.example", "membership": Membership.CONTRIBUTOR, "locale": "fr"}
    farid = house.actor(house.farid)
    invitation = house.act(delegation_members.ask_to_join, author, actor=farid, **values)
    assert (invitation.author_id, invitation.invited_by) == (author.id, house.farid.id)
    carmen = house.actor(house.joined(author))
    with pytest.raises(Forbidden) as refused:
        house.act(delegation_members.ask_to_join, author, actor=carmen, **values)
    assert refused.value.refusal is Refusal.NOT_FOCAL_POINT
    with pytest.raises(NotVisible):
        house.act(
            delegation_members.take_invitation_back, author, actor=farid, invitation_id="0" * 32
        )
    house.act(
        delegation_members.take_invitation_back, author, actor=farid, invitation_id=invitation.id
    )
    [shown] = reads.delegations_of(house.session, forum_id=house.forum.id, user_id=house.farid.id)
    assert shown.invited == ()


def test_whoever_joins_is_told_to_the_others_and_noted(house):
    author = house.found()
    before = house.session.scalar(
        select(func.count()).where(OutboxEntry.handler == "notifications.joined")
    )
    carmen = house.joined(author)
    after = house.session.scalar(
        select(func.count()).where(OutboxEntry.handler == "notifications.joined")
    )
    assert after == before + 1
    entry = house.last_act()
    assert (entry.act, entry.actor_id) == ("delegation.join", carmen.id)


def test_memberships_change_and_the_audit_names_both(house):
    author = house.found()
    carmen = house.joined(author)
    house.act(
        delegation_members.change_membership,
        author,
        actor=house.actor(house.farid),
        member=carmen.uid,
        membership=Membership.FOCAL_POINT,
    )
    assert house.memberships(author)[carmen.id] == Membership.FOCAL_POINT
    entry = house.last_act()
    assert (entry.act, entry.actor_id) == ("delegation.membership", house.farid.id)
    assert entry.facts["user"] == carmen.id
    with pytest.raises(Invalid):
        house.act(
            delegation_members.change_membership,
            author,
            actor=house.actor(house.farid),
            member=carmen.uid,
            membership=Membership.SELF,
        )


def test_the_last_focal_point_stays_while_others_do(house):
    author = house.found()
    carmen, farid = house.joined(author), house.actor(house.farid)
    ways = (
        (delegation_members.remove_member, {"member": house.farid.uid}),
        (
            delegation_members.change_membership,
            {"member": house.farid.uid, "membership": Membership.CONTRIBUTOR},
        ),
    )
    for service, values in ways:
        for actor in (farid, house.organisers):
            with pytest.raises(Forbidden) as refused:
                house.act(service, author, actor=actor, **values)
            assert refused.value.refusal is Refusal.LAST_FOCAL_POINT
    house.act(delegation_members.remove_member, author, actor=farid, member=carmen.uid)
    house.act(delegation_members.remove_member, author, actor=farid, member=house.farid.uid)
    assert house.memberships(author) == {}


def test_a_member_leaves_alone_and_removes_nobody_else(house):
    author = house.found()
    carmen, chen = house.joined(author), house.joined(author)
    with pytest.raises(Forbidden):
        house.act(
            delegation_members.remove_member, author, actor=house.actor(carmen), member=chen.uid
        )
    house.act(
        delegation_members.remove_member, author, actor=house.actor(carmen), member=carmen.uid
    )
    assert set(house.memberships(author)) == {house.farid.id, chen.id}
    assert house.last_act().act == "delegation.leave"
    with pytest.raises(NotVisible):
        house.act(
            delegation_members.remove_member, author, actor=house.actor(carmen), member=carmen.uid
        )


def test_the_settings_are_the_focal_points(house):
    author = house.found()
    carmen = house.joined(author)
    values = {"category": "civil-society", "country": "CL", "wants_clearance": True}
    with pytest.raises(Forbidden):
        house.act(delegations.describe, author, actor=house.actor(carmen), **values)
    house.act(delegations.describe, author, actor=house.actor(house.farid), **values)
    assert (author.country, author.wants_clearance) == ("CL", True)
    assert author.display == DisplayChoice.ORGANISATION
    assert reads.needs_release(house.session, author_id=author.id, user_id=carmen.id)
    assert not reads.needs_release(house.session, author_id=author.id, user_id=house.farid.id)
    with pytest.raises(Invalid):
        house.act(
            delegations.describe,
            author,
            actor=house.actor(house.farid),
            **values | {"category": "nonsense"},
        )


def test_an_organiser_dissolves_a_delegation_and_can_appoint_anew(house):
    author = house.found()
    house.joined(author)
    with pytest.raises(Forbidden):
        house.act(delegations.dissolve, author, actor=house.actor(house.farid))
    house.act(delegations.dissolve, author, actor=house.organisers)
    assert house.memberships(author) == {}
    [shown] = reads.delegations_in(
        house.session, forum_id=house.forum.id, user_id=house.organiser.id
    )
    assert (shown.name, shown.members) == ("Union of Dockers", ())
    again = house.joined(author, membership=Membership.FOCAL_POINT)
    assert house.memberships(author) == {again.id: Membership.FOCAL_POINT}


# --- Nobody looks after it ----------------------------------------------------------------------


def test_where_every_focal_point_is_suspended_texts_need_no_release(house):
    author = house.found()
    author.wants_clearance = True
    carmen = house.joined(author)
    assert reads.needs_release(house.session, author_id=author.id, user_id=carmen.id)
    house.farid.status = UserStatus.SUSPENDED
    house.session.flush()
    assert not reads.needs_release(house.session, author_id=author.id, user_id=carmen.id)
    (shown,) = reads.delegations_in(
        house.session, forum_id=house.forum.id, user_id=house.organiser.id
    )
    assert (len(shown.focal_points), shown.is_looked_after) == (1, False)


def test_the_longest_standing_active_member_follows_the_last_focal_point(house):
    author = house.found()
    barred, carmen, chen = (house.joined(author) for _ in range(3))
    barred.status = UserStatus.SUSPENDED
    house.session.flush()
    delegation_members.hand_over(house.session(), user_id=house.farid.id, now=clock.now())
    assert house.memberships(author) == {
        house.farid.id: Membership.FOCAL_POINT,
        barred.id: Membership.CONTRIBUTOR,
        carmen.id: Membership.FOCAL_POINT,
        chen.id: Membership.CONTRIBUTOR,
    }
    note = house.last_act()
    assert (note.act, note.actor_id, note.facts["user"]) == (
        "delegation.membership",
        None,
        carmen.id,
    )
    # There is another one now: nobody else is made one.
    delegation_members.hand_over(house.session(), user_id=house.farid.id, now=clock.now())
    assert house.memberships(author)[chen.id] == Membership.CONTRIBUTOR

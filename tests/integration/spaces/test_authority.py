"""What hangs on somebody's authority ends with it; what hangs on a name follows it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.authz import Role
from consult.spaces.models import AuthorMember, Forum, Organisation, RoleGrant
from consult.spaces.services.invitations import invite, live_invitation, token_of_invitation
from consult.spaces.services.registry import accept_organisation, merge_organisations
from consult.spaces.states import Membership, OrganisationStanding
from tests import factories as make

KEY = "a key of this test alone"


@pytest.fixture
def space(session):
    return make.make_space(session)


@pytest.fixture
def forum(session, space):
    return session.get_one(Forum, space.forum_id)


@pytest.fixture
def inviter(session):
    return make.make_user(session)


def invited(session, forum, inviter, **over):
    return invite(
        session(),
        forum=forum,
        email="second@example.org",
        name="",
        locale="en",
        invited_by=inviter.id,
        now=clock.now(),
        **over,
    )


def is_live(session, invitation):
    token = token_of_invitation(invitation, secret_key=KEY)
    session.flush()
    return live_invitation(session(), token=token, secret_key=KEY, now=clock.now()) is not None


def test_an_organisers_invitation_ends_with_their_role(session, space, forum, inviter):
    make.grant(session, user=inviter, role=Role.ORGANISER, space=space)
    invitation = invited(session, forum, inviter, role=Role.ORGANISER)
    assert is_live(session, invitation)
    session.execute(delete(RoleGrant).where(RoleGrant.user_id == inviter.id))
    assert not is_live(session, invitation)


def test_nobody_follows_an_invitation_of_somebody_suspended(session, space, forum, inviter):
    make.grant(session, user=inviter, role=Role.ORGANISER, space=space)
    invitation = invited(session, forum, inviter)
    inviter.status = UserStatus.SUSPENDED
    assert not is_live(session, invitation)


def test_a_focal_points_invitation_ends_with_their_care(session, forum, inviter):
    delegation = make.make_delegation(session, forum=forum, focal_point=inviter)
    invitation = invited(
        session, forum, inviter, author_id=delegation.id, membership=Membership.CONTRIBUTOR
    )
    assert is_live(session, invitation)
    member = session.get_one(AuthorMember, (delegation.id, inviter.id))
    member.membership = Membership.CONTRIBUTOR
    assert not is_live(session, invitation)


def test_a_delegation_goes_by_the_name_of_its_organisation(session, forum, inviter):
    delegation = make.make_delegation(session, forum=forum, focal_point=inviter)
    organisation = session.get_one(Organisation, delegation.organisation_id)
    accept_organisation(
        session(),
        forum=forum,
        organisation_id=organisation.id,
        name="Union of Harbours",
        category="",
        country="",
        by=None,
        now=clock.now(),
    )
    assert delegation.name == "Union of Harbours"


def test_what_was_registered_stays_so_when_it_is_merged(session, forum):
    proposed = Organisation(
        forum_id=forum.id,
        name="Harbour Union",
        name_key="harbour union",
        standing=OrganisationStanding.PROPOSED,
    )
    known = Organisation(forum_id=forum.id, name="H. U.", name_key="h u")
    session.add_all([proposed, known])
    session.flush()
    merge_organisations(
        session(),
        forum=forum,
        organisation_id=known.id,
        into="Harbour Union",
        by=None,
        now=clock.now(),
    )
    assert proposed.standing == OrganisationStanding.REGISTERED

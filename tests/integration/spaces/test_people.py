"""Invitations, requests, consents and the registry below the pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from consult.accounts.models import User
from consult.core.audit import AuditDetail, AuditEntry
from consult.core.authz import SYSTEM, Actor, Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.spaces import queries, services
from consult.spaces.models import (
    Application,
    AuthorMember,
    Consent,
    ConsentText,
    Forum,
    Organisation,
    Space,
)
from consult.spaces.policy import name_key
from consult.spaces.queries import organisation_named
from consult.spaces.services import Affiliation
from consult.spaces.services.registry import (
    accept_organisation,
    add_other_name,
    merge_organisations,
)
from consult.spaces.services.staff import appoint
from consult.spaces.states import (
    ApplicationState,
    ConsentPurpose,
    Membership,
    Registration,
)
from tests import factories as make

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
KEY = "a key of this test alone"
DESK: dict[str, Any] = {
    "email": "desk@example.org",
    "name": "Desk",
    "locale": "en",
    "invited_by": None,
}
SAID = Affiliation(name="Desk officer", category="civil-society", organisation="Port Watch")
Scoped = scoped_session[Session]


@pytest.fixture
def forum(session: Scoped) -> Forum:
    return make.make_forum(session)


@pytest.fixture
def user(session: Scoped) -> User:
    return make.make_user(session, email="desk@example.org")


def acts(session: Scoped) -> list[str]:
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def told(session: Scoped) -> list[str]:
    rows = session.scalars(select(OutboxEntry).order_by(OutboxEntry.id))
    return [row.payload["event"] for row in rows if "event" in row.payload]


def test_a_second_invitation_to_the_same_ends_the_first(session: Scoped, forum: Forum) -> None:
    first = services.invite(session(), forum=forum, now=NOW, **DESK)
    other = services.invite(session(), forum=forum, now=NOW, role=Role.AUDITOR, **DESK)
    again = DESK | {"email": "DESK@example.org"}
    second = services.invite(session(), forum=forum, now=NOW, **again)
    session.expire_all()
    assert first.revoked_at == NOW
    assert (other.revoked_at, second.revoked_at) == (None, None)
    assert acts(session) == ["invitation.make"] * 3
    assert "desk@example.org" in (session.scalars(select(AuditDetail.words)).first() or "")


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"email": "desk"}, "email"),
        ({"email": "desk@example.org\nBcc: all@example.org"}, "email"),
        ({"name": "De\u202esk"}, "name"),
        ({"locale": "xx"}, "locale"),
        ({"role": Role.MODERATOR}, "role"),
    ],
)
def test_what_cannot_be_taken_of_an_invitation_is_named(
    session: Scoped, forum: Forum, over: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        services.invite(session(), forum=forum, now=NOW, **DESK | over)
    assert list(refused.value.problems) == [field]


def test_an_invitation_leads_only_into_delegations_of_its_forum(
    session: Scoped, forum: Forum
) -> None:
    person = make.make_author(session, forum=forum)
    elsewhere = make.make_author(session, forum=make.make_forum(session), is_delegation=True)
    for author in (person, elsewhere):
        with pytest.raises(NotVisible):
            services.invite(session(), forum=forum, now=NOW, author_id=author.id, **DESK)


def test_an_invitation_into_a_delegation_makes_a_member_and_no_author(
    session: Scoped, forum: Forum, user: User
) -> None:
    delegation = make.make_author(session, forum=forum, is_delegation=True)
    invitation = services.invite(
        session(),
        forum=forum,
        now=NOW,
        author_id=delegation.id,
        membership=Membership.FOCAL_POINT,
        **DESK,
    )
    services.accept_invitation(
        session(),
        token=services.token_of_invitation(invitation, secret_key=KEY),
        secret_key=KEY,
        user_id=user.id,
        said=Affiliation(name="", category=""),
        given=(),
        now=NOW,
    )
    member = session.scalars(select(AuthorMember)).one()
    assert (member.author_id, member.membership) == (delegation.id, Membership.FOCAL_POINT)


def test_a_used_or_revoked_invitation_is_not_sent_again(
    session: Scoped, forum: Forum, user: User
) -> None:
    invitation = services.invite(session(), forum=forum, now=NOW, **DESK)
    later = NOW + dt.timedelta(days=20)
    ids: dict[str, Any] = {"forum": forum, "invitation_id": invitation.id, "by": user.id}
    again = services.resend_invitation(session(), now=later, **ids)
    assert again.expires_at == later + dt.timedelta(days=14)
    services.revoke_invitation(session(), now=later, **ids)
    with pytest.raises(StaleState):
        services.resend_invitation(session(), now=later, **ids)
    with pytest.raises(NotVisible):
        services.revoke_invitation(session(), now=later, **ids | {"invitation_id": "0" * 32})
    assert services.live_invitation(session(), token="", secret_key=KEY, now=NOW) is None


def test_a_role_gives_the_way_into_a_forum_that_approves(
    session: Scoped, forum: Forum, user: User
) -> None:
    forum.registration = Registration.APPROVAL
    space = make.make_space(session, forum=forum)
    make.grant(session, user=user, role=Role.DRAFTER, space=space)
    author = services.take_part(session(), forum=forum, user_id=user.id, said=SAID, now=NOW)
    assert author is services.author_of(session(), forum_id=forum.id, user_id=user.id)


def test_nobody_gets_into_a_forum_by_invitation_without_one(
    session: Scoped, forum: Forum, user: User
) -> None:
    forum.registration = Registration.INVITATION
    with pytest.raises(Forbidden) as refused:
        services.take_part(session(), forum=forum, user_id=user.id, said=SAID, now=NOW)
    assert refused.value.refusal is Refusal.NOT_INVITED


def test_a_request_is_decided_once(session: Scoped, forum: Forum, user: User) -> None:
    forum.registration = Registration.APPROVAL
    found = services.take_part(session(), forum=forum, user_id=user.id, said=SAID, now=NOW)
    assert isinstance(found, Application)
    assert services.said_in(found) == SAID
    assert queries.standing(session(), user_id=user.id).applied_forum_ids == {forum.id}
    decide: dict[str, Any] = {
        "forum": forum,
        "application_ids": [found.id],
        "by": user.id,
        "now": NOW,
    }
    approved, refused = ApplicationState.APPROVED, ApplicationState.REFUSED
    why = "We know nothing of you."
    assert services.decide_applications(session(), state=approved, **decide) == 1
    assert services.decide_applications(session(), state=refused, words=why, **decide) == 0
    assert queries.standing(session(), user_id=user.id).applied_forum_ids == frozenset()
    assert told(session).count("ApplicationDecided") == 1
    other = make.make_forum(session)
    assert services.decide_applications(session(), state=approved, **decide | {"forum": other}) == 0


def test_whoever_was_invited_meanwhile_waits_no_more(
    session: Scoped, forum: Forum, user: User
) -> None:
    forum.registration = Registration.APPROVAL
    services.take_part(session(), forum=forum, user_id=user.id, said=SAID, now=NOW)
    invitation = services.invite(session(), forum=forum, now=NOW, **DESK)
    services.accept_invitation(
        session(),
        token=services.token_of_invitation(invitation, secret_key=KEY),
        secret_key=KEY,
        user_id=user.id,
        said=SAID,
        given=(),
        now=NOW,
    )
    assert session.scalars(select(Application.state)).one() == ApplicationState.APPROVED


def test_consents_are_kept_as_they_were_said(session: Scoped, forum: Forum, user: User) -> None:
    for version in (1, 2):
        session.add(
            ConsentText(
                forum_id=forum.id,
                purpose=ConsentPurpose.PUBLISH,
                version=version,
                text=make.said(f"Version {version}"),
                is_required=True,
            )
        )
    session.add(
        Consent(user_id=user.id, forum_id=forum.id, purpose="publish", version=1, given_at=NOW)
    )
    session.flush()
    ids: dict[str, Any] = {"user_id": user.id, "forum_id": forum.id}
    publish, notify = ConsentPurpose.PUBLISH, ConsentPurpose.NOTIFY
    assert not queries.has_consent(session(), purpose=publish, **ids)
    assert queries.has_consent(session(), purpose=notify, **ids)
    with pytest.raises(Forbidden):
        services.require_consents(session(), actor=Actor(user_id=user.id), forum_id=forum.id)
    services.require_consents(session(), actor=SYSTEM, forum_id=forum.id)

    give: dict[str, Any] = {"forum": forum, "user_id": user.id, "now": NOW}
    for _ in range(2):
        services.give_consents(session(), given=[publish, notify], **give)
    assert queries.has_consent(session(), purpose=publish, **ids)
    assert [row.version for row in queries.consents_of(session(), **ids)] == [2, 1]
    assert services.withdraw_consent(session(), purpose=publish, **give)
    assert not services.withdraw_consent(session(), purpose=publish, **give)
    assert not queries.has_consent(session(), purpose=publish, **ids)
    assert acts(session) == ["consent.give", "consent.withdraw"]


def test_similar_names_are_offered_and_equal_ones_taken(session: Scoped, forum: Forum) -> None:
    for name in ("International Port Watch", "Harbour Women’s Network", "100% Ports"):
        make.make_author(session, forum=forum, organisation=name)
    session.flush()
    for row in session.scalars(select(Organisation)):
        row.name_key = name_key(row.name)
    session.flush()

    def similar(name: str) -> list[str]:
        return list(services.similar_organisations(session(), forum=forum, name=name))

    assert similar("Internacional Port Watch") == ["International Port Watch"]
    assert similar("Harbor Womens Network") == ["Harbour Women’s Network"]
    assert similar("INTERNATIONAL PORT-WATCH") == []
    assert similar("Fishers of the Coast") == []
    assert similar("%") == []
    with pytest.raises(Invalid):
        services.settle_organisation(
            session(), forum=forum, name="Harbor Womens Network", choice="100% Ports"
        )


def test_a_name_that_was_given_up_still_leads_there(session: Scoped, forum: Forum) -> None:
    author = make.make_author(session, forum=forum, organisation="port watch")
    space = make.make_space(session, forum=forum)
    version, public = author.version, space.public_version
    ids: dict[str, Any] = {
        "forum": forum,
        "organisation_id": author.organisation_id,
        "by": None,
        "now": NOW,
    }
    entry: dict[str, Any] = {"category": "civil-society", "country": "PE"}
    accept_organisation(session(), name="Port Watch International", **entry, **ids)
    add_other_name(session(), name="P.W.I.", **ids)
    add_other_name(session(), name="PWI", **ids)
    for name in ("Port Watch", "pwi", "Port Watch International"):
        found = services.find_or_make_organisation(session(), forum=forum, name=name)
        assert found
        assert found.id == author.organisation_id
    session.expire_all()
    assert (author.version, space.public_version) == (version + 1, public + 1)
    assert told(session).count("AuthorChanged") == 1

    accept_organisation(session(), name="Port Watch", **entry, **ids)
    row = organisation_named(session(), forum_id=forum.id, name="PWI")
    assert row
    assert (row.name, row.country, row.authors) == ("Port Watch", "PE", 1)
    assert list(row.others) == ["Port Watch International", "P.W.I."]


def test_two_organisations_become_one_with_all_their_names(session: Scoped, forum: Forum) -> None:
    first = make.make_author(session, forum=forum, organisation="unctad")
    second = make.make_author(session, forum=forum, organisation="un trade")
    assert second.organisation_id
    ids: dict[str, Any] = {
        "forum": forum,
        "organisation_id": second.organisation_id,
        "by": None,
        "now": NOW,
    }
    add_other_name(session(), name="UNT", **ids)
    with pytest.raises(Invalid):
        add_other_name(session(), name="unctad", **ids)
    for into in ("un trade", "nobody"):
        with pytest.raises(Invalid):
            merge_organisations(session(), into=into, **ids)
    merge_organisations(session(), into="U.N.C.T.A.D.", **ids)
    session.expire_all()
    assert second.organisation_id == first.organisation_id
    for name in ("unt", "un trade"):
        late = services.create_author(
            session(),
            forum=forum,
            user_id=make.make_user(session).id,
            now=NOW,
            **asdict(SAID) | {"organisation": name},
        )
        assert late.organisation_id == first.organisation_id
    assert told(session).count("AuthorChanged") == 1


def test_two_delegations_are_not_merged(session: Scoped, forum: Forum) -> None:
    authors = [
        make.make_author(session, forum=forum, organisation=name, is_delegation=True)
        for name in ("unctad", "un trade")
    ]
    with pytest.raises(Invalid) as refused:
        merge_organisations(
            session(),
            forum=forum,
            organisation_id=authors[1].organisation_id or 0,
            into="unctad",
            by=None,
            now=NOW,
        )
    assert refused.value.problems == {"into": ["delegations-both"]}


def test_whoever_is_appointed_on_the_page_is_told_once(
    session: Scoped, forum: Forum, user: User
) -> None:
    space: Space = make.make_space(session, forum=forum)
    for _ in range(2):
        appoint(
            session(),
            forum=forum,
            email="Desk@example.org",
            name="",
            locale="en",
            role=Role.DRAFTER,
            space_id=space.id,
            by=make.make_user(session).id,
            now=NOW + dt.timedelta(minutes=len(told(session))),
        )
    assert told(session).count("RoleGranted") == 1

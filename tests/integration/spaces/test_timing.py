"""Opening, closing and extending by hand; appointing and dismissing."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import outbox
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.core.errors import Invalid, NotVisible
from consult.core.outbox import Handler, OutboxEntry
from consult.spaces.events import SpaceDatesChanged
from consult.spaces.models import RoleGrant, Space
from consult.spaces.policy import phase_of
from consult.spaces.services.roles import grant_role, revoke_role
from consult.spaces.services.timing import close_space, extend_space, open_space
from consult.spaces.states import Phase
from tests.factories import make_forum, make_space, make_user

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = outbox.Reactions()
    heard.subscribe(Handler(name="test", run=lambda *_args, **_kw: None), SpaceDatesChanged)
    monkeypatch.setattr(outbox, "reactions", heard)


def acts(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def closed(session: Session) -> Space:
    return make_space(session, opens_at=NOW - 5 * DAY, closes_at=NOW - DAY)


def test_opening_an_upcoming_space_opens_it_now_and_keeps_its_closing(session: Session) -> None:
    space = make_space(session, opens_at=NOW + DAY, closes_at=NOW + 2 * DAY, dates_assumed=True)
    open_space(session, space_id=space.id, now=NOW)
    assert (space.opens_at, space.closes_at) == (NOW, NOW + 2 * DAY)
    assert not space.dates_assumed


def test_opening_a_closed_space_drops_the_closing_that_has_passed(session: Session) -> None:
    space = closed(session)
    open_space(session, space_id=space.id, now=NOW)
    assert phase_of(space, now=NOW) is Phase.OPEN
    assert (space.opens_at, space.closes_at) == (NOW - 5 * DAY, None)


def test_closing_an_open_space_closes_it_at_this_very_instant(session: Session) -> None:
    space = make_space(session, opens_at=NOW - DAY, closes_at=None)
    close_space(session, space_id=space.id, now=NOW)
    assert phase_of(space, now=NOW) is Phase.CLOSED


def test_closing_an_upcoming_space_leaves_no_opening_behind(session: Session) -> None:
    space = make_space(session, opens_at=NOW + DAY, closes_at=NOW + 2 * DAY)
    close_space(session, space_id=space.id, now=NOW)
    assert phase_of(space, now=NOW + 3 * DAY) is Phase.CLOSED


def test_extending_a_closed_space_opens_it_again(session: Session) -> None:
    space = closed(session)
    extend_space(session, space_id=space.id, until=NOW + DAY, now=NOW)
    assert phase_of(space, now=NOW) is Phase.OPEN
    assert space.closes_at == NOW + DAY


@pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + DAY])
def test_an_extension_into_the_past_or_before_the_opening_is_refused(
    session: Session, until: dt.datetime
) -> None:
    space = make_space(session, opens_at=NOW + 2 * DAY, closes_at=NOW + 3 * DAY)
    with pytest.raises(Invalid) as caught:
        extend_space(session, space_id=space.id, until=until, now=NOW)
    assert caught.value.problems == {"until": ["until-passed"]}
    assert space.closes_at == NOW + 3 * DAY


@pytest.mark.usefixtures("listening")
def test_a_change_of_dates_is_recorded_told_and_renews_the_pages(session: Session) -> None:
    space = closed(session)
    version = space.public_version
    extend_space(session, space_id=space.id, until=NOW + DAY, now=NOW, actor_id=7)
    assert space.public_version == version + 1
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.actor_id, entry.subject_id) == ("space.set-dates", 7, space.id)
    row = session.scalars(select(OutboxEntry).where(OutboxEntry.handler == "test")).one()
    assert row.payload == {"event": "SpaceDatesChanged", "space_id": space.id}


@pytest.mark.usefixtures("listening")
def test_what_is_so_already_changes_nothing(session: Session) -> None:
    space = make_space(session, opens_at=NOW - DAY, closes_at=NOW + DAY)
    version = space.public_version
    open_space(session, space_id=space.id, now=NOW)
    extend_space(session, space_id=space.id, until=NOW + DAY, now=NOW)
    close_space(session, space_id=closed(session).id, now=NOW)
    assert space.public_version == version
    assert acts(session) == []
    assert session.scalars(select(OutboxEntry)).all() == []


def test_an_unknown_space_does_not_exist(session: Session) -> None:
    with pytest.raises(NotVisible):
        open_space(session, space_id=999_999, now=NOW)


# Roles -------------------------------------------------------------------------------------


def grants(session: Session) -> list[tuple[str, int | None]]:
    return [
        (grant.role, grant.space_id)
        for grant in session.scalars(select(RoleGrant).order_by(RoleGrant.id))
    ]


def test_a_role_is_given_once_and_recorded(session: Session) -> None:
    space, user = make_space(session), make_user(session)
    for _ in range(2):
        grant_role(
            session, user_id=user.id, role=Role.MODERATOR, forum_id=space.forum_id,
            space_id=space.id, now=NOW,
        )  # fmt: skip
    assert grants(session) == [("moderator", space.id)]
    assert acts(session) == ["role.grant"]


def test_a_forum_role_is_given_once_although_its_space_is_null(session: Session) -> None:
    forum, user = make_forum(session), make_user(session)
    for _ in range(2):
        grant_role(session, user_id=user.id, role=Role.ORGANISER, forum_id=forum.id, now=NOW)
    assert grants(session) == [("organiser", None)]


@pytest.mark.parametrize(("role", "has_space"), [(Role.MODERATOR, False), (Role.ORGANISER, True)])
def test_a_role_in_the_wrong_scope_is_refused(
    session: Session, role: Role, has_space: bool
) -> None:
    space, user = make_space(session), make_user(session)
    with pytest.raises(Invalid):
        grant_role(
            session, user_id=user.id, role=role, forum_id=space.forum_id,
            space_id=space.id if has_space else None, now=NOW,
        )  # fmt: skip
    assert grants(session) == []


def test_a_space_of_another_forum_is_no_scope(session: Session) -> None:
    space, other, user = make_space(session), make_forum(session), make_user(session)
    with pytest.raises(Invalid):
        grant_role(
            session, user_id=user.id, role=Role.DRAFTER, forum_id=other.id, space_id=space.id,
            now=NOW,
        )  # fmt: skip


def test_a_revoked_role_is_gone_and_recorded(session: Session) -> None:
    forum, user = make_forum(session), make_user(session)
    grant_role(session, user_id=user.id, role=Role.AUDITOR, forum_id=forum.id, now=NOW)
    revoke_role(session, user_id=user.id, role=Role.AUDITOR, forum_id=forum.id, now=NOW)
    assert grants(session) == []
    assert acts(session) == ["role.grant", "role.revoke"]


def test_a_role_that_is_not_held_cannot_be_revoked(session: Session) -> None:
    forum, user = make_forum(session), make_user(session)
    with pytest.raises(Invalid) as caught:
        revoke_role(session, user_id=user.id, role=Role.AUDITOR, forum_id=forum.id, now=NOW)
    assert caught.value.problems == {"role": ["role-not-held"]}

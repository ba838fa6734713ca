"""For whom somebody speaks: organisations, regions, display choice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, scoped_session

from consult.accounts.models import User
from consult.core.audit import AuditEntry
from consult.core.errors import Invalid
from consult.spaces.models import Author, AuthorMember, Forum, Organisation, Region
from consult.spaces.policy import name_key
from consult.spaces.services import author_of, create_author, find_or_make_organisation
from consult.spaces.states import DisplayChoice
from tests.factories import make_forum, make_user, said

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
Scoped = scoped_session[Session]


@pytest.fixture
def forum(session: Scoped) -> Forum:
    return make_forum(session)


@pytest.fixture
def user(session: Scoped) -> User:
    return make_user(session)


def _create(session: Scoped, forum: Forum, user: User, **over: Any) -> Author:
    values: dict[str, Any] = {"name": "Desk officer", "category": "civil-society"}
    return create_author(session(), forum=forum, user_id=user.id, now=NOW, **values | over)


def test_an_author_is_made_with_all_that_was_said(
    session: Scoped, forum: Forum, user: User
) -> None:
    session.add(Region(forum_id=forum.id, slug="africa", position=1, name=said("Africa")))
    author = _create(
        session,
        forum,
        user,
        organisation="Port Watch",
        country="SN",
        on_behalf_of=" The coast  ",
    )

    assert author_of(session(), forum_id=forum.id, user_id=user.id) is author
    assert session.get_one(Organisation, author.organisation_id).name == "Port Watch"
    assert session.get_one(Region, author.region_id).slug == "africa"
    assert (author.country, author.on_behalf_of) == ("SN", "The coast")
    assert session.scalars(select(AuditEntry.act)).all() == ["author.create"]


def test_a_form_sent_twice_makes_one_author(session: Scoped, forum: Forum, user: User) -> None:
    first = _create(session, forum, user)
    second = _create(session, forum, user, category="local-authorities")

    assert first is second
    assert second.version == 2
    assert session.scalar(select(func.count()).select_from(AuthorMember)) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("UNCTAD", "U.N.C.T.A.D.", "unctad "),
        ("UN-Habitat", "UN Habitat", "un\u2011habitat"),
        ("Médecins d'ailleurs", "MEDECINS D’AILLEURS", "Me\u0301decins d'ailleurs"),
        ("Smith & Sons, Ltd.", "Smith Sons Ltd"),
    ],
)
def test_spellings_of_a_name_are_one_organisation(
    session: Scoped, forum: Forum, names: tuple[str, ...]
) -> None:
    found = {
        organisation.id
        for name in names
        if (organisation := find_or_make_organisation(session(), forum=forum, name=name))
    }

    assert len(found) == 1


def test_different_names_are_different_organisations() -> None:
    assert name_key("Port Watch") != name_key("Portwatch International")
    assert name_key("***") != name_key("—")


def test_an_organisation_is_found_by_another_of_its_names(session: Scoped, forum: Forum) -> None:
    made = find_or_make_organisation(session(), forum=forum, name="International Port Watch")
    assert made is not None
    session.add(
        Organisation(forum_id=forum.id, name="I.P.W.", name_key="ipw", merged_into_id=made.id)
    )
    session.flush()

    assert find_or_make_organisation(session(), forum=forum, name="IPW") is made
    assert find_or_make_organisation(session(), forum=forum, name="  ") is None


def test_pseudonyms_are_numbered_and_kept(session: Scoped, forum: Forum, user: User) -> None:
    author = _create(session, forum, user, display="pseudonym")
    other = _create(session, forum, make_user(session), display="pseudonym")
    _create(session, forum, user, display="full")
    again = _create(session, forum, user, display="pseudonym")

    assert (author.pseudonym_number, other.pseudonym_number) == (1, 2)
    assert again.pseudonym_number == 1
    assert again.display is DisplayChoice.PSEUDONYM


def test_what_is_wrong_is_told_for_every_field(session: Scoped, forum: Forum, user: User) -> None:
    with pytest.raises(Invalid) as refused:
        _create(
            session,
            forum,
            user,
            name="",
            category="kings",
            country="XX",
            display="organisation",
            on_behalf_of="x" * 501,
        )

    assert refused.value.problems == {
        "name": ["name-missing"],
        "category": ["category-unknown"],
        "country": ["country-unknown"],
        "on_behalf_of": ["too-long"],
        "display": ["organisation-missing"],
    }
    assert session.scalar(select(func.count()).select_from(Author)) == 0

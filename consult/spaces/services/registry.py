"""What organisers do to the registry: accept, describe, rename, add other names, merge."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.accounts.policy import name_problem
from consult.core import audit
from consult.core.errors import Invalid, NotVisible
from consult.core.outbox import emit
from consult.core.text import single_line
from consult.spaces.countries import is_country
from consult.spaces.events import AuthorChanged
from consult.spaces.models import Author, Category, Forum, Organisation
from consult.spaces.policy import name_key
from consult.spaces.services.affiliation import renew_pages
from consult.spaces.states import OrganisationStanding


def accept_organisation(
    session: Session,
    *,
    forum: Forum,
    organisation_id: int,
    name: str,
    category: str,
    country: str,
    by: int | None,
    now: dt.datetime,
) -> Organisation:
    """Take an organisation into the registry, or change how it stands there.

    `category` is a slug or "", `country` a code or "". A former name goes on leading to it. Raises
    `Invalid` (name, category, country) and `NotVisible`.
    """
    organisation = _locked(session, organisation_id, forum=forum)
    category_id = session.scalars(
        select(Category.id).where(Category.forum_id == forum.id, Category.slug == category)
    ).first()
    problems = {
        "name": name_problem(name),
        "category": "category-unknown" if category and category_id is None else None,
        "country": "country-unknown" if country and not is_country(country) else None,
    }
    found = {field: [code] for field, code in problems.items() if code is not None}
    if found:
        raise Invalid(found)
    renamed = _rename(session, organisation, single_line(name), now=now)
    organisation.category_id, organisation.country = category_id, country or None
    before, organisation.standing = organisation.standing, OrganisationStanding.REGISTERED
    session.flush()
    if renamed:
        _name_delegation(session, organisation)
        _tell_of_authors(session, organisation, now=now)
    _note(
        session,
        "organisation.accept" if before == OrganisationStanding.PROPOSED else "organisation.change",
        organisation,
        by=by,
        now=now,
        renamed=renamed,
    )
    return organisation


def add_other_name(
    session: Session,
    *,
    forum: Forum,
    organisation_id: int,
    name: str,
    by: int | None,
    now: dt.datetime,
) -> Organisation:
    """Have another name lead to an organisation; one that does already changes nothing.

    Raises `Invalid` (other_name) where the name is another organisation's, and `NotVisible`.
    """
    organisation = _locked(session, organisation_id, forum=forum)
    problem = name_problem(name)
    if problem is not None:
        raise Invalid({"other_name": [problem]})
    shown = single_line(name)
    known = _by_key(session, organisation, name_key(shown))
    if known is not None and organisation.id in {known.id, known.merged_into_id}:
        return organisation
    if known is not None:
        raise Invalid({"other_name": ["organisation-known"]})
    _add_alias(session, organisation, shown, now=now)
    _note(session, "organisation.add-name", organisation, by=by, now=now)
    return organisation


def merge_organisations(
    session: Session,
    *,
    forum: Forum,
    organisation_id: int,
    into: str,
    by: int | None,
    now: dt.datetime,
) -> Organisation:
    """Make one organisation another name of the one that goes by `into`, and return the latter.

    Whoever spoke for the first speaks for the second from now on, earlier texts included. Raises
    `Invalid` (into) for an unknown name, the organisation itself, or where both have a delegation,
    and `NotVisible`.
    """
    target_id = check_merging(session, forum=forum, organisation_id=organisation_id, into=into)
    # In the order of ids, so that two mergings cannot wait for each other.
    for id_ in sorted((organisation_id, target_id)):
        _locked(session, id_, forum=forum)
    merged = session.get_one(Organisation, organisation_id)
    target = session.get_one(Organisation, target_id)
    _refuse_two_delegations(session, merged.id, target.id)
    session.execute(
        update(Organisation)
        .where(Organisation.merged_into_id == merged.id)
        .values(merged_into_id=target.id)
    )
    _tell_of_authors(session, merged, now=now)
    session.execute(
        update(Author)
        .where(Author.organisation_id == merged.id)
        .values(organisation_id=target.id)
        .execution_options(synchronize_session="fetch")
    )
    merged.merged_into_id = target.id
    if merged.standing == OrganisationStanding.REGISTERED:
        target.standing = OrganisationStanding.REGISTERED
    _name_delegation(session, target)
    target.category_id = target.category_id or merged.category_id
    target.country = target.country or merged.country
    session.flush()
    _note(session, "organisation.merge", merged, by=by, now=now, into=target.id)
    return target


def _name_delegation(session: Session, organisation: Organisation) -> None:
    """Have a delegation go by the name of its organisation."""
    session.execute(
        update(Author)
        .where(Author.organisation_id == organisation.id, Author.is_delegation)
        .values(name=organisation.name)
        .execution_options(synchronize_session="fetch")
    )


def check_merging(session: Session, *, forum: Forum, organisation_id: int, into: str) -> int:
    """Return the id of the organisation that goes by `into` and can take in the other one.

    Raises `Invalid` (into) as `merge_organisations` does.
    """
    target_id = _id_behind(session, forum, name=into)
    if target_id is None:
        raise Invalid({"into": ["organisation-unknown"]})
    if target_id == organisation_id:
        raise Invalid({"into": ["organisation-same"]})
    _refuse_two_delegations(session, organisation_id, target_id)
    return target_id


def _refuse_two_delegations(session: Session, *ids: int) -> None:
    delegations = session.scalars(
        select(Author.id).where(Author.organisation_id.in_(ids), Author.is_delegation)
    ).all()
    if len(delegations) > 1:
        raise Invalid({"into": ["delegations-both"]})


def _locked(session: Session, organisation_id: int, *, forum: Forum) -> Organisation:
    found = session.get(Organisation, organisation_id, with_for_update=True, populate_existing=True)
    if found is None or found.forum_id != forum.id or found.merged_into_id is not None:
        raise NotVisible
    return found


def _id_behind(session: Session, forum: Forum, *, name: str) -> int | None:
    found = session.scalars(
        select(Organisation).where(
            Organisation.forum_id == forum.id, Organisation.name_key == name_key(name)
        )
    ).first()
    return None if found is None else found.merged_into_id or found.id


def _by_key(session: Session, organisation: Organisation, key: str) -> Organisation | None:
    return session.scalars(
        select(Organisation).where(
            Organisation.forum_id == organisation.forum_id, Organisation.name_key == key
        )
    ).first()


def _rename(session: Session, organisation: Organisation, name: str, *, now: dt.datetime) -> bool:
    """Give an organisation a name; return whether it is another. The old one leads to it."""
    if name == organisation.name:
        return False
    key, old, old_key = name_key(name), organisation.name, organisation.name_key
    if key != old_key:
        known = _by_key(session, organisation, key)
        if known is not None and known.merged_into_id != organisation.id:
            raise Invalid({"name": ["organisation-known"]})
        if known is not None:
            session.delete(known)
            session.flush()
        organisation.name_key = key
    organisation.name = name[:200]
    session.flush()
    if key != old_key:
        _add_alias(session, organisation, old, now=now)
    return True


def _add_alias(
    session: Session, organisation: Organisation, name: str, *, now: dt.datetime
) -> None:
    session.add(
        Organisation(
            forum_id=organisation.forum_id,
            name=name[:200],
            name_key=name_key(name),
            merged_into_id=organisation.id,
            standing=OrganisationStanding.REGISTERED,
            created_at=now,
        )
    )
    session.flush()


def _tell_of_authors(session: Session, organisation: Organisation, *, now: dt.datetime) -> None:
    """Have everything made anew that shows the authors of an organisation."""
    ids = session.scalars(
        update(Author)
        .where(Author.organisation_id == organisation.id)
        .values(version=Author.version + 1)
        .returning(Author.id)
        .execution_options(synchronize_session=False)
    ).all()
    if ids:
        renew_pages(session, forum_id=organisation.forum_id)
    for author_id in ids:
        emit(session, AuthorChanged(author_id=author_id), now=now)


def _note(
    session: Session,
    act: str,
    organisation: Organisation,
    *,
    by: int | None,
    now: dt.datetime,
    **facts: int | bool,
) -> None:
    audit.record(
        session,
        act,
        actor_id=by,
        now=now,
        subject=("organisation", organisation.id),
        words={"name": organisation.name},
        **facts,
    )

"""The registry of organisations: found by any of their names, proposed, named anew, merged.

Another name of an organisation is a row that leads to it. What stands here is for whoever fills in
a form and for the loader; what only organisers do stands in `registry`.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import Invalid
from consult.core.text import single_line
from consult.spaces.models import Forum, Organisation
from consult.spaces.policy import name_key
from consult.spaces.queries.organisations import REGISTERED_ROOTS, literally
from consult.spaces.states import OrganisationStanding

CLOSE = 0.82
"""How much of two names must agree for one to be offered in place of the other; 1 is all."""
OFFERED = 3
COMPARED = 400
"""How many names that share a word are compared at most."""
IS_NEW = "new"
"""What is sent by whoever says that their organisation is none of those offered."""


def find_or_make_organisation(
    session: Session, *, forum: Forum, name: str, now: dt.datetime | None = None
) -> Organisation | None:
    """Return the organisation that goes by a name in the forum, made where nobody named it yet.

    Returns None for an empty name. A merging of the organisation waits until the caller has
    committed, or is waited for, so that nobody is left with a name that leads elsewhere.
    """
    shown = single_line(name)
    if not shown:
        return None
    key = name_key(shown)
    found = organisation_by_key(session, forum_id=forum.id, key=key)
    if found is not None:
        return found
    made = Organisation(
        forum_id=forum.id,
        name=shown[:200],
        name_key=key,
        standing=OrganisationStanding.PROPOSED,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:
        # Somebody made it at the same moment.
        return organisation_by_key(session, forum_id=forum.id, key=key)
    return made


def organisation_by_key(session: Session, *, forum_id: int, key: str) -> Organisation | None:
    """Return the organisation that a folded name leads to, kept from being merged until the
    commit; None for an unknown one.
    """
    found = session.scalars(
        select(Organisation)
        .where(Organisation.forum_id == forum_id, Organisation.name_key == key)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).first()
    if found is None or found.merged_into_id is None:
        return found
    return session.get(
        Organisation,
        found.merged_into_id,
        with_for_update={"read": True},
        populate_existing=True,
    )


def settle_organisation(session: Session, *, forum: Forum, name: str, choice: str) -> str:
    """Return the name to take for what was typed, once the person was asked about similar ones.

    A known name is taken as it is. Where registered ones are similar, `choice` says which is meant:
    one of their names, or `IS_NEW`. Raises `Invalid` (organisation_choice) where it says neither.
    """
    typed = single_line(name)
    if not typed or choice == IS_NEW:
        return typed
    similar = similar_organisations(session, forum=forum, name=typed)
    if not similar:
        return typed
    if choice in similar:
        return choice
    raise Invalid({"organisation_choice": ["organisation-similar"]})


def similar_organisations(session: Session, *, forum: Forum, name: str) -> Sequence[str]:
    """Return at most three registered organisations that a name may mean, the closest first.

    None where the name itself is known, or nothing is close.
    """
    key = name_key(name)
    if not key or _is_known(session, forum=forum, key=key):
        return ()
    words = sorted({word for word in key.split() if len(word) > 3}, key=len, reverse=True)[:4]
    parts = [Organisation.name_key.like(f"{literally(key[:3])}%", escape="\\")]
    parts += [Organisation.name_key.like(f"%{literally(w[:5])}%", escape="\\") for w in words]
    rows = session.execute(
        REGISTERED_ROOTS.where(Organisation.forum_id == forum.id, or_(*parts)).limit(COMPARED)
    )
    named = {row.name_key: row.shown for row in rows}
    close = difflib.get_close_matches(key, named, n=2 * OFFERED, cutoff=CLOSE)
    return list(dict.fromkeys(named[found] for found in close))[:OFFERED]


def _is_known(session: Session, *, forum: Forum, key: str) -> bool:
    known = select(Organisation.id).where(
        Organisation.forum_id == forum.id, Organisation.name_key == key
    )
    return session.scalars(known).first() is not None

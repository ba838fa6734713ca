"""Who speaks in an import: found by source and id, else by what is said of them, else made."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from consult.core.names import NameProblem, check_name
from consult.core.text import single_line
from consult.discussion.interchange import AuthorPart
from consult.discussion.services.import_matching import author_difference, author_rows
from consult.discussion.services.import_places import AuthorDraft, Parsed, SpaceFacts, chunks
from consult.spaces.countries import is_country
from consult.spaces.models import Author, Organisation
from consult.spaces.policy import name_key
from consult.spaces.states import OrganisationStanding

DETAILS = ("organisation", "category", "country", "region", "on_behalf_of")
TOLERATED = {NameProblem.RESERVED, NameProblem.MIXED_SCRIPTS}
"""What an organiser brings from elsewhere is taken under the name it had there."""


class Authors:
    """The authors that the lines of one file name."""

    def __init__(self, session: Session, parsed: Sequence[Parsed]) -> None:
        self.session = session
        self.drafts: dict[tuple[object, ...], AuthorDraft] = {}
        self.said: dict[tuple[int, str], dict[tuple[object, ...], int]] = {}
        ids = {p.line.author.id for p in parsed if p.line.author is not None and p.line.author.id}
        self.rows = _named(session, ids)

    def of(self, parsed: Parsed, facts: SpaceFacts) -> AuthorDraft:
        """Return who speaks in a line.

        Raises `BrokenInput` for a name or detail that cannot be taken, and for an id that was
        given to somebody else.
        """
        part = parsed.line.author
        if part is None:
            return self._nameless(parsed, facts)
        _check(parsed, part, facts)
        draft = AuthorDraft(
            forum_id=facts.forum_id,
            source=parsed.source,
            external_id=part.id,
            name=single_line(part.name),
            organisation=single_line(part.organisation or "") or None,
            category=part.category,
            country=part.country,
            region=part.region,
            on_behalf_of=single_line(part.on_behalf_of or "") or None,
        )
        return self._with_id(parsed, draft) if part.id else self._without_id(draft)

    def new(self) -> list[AuthorDraft]:
        """Return the authors that are not there yet, in the order of the file."""
        return [draft for draft in self.drafts.values() if not draft.id]

    def _with_id(self, parsed: Parsed, draft: AuthorDraft) -> AuthorDraft:
        key = ("id", draft.forum_id, draft.source, draft.external_id)
        known = self.drafts.get(key)
        if known is not None:
            _agree(parsed, known, draft)
            return known
        row = self._row(parsed, draft)
        if row is not None:
            if parsed.line.author and author_difference(parsed.line.author, row):
                raise parsed.wrong(
                    f'Give the author another id: "{draft.external_id}" is known here with'
                    " other details."
                )
            draft.id = row.author_row
        elif draft.source is None and len(draft.external_id or "") > 36:
            raise parsed.wrong("Name a source, or give the author a UUID as id.")
        self.drafts[key] = draft
        return draft

    def _row(self, parsed: Parsed, draft: AuthorDraft) -> Any:
        candidates = self.rows.get(draft.external_id or "", [])
        for row in candidates:
            if (row.forum_id, row.source, row.external_id) == (
                draft.forum_id,
                draft.source,
                draft.external_id,
            ):
                return row
        by_uid = next((row for row in candidates if row.uid == draft.external_id), None)
        if by_uid is not None and by_uid.forum_id != draft.forum_id:
            if draft.source is None:
                raise parsed.wrong("Give the author another id: this one speaks in another forum.")
            return None
        return by_uid

    def _without_id(self, draft: AuthorDraft) -> AuthorDraft:
        details = _identity(draft)
        key = ("said", draft.forum_id, draft.source, *details)
        known = self.drafts.setdefault(key, draft)
        # Nobody is taken for a user of this platform because of a name.
        if known is draft and draft.source is not None:
            draft.id = self._said(draft.forum_id, draft.source).get(details, 0)
        return known

    def _nameless(self, parsed: Parsed, facts: SpaceFacts) -> AuthorDraft:
        return self._without_id(
            AuthorDraft(facts.forum_id, parsed.source, None, name="", is_erased=True)
        )

    def _said(self, forum_id: int, source: str) -> dict[tuple[object, ...], int]:
        if (forum_id, source) not in self.said:
            rows = self.session.execute(
                author_rows().where(
                    Author.forum_id == forum_id,
                    Author.source == source,
                    Author.external_id.is_(None),
                )
            )
            self.said[forum_id, source] = {_identity(row): row.author_row for row in rows}
        return self.said[forum_id, source]


def _named(session: Session, ids: Iterable[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for some in chunks(sorted(ids)):
        named = author_rows().where(or_(Author.external_id.in_(some), Author.uid.in_(some)))
        for row in session.execute(named):
            for name in {row.external_id, row.uid} - {None}:
                found.setdefault(name, []).append(row)
    return found


def _identity(said: Any) -> tuple[object, ...]:
    organisation = name_key(said.organisation) if said.organisation else None
    details = (said.category, said.country, said.region, said.on_behalf_of)
    return said.name, organisation, *details, said.is_erased


def _check(parsed: Parsed, part: AuthorPart, facts: SpaceFacts) -> None:
    for key, name in (("name", part.name), ("organisation", part.organisation)):
        problem = check_name(single_line(name)) if name is not None and name.strip() else None
        if key == "name" and not part.name.strip():
            problem = NameProblem.EMPTY
        if problem is not None and problem not in TOLERATED:
            raise parsed.wrong(f'Correct "{key}" in "author": the name is not usable ({problem}).')
    if part.category is not None and part.category not in facts.categories:
        raise parsed.wrong(_unknown("category", part.category, facts.categories))
    if part.region is not None and part.region not in facts.regions:
        raise parsed.wrong(_unknown("region", part.region, facts.regions))
    if part.country is not None and not is_country(part.country):
        raise parsed.wrong(
            'Write "country" in "author" as an ISO 3166 code of two capital letters, or null.'
        )


def _unknown(key: str, given: str, known: Iterable[str]) -> str:
    choice = ", ".join(sorted(known)) or "nothing is defined"
    return f'Change "{key}" in "author": the forum does not know "{given}" (it knows {choice}).'


def _agree(parsed: Parsed, known: AuthorDraft, said: AuthorDraft) -> None:
    """Complete an author by another line of the same id; details that differ are refused."""
    if known.name != said.name:
        raise parsed.wrong(
            f'Give the author another id, or the same name: "{said.external_id}" is another'
            " author in this file."
        )
    for key in DETAILS:
        before, now = getattr(known, key), getattr(said, key)
        if before is None and not known.id:
            setattr(known, key, now)
        elif now is not None and before is not None and now != before:
            raise parsed.wrong(
                f'Write the same "{key}" in each line of the author "{said.external_id}".'
            )


def make_authors(
    session: Session,
    drafts: Sequence[AuthorDraft],
    *,
    categories: dict[int, dict[str, int]],
    regions: dict[int, dict[str, int]],
    now: dt.datetime,
) -> None:
    """Insert authors and the organisations they name; `categories` and `regions` by forum."""
    organisations = _organisations(session, drafts, now=now)
    values = [
        {
            "forum_id": draft.forum_id,
            "uid": _uid(draft),
            "source": draft.source,
            "external_id": draft.external_id if draft.source is not None else None,
            "name": draft.name,
            "organisation_id": organisations.get(
                (draft.forum_id, name_key(draft.organisation)) if draft.organisation else (0, "")
            ),
            "category_id": categories[draft.forum_id].get(draft.category or ""),
            "country": draft.country,
            "region_id": regions[draft.forum_id].get(draft.region or ""),
            "on_behalf_of": draft.on_behalf_of,
            "is_erased": draft.is_erased,
            "created_at": now,
        }
        for draft in drafts
    ]
    for some, rows in zip(chunks(drafts), chunks(values), strict=True):
        made = session.scalars(
            insert(Author).returning(Author.id, sort_by_parameter_order=True), rows
        ).all()
        for draft, author_id in zip(some, made, strict=True):
            draft.id = author_id


def _uid(draft: AuthorDraft) -> str:
    if draft.source is None and draft.external_id is not None:
        return draft.external_id
    return str(uuid.uuid4())


def _organisations(
    session: Session, drafts: Sequence[AuthorDraft], *, now: dt.datetime
) -> dict[tuple[int, str], int]:
    """Return ids by forum and key, other names included; ones nobody knows yet are proposed.

    The registry is read once: one look-up per name would take time with the square of the names.
    """
    found: dict[tuple[int, str], int] = {}
    forums = {draft.forum_id for draft in drafts if draft.organisation}
    for row in session.execute(
        select(
            func.coalesce(Organisation.merged_into_id, Organisation.id).label("id"),
            Organisation.forum_id,
            Organisation.name_key,
        )
        .where(Organisation.forum_id.in_(sorted(forums)))
        .order_by(Organisation.id)
    ):
        found[row.forum_id, row.name_key] = row.id
    missing: dict[tuple[int, str], str] = {}
    for draft in drafts:
        if draft.organisation:
            key = (draft.forum_id, name_key(draft.organisation))
            if key not in found:
                missing.setdefault(key, draft.organisation)
    values = [
        {
            "forum_id": forum_id,
            "name": name,
            "name_key": key,
            "standing": OrganisationStanding.PROPOSED,
            "created_at": now,
        }
        for (forum_id, key), name in missing.items()
    ]
    for keys, rows in zip(chunks(list(missing)), chunks(values), strict=True):
        made = session.scalars(
            insert(Organisation).returning(Organisation.id, sort_by_parameter_order=True), rows
        ).all()
        found.update(zip(keys, made, strict=True))
    return found

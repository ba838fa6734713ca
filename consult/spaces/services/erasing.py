"""Forgetting a person where they speak: memberships, roles, consents, invitations, their names."""

from __future__ import annotations

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from consult.core import audit
from consult.core.audit import AuditEntry
from consult.core.outbox import emit
from consult.core.ports import Erasing
from consult.spaces.events import AuthorChanged
from consult.spaces.models import (
    Application,
    Author,
    AuthorMember,
    Consent,
    Invitation,
    Organisation,
    RoleGrant,
    Space,
)
from consult.spaces.queries.leaving import lone_author_ids
from consult.spaces.services.delegation_members import hand_over
from consult.spaces.states import DisplayChoice, OrganisationStanding


def erase(session: Session, erasing: Erasing) -> int:
    """Make tombstones of the person's own authors, and drop what else names them; a delegation
    keeps its name, its texts and somebody who looks after it. Returns how many authors there were.
    """
    erasing.author_ids.update(lone_author_ids(session, user_id=erasing.user_id))
    audit.blank(
        session,
        of=(AuditEntry.subject_kind == "author")
        & AuditEntry.subject_id.in_(sorted(erasing.author_ids)),
    )
    _forget_invitations(session, erasing)
    hand_over(session, user_id=erasing.user_id, now=erasing.now)
    for model in (Application, Consent, RoleGrant, AuthorMember):
        session.execute(delete(model).where(model.user_id == erasing.user_id))
    for author_id in sorted(erasing.author_ids):
        _bury(session, session.get_one(Author, author_id, populate_existing=True), erasing)
    return len(erasing.author_ids)


def _bury(session: Session, author: Author, erasing: Erasing) -> None:
    """Take everything from an author but the category, and have its texts shown anew."""
    organisation_id = author.organisation_id
    author.name = ""
    author.organisation_id = author.country = author.region_id = author.on_behalf_of = None
    author.display, author.pseudonym_number = DisplayChoice.FULL, None
    author.is_erased = True
    author.version += 1
    session.flush()
    session.execute(
        update(Space)
        .where(Space.forum_id == author.forum_id)
        .values(public_version=Space.public_version + 1)
        .execution_options(synchronize_session=False)
    )
    if organisation_id is not None:
        _forget_proposal(session, organisation_id)
    emit(session, AuthorChanged(author_id=author.id), now=erasing.now)


def _forget_proposal(session: Session, organisation_id: int) -> None:
    """Drop an organisation that only this person named: it may be their own name."""
    alias = aliased(Organisation)
    is_alone = (
        select(Organisation.id)
        .where(
            Organisation.id == organisation_id,
            Organisation.standing == OrganisationStanding.PROPOSED,
            ~exists().where(Author.organisation_id == Organisation.id),
            ~exists().where(alias.merged_into_id == Organisation.id),
        )
        .with_for_update()
    )
    if session.scalar(is_alone) is not None:
        is_about = (AuditEntry.subject_kind == "organisation") & (
            AuditEntry.subject_id == organisation_id
        )
        audit.blank(session, of=is_about)
        session.execute(delete(Organisation).where(Organisation.id == organisation_id))


def _forget_invitations(session: Session, erasing: Erasing) -> None:
    """Blank to whom invitations went; one that waits cannot be taken any more."""
    theirs = [Invitation.used_by == erasing.user_id]
    if erasing.email_key:
        theirs.append(Invitation.email_key == erasing.email_key)
    is_open = Invitation.used_at.is_(None) & Invitation.revoked_at.is_(None)
    session.execute(
        update(Invitation)
        .where(or_(*theirs), is_open)
        .values(revoked_at=erasing.now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Invitation)
        .where(or_(*theirs))
        .values(email=None, email_key=None, name="", used_by=None)
        .execution_options(synchronize_session=False)
    )

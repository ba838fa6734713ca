"""How readers are told that moderators took something out of a text; never who did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from consult.core.i18n import format_instant, gettext
from consult.discussion.models import Contribution, Revision
from consult.spaces.models import Author, Reason


def reasons_of(session: Session, revision_ids: Sequence[int]) -> dict[int, str]:
    """Return why moderators took something out of texts, in words; no statement for none."""
    if not revision_ids:
        return {}
    rows = session.execute(
        select(Revision.id, Reason.label)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .join(
            Reason, and_(Reason.forum_id == Author.forum_id, Reason.code == Revision.redacted_for)
        )
        .where(Revision.id.in_(revision_ids))
    )
    return {row.id: str(row.label) for row in rows}


def redaction_words(r: Any, *, reason: str, zone: str | None) -> str:
    """Return the mark of a text from which moderators took something out."""
    when = format_instant(r.text_decided_at, zone_name=zone) if r.text_decided_at else ""
    if not reason:
        return gettext("Shortened by the moderators on %(when)s.", when=when)
    return gettext(
        "Shortened by the moderators on %(when)s. Reason: %(reason)s.", when=when, reason=reason
    )

"""What readers, feeds, exports and the history make of a text that moderators shortened."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries import feeds, own_history
from consult.discussion.queries.lines import ExportFilter, export_rows
from consult.discussion.queries.rows import build, labels, select_rows
from consult.discussion.services import redacting
from consult.discussion.services.gaps import PHRASES
from consult.discussion.states import RevisionState
from consult.spaces.models import Forum, Reason, Space
from tests import factories as make

GAP = PHRASES["en"]


@pytest.fixture
def space(session: Any) -> Space:
    return make.make_space(session)


@pytest.fixture
def item(session: Any, space: Space) -> Contribution:
    """A text with an edit that waits, from which a name was taken out in an hour's time."""
    forum = session.get_one(Forum, space.forum_id)
    author = make.make_author(session, forum=forum)
    made = make.make_contribution(session, space=space, author=author, source="Ask Ann Lee today.")
    edit = make.make_revision(
        session, contribution=made, state=RevisionState.PENDING, source="Ask me today."
    )
    made.open_revision_id = edit.id
    base = session.get_one(Revision, made.published_revision_id)
    redacting.redact(
        session,
        contribution=made,
        base=base,
        made=redacting.shortened(session, base, passages=["Ann Lee"], files=()),
        left_out=(),
        reason="personal-data",
        now=later(),
    )
    return made


def later() -> dt.datetime:
    return clock.now().replace(microsecond=0) + dt.timedelta(hours=1)


def row_of(session: Any, item: Contribution) -> Any:
    raw = session.execute(select_rows(Actor()).where(Contribution.id == item.id)).all()
    return build(session, raw, actor=Actor(), words=labels(zone="UTC", holds=True))[0]


def test_a_feed_tells_of_it_so_that_programs_forget_the_words(
    session: Any, space: Space, item: Contribution
) -> None:
    [entry] = feeds.newest(session, space_ids=[space.id])
    assert entry.updated_at > entry.published_at + dt.timedelta(minutes=30)
    assert entry.updated_at == session.get_one(Revision, item.published_revision_id).decided_at
    assert "Ann Lee" not in entry.html
    assert GAP in entry.html


def test_an_export_has_the_gap_in_its_source(
    session: Any, space: Space, item: Contribution
) -> None:
    lines = export_rows(
        session,
        space=space,
        actor=Actor(),
        wanted=ExportFilter(),
        base_url="https://consult.example",
        holds=True,
    )
    [line] = [one for one in lines if one.reference == item.reference]
    assert line.body == f"Ask *{GAP}* today."
    assert line.edited_at is None


def test_a_kept_page_shows_a_new_wording_of_the_reason(session: Any, item: Contribution) -> None:
    first = row_of(session, item)
    reason = session.scalars(select(Reason).where(Reason.code == "personal-data")).first()
    assert reason is not None
    reason.label = make.said("Private things")
    session.flush()
    second = row_of(session, item)
    assert "Private things" in second.redacted
    assert first.key != second.key


def test_without_its_reason_in_the_catalogue_the_mark_stays(
    session: Any, item: Contribution
) -> None:
    session.get_one(Revision, item.published_revision_id).redacted_for = "gone"
    session.flush()
    assert row_of(session, item).redacted.startswith("Shortened by the moderators on ")


def test_the_history_compares_it_with_its_base(session: Any, item: Contribution) -> None:
    actor = Actor(user_id=None, author_ids=frozenset({item.author_id}))
    texts = own_history.history(session, item, actor=actor).texts
    assert [one.number for one in texts] == [3, 2, 1]
    redaction = texts[0]
    assert redaction.is_redaction
    assert redaction.changes is not None
    gone = [part.text for line in redaction.changes for part in line if part.change == "removed"]
    assert "".join(gone).strip() == "Ann Lee"

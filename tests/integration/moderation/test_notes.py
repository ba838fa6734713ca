"""Notes among moderators: for whoever has the item on their desk, and for nobody else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal
from consult.discussion.models import Contribution
from consult.discussion.queries.rows import Labels
from consult.moderation.models import PrivateNote
from consult.moderation.queries import item
from consult.moderation.queries.notes import NoteRow
from consult.moderation.services.notes import add_note, take_note_away
from consult.moderation.states import MAX_NOTE
from tests import factories as make
from tests.integration.moderation.desk import Desk, moderator_of


def note(desk: Desk, made: Contribution, words: str, *, actor: Actor | None = None) -> PrivateNote:
    return add_note(
        desk.session,
        actor=actor or desk.first,
        contribution_id=made.id,
        words=words,
        now=clock.now(),
    )


def seen(desk: Desk, made: Contribution, actor: Actor) -> list[NoteRow] | None:
    found = item(
        desk.session, actor=actor, name=made.receipt or "", words=Labels(), now=clock.now()
    ).notes
    return list(found) if found is not None else None


def test_a_colleague_reads_a_note_with_its_writers_name(desk: Desk) -> None:
    made = desk.pending()
    note(desk, made, "  I asked the secretariat.\r\nThey answer tomorrow. ")
    rows = seen(desk, made, desk.second)
    assert rows is not None
    assert [(row.words, row.by, row.is_mine) for row in rows] == [
        ("I asked the secretariat.\nThey answer tomorrow.", "Moderator One", False)
    ]
    assert desk.audited(made) == ["note"]


@pytest.mark.parametrize(
    ("words", "code"),
    [("", "note-missing"), (" \n", "note-missing"), ("x" * 2001, "note-too-long")],
)
def test_a_note_of_nothing_or_of_too_much_is_refused(desk: Desk, words: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        note(desk, desk.pending(), words)
    assert refused.value.problems == {"words": [code]}


def test_two_thousand_characters_are_not_too_many(desk: Desk) -> None:
    assert len(note(desk, desk.pending(), "x" * MAX_NOTE).words) == MAX_NOTE


def test_somebody_elses_desk_and_readers_get_nothing(desk: Desk) -> None:
    made = desk.pending()
    strange = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))[1]
    for actor in (strange, make.actor_for(user=desk.writer, author=desk.author)):
        with pytest.raises(NotVisible):
            note(desk, made, "A note.", actor=actor)


def test_a_moderator_gets_no_notes_about_their_own_text(desk: Desk) -> None:
    made = desk.pending()
    note(desk, made, "Their text is a copy.")
    writer = make.actor_for(
        user=desk.writer, author=desk.author, role=Role.MODERATOR, space=desk.space
    )
    assert seen(desk, made, writer) is None
    with pytest.raises(Forbidden) as refused:
        note(desk, made, "It is not.", actor=writer)
    assert refused.value.refusal is Refusal.OWN_TEXT


def test_only_its_writer_takes_a_note_away(desk: Desk) -> None:
    made = desk.pending()
    kept = note(desk, made, "A note.")

    def away(actor: Actor, contribution: Contribution = made) -> None:
        take_note_away(
            desk.session,
            actor=actor,
            contribution_id=contribution.id,
            note_id=kept.id,
            now=clock.now(),
        )

    with pytest.raises(Forbidden):
        away(desk.second)
    with pytest.raises(NotVisible):
        away(desk.first, desk.pending())
    away(desk.first)
    away(desk.first)
    assert desk.session.scalars(select(PrivateNote)).all() == []
    assert desk.audited(made) == ["note", "note.remove"]


@pytest.mark.parametrize("is_row_gone", [True, False])
def test_a_note_outlives_its_writers_account_without_the_name(
    desk: Desk, is_row_gone: bool
) -> None:
    made = desk.pending()
    kept = note(desk, made, "A note.")
    if is_row_gone:
        kept.user_id = None
    else:
        desk.users[0].name = ""
    desk.session.flush()
    rows = seen(desk, made, desk.second)
    assert rows is not None
    assert [(row.words, row.by, row.is_mine) for row in rows] == [("A note.", None, False)]

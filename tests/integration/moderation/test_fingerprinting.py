"""Campaigns: texts of a space that say nearly the same find each other, in whichever order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import SYSTEM
from consult.core.ports import Erasing
from consult.discussion.models import Contribution
from consult.discussion.services import removing
from consult.discussion.states import RevisionState
from consult.moderation.handlers import fingerprints as handlers
from consult.moderation.models import Fingerprint, FingerprintBand, PrivateNote
from consult.moderation.services import fingerprinting
from consult.moderation.services.erasing import erase
from consult.moderation.services.notes import add_note
from tests import factories as make
from tests.integration.moderation.desk import Desk

LETTER = (
    "Cities need one counter where migrants can register, ask for a permit and find a school for"
    " their children. In our town three offices did this work, and people waited for months."
)
OTHER = "The harvest season is short, wages are paid in cash and nobody inspects the farms."


def copy(number: int) -> str:
    return f"Dear colleagues,\n\n{LETTER}\n\nYours, Citizen {number}"


def work(desk: Desk, contributions: Iterable[Contribution]) -> None:
    """Do what the worker does for a batch, without its rollback in between."""
    ids = {one.id for one in contributions}
    made = fingerprinting.signatures(desk.session, contribution_ids=ids)
    fingerprinting.keep(desk.session, contribution_ids=ids, made=made)


def campaign(desk: Desk, contribution: Contribution, number: int = 1) -> int | None:
    found: int | None = desk.session.scalar(
        select(Fingerprint.campaign_id)
        .where(Fingerprint.revision_id == desk.text(contribution, number).id)
        .execution_options(populate_existing=True)
    )
    return found


def bands(desk: Desk, contribution: Contribution) -> list[int]:
    return list(
        desk.session.scalars(
            select(FingerprintBand.band).where(
                FingerprintBand.revision_id == desk.text(contribution).id
            )
        )
    )


def test_copies_are_one_campaign_named_by_the_first_and_others_are_their_own(desk: Desk) -> None:
    first, other, second = (desk.pending(source=s) for s in (copy(1), OTHER, copy(2)))
    work(desk, [first, other, second])
    assert campaign(desk, first) == campaign(desk, second) == desk.text(first).id
    assert campaign(desk, other) == desk.text(other).id


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_in_which_the_worker_comes_to_them_changes_nothing(
    desk: Desk, order: tuple[int, ...]
) -> None:
    texts = [desk.pending(source=copy(number)) for number in range(3)]
    for place in order:
        work(desk, [texts[place]])
    assert {campaign(desk, text) for text in texts} == {desk.text(texts[0]).id}


def test_a_second_run_changes_nothing(desk: Desk) -> None:
    texts = [desk.pending(source=copy(number)) for number in range(2)]
    work(desk, texts)
    before = bands(desk, texts[1])
    made = {desk.text(text).id: b"something else" for text in texts}
    fingerprinting.keep(desk.session, contribution_ids=[t.id for t in texts], made=made)
    work(desk, texts)
    assert bands(desk, texts[1]) == before != []


@pytest.mark.parametrize(
    "state", [RevisionState.DRAFT, RevisionState.CLEARANCE, RevisionState.RECALLED]
)
def test_a_text_that_never_left_its_author_has_none(desk: Desk, state: RevisionState) -> None:
    made = make.make_contribution(
        desk.session, space=desk.space, author=desk.author, state=state, source=LETTER
    )
    work(desk, [made])
    assert campaign(desk, made) is None


def test_texts_of_another_space_are_another_campaign(desk: Desk) -> None:
    here = desk.pending(source=LETTER)
    elsewhere = make.make_contribution(
        desk.session, space=make.make_space(desk.session, forum=desk.forum), author=desk.author
    )
    text = desk.text(elsewhere)
    text.source, text.html, text.text = LETTER, f"<p>{LETTER}</p>", LETTER
    work(desk, [here, elsewhere])
    assert campaign(desk, elsewhere) == text.id


def test_a_reply_that_quotes_is_no_copy_of_what_it_answers(desk: Desk) -> None:
    said = desk.pending(source=LETTER)
    reply = desk.pending(source=f"> {LETTER}\n\nWe could not agree more with that.")
    work(desk, [said, reply])
    assert campaign(desk, reply) == desk.text(reply).id


def test_erased_words_leave_no_fingerprint_and_the_campaign_goes_on(desk: Desk) -> None:
    texts = [desk.published(source=copy(number)) for number in range(3)]
    work(desk, texts[:2])
    removing.erase(desk.session, contribution=texts[0], actor=SYSTEM, now=clock.now())
    work(desk, texts)
    assert campaign(desk, texts[0]) is None
    assert bands(desk, texts[0]) == []
    assert campaign(desk, texts[1]) == campaign(desk, texts[2]) == desk.text(texts[0]).id


def test_whoever_is_erased_leaves_no_fingerprint_and_no_notes_about_them(desk: Desk) -> None:
    mine, other = desk.pending(source=copy(1)), make.make_author(desk.session, forum=desk.forum)
    theirs = desk.pending(source=copy(2), author=other)
    work(desk, [mine, theirs])
    for made in (mine, theirs):
        add_note(
            desk.session,
            actor=desk.first,
            contribution_id=made.id,
            words="A note.",
            now=clock.now(),
        )
    erase(
        desk.session,
        Erasing(
            user_id=desk.writer.id,
            uid=desk.writer.uid,
            name=desk.writer.name,
            email=None,
            email_key=None,
            locale="en",
            keeps_texts=False,
            now=clock.now(),
            author_ids={desk.author.id},
        ),
    )
    assert campaign(desk, mine) is None
    assert bands(desk, mine) == []
    assert campaign(desk, theirs) is not None
    assert desk.session.scalars(select(PrivateNote.contribution_id)).all() == [theirs.id]


def test_a_moved_text_joins_the_campaigns_of_its_new_space(desk: Desk) -> None:
    moved = desk.pending(source=copy(1))
    stays = desk.pending(source=copy(2))
    work(desk, [moved, stays])
    moved.space_id = make.make_space(desk.session, forum=desk.forum).id
    desk.session.flush()
    work(desk, [moved])
    kept = desk.session.get(Fingerprint, desk.text(moved).id, populate_existing=True)
    assert kept.space_id == moved.space_id
    spaces = desk.session.scalars(
        select(FingerprintBand.space_id).where(FingerprintBand.revision_id == kept.revision_id)
    )
    assert set(spaces) == {moved.space_id}


def test_a_text_of_no_word_is_looked_at_once(desk: Desk) -> None:
    made = desk.pending(source="– … !")
    work(desk, [made])
    assert bands(desk, made) == []
    assert made.id not in fingerprinting.missing(desk.session, limit=10)


def test_a_band_names_only_so_many_texts_and_later_copies_still_join(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprinting, "NAMED", 2)
    texts = [desk.pending(source=LETTER) for _ in range(4)]
    work(desk, texts)
    assert [len(bands(desk, text)) > 0 for text in texts] == [True, True, False, False]
    assert {campaign(desk, text) for text in texts} == {desk.text(texts[0]).id}


def test_what_lacks_is_found_until_the_worker_has_come_to_it(desk: Desk) -> None:
    texts = [desk.pending(source=copy(number)) for number in range(3)]
    assert set(fingerprinting.missing(desk.session, limit=10)) >= {text.id for text in texts}
    assert len(fingerprinting.missing(desk.session, limit=2)) == 2
    work(desk, texts)
    assert not set(fingerprinting.missing(desk.session, limit=10)) & {text.id for text in texts}


def test_the_timetable_hands_what_lacks_to_the_worker_but_not_twice(
    desk: Desk, session: Any
) -> None:
    lacks = desk.pending(source=LETTER)
    lacking = {"contribution_id": lacks.id}
    handlers.ask(session, [], now=clock.now(), prepared=[lacks.id])
    session.flush()
    session.commit()
    assert handlers.look(session, [], now=clock.now()) == []
    made = handlers.make(session, [lacking], now=clock.now())
    handlers.keep(session, [lacking], now=clock.now(), prepared=made)
    assert campaign(desk, lacks) == desk.text(lacks).id

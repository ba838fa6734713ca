"""The transition table says what may become what, and nothing else may."""

from __future__ import annotations

import pytest

from consult.discussion.states import (
    INSIDE_STATES,
    OPEN_STATES,
    TRANSITIONS,
    Act,
    RevisionState,
    after,
    before,
)

S = RevisionState


@pytest.mark.parametrize(
    ("act", "state", "target"),
    [
        (Act.SEND, S.DRAFT, S.PENDING),
        (Act.SEND_FOR_CLEARANCE, S.DRAFT, S.CLEARANCE),
        (Act.RELEASE, S.CLEARANCE, S.PENDING),
        (Act.HAND_BACK, S.CLEARANCE, S.DRAFT),
        (Act.TAKE_BACK, S.CLEARANCE, S.RECALLED),
        (Act.REPLACE, S.CLEARANCE, S.RECALLED),
        (Act.REOPEN, S.RECALLED, S.CLEARANCE),
        (Act.APPROVE, S.PENDING, S.PUBLISHED),
        (Act.RETURN, S.PENDING, S.RETURNED),
        (Act.REJECT, S.PENDING, S.REJECTED),
        (Act.TAKE_BACK, S.DRAFT, S.CANCELLED),
        (Act.TAKE_BACK, S.PENDING, S.CANCELLED),
        (Act.REPLACE, S.PENDING, S.CANCELLED),
        (Act.SUPERSEDE, S.PUBLISHED, S.SUPERSEDED),
        (Act.UNDO, S.PUBLISHED, S.PENDING),
        (Act.UNDO, S.RETURNED, S.PENDING),
        (Act.UNDO, S.REJECTED, S.PENDING),
        (Act.REINSTATE, S.SUPERSEDED, S.PUBLISHED),
        (Act.UPHOLD, S.REJECTED, S.PUBLISHED),
        (Act.UNDO_UPHOLD, S.PUBLISHED, S.REJECTED),
        (Act.UNDO_REDACTION, S.PUBLISHED, S.CANCELLED),
    ],
)
def test_an_act_leads_where_the_model_says(act, state, target):
    assert after(act, state) is target


def test_only_a_waiting_text_can_be_approved():
    assert before(Act.APPROVE) == {S.PENDING}


def test_nothing_but_an_approval_its_reinstatement_or_an_appeal_makes_a_text_public():
    ways = {act for act, moves in TRANSITIONS.items() if S.PUBLISHED in moves.values()}
    assert ways == {Act.APPROVE, Act.REINSTATE, Act.UPHOLD}


def test_a_cancelled_text_comes_back_only_with_an_undone_withdrawal():
    assert {act for act, moves in TRANSITIONS.items() if S.CANCELLED in moves} == {Act.REOPEN}


def test_only_a_release_takes_a_text_out_of_its_delegation():
    ways = {
        act
        for act, moves in TRANSITIONS.items()
        if any(was in INSIDE_STATES and is_ not in INSIDE_STATES for was, is_ in moves.items())
    }
    assert ways == {Act.SEND, Act.RELEASE, Act.TAKE_BACK}
    assert before(Act.RELEASE) == {S.CLEARANCE}
    assert after(Act.TAKE_BACK, S.CLEARANCE) in INSIDE_STATES


def test_open_states_are_those_before_a_decision():
    assert {S.DRAFT, S.CLEARANCE, S.PENDING} == OPEN_STATES
    assert after(Act.APPROVE, S.DRAFT) is None

"""Lines of people to invite, and what becomes of an invitation with time."""

from __future__ import annotations

import datetime as dt

import pytest

from consult.spaces.forms import Line, consents_in, lines_in
from consult.spaces.states import ConsentPurpose, InvitationState, invitation_state

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def test_each_line_names_one_person_and_keeps_its_number() -> None:
    typed = "a@example.org\r\n\r\n  b@example.org ,  Ruiz,   Ana \n,"
    assert lines_in(typed) == [
        Line(1, "a@example.org", ""),
        Line(3, "b@example.org", "Ruiz, Ana"),
        Line(4, "", ""),
    ]


def test_only_known_purposes_are_read_from_boxes() -> None:
    sent = ["publish", "publish", "role", ""]
    assert consents_in(sent) == frozenset({ConsentPurpose.PUBLISH})


@pytest.mark.parametrize(
    ("used", "revoked", "left", "state"),
    [
        (False, False, SECOND, InvitationState.OPEN),
        (False, False, 0 * SECOND, InvitationState.EXPIRED),
        (False, True, -SECOND, InvitationState.REVOKED),
        (True, False, -SECOND, InvitationState.USED),
        (True, True, SECOND, InvitationState.USED),
    ],
)
def test_an_invitation_is_open_until_its_last_instant(
    used: bool, revoked: bool, left: dt.timedelta, state: InvitationState
) -> None:
    found = invitation_state(
        NOW,
        used_at=NOW if used else None,
        revoked_at=NOW if revoked else None,
        expires_at=NOW + left,
    )
    assert found is state

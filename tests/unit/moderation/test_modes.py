"""What is published at once and what waits: the whole table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consult.moderation.policy.modes import Waits, Weighed, weigh
from consult.moderation.states import Policy
from consult.spaces.states import ModerationMode

HARMLESS = Weighed(
    is_pending=True,
    is_by_author=True,
    was_sent_back=False,
    is_claimed=False,
    answers_removed=False,
    has_unknown_files=False,
    has_match=False,
    has_trouble=False,
)
KNOWN = {"approved": 3, "enough": 3}
BEFORE, NEWCOMERS, FLAGGED = ModerationMode


@pytest.mark.parametrize(
    ("mode", "said", "answer"),
    [
        (BEFORE, {}, Waits.MODE),
        (BEFORE, KNOWN, Waits.MODE),
        (BEFORE, {"is_trusted": True}, Policy.TRUSTED_DELEGATION),
        (NEWCOMERS, {"approved": 2, "enough": 3}, Waits.NEWCOMER),
        (NEWCOMERS, KNOWN, Policy.KNOWN_AUTHOR),
        (NEWCOMERS, KNOWN | {"approved": 9}, Policy.KNOWN_AUTHOR),
        (NEWCOMERS, KNOWN | {"has_trouble": True}, Waits.TROUBLE),
        (NEWCOMERS, {"is_trusted": True}, Policy.TRUSTED_DELEGATION),
        (NEWCOMERS, {"approved": 0, "enough": 0}, Waits.NEWCOMER),
        (FLAGGED, {}, Policy.NOTHING_MATCHED),
        (FLAGGED, {"has_trouble": True}, Policy.NOTHING_MATCHED),
        (FLAGGED, {"is_trusted": True}, Policy.TRUSTED_DELEGATION),
    ],
)
def test_the_mode_says_what_a_harmless_text_waits_for(
    mode: ModerationMode, said: dict[str, Any], answer: object
) -> None:
    assert weigh(replace(HARMLESS, mode=mode, **said)) is answer


@pytest.mark.parametrize("mode", ModerationMode)
@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"is_pending": False}, Waits.DECIDED),
        ({"is_by_author": False}, Waits.NOT_BY_AUTHOR),
        ({"was_sent_back": True}, Waits.SENT_BACK),
        ({"is_claimed": True}, Waits.CLAIMED),
        ({"answers_removed": True}, Waits.REPLY_TO_REMOVED),
        ({"has_unknown_files": True}, Waits.FILES),
        ({"has_match": True}, Waits.MATCHED),
    ],
)
def test_what_is_not_known_to_be_harmless_waits_in_every_mode(
    mode: ModerationMode, is_trusted: bool, said: dict[str, Any], answer: Waits
) -> None:
    known = replace(HARMLESS, mode=mode, is_trusted=is_trusted, approved=9, enough=1)
    assert weigh(replace(known, **said)) is answer


@pytest.mark.parametrize("mode", ModerationMode)
def test_a_text_of_which_nothing_is_known_waits(mode: ModerationMode) -> None:
    assert isinstance(weigh(Weighed(mode=mode, is_trusted=True)), Waits)

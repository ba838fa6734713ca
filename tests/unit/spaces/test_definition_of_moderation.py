"""The key `moderation` of a space in a definition file."""

from __future__ import annotations

from typing import Any

import pytest

from consult.core.errors import BrokenInput
from consult.spaces import definitions
from consult.spaces.states import ClaimRule, ModerationMode
from tests.unit.spaces.test_definitions import SMALL

AT = "    visibility: announced\n"


def with_rule(rule: str) -> str:
    return SMALL.replace(AT, AT + rule)


def said_in(rule: str) -> dict[str, Any]:
    return (
        definitions.parse(with_rule(rule).encode(), source="s.yaml")
        .content.spaces[0]
        .moderation.said
    )


def test_one_word_stands_for_the_mode_and_says_nothing_else() -> None:
    assert said_in("    moderation: before\n") == {"moderation": ModerationMode.EVERYTHING}
    assert said_in("    moderation: flagged\n") == {"moderation": ModerationMode.FLAGGED}


def test_a_file_without_the_key_says_nothing() -> None:
    assert said_in("") == {}


def test_every_key_is_taken() -> None:
    rule = """\
    moderation:
      mode: newcomers
      newcomers: 5
      watch_words: {en: [casino, Casino, quick money], es: [estafa]}
      claims: required
      remind_after: 12
      escalate_after: null
"""
    assert said_in(rule) == {
        "moderation": ModerationMode.NEWCOMERS,
        "newcomer_texts": 5,
        "watch_words": {"en": ["casino", "quick money"], "es": ["estafa"]},
        "claims": ClaimRule.REQUIRED,
        "remind_after": 12,
        "escalate_after": None,
    }


@pytest.mark.parametrize(
    ("rule", "at", "words"),
    [
        ("moderation: after", "moderation: after", "before, newcomers, flagged"),
        ("moderation: {mode: newcomers, newcomers: 0}", "moderation:", "at least 1"),
        ("moderation: {newcomers: 21}", "moderation:", "at most 20"),
        ("moderation: {claims: always}", "moderation:", "optional, required"),
        ("moderation: {remind_after: 721}", "moderation:", "at most 720"),
        ("moderation: {remind_after: 30, escalate_after: 20}", "moderation:", "not be shorter"),
        ("moderation: {remind_after: 72}", "moderation:", "“escalate_after” (48 hours)"),
        ("moderation: {watch_words: {de: [x]}}", "moderation:", "the keys allowed here are en"),
        ('moderation: {watch_words: {en: ["$$"]}}', "moderation:", "letter or digit"),
        (f"moderation: {{watch_words: {{en: [{'a' * 81}]}}}}", "moderation:", "80 characters"),
        ("moderation: {words: [x]}", "moderation:", "claims, escalate_after, mode"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(rule: str, at: str, words: str) -> None:
    text = with_rule(f"    {rule}\n")
    with pytest.raises(BrokenInput) as caught:
        definitions.parse(text.encode(), source="s.yaml")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if at in row)
    assert str(caught.value).startswith(f"s.yaml:{line}: ")
    assert words in str(caught.value)

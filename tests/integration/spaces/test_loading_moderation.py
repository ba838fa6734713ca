"""What a definition says of moderation, against what organisers set on the page."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from consult.core.i18n import Translated
from consult.spaces.models import Reason
from consult.spaces.queries import reasons
from consult.spaces.services.loading import load_forum
from consult.spaces.states import ClaimRule, ModerationMode
from tests.integration.spaces.test_loading import NOW, changed, imrf, space

RULE = """    moderation:
      mode: newcomers
      newcomers: 4
      watch_words: {en: [casino]}
"""


def with_rule() -> Any:
    return changed("    moderation: before\n", RULE)


def test_a_new_space_takes_what_the_file_says_and_else_what_is_usual(session: Session) -> None:
    load_forum(session, with_rule(), now=NOW)
    first = space(session, "round-table-1")
    assert (first.moderation, first.newcomer_texts) == (ModerationMode.NEWCOMERS, 4)
    assert first.watch_words == {"en": ["casino"]}
    assert (first.claims, first.remind_after, first.escalate_after) == ("optional", 24, 48)
    assert space(session).moderation == ModerationMode.EVERYTHING


def test_what_was_set_on_the_page_wins_unless_overwritten(session: Session) -> None:
    load_forum(session, with_rule(), now=NOW)
    first = space(session, "round-table-1")
    first.moderation, first.claims = ModerationMode.FLAGGED, ClaimRule.REQUIRED
    first.watch_words = {"fr": ["arnaque"]}
    session.flush()
    load_forum(session, with_rule(), now=NOW)
    assert str(first.moderation) == "flagged"
    load_forum(session, with_rule(), overwrite=True, now=NOW)
    assert str(first.moderation) == "newcomers"
    assert first.watch_words == {"en": ["casino"]}
    # The file does not speak of claims.
    assert first.claims == ClaimRule.REQUIRED


def test_a_reason_added_on_the_page_survives_and_other_stays_last(session: Session) -> None:
    forum = load_forum(session, imrf(), now=NOW).forum
    said = Translated(texts={"en": "Unkind", "fr": "Malveillant", "es": "Hiriente"})
    session.add(Reason(forum_id=forum.id, code="unkind", position=9, label=said, explanation=said))
    session.flush()
    for overwrite in (False, True):
        loaded = load_forum(session, imrf(), overwrite=overwrite, now=NOW)
        assert (loaded.added, loaded.changed) == (0, 0)
        found = [one.code for one in reasons(session, forum_id=forum.id)]
        assert len(found) == 10
        assert found[-2:] == ["unkind", "other"]


def test_the_shipped_file_says_that_everything_waits() -> None:
    for one in imrf().content.spaces:
        assert one.moderation.said == {"moderation": ModerationMode.EVERYTHING}

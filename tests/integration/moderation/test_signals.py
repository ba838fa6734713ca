"""What is noticeable about texts: marks, in three statements for a whole page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import event

from consult.core import clock
from consult.discussion.models import Contribution, Intake
from consult.moderation.models import Fingerprint
from consult.moderation.queries.signals import Signal, SignalKind, signals
from tests import factories as make
from tests.integration.moderation.desk import Desk

OLD = dt.timedelta(days=30)


def of(desk: Desk, *items: Contribution) -> list[list[tuple[str, str]]]:
    """Return the signals of each text as pairs."""
    ids = [desk.text(item).id for item in items]
    found = signals(desk.session, ids, now=clock.now())
    return [[(one.kind.value, one.value) for one in found.get(key, ())] for key in ids]


def quiet(desk: Desk, *, minutes: int = 0, **over: Any) -> Contribution:
    """Make a text of an old account that waits, sent so many minutes ago."""
    desk.writer.created_at = clock.now() - OLD
    item = desk.pending(**{"source": f"Text of minute {minutes}."} | over)
    text = desk.text(item)
    text.sent_at = text.waits_since = clock.now() - dt.timedelta(minutes=minutes)
    desk.session.flush()
    return item


def test_nothing_is_noticeable_about_a_quiet_text(desk: Desk) -> None:
    assert of(desk, quiet(desk)) == [[]]
    assert signals(desk.session, [], now=clock.now()) == {}


def test_three_links_are_noticed_and_two_are_not(desk: Desk) -> None:
    two = "[a](https://a.example) [b](https://b.example)"
    texts = [quiet(desk, source=two, minutes=60), quiet(desk, source=f"{two} https://c.example")]
    assert of(desk, *texts) == [[], [("links", "3")]]


def test_three_texts_within_ten_minutes_are_noticed(desk: Desk) -> None:
    slow = [quiet(desk, minutes=minutes) for minutes in (300, 310, 320)]
    fast = [quiet(desk, minutes=minutes) for minutes in (100, 104, 108)]
    assert of(desk, *slow) == [[], [], []]
    assert of(desk, *fast) == [[("speed", "3")]] * 3


def test_what_one_account_sends_through_two_authors_counts_together(desk: Desk) -> None:
    other = make.make_author(desk.session, forum=desk.forum, user=desk.writer)
    items = [quiet(desk), quiet(desk, minutes=2), quiet(desk, minutes=4, author=other)]
    assert of(desk, *items) == [[("speed", "3")]] * 3


def test_what_staff_enter_for_others_is_not_fast(desk: Desk) -> None:
    items = []
    for number in range(3):
        author = make.make_author(desk.session, forum=desk.forum)
        item = quiet(desk, minutes=number, author=author)
        now = clock.now()
        row = Intake(id=f"{number:032d}", contribution_id=item.id, locale="en")
        row.created_at = row.asked_at = now
        desk.session.add(row)
        items.append(item)
    desk.session.flush()
    assert of(desk, *items) == [[], [], []]


def test_the_same_words_of_the_same_author_are_noticed(desk: Desk) -> None:
    first, second = (quiet(desk, minutes=m, source="Exactly this.") for m in (60, 30))
    stranger = make.make_author(desk.session, forum=desk.forum)
    other = quiet(desk, author=stranger, source="Exactly this.", minutes=200)
    assert of(desk, first, second, other) == [[("repeat", "1")], [("repeat", "1")], []]


def test_nearly_the_same_words_are_known_by_their_campaign(desk: Desk) -> None:
    items = [quiet(desk, minutes=m, source=f"Nearly this {m}.") for m in (60, 30)]
    first = desk.text(items[0]).id
    for item in items:
        desk.session.add(
            Fingerprint(
                revision_id=desk.text(item).id,
                space_id=desk.space.id,
                signature=b"",
                campaign_id=first,
            )
        )
    desk.session.flush()
    assert of(desk, *items) == [[("repeat", "1")]] * 2


def test_a_new_account_is_noticed(desk: Desk) -> None:
    item = quiet(desk)
    desk.writer.created_at = clock.now() - dt.timedelta(hours=23)
    desk.session.flush()
    assert of(desk, item) == [[("new-account", "")]]
    desk.writer.created_at = clock.now() + dt.timedelta(hours=1)
    desk.session.flush()
    assert of(desk, item) == [[]]


def test_watched_words_come_first_as_the_organisers_wrote_them(desk: Desk) -> None:
    desk.space.watch_words = {"en": ["Casino"], "fr": ["arnaque"]}
    links = " ".join(f"https://{one}.example" for one in "abc")
    item = quiet(desk, source=f"CASINO, arnaqué {links}")
    assert of(desk, item) == [[("watch-word", "Casino"), ("watch-word", "arnaque"), ("links", "3")]]
    item = quiet(desk, source="Une arnaque", minutes=60)
    found = signals(desk.session, [desk.text(item).id], now=clock.now())
    assert list(found.values()) == [[Signal(SignalKind.WATCH_WORD, "arnaque")]]


def test_a_page_of_fifty_takes_three_statements(desk: Desk) -> None:
    desk.space.watch_words = {"en": ["casino"]}
    ids = [desk.text(quiet(desk, minutes=20 * number)).id for number in range(50)]
    connection = desk.session.connection()
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        signals(desk.session, ids, now=clock.now())
    finally:
        event.remove(connection, "before_cursor_execute", note)
    assert len(seen) == 3

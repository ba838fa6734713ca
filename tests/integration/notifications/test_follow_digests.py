"""Digests and saved searches: when they are due, what is in them, and that nothing comes twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.discussion.states import Removed, RevisionState
from consult.notifications.handlers import following as handlers
from consult.notifications.models import Subscription, Told
from consult.notifications.queries.about_followed import MOST_TEXTS
from consult.notifications.services import digests, following, searching
from consult.notifications.services.digests import due_at
from consult.notifications.states import Rhythm, Subject
from consult.search import sync
from consult.search.documents import IndexUnavailable
from consult.spaces.states import SpaceVisibility
from tests import factories
from tests.integration.notifications.fans import BEFORE, MINUTE, digest_round, fan
from tests.integration.notifications.post import NOW, plain, written
from tests.integration.test_budgets import counted

# NOW is Saturday 31 January 2026, 12:00 in New York, the zone of the forum.
SUNDAY = dt.datetime(2026, 2, 1, 12, 5, tzinfo=dt.UTC)
MONDAY = SUNDAY + dt.timedelta(days=1)
DAY = dt.timedelta(days=1)


def at(said):
    return dt.datetime.fromisoformat(said).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("now", "zone", "rhythm", "due"),
    [
        ("2026-01-31 11:59", "America/New_York", Rhythm.DAILY, "2026-01-30 12:00"),
        ("2026-01-31 12:00", "America/New_York", Rhythm.DAILY, "2026-01-31 12:00"),
        # The clocks change on 8 March and on 1 November in New York, on 29 March in Rome.
        ("2026-03-08 11:00", "America/New_York", Rhythm.DAILY, "2026-03-08 11:00"),
        ("2026-11-01 11:30", "America/New_York", Rhythm.DAILY, "2026-10-31 11:00"),
        ("2026-11-01 12:30", "America/New_York", Rhythm.DAILY, "2026-11-01 12:00"),
        ("2026-03-29 05:00", "Europe/Rome", Rhythm.DAILY, "2026-03-29 05:00"),
        ("2026-01-31 12:00", "Pacific/Kiritimati", Rhythm.DAILY, "2026-01-30 17:00"),
        ("2026-01-31 12:00", None, Rhythm.WEEKLY, "2026-01-26 12:00"),
        ("2026-02-02 11:59", "America/New_York", Rhythm.WEEKLY, "2026-01-26 12:00"),
        ("2026-02-02 12:00", "America/New_York", Rhythm.WEEKLY, "2026-02-02 12:00"),
    ],
)
def test_digests_are_due_at_seven_in_the_zone_of_the_recipient(now, zone, rhythm, due):
    assert due_at(at(now), zone_name=zone, rhythm=rhythm) == at(due)


@pytest.fixture
def texts(session, space):
    """Three texts under two questions, the one of the first question sent in between."""
    second = factories.question_of(session, space, 2)
    places = [{"question": second}, {}, {"question": second}]
    return [
        written(
            session,
            space,
            None,
            RevisionState.PUBLISHED,
            first_published_at=NOW + number * MINUTE,
            source=f"Word number{number}.",
            **place,
        )
        for number, place in enumerate(places)
    ]


def test_a_digest_is_grouped_by_question_with_the_newest_last(session, post, space, texts):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    assert digest_round(session, now=SUNDAY) == 1
    (mail,) = post.send(at=SUNDAY)
    assert mail["Subject"] == "[Forum] Daily digest: 3 new contributions"
    assert "References" not in mail
    body = plain(mail)
    places = [body.index(words) for words in ("number1", "Question 2", "number0", "number2")]
    assert places == sorted(places)
    assert body.index("Question 1: Priorities") < places[0]
    assert texts[0].reference in body
    assert post.only().key == "daily:2026-02-01"
    assert len(session.scalars(select(Told)).all()) == 3


def test_nothing_comes_twice(session, post, space, texts):
    user = fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    fan(session, Subject.QUESTION, texts[0].question_id, Rhythm.WEEKLY, user=user)
    fan(session, Subject.THREAD, texts[1].id, Rhythm.DAILY, user=user)
    session.add(Told(user_id=user.id, contribution_id=texts[1].id, told_at=NOW))
    digest_round(session, now=MONDAY)
    post.send(at=MONDAY)
    bodies = "".join(plain(mail) for mail in post.box.mails)
    assert [bodies.count(f"number{number}") for number in range(3)] == [1, 0, 1]
    assert "weekly digest" in bodies
    digest_round(session, now=MONDAY + DAY)
    digest_round(session, now=MONDAY + 7 * DAY)
    assert len(post.send(at=MONDAY + 7 * DAY)) == 1


def test_a_second_round_on_the_same_day_queues_nothing(session, post, space, texts):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    found = digests.look_for_due(session(), find=lambda *_: [], now=SUNDAY)
    assert digests.queue_due(session(), found, now=SUNDAY) == 1
    assert digests.queue_due(session(), found, now=SUNDAY) == 0
    assert digest_round(session, now=SUNDAY + MINUTE) == 0


def test_nothing_new_is_no_mail(session, post, space):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    assert digest_round(session, now=SUNDAY) == 0
    assert not post.deliveries()


def test_what_comes_after_seven_waits_for_the_next_morning(session, post, space):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    digest_round(session, now=SUNDAY)
    late = SUNDAY + MINUTE
    written(session, space, None, RevisionState.PUBLISHED, first_published_at=late)
    assert digest_round(session, now=SUNDAY + 60 * MINUTE) == 0
    assert digest_round(session, now=MONDAY) == 1


def test_days_without_a_worker_are_one_digest(session, post, space, texts):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    assert digest_round(session, now=SUNDAY + 7 * DAY) == 1
    (mail,) = post.send(at=SUNDAY + 7 * DAY)
    assert "number0" in plain(mail)
    assert digest_round(session, now=SUNDAY + 7 * DAY + MINUTE) == 0


def test_what_was_removed_meanwhile_is_not_in_it(session, post, space, texts):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    digest_round(session, now=SUNDAY)
    texts[0].removed, texts[1].removed = Removed.HIDDEN, Removed.ERASED
    session.flush()
    (mail,) = post.send(at=SUNDAY)
    assert "1 new contribution" in mail["Subject"]
    assert [f"number{n}" in plain(mail) for n in range(3)] == [False, False, True]


def test_who_lost_access_gets_no_digest(session, post, space, texts):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    digest_round(session, now=SUNDAY)
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()
    assert post.send(at=SUNDAY) == []


def test_a_long_text_is_shortened_and_many_are_counted(session, post, space, monkeypatch):
    monkeypatch.setattr("consult.notifications.queries.about_followed.MOST_TEXTS", 2)
    assert MOST_TEXTS == 50
    for number in range(5):
        written(
            session,
            space,
            None,
            RevisionState.PUBLISHED,
            first_published_at=NOW + number * MINUTE,
            source="Long words. " * 200 + f"end{number}",
        )
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
    digest_round(session, now=SUNDAY)
    (mail,) = post.send(at=SUNDAY)
    body = plain(mail)
    assert "5 new contributions" in mail["Subject"]
    assert "And 3 more" in body
    assert "end0" not in body
    assert body.count("Read on:") == 2
    digest_round(session, now=MONDAY)
    assert len(post.send(at=MONDAY)) == 1


def test_it_is_told_in_the_language_and_zone_of_the_recipient(session, post, space, texts):
    fan(session, Subject.SPACE, space.id, Rhythm.DAILY, locale="es", time_zone="Europe/Rome")
    assert digest_round(session, now=at("2026-02-01 05:59")) == 0
    assert digest_round(session, now=at("2026-02-01 06:02")) == 1
    (mail,) = post.send(at=SUNDAY)
    assert mail["Content-Language"] == "es"
    assert f"{space.kicker.in_('es')} –" in plain(mail)
    assert "18:00" in plain(mail)


def test_many_recipients_cost_no_more_statements(session, post, space, texts):
    costs = []
    for number in (1, 20):
        for _ in range(number):
            fan(session, Subject.SPACE, space.id, Rhythm.DAILY)
        session.expire_all()
        with counted() as statements:
            found = digests.look_for_due(session(), find=lambda *_: [], now=SUNDAY)
        costs.append(len([one for one in statements if "saved_search" not in one]))
        assert len(found) >= number
    assert costs[0] == costs[1] <= 3


# Saved searches ----------------------------------------------------------------------------


@pytest.fixture
def searched(app, session, texts):
    ports = app.extensions["consult.ports"]
    backend = app.extensions["consult.search"]
    session.commit()
    sync.rebuild(session(), backend=backend, sources=ports.documents.values())
    return handlers.finder(backend)


def save(session, user, words, rhythm=Rhythm.AT_ONCE, *, now=BEFORE, **filters):
    following.save_search(
        session(), user_id=user.id, words=words, filters=filters, rhythm=rhythm, now=now
    )


def hit_round(session, find, *, now):
    found = searching.look_for_hits(session(), find=find, now=now)
    return searching.queue_hits(session(), found, now=now)


def test_a_saved_search_mails_what_it_newly_finds(session, post, space, texts, searched):
    save(session, factories.make_user(session), "number1")
    assert hit_round(session, searched, now=NOW + 10 * MINUTE) == 1
    (mail,) = post.send(at=NOW + 10 * MINUTE)
    assert "number1" in plain(mail)
    assert "you saved the search “number1”" in plain(mail)
    assert hit_round(session, searched, now=NOW + 20 * MINUTE) == 0


def test_a_text_of_this_minute_waits(session, post, space, texts, searched):
    save(session, factories.make_user(session), "number2")
    assert hit_round(session, searched, now=texts[2].first_published_at + MINUTE / 2) == 0
    assert hit_round(session, searched, now=texts[2].first_published_at + 2 * MINUTE) == 1


def test_a_search_tells_nothing_of_what_came_before_it_was_saved(session, post, texts, searched):
    save(session, factories.make_user(session), "number0", now=NOW + MINUTE / 2)
    assert hit_round(session, searched, now=NOW + 10 * MINUTE) == 0


def test_a_search_never_finds_what_its_owner_may_not_see(session, post, space, texts, searched):
    save(session, factories.make_user(session), "number1")
    save(session, factories.make_user(session), "", space=space.slug)
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()
    assert hit_round(session, searched, now=NOW + 10 * MINUTE) == 0


def test_a_broken_index_is_tried_later(session, post, texts, searched):
    save(session, factories.make_user(session), "number1")
    away = handlers.finder(AWAY)
    assert hit_round(session, away, now=NOW + 10 * MINUTE) == 0
    assert hit_round(session, searched, now=NOW + 20 * MINUTE) == 1


class Away:
    """An index that is not there."""

    def search(self, *_args, **_kwargs):
        raise IndexUnavailable


AWAY: Any = Away()


def test_digests_tell_what_searches_found_once(session, post, space, texts, searched):
    user = factories.make_user(session)
    save(session, user, "number1", Rhythm.DAILY)
    fan(session, Subject.QUESTION, texts[1].question_id, Rhythm.DAILY, user=user)
    save(session, factories.make_user(session), "nothing-of-it", Rhythm.DAILY)
    assert digest_round(session, now=SUNDAY, find=searched) == 1
    (mail,) = post.send(at=SUNDAY)
    assert plain(mail).count("number1") == 1
    assert "1 new contribution" in mail["Subject"]


def test_a_digest_with_a_search_alone_waits_for_the_index(session, post, texts, searched):
    save(session, factories.make_user(session), "number1", Rhythm.DAILY)
    away = handlers.finder(AWAY)
    assert digest_round(session, now=SUNDAY, find=away) == 0
    assert digest_round(session, now=SUNDAY + 10 * MINUTE, find=searched) == 1
    (mail,) = post.send(at=SUNDAY + 10 * MINUTE)
    assert "number1" in plain(mail)


def test_the_worker_looks_before_it_writes(app, session, texts, searched):
    save(session, factories.make_user(session), "number1", Rhythm.DAILY, now=BEFORE)
    session.commit()
    for handler in (handlers.digest_handler(searched), handlers.search_handler(searched)):
        assert handler.prepare is not None
        prepared = handler.prepare(session(), [{}], now=clock.now())
        handler.run(session(), [{}], now=clock.now(), prepared=prepared)
        session.commit()
    session.expire_all()
    kept = session.scalars(select(Subscription)).one()
    assert kept.told_until is not None

from __future__ import annotations

import datetime as dt
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from consult.accounts.events import KnownAddressRegistered
from consult.accounts.models import User
from consult.core import clock
from consult.discussion.states import RevisionState
from consult.notifications import queries, services
from consult.notifications.mailer import Deferred, Refused, Unreachable
from consult.notifications.models import Delivery
from consult.notifications.states import DeliveryState
from consult.spaces.models import Space
from tests import factories
from tests.integration.notifications.post import (
    MINUTE,
    NOW,
    AnySession,
    Post,
    plain,
    written,
)


def queued(session: AnySession, post: Post, space: Space, writer: User) -> Delivery:
    post.decide(written(session, space, writer, RevisionState.RETURNED), "return")
    return post.only()


def test_a_deferred_mail_is_tried_again_after_growing_pauses_with_one_message_id(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    queued(session, post, space, writer)
    moment = NOW + MINUTE
    for minutes in (1, 5, 30, 120, 360, 720, 780, 864):
        post.box.errors = [Deferred("450 later")]
        post.send(at=moment)
        rest = post.only().not_before - moment
        assert 0.8 <= rest / dt.timedelta(minutes=minutes) <= 1.2
        moment = post.only().not_before
    post.send(at=moment)

    assert post.only().state == DeliveryState.SENT
    assert len(post.box.tried) == 9
    assert {mail["Message-ID"] for mail in post.box.tried} == {post.only().message_id}
    assert len({mail["Date"] for mail in post.box.tried}) == 1


def test_a_mail_deferred_after_the_longest_pause_has_failed(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    delivery = queued(session, post, space, writer)
    delivery.values = {**delivery.values, "failures": len(services.PAUSES)}
    session.flush()
    post.box.errors = [Deferred("450 later")]
    post.send()

    assert post.only().state == DeliveryState.FAILED
    assert post.only().error == "450 later"


def test_a_refused_mail_is_never_tried_again(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    queued(session, post, space, writer)
    post.box.errors = [Refused("550 no such user")]
    post.send()
    post.send(at=NOW + dt.timedelta(days=30))

    assert post.only().state == DeliveryState.FAILED
    assert len(post.box.tried) == 1


def test_a_mail_that_is_being_sent_is_nobody_elses_for_two_minutes(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    queued(session, post, space, writer)
    post.box.while_sending = lambda: None if len(post.box.tried) > 1 else _again(post)
    post.send()

    assert len(post.box.tried) == 1


def _again(post: Post) -> None:
    post.send(at=NOW + MINUTE + services.IN_FLIGHT / 2)


def test_a_server_that_is_away_is_asked_once_and_everybody_waits(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    for number in (1, 2, 3):
        text = written(session, space, writer, RevisionState.RETURNED)
        post.decide(text, "return", decision_id=number)
    post.box.errors = [Unreachable("no answer")]
    post.send()
    post.send()
    assert len(post.box.tried) == 1

    post.send(at=NOW + 3 * MINUTE)
    assert len(post.box.mails) == 3


def test_a_mail_that_cannot_be_made_does_not_hold_up_the_others(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    broken = factories.make_user(session, email="two@example.org, people@example.org")
    for number, user in enumerate((broken, writer), 1):
        text = written(session, space, user, RevisionState.RETURNED)
        post.decide(text, "return", decision_id=number)

    (mail,) = post.send()

    assert mail["To"] == "Writer@example.org"
    states = [delivery.state for delivery in post.deliveries()]
    assert states == [DeliveryState.WAITING, DeliveryState.SENT]


def test_a_mail_that_cannot_be_read_does_not_hold_up_the_others(
    session: AnySession, post: Post, writer: User
) -> None:
    def broken(reading: Session, *_args: object) -> None:
        reading.execute(text("SELECT 1 FROM nowhere"))

    readers = {**queries.READERS, "password-changed": broken}
    for event in ("password-changed", "no-such-mail", "known-address"):
        services.queue_delivery(
            session(), user_id=writer.id, event=event, key="k", values={}, now=NOW
        )
    with patch.object(queries, "READERS", readers):
        assert len(post.send()) == 1

    first, second, third = post.deliveries()
    assert (first.values["failures"], second.values["failures"]) == (1, 1)
    assert "nowhere" in str(first.error)
    assert "no-such-mail" in str(second.error)
    assert [first.state, second.state] == [DeliveryState.WAITING] * 2
    assert third.state == DeliveryState.SENT


def test_at_most_as_many_mails_are_sent_as_were_asked_for(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    for number in (1, 2, 3):
        text = written(session, space, writer, RevisionState.RETURNED)
        post.decide(text, "return", decision_id=number)

    assert len(post.send(limit=2)) == 2


# The round of the timetable -----------------------------------------------------------------


def run_round(post: Post, *, at: dt.datetime) -> None:
    with clock.stopped_at(at):
        post.reactions.handlers["notifications.deliver"].run(post.session(), [{}], now=at)


def test_a_round_sends_all_that_is_due_and_is_repeated_every_two_seconds(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    for number in (1, 2, 3):
        text = written(session, space, writer, RevisionState.RETURNED)
        post.decide(text, "return", decision_id=number)
    run_round(post, at=NOW + MINUTE)

    assert len(post.box.mails) == 3
    assert post.reactions.handlers["notifications.deliver"].every == 2


def test_no_transaction_is_open_while_the_mail_server_is_asked(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    queued(session, post, space, writer)
    open_transactions: list[bool] = []
    post.box.while_sending = lambda: open_transactions.append(session().in_transaction())
    run_round(post, at=NOW + MINUTE)

    assert open_transactions == [False]
    assert post.only().state == DeliveryState.SENT


def test_what_a_died_worker_had_in_hand_is_sent_again_with_the_same_message_id(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    queued(session, post, space, writer)
    post.box.while_sending = die
    with pytest.raises(Died):
        run_round(post, at=NOW + MINUTE)
    session.rollback()
    post.box.while_sending = lambda: None
    run_round(post, at=NOW + MINUTE + services.IN_FLIGHT)

    assert [mail["Message-ID"] for mail in post.box.tried] == [post.only().message_id] * 2
    assert post.only().state == DeliveryState.SENT


def test_a_long_round_gives_other_work_its_turn(
    session: AnySession, post: Post, space: Space, writer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        text = written(session, space, writer, RevisionState.RETURNED)
        post.decide(text, "return", decision_id=number)
    moments = iter(NOW + MINUTE + n * dt.timedelta(seconds=6) for n in (1, 2, 3))
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    post.reactions.handlers["notifications.deliver"].run(post.session(), [{}], now=NOW + MINUTE)

    assert len(post.box.mails) == 2


def test_mail_needs_no_web_request(app: Flask, post: Post, writer: User) -> None:
    assert app.config["TESTING"]
    post.tell(KnownAddressRegistered(writer.id, "2026-01-31"))

    assert "accounts.reset" in plain(post.send(at=NOW)[0])

"""Addresses whose mails come back: noticed, held back, shown, and tried again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consult.accounts.events import KnownAddressRegistered, LinkRequested
from consult.accounts.models import User
from consult.accounts.services import links
from consult.accounts.states import LinkPurpose
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.notifications import services
from consult.notifications.mailer import Deferred, Refused
from consult.notifications.queries.bounces import Problem, problem_in
from consult.notifications.services import bouncing
from consult.notifications.services.receiving import Outcome
from consult.notifications.states import DeliveryState
from consult.spaces.models import Space
from tests import factories
from tests.integration.notifications.inbox import Inbox, inbox, mail, report
from tests.integration.notifications.post import MINUTE, NOW, AnySession, Post, link_for
from tests.signing_in import sign_in, token_of

UNKNOWN = "550 5.1.1 <rosa@example.org>: no such user"


@pytest.fixture
def box(app: Flask, session: AnySession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with inbox(app, session, monkeypatch) as made:
        yield made


def refuse(post: Post, user: User, *, times: int, words: str = UNKNOWN) -> None:
    """Have the mail server refuse some mails to somebody for good."""
    for number in range(times):
        post.box.errors = [Refused(words, blames_address=True)]
        post.tell(KnownAddressRegistered(user.id, f"2026-01-{number + 1:02}"))
        post.send()
    post.session.refresh(user)


def test_a_refused_mail_marks_the_address_and_a_delivered_one_clears_it(
    session: AnySession, post: Post, writer: User
) -> None:
    refuse(post, writer, times=2)
    assert (writer.mail_failures, writer.mail_problem) == (2, UNKNOWN)
    assert writer.mail_failed_at == NOW + MINUTE

    post.tell(KnownAddressRegistered(writer.id, "2026-02-01"))
    post.send()
    session.refresh(writer)
    cleared = session.execute(
        select(User.mail_failures, User.mail_problem, User.mail_failed_at).where(
            User.id == writer.id
        )
    ).one()
    assert tuple(cleared) == (0, None, None)


@pytest.mark.parametrize("error", [Deferred("450 later"), Refused("554 5.7.1 looks like spam")])
def test_what_is_not_the_addresss_fault_does_not_mark_it(
    session: AnySession, post: Post, writer: User, error: Exception
) -> None:
    post.box.errors = [error]  # type: ignore[list-item]
    post.tell(KnownAddressRegistered(writer.id, "2026-01-01"))
    post.send()
    session.refresh(writer)
    assert writer.mail_failures == 0


def test_after_three_only_links_that_were_asked_for_go_there(
    session: AnySession, post: Post, writer: User
) -> None:
    refuse(post, writer, times=3)
    tried = len(post.box.tried)

    post.tell(KnownAddressRegistered(writer.id, "2026-02-01"))
    post.tell(LinkRequested(link_for(session, writer, LinkPurpose.RESET).id))
    (arrived,) = post.send()

    assert "Choose a new password" in str(arrived["Subject"])
    assert len(post.box.tried) == tried + 1
    states = {one.event: one.state for one in post.deliveries()[-2:]}
    assert states == {"known-address": DeliveryState.FAILED, "reset": DeliveryState.SENT}
    session.refresh(writer)
    assert writer.mail_failures == 0
    assert "mail.held-back" in session.scalars(select(AuditEntry.act)).all()


@pytest.mark.parametrize("event", sorted(bouncing.ELSEWHERE))
def test_what_goes_to_another_address_says_nothing_of_the_accounts(
    session: AnySession, post: Post, writer: User, event: str
) -> None:
    refuse(post, writer, times=2)
    services.queue_delivery(session(), user_id=writer.id, event=event, key="k", values={}, now=NOW)
    delivery = post.deliveries()[-1]
    bouncing.note_delivered(session(), delivery, now=NOW)
    assert bouncing.note_bounce(session(), delivery_id=delivery.id, words=UNKNOWN, now=NOW)
    session.refresh(writer)
    assert writer.mail_failures == 2

    writer.mail_failures = 3
    session.flush()
    assert not bouncing.is_held_back(session(), delivery)


def test_whoever_clicks_a_link_in_a_mail_has_got_it(
    app: Flask, session: AnySession, post: Post, writer: User
) -> None:
    refuse(post, writer, times=3)
    link = link_for(session, writer, LinkPurpose.RESET)
    key = app.extensions["consult.config"].secret_key
    links.use_link(
        session(),
        token=links.token_of(link, secret_key=key),
        purpose=LinkPurpose.RESET,
        secret_key=key,
        now=NOW,
    )
    assert writer.mail_failures == 0


# Reports ------------------------------------------------------------------------------------


def test_a_report_marks_the_mail_and_the_address_once(box: Inbox) -> None:
    raw = report(to=box.bounces_to)
    assert [box.take(raw), box.take(raw)] == [Outcome.BOUNCED] * 2

    assert box.delivery.bounced_at is not None
    assert box.rosa.mail_failures == 1
    assert "5.1.1" in (box.rosa.mail_problem or "")


@pytest.mark.parametrize("how", ["delayed", "absent", "reply address", "forged"])
def test_what_reports_no_failure_marks_nothing(box: Inbox, how: str) -> None:
    raw = {
        "delayed": report(to=box.bounces_to, action="delayed", status="4.4.1"),
        "absent": mail(to=box.bounces_to, sender="rosa@example.org", text="I am away."),
        "reply address": report(to=box.reply_to),
        "forged": report(to=box.bounces_to.replace("bounces+", "bounces+a")),
    }[how]
    assert box.take(raw) in {Outcome.AUTOMATIC, Outcome.UNADDRESSED}
    assert (box.delivery.bounced_at, box.rosa.mail_failures) == (None, 0)


def test_a_mail_that_was_taken_proves_nothing_where_mails_come_back_later(box: Inbox) -> None:
    assert box.take(report(to=box.bounces_to)) is Outcome.BOUNCED
    bouncing.note_delivered(box.session(), box.delivery, now=clock.now())
    box.session.expire_all()
    assert box.rosa.mail_failures == 1

    bouncing.note_delivered(box.session(), box.delivery, now=clock.now() + dt.timedelta(days=31))
    box.session.expire_all()
    assert box.rosa.mail_failures == 0


# What people see ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("550 5.1.1 no such user", Problem.UNKNOWN),
        ("552 5.2.2 over quota", Problem.FULL),
        ("550 5.4.4 host not found", Problem.NO_SERVER),
        ("550 5.1.2 bad destination", Problem.NO_SERVER),
        ("554 go away", Problem.REFUSED),
    ],
)
def test_the_mail_servers_words_are_told_in_ours(said: str, problem: Problem) -> None:
    assert problem_in(said) is problem


def test_the_person_sees_it_on_the_pages_of_the_account(
    client: FlaskClient, session: AnySession, post: Post, writer: User, space: Space
) -> None:
    refuse(post, writer, times=3)
    sign_in(client, session, writer)
    for path in ("/en/account", "/en/account/settings"):
        page = client.get(path).get_data(as_text=True)
        assert "Our mails to Writer@example.org come back." in page
        assert "nobody has this address" in page


def test_organisers_see_whose_mails_come_back_and_let_them_go_there_again(
    client: FlaskClient, session: AnySession, post: Post, writer: User, space: Space
) -> None:
    factories.grant(session, user=writer, role=Role.MODERATOR, space=space)
    organiser = factories.make_user(session, name="The organiser")
    factories.grant(session, user=organiser, role=Role.ORGANISER, space=space)
    refuse(post, writer, times=3)
    sign_in(client, session, organiser)

    page = client.get("/en/people/mail").get_data(as_text=True)
    assert "Writer@example.org" in page
    assert "Mails are held back" in page
    fields = {"csrf_token": token_of(page), "user": str(writer.id)}
    with clock.stopped_at(NOW + MINUTE):
        answer = client.post("/en/people/mail", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/people/mail")

    session.refresh(writer)
    assert writer.mail_failures == 0
    assert [one.state for one in post.deliveries()] == [DeliveryState.WAITING] * 3
    acts = session.scalars(select(AuditEntry.act)).all()
    assert {"mail.view", "mail.try-again"} <= set(acts)
    page = client.get("/en/people/mail").get_data(as_text=True)
    assert "3 that had failed are sent once more" in page
    fields["csrf_token"] = token_of(client.get("/en/account/settings").get_data(as_text=True))
    assert client.post("/en/people/mail", data=fields).status_code == 404


def test_organisers_of_another_forum_and_others_see_nothing_of_it(
    client: FlaskClient, session: AnySession, post: Post, writer: User, space: Space
) -> None:
    factories.grant(session, user=writer, role=Role.MODERATOR, space=space)
    refuse(post, writer, times=1)
    stranger = factories.make_user(session)
    elsewhere = factories.make_space(session)
    factories.grant(session, user=stranger, role=Role.ORGANISER, space=elsewhere)
    sign_in(client, session, stranger)
    page = client.get("/en/people/mail").get_data(as_text=True)
    assert "Writer@example.org" not in page
    fields = {"csrf_token": token_of(client.get("/en/account/settings").get_data(as_text=True))}
    answer = client.post("/en/people/mail", data=fields | {"user": str(writer.id)})
    assert answer.status_code == 404
    sign_in(client, session, writer)
    assert client.get("/en/people/mail").status_code == 404


def test_a_form_that_is_too_old_is_shown_again(
    client: FlaskClient, session: AnySession, writer: User, space: Space
) -> None:
    factories.grant(session, user=writer, role=Role.ORGANISER, space=space)
    sign_in(client, session, writer)
    answer = client.post("/en/people/mail", data={"user": str(writer.id)})
    assert answer.status_code == 400
    assert "Mails that come back" in answer.get_data(as_text=True)

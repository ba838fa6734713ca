"""Mails that come in, as mail programs write them, and the application that takes them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.accounts.models import User
from consult.cli import incoming
from consult.core import clock
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.notifications import services
from consult.notifications.inbound import addresses
from consult.notifications.models import Delivery
from consult.notifications.services.receiving import Outcome
from consult.spaces.models import Forum, Space
from tests import factories
from tests.integration.notifications.post import AnySession

BASE = "reply@consult.example"
QUOTE = (
    "\n\nOn Mon, Nov 23, 2026 at 10:15 AM Forum <consult@consult.example>\nwrote:\n\n"
    "> There is a reply in “Remittances”:\n>\n> Fees are too high.\n"
)
_numbers = itertools.count(1)


def mail(*, to: str, sender: str, text: str, html: str | None = None, **headers: str) -> bytes:
    """Return a mail with plain text, and with HTML where some is given."""
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Subject"] = "Re: [RT3] A reply"
    message["Message-ID"] = f"<{next(_numbers)}@mail.example.org>"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    return message.as_bytes()


def report(*, to: str, action: str = "failed", status: str = "5.1.1", said: str = "") -> bytes:
    """Return a report (RFC 3464) as Postfix writes them."""
    said = said or f"550 {status} <rosa@example.org>: Recipient address rejected"
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: {to}\n"
        f"Message-ID: <dsn-{next(_numbers)}@mx.example.org>\nAuto-Submitted: auto-replied\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        "--B\nContent-Type: text/plain\n\nThis is the mail system.\n"
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; rosa@example.org\nOriginal-Recipient: rfc822;rosa@example.org\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {said}\n\n--B--\n"
    ).encode()


@dataclass
class Inbox:
    """Somebody who was mailed a text, and the text."""

    app: Flask
    session: AnySession
    space: Space
    rosa: User
    text: Contribution
    delivery: Delivery

    @property
    def reply_to(self) -> str:
        return addresses.reply_address(
            BASE, delivery_id=self.delivery.id, secret_key=self.secret_key
        )

    @property
    def bounces_to(self) -> str:
        return addresses.bounce_address(
            BASE, delivery_id=self.delivery.id, secret_key=self.secret_key
        )

    @property
    def secret_key(self) -> str:
        key: str = self.app.extensions["consult.config"].secret_key
        return key

    def answer(self, text: str, **over: Any) -> bytes:
        """Return Rosa's reply to what she was mailed."""
        values = {"to": self.reply_to, "sender": "Rosa <rosa@example.org>", "text": text}
        return mail(**values | over)

    def take(self, raw: bytes, *, at: dt.datetime | None = None, **over: Any) -> Outcome:
        """Have a mail taken in, at another instant where one is given."""
        self.session.commit()
        with clock.stopped_at(at or clock.now()):
            outcome = incoming.take_in(raw, **over)
        self.session.expire_all()
        return outcome

    def sent_in(self) -> list[tuple[Contribution, Revision]]:
        """Return what was sent beside the text that was there before."""
        rows = self.session.execute(
            select(Contribution, Revision)
            .join(Revision, Revision.contribution_id == Contribution.id)
            .where(Contribution.id != self.text.id)
            .order_by(Contribution.id)
        )
        return [(row[0], row[1]) for row in rows]

    def queued(self, event: str) -> list[Delivery]:
        self.session.expire_all()
        found = select(Delivery).where(Delivery.event == event).order_by(Delivery.id)
        return list(self.session.scalars(found))


@contextmanager
def inbox(
    app: Flask, session: AnySession, monkeypatch: pytest.MonkeyPatch, **space: Any
) -> Iterator[Inbox]:
    """Give an application that takes replies, in which Rosa was mailed a public text."""
    config = replace(app.extensions["consult.config"], mail_reply=BASE)
    monkeypatch.setitem(app.extensions, "consult.config", config)
    place = factories.make_space(session, code="RT3", **space)
    forum = session.get_one(Forum, place.forum_id)
    author = factories.make_author(session, forum=forum)
    text = factories.make_contribution(
        session, space=place, author=author, state=RevisionState.PUBLISHED
    )
    rosa = factories.make_user(session, email="Rosa@example.org", name="Rosa Ortega")
    factories.make_author(session, forum=forum, user=rosa)
    services.queue_delivery(
        session(),
        user_id=rosa.id,
        event="new-text",
        key=f"contribution:{text.id}",
        values={"contribution_id": text.id, "subscription_id": 0},
        now=clock.now(),
    )
    delivery = session.scalars(select(Delivery).where(Delivery.user_id == rosa.id)).one()
    yield Inbox(app, session, place, rosa, text, delivery)

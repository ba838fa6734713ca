"""What mail forgets: files that name somebody, the last mail, and the log after ninety days."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from sqlalchemy import select

from consult import app as app_module
from consult.accounts.models import DataExport
from consult.accounts.states import DataExportState
from consult.core import clock
from consult.core.ports import Erasing
from consult.notifications import mailer, queries, services
from consult.notifications.models import Delivery
from consult.notifications.services import erasing, mail_files
from consult.notifications.states import DeliveryState
from tests import factories as make
from tests.integration.notifications.fans import emitted
from tests.integration.notifications.post import NOW, plain

DAY = dt.timedelta(days=1)


def _write(folder, *, words, to="reader@example.org", message_id="a1b2"):
    message = EmailMessage()
    message["From"], message["To"] = "consult@example.org", to
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{message_id}@example.org>"
    message["Subject"] = "Nouvelles"
    message.set_content(words, cte="quoted-printable")
    mailer.FileMailer(folder).send(message)
    (path,) = folder.glob(f"*-{message_id}.eml")
    return path.name


def test_mails_are_found_by_whole_words_in_any_case_and_however_encoded(tmp_path):
    long = "à" * 60
    named = _write(tmp_path, words=f"{long} RÉMI Durand a écrit", message_id="named")
    addressed = _write(tmp_path, words="Bonjour", to="remi@example.org", message_id="to")
    quoted = _write(tmp_path, words="> RT3-Q1-0042: so what", message_id="quoted")
    _write(tmp_path, words="Rémi Durandal and RT3-Q1-00421", message_id="other")
    broken = tmp_path / "broken.eml"
    broken.write_bytes(b"Content-Type: text/plain; charset=nonsense\n\n\xff remi@example.org")
    words = {"Rémi Durand", "remi@example.org", "RT3-Q1-0042"}
    assert mail_files.naming(tmp_path, words=words) == {
        named,
        addressed,
        quoted,
        broken.name,
    }
    assert mail_files.naming(tmp_path, words=set()) == set()
    assert mail_files.naming(tmp_path / "missing", words=words) == set()
    assert mail_files.of_messages(tmp_path, message_ids=["<quoted@example.org>"]) == {quoted}


def test_only_files_of_the_folder_are_removed(tmp_path):
    folder = tmp_path / "mail"
    name = _write(folder, words="Bonjour")
    outside = tmp_path / "keep.eml"
    outside.write_text("keep")
    for _ in range(2):
        mail_files.drop(folder, names=[name, "../keep.eml", "unknown.eml"])
    assert list(folder.iterdir()) == []
    assert outside.exists()


def _erase(session, user, *, folder, says_farewell):
    eraser = erasing.make_eraser(folders=[folder], says_farewell=says_farewell)
    eraser(session(), erasing_of(user))


def erasing_of(user):
    return Erasing(
        user_id=user.id,
        uid=user.uid,
        name=user.name,
        email=user.email,
        email_key=user.email_key,
        locale="fr",
        keeps_texts=True,
        now=clock.now(),
    )


def test_the_last_mail_goes_to_the_address_and_takes_it_along(session, tmp_path):
    make.make_forum(session)
    user = make.make_user(session, email="Remi@example.org")
    _erase(session, user, folder=tmp_path, says_farewell=True)
    delivery = session.scalars(select(Delivery)).one()
    facts = queries.facts_of(session(), delivery, decision_facts=lambda *_: None, now=clock.now())
    assert (delivery.user_id, delivery.event, delivery.locale) == (None, "erased", "fr")
    assert facts is not None
    assert (facts.address, facts.user.name, facts.user.locale) == ("Remi@example.org", "", "fr")
    assert erasing.forget_farewells(session(), now=clock.now()) == 0
    delivery.state = DeliveryState.SENT
    session.flush()
    assert erasing.forget_farewells(session(), now=clock.now()) == 1


def test_a_mail_on_its_way_to_somebody_who_is_erased_now_stops_no_other(
    session, post, writer, tmp_path
):
    make.make_forum(session)
    for user in (writer, make.make_user(session)):
        services.queue_delivery(
            session(), user_id=user.id, event="known-address", key="today", values={}, now=NOW
        )

    def erase_first():
        if len(post.box.tried) == 1:
            _erase(session, writer, folder=tmp_path, says_farewell=False)

    post.box.while_sending = erase_first
    assert len(post.send()) == 2
    assert [one.state for one in post.deliveries()] == [DeliveryState.SENT]


def test_a_last_mail_that_nobody_takes_is_given_up_after_two_days(session, tmp_path):
    user = make.make_user(session)
    _erase(session, user, folder=tmp_path, says_farewell=True)
    assert erasing.forget_farewells(session(), now=clock.now() + 3 * DAY) == 1


def test_the_mails_say_what_is_ready_and_what_is_over(session, post, writer, tmp_path):
    make.make_forum(session)
    export = DataExport(
        token="a" * 32,
        user_id=writer.id,
        state=DataExportState.READY,
        asked_at=NOW,
        ready_at=NOW,
        expires_at=NOW + DAY,
    )
    session.add(export)
    session.flush()
    services.queue_delivery(
        session(),
        user_id=writer.id,
        event="data-ready",
        key="export:1",
        values={"export_id": export.id},
        now=NOW,
    )
    services.queue_delivery(
        session(),
        address="remi@example.org",
        locale="en",
        event="erased",
        key=writer.uid,
        values={},
        now=NOW,
    )
    ready, last = post.send()
    assert "https://consult.example/en/accounts.own_data" in plain(ready)
    assert writer.name in plain(ready)
    assert last["To"] == "remi@example.org"
    assert "This is the last mail" in plain(last)
    assert writer.name not in plain(last)


def test_without_a_mail_server_there_is_no_last_mail(session, tmp_path):
    user = make.make_user(session)
    _erase(session, user, folder=tmp_path, says_farewell=False)
    assert session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize(
    ("state", "stays"), [(DeliveryState.SENT, False), (DeliveryState.WAITING, True)]
)
def test_the_log_of_mails_is_kept_for_ninety_days(session, tmp_path, state, stays):
    user, now = make.make_user(session), clock.now()
    for age in (89, 91):
        session.add(
            Delivery(
                user_id=user.id,
                event="known-address",
                key=str(age),
                values={},
                state=state,
                not_before=now,
                created_at=now - age * DAY,
            )
        )
    session.flush()
    old = tmp_path / _write(tmp_path, words="Bonjour", message_id="old")
    new = tmp_path / _write(tmp_path, words="Bonjour", message_id="new")
    long_ago = (now - 91 * DAY).timestamp()
    os.utime(old, (long_ago, long_ago))
    erasing.forget_old(session(), folders=[tmp_path], now=now)
    kept = session.scalars(select(Delivery.key).order_by(Delivery.key)).all()
    assert kept == (["89", "91"] if stays else ["89"])
    assert list(tmp_path.iterdir()) == [new]


def test_replies_that_went_nowhere_are_forgotten_after_thirty_days_and_with_their_writer(
    app, session, tmp_path
):
    config = replace(app.extensions["consult.config"], data_dir=tmp_path)
    folders = app_module._mail_folders(config)
    kept = config.mail_in_dir / mail_files.KEPT
    failed = config.mail_in_dir / "failed"
    now = clock.now()
    for folder in (kept, failed):
        for age in (29, 31):
            path = mail_files.keep(folder, name=f"{age}.eml", content=b"From: x@example.org\n\nHi")
            then = (now - age * DAY).timestamp()
            os.utime(path, (then, then))
    erasing.forget_old(session(), folders=folders, now=now)
    assert [path.name for path in kept.iterdir()] == ["29.eml"]
    assert len(list(failed.iterdir())) == 2

    user = make.make_user(session, email="x@example.org")
    eraser = erasing.make_eraser(folders=folders, says_farewell=False)
    eraser(session(), erasing_of(user))
    (payload,) = emitted(session, "notifications.drop-files")
    erasing.drop_files(folders, names=payload["names"], message_ids=payload["message_ids"])
    assert [*kept.iterdir(), *failed.iterdir()] == []

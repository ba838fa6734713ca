"""Replies by mail, from their bytes to what became of them."""

from __future__ import annotations

import datetime as dt
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from consult.accounts.states import UserStatus
from consult.core import clock, limits
from consult.core.audit import AuditEntry
from consult.discussion.models import RevisionAttachment
from consult.discussion.states import Removed, RevisionState
from consult.notifications.inbound import reading
from consult.notifications.inbound.reading import MAX_MAIL
from consult.notifications.models import InboundMail
from consult.notifications.services import receiving
from consult.notifications.services.receiving import Outcome
from consult.notifications.states import DeliveryState
from tests.integration.notifications.inbox import BASE, QUOTE, Inbox, inbox
from tests.integration.notifications.post import AnySession, Post, plain

WORDS = "We think that the fees should be lower for the families."
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def box(
    app: Flask, session: AnySession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Inbox]:
    with inbox(app, session, monkeypatch) as made:
        config = replace(app.extensions["consult.config"], data_dir=tmp_path)
        monkeypatch.setitem(app.extensions, "consult.config", config)
        yield made


def told(box: Inbox) -> str:
    """Return what the one mail says that answers a reply; it is sent now."""
    post = Post(box.session)
    (delivery,) = box.queued("reply-refused")
    mails = post.send(at=delivery.not_before)
    (said,) = [one for one in mails if "Your reply was not taken" in str(one["Subject"])]
    return plain(said)


def test_a_reply_waits_for_a_moderator_as_its_writers_text(box: Inbox) -> None:
    assert box.take(box.answer(WORDS + QUOTE)) is Outcome.TAKEN

    ((contribution, revision),) = box.sent_in()
    assert (contribution.parent_id, contribution.question_id) == (
        box.text.id,
        box.text.question_id,
    )
    assert (revision.state, revision.source) == (RevisionState.PENDING, WORDS)
    assert (revision.language, revision.submitted_by) == ("en", box.rosa.id)
    kept = box.session.scalars(select(InboundMail)).one()
    assert (kept.outcome, kept.contribution_id) == ("taken", contribution.id)
    acts = set(box.session.scalars(select(AuditEntry.act)))
    assert {"send", "mail.taken"} <= acts


def test_the_same_mail_is_taken_once(box: Inbox) -> None:
    raw = box.answer(WORDS)
    assert [box.take(raw), box.take(raw)] == [Outcome.TAKEN, Outcome.KNOWN]
    assert len(box.sent_in()) == 1


def test_capitals_in_addresses_make_no_difference(box: Inbox) -> None:
    raw = box.answer(WORDS, to=box.reply_to.upper(), sender="ROSA@EXAMPLE.ORG")
    assert box.take(raw) is Outcome.TAKEN


def test_a_short_reply_is_in_the_language_of_its_writer(box: Inbox) -> None:
    box.rosa.locale = "es"
    assert box.take(box.answer("Ok!")) is Outcome.TAKEN
    assert box.sent_in()[0][1].language == "es"


def test_a_reply_in_html_alone_is_taken_as_text(box: Inbox) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "rosa@example.org", box.reply_to
    message.set_content(
        f"<html><body><p>{WORDS}</p><div class='gmail_quote'>On Monday wrote:"
        "<blockquote>Fees are too high.</blockquote></div></body></html>",
        subtype="html",
    )
    assert box.take(message.as_bytes()) is Outcome.TAKEN
    assert box.sent_in()[0][1].source == WORDS


def test_a_token_that_was_quoted_into_the_text_is_taken_out(box: Inbox) -> None:
    assert box.take(box.answer(f"{WORDS} Write to {box.reply_to} as I do.")) is Outcome.TAKEN
    assert f"Write to {BASE} as I do" in box.sent_in()[0][1].source


def kept(box: Inbox) -> list[bytes]:
    """Return the replies that went nowhere and are kept, the first one first."""
    folder = box.app.extensions["consult.config"].mail_in_dir / "kept"
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} <= {0o600}
    return [path.read_bytes() for path in paths]


def test_a_stranger_is_told_five_times_a_day_and_gets_no_words_back(box: Inbox) -> None:
    raws = [box.answer(WORDS, sender="Eve <eve@example.net>") for _ in range(6)]
    for raw in [*raws, raws[0]]:
        assert box.take(raw) in {Outcome.STRANGER, Outcome.KNOWN}
    assert kept(box) == raws

    delivery, *others = box.queued("reply-stranger")
    assert len(others) == 4
    assert (delivery.user_id, delivery.address) == (None, "eve@example.net")
    assert delivery.values == {}
    assert not box.sent_in()
    sent = [str(one["To"]) for one in Post(box.session).send(at=delivery.not_before)]
    assert "eve@example.net" in sent


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.org"},
        {"From": "a@example.org, b@example.org"},
        {"From": BASE},
        {"From": "eve@example.net", "Precedence": "bulk"},
        {"From": "eve@example.net", "Subject": "Réponse automatique : je suis absente"},
    ],
)
def test_what_no_person_wrote_is_kept_aside_without_an_answer(
    box: Inbox, headers: dict[str, str]
) -> None:
    raw = box.answer(WORDS, **headers)
    assert box.take(raw) is Outcome.AUTOMATIC
    assert kept(box) == [raw]
    assert not box.sent_in()
    assert not box.queued("reply-stranger")
    assert not box.queued("reply-refused")


@pytest.mark.parametrize(
    "headers",
    [
        {"Precedence": "bulk"},
        {"List_Id": "<desk.example.org>"},
        {"Subject": "Absence : notre réponse"},
    ],
)
def test_a_reply_of_the_person_who_was_written_to_is_taken_whatever_it_looks_like(
    box: Inbox, headers: dict[str, str]
) -> None:
    assert box.take(box.answer(WORDS, **headers)) is Outcome.TAKEN
    assert not kept(box)


def test_an_office_whose_address_sounds_like_a_machine_may_reply(box: Inbox) -> None:
    box.rosa.email, box.rosa.email_key = "postmaster@example.org", "postmaster@example.org"
    assert box.take(box.answer(WORDS, sender="postmaster@example.org")) is Outcome.TAKEN


def test_a_machine_without_a_genuine_token_leaves_nothing(box: Inbox) -> None:
    assert box.take(box.answer(WORDS, to=BASE, Precedence="bulk")) is Outcome.AUTOMATIC
    assert not kept(box)


def test_every_refused_reply_of_a_day_comes_back_or_is_kept(box: Inbox) -> None:
    box.space.closes_at = clock.now() - HOUR
    raws = [box.answer(f"{WORDS} {number}") for number in range(6)]
    for raw in raws:
        assert box.take(raw) is Outcome.REFUSED
    returned = [one.values["words"] for one in box.queued("reply-refused")]
    assert returned == [f"{WORDS} {number}" for number in range(5)]
    assert kept(box) == raws[5:]


def test_what_names_no_text_is_answered_each_time(box: Inbox) -> None:
    for text in ("One.", "Another."):
        assert box.take(box.answer(text, to=BASE)) is Outcome.REFUSED
    words = [one.values["words"].strip() for one in box.queued("reply-refused")]
    assert words == ["One.", "Another."]


def test_a_stamp_older_than_a_day_is_not_believed() -> None:
    now = clock.now()
    for hours, believed in ((23, True), (25, False), (-1, False)):
        stamp = now - hours * HOUR
        assert (receiving.instant_of_arrival(stamp, now=now) == stamp) is believed


def test_a_late_reply_gets_its_words_back_and_the_reason(box: Inbox) -> None:
    box.space.closes_at = clock.now() - HOUR
    assert box.take(box.answer(WORDS + QUOTE)) is Outcome.REFUSED

    said = told(box)
    assert "The consultation has closed" in said
    assert WORDS in said
    assert f"{box.text.reference}" in said
    assert not box.sent_in()
    (delivery,) = box.queued("reply-refused")
    assert delivery.state == DeliveryState.SENT
    assert "words" not in delivery.values


def test_what_came_in_before_the_closing_is_taken_after_it(box: Inbox) -> None:
    closing = clock.now() + HOUR
    box.space.closes_at = closing
    stamp = closing - dt.timedelta(seconds=1)
    raw = box.answer(WORDS, Received=f"by mx.example.org; {stamp:%a, %d %b %Y %H:%M:%S} +0000")

    assert box.take(raw, at=closing + HOUR) is Outcome.TAKEN
    assert box.take(box.answer("Another one."), at=closing + HOUR) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (QUOTE, "no words of your own"),
        ("word " * 10_001, "at most 50,000 characters"),
        (
            "Wir sind der Meinung, dass die Gebühren der Banken viel zu hoch sind, leider.",
            "does not seem to be in English",
        ),
    ],
)
def test_what_cannot_be_sent_gets_an_answer_that_helps(box: Inbox, text: str, reason: str) -> None:
    assert box.take(box.answer(text)) is Outcome.REFUSED
    assert reason in told(box)


def test_a_reply_to_a_text_that_is_gone_gets_no_link_to_it(box: Inbox) -> None:
    box.text.removed = Removed.HIDDEN
    assert box.take(box.answer(WORDS)) is Outcome.REFUSED
    said = told(box)
    assert "no longer there" in said
    assert f"{box.text.reference}" not in said


def test_after_sixty_days_a_mail_is_no_longer_answered(box: Inbox) -> None:
    later = clock.now() + dt.timedelta(days=61)
    box.space.closes_at = later + HOUR
    assert box.take(box.answer(WORDS), at=later) is Outcome.REFUSED
    assert "sixty days" in told(box)


def test_who_sends_too_many_is_told_when_to_send_again(
    box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(box.app.extensions["consult.config"], rate_limits=True)
    monkeypatch.setitem(box.app.extensions, "consult.config", config)
    monkeypatch.setattr(limits, "POST_BY_ACCOUNT", limits.Limit("post-account", 1, 300))
    assert box.take(box.answer(WORDS)) is Outcome.TAKEN
    assert box.take(box.answer("Something else.")) is Outcome.REFUSED
    assert re.search(r"Please send this one in [56] minutes", told(box))


def test_an_unconfirmed_and_a_suspended_account_send_nothing(box: Inbox) -> None:
    box.rosa.confirmed_at = None
    assert box.take(box.answer(WORDS)) is Outcome.REFUSED
    box.rosa.status = UserStatus.SUSPENDED
    assert box.take(box.answer(WORDS)) is Outcome.UNADDRESSED
    assert not box.sent_in()
    assert not box.queued("reply-stranger")


@pytest.mark.parametrize(
    "to", [BASE, BASE.replace("@", "+a@"), f"reply+{'a' * 32}@consult.example"]
)
def test_an_address_without_a_genuine_token_is_answered_only_where_we_know_the_writer(
    box: Inbox, to: str
) -> None:
    assert box.take(box.answer(WORDS, to=to)) is Outcome.REFUSED
    assert "does not say which contribution" in told(box)
    assert box.take(box.answer(WORDS, to=to, sender="eve@example.net")) is Outcome.UNADDRESSED
    assert not box.queued("reply-stranger")


def test_a_token_of_another_key_or_delivery_is_not_genuine(box: Inbox) -> None:
    token = box.reply_to.partition("+")[2].partition("@")[0]
    for other in (token[:-1] + ("a" if token[-1] != "a" else "b"), "b" + token[1:]):
        to = f"reply+{other}@consult.example"
        assert box.take(box.answer(WORDS, to=to, sender="e@example.net")) is Outcome.UNADDRESSED


# Files --------------------------------------------------------------------------------------


def with_file(
    box: Inbox, content: bytes, *, kind: str, name: str, disposition: str = "attachment"
) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "rosa@example.org", box.reply_to
    message.set_content(WORDS)
    main, sub = kind.split("/")
    message.add_attachment(
        content, maintype=main, subtype=sub, filename=name, disposition=disposition
    )
    return message.as_bytes()


def test_a_file_goes_with_the_reply(box: Inbox) -> None:
    raw = with_file(box, b"Our position in full.", kind="application/octet-stream", name="pos.txt")
    assert box.take(raw) is Outcome.TAKEN
    row = box.session.scalars(select(RevisionAttachment)).one()
    assert (row.name, row.revision_id) == ("pos.txt", box.sent_in()[0][1].id)


def test_a_picture_of_a_signature_is_left_out(box: Inbox) -> None:
    raw = with_file(box, b"\x89PNG", kind="image/png", name="logo.png", disposition="inline")
    assert box.take(raw) is Outcome.TAKEN
    assert not box.session.scalar(select(func.count()).select_from(RevisionAttachment))


def test_a_file_that_is_not_taken_sends_the_reply_back_with_the_reason(box: Inbox) -> None:
    raw = with_file(box, b"MZ\x90\x00", kind="application/octet-stream", name="run.exe")
    assert box.take(raw) is Outcome.REFUSED
    said = told(box)
    assert "run.exe" in said
    assert WORDS in said
    assert not box.sent_in()


# Bad mails ----------------------------------------------------------------------------------


def test_a_mail_that_is_too_large_is_answered_by_its_head(box: Inbox) -> None:
    raw = box.answer(WORDS) + b"x" * MAX_MAIL
    assert box.take(raw) is Outcome.REFUSED
    assert "larger than 30 MB" in told(box)


def test_parts_in_parts_without_end_are_not_followed(box: Inbox) -> None:
    head = f"From: rosa@example.org\nTo: {box.reply_to}\n"
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(300)
    )
    assert box.take((head + nested).encode()) is Outcome.REFUSED


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 100,
        b"From: \xff\xfe\nTo: \xff\n\n\xff\xfe\xfd",
        b"From: =?utf-8?b?////?= <a@\nTo: <<<>>>;:,\nContent-Type: text/plain; charset=hex\n\nzz",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"From: a@b.example\nReceived: ; Mon, 99 Foo 99999 99:99:99 +9999\n\nx",
    ],
)
def test_no_bytes_break_the_reader(box: Inbox, raw: bytes) -> None:
    assert box.take(raw) in {Outcome.AUTOMATIC, Outcome.UNADDRESSED}


def test_every_charset_that_a_mail_claims_is_read_or_guessed(box: Inbox) -> None:
    for charset, raw in [
        ("iso-8859-1", "Los envíos “señal”".encode("cp1252")),
        ("utf-8", "Los envíos señal".encode("cp1252")),
        ("x-unknown", "Los envíos señal".encode()),
        ("hex", "Los envíos señal".encode()),
        ("utf-16", "Los envíos señal".encode("utf-16")),
    ]:
        head = f"From: rosa@example.org\nTo: {box.reply_to}\nMessage-ID: <{charset}>\n"
        kind = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
        text = read_text((head + kind).encode() + raw)
        assert text.startswith("Los envíos"), charset


def read_text(raw: bytes) -> str:
    return reading.read(raw).text

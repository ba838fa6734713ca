from __future__ import annotations

import datetime as dt
import email
import stat
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from consult.notifications import mailer, messages
from consult.notifications.mailer import FileMailer, Unreachable

WRITTEN = dt.datetime(2026, 1, 31, 22, 0, tzinfo=dt.UTC)
LINE_ENDS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"]


def build(**over: Any) -> EmailMessage:
    values: dict[str, Any] = {
        "sender": "consult@consult.example",
        "sender_name": "Migration review",
        "to": "reader@example.org",
        "subject": "[RT3] Your contribution is published",
        "text": "Hello,\n\nit is there.\n",
        "html": "<p>Hello, it is there.</p>",
        "locale": "en",
        "date": WRITTEN,
        "message_id": "<one@consult.example>",
    }
    return messages.build_message(**values | over)


def received(message: EmailMessage) -> EmailMessage:
    """Return the message as the other side reads it."""
    parsed = email.message_from_bytes(message.as_bytes(), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def header_names(message: EmailMessage) -> list[str]:
    return sorted(name.lower() for name in received(message).keys())  # noqa: SIM118 - repeated ones


def test_a_mail_has_plain_text_first_and_then_html() -> None:
    message = received(build())

    assert message.get_content_type() == "multipart/alternative"
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/html"]
    body = message.get_body(("plain",))
    assert body is not None
    assert "it is there." in body.get_content()


def test_a_mail_says_who_to_whom_when_in_which_language_and_that_no_person_sent_it() -> None:
    message = received(build(locale="fr"))

    assert message["From"] == "Migration review <consult@consult.example>"
    assert message["To"] == "reader@example.org"
    assert message["Date"].datetime == WRITTEN
    assert message["Message-ID"] == "<one@consult.example>"
    assert message["Content-Language"] == "fr"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_mail_that_no_subscription_caused_has_no_unsubscribe_header() -> None:
    assert not [name for name in header_names(build()) if name.startswith("list-")]


def test_a_mail_of_a_subscription_can_be_unsubscribed_with_one_click() -> None:
    message = received(build(unsubscribe_url="https://consult.example/en/unsubscribe/abc"))

    assert message["List-Unsubscribe"] == "<https://consult.example/en/unsubscribe/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_mails_of_one_thread_refer_to_the_same_message_id() -> None:
    thread_id = messages.thread_message_id("0b7f", host="consult.example")
    message = received(build(thread_id=thread_id))

    assert message["In-Reply-To"] == thread_id
    assert message["References"] == thread_id
    assert thread_id != message["Message-ID"]


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize(
    "field", ["subject", "sender_name", "message_id", "thread_id", "locale", "unsubscribe_url"]
)
def test_no_value_can_begin_a_header_of_its_own(field: str, end: str) -> None:
    honest = build(thread_id="<t@x>", unsubscribe_url="https://consult.example/u")
    values = {"thread_id": "<t@x>", "unsubscribe_url": "https://consult.example/u"}
    injected = f"a{end}Bcc: victim@example.net{end}{end}<script>"

    message = build(**values | {field: injected})

    assert header_names(message) == header_names(honest)
    assert [str(a) for a in received(message)["To"].addresses] == ["reader@example.org"]


@pytest.mark.parametrize("field", ["subject", "sender_name"])
@pytest.mark.parametrize(
    "word",
    ["=?utf-8?q?a=0D=0ABcc:_v@example.net?=", "=\r\n?utf-8?b?DQpCY2M6IHZAZXhhbXBsZS5uZXQ=?="],
)
def test_line_ends_hidden_in_an_encoded_word_begin_no_header(field: str, word: str) -> None:
    message = build(**{field: word + " é" * 120})

    assert header_names(message) == header_names(build())
    assert b"\nBcc" not in message.as_bytes()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@example.org, b@example.org",
        "a@example.org b@example.org",
        "Group: a@example.org, b@example.org;",
        "Name <a@example.org>",
        "a@b@example.org",
        "a@example.org\0",
    ],
)
@pytest.mark.parametrize("field", ["to", "sender", "reply_to"])
def test_what_is_not_exactly_one_address_is_refused(field: str, address: str) -> None:
    if field == "reply_to" and not address:
        assert build(reply_to=address)["Reply-To"] is None
        return
    with pytest.raises(ValueError, match="exactly one"):
        build(**{field: address})


def test_the_recipient_is_exactly_the_stored_address() -> None:
    stored = "First.LAST+tag@Example.org"

    assert received(build(to=stored))["To"] == stored


def test_a_long_host_leaves_the_message_id_as_it_is() -> None:
    host = "consultations." + "very-long-name." * 5 + "example.org"
    message_id = messages.new_message_id(host)
    thread_id = messages.thread_message_id("8d1f4c7e-3c1b-4d4f-9a55-0f8f5f6b2a11", host=host)

    raw = build(message_id=message_id, thread_id=thread_id).as_bytes()

    assert f"Message-ID: {message_id}\r\n".encode() in raw
    assert f"References: {thread_id}\r\n".encode() in raw
    assert len(message_id) <= 120


def test_message_ids_are_never_the_same() -> None:
    assert messages.new_message_id("a.example") != messages.new_message_id("a.example")


@pytest.mark.parametrize(
    "words",
    [
        "Envíos de remesas – más baratos",
        "« À titre d’exemple »",
        "汇款 🧑‍🌾",
        "אבג abc",
        "%s {0} <b>",
    ],
)
def test_every_script_arrives_in_subject_name_and_text(words: str) -> None:
    message = received(build(subject=words, sender_name=words, text=words, html=f"<p>{words}</p>"))

    assert message["Subject"] == words
    assert message["From"].addresses[0].display_name == words
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert words in body.get_content()


def test_a_text_that_no_mail_can_carry_loses_only_those_characters() -> None:
    body = received(build(text="a\0b\ud800c\r\nd\re\tf")).get_body(("plain",))

    assert body is not None
    assert body.get_content().splitlines() == ["abc", "d", "e\tf"]


def test_a_text_of_dots_and_long_lines_arrives_whole() -> None:
    text = ".\n..\nFrom here\n" + "x" * 5000

    body = received(build(text=text)).get_body(("plain",))

    assert body is not None
    assert body.get_content().replace("\r\n", "\n").rstrip("\n") == text


def test_an_international_domain_is_written_in_ascii() -> None:
    assert build(to="user@bücher.example")["To"] == "user@xn--bcher-kva.example"


def test_each_mail_becomes_one_whole_file_that_only_we_can_read(tmp_path: Path) -> None:
    directory = tmp_path / "mail"
    out = FileMailer(directory)

    out.send(build())
    out.send(build(message_id="<two@consult.example>"))

    files = sorted(directory.iterdir())
    assert len(files) == 2
    assert {path.suffix for path in files} == {".eml"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert b"it is there." in files[0].read_bytes()


def test_the_same_mail_sent_twice_is_one_file(tmp_path: Path) -> None:
    out = FileMailer(tmp_path)

    out.send(build())
    out.send(build())

    assert len(list(tmp_path.glob("*.eml"))) == 1


def test_a_message_id_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    directory = tmp_path / "mail"

    FileMailer(directory).send(build(message_id="<../../out@consult.example>"))

    assert [path.parent for path in tmp_path.rglob("*.eml")] == [directory]


def test_a_folder_that_cannot_be_written_is_a_server_that_is_away(tmp_path: Path) -> None:
    blocked = tmp_path / "mail"
    blocked.write_text("a file, not a folder", encoding="utf-8")

    with pytest.raises(Unreachable):
        FileMailer(blocked).send(build())


def test_without_a_mail_server_mails_become_files(tmp_path: Path) -> None:
    assert isinstance(mailer.make_mailer(mail_url=None, mail_dir=tmp_path), FileMailer)
    smtp = mailer.make_mailer(mail_url="smtp://mail.example:25", mail_dir=tmp_path)
    assert isinstance(smtp, mailer.SmtpMailer)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("RT3", '"RT3" <round-table-3.consult.example>'),
        ('R"T\\3', '"RT3" <round-table-3.consult.example>'),
        ("Évaluation", "<round-table-3.consult.example>"),
    ],
)
def test_the_id_of_a_space_is_told_with_its_name_where_that_is_ascii(
    name: str, header: str
) -> None:
    message = received(build(list_id=(name, "round-table-3.consult.example")))
    assert str(message["List-Id"]) == header

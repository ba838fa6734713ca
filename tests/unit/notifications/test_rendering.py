"""Mails made from templates, in an application that has nothing but the addresses they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from lxml import html

import config as settings
from consult.accounts.models import MailedLink
from consult.accounts.states import LinkPurpose
from consult.core import i18n
from consult.core.i18n import LOCALES, Translated
from consult.discussion.models import Contribution, Revision
from consult.notifications.queries import DecisionFacts, MailFacts, MailLink, Recipient
from consult.notifications.rendering import make_renderer
from consult.spaces.models import Forum, Space

ROOT = Path(__file__).resolve().parents[3]
NOON = dt.datetime(2026, 1, 31, 17, 0, tzinfo=dt.UTC)
EVENTS = (
    "confirm",
    "reset",
    "known-address",
    "received",
    "published",
    "returned",
    "rejected",
    "hidden",
    "restored",
    "redacted",
    "moved",
    "appealed",
    "appeal-upheld",
    "appeal-dismissed",
    "reply-refused",
    "reply-stranger",
    "test",
)
DAYS = {"en": "Saturday 7 February 2026", "fr": "samedi 7 février 2026", "es": "sábado 7 de feb"}
BAIT = "<img src=x onerror=alert(1)>\"'\r\nBcc: victim@example.net"

RULES = {
    "spaces.home": "/<lang>/",
    "accounts.confirm": "/<lang>/confirm/<token>",
    "accounts.new_password": "/<lang>/reset/<token>",
    "accounts.reset": "/<lang>/reset",
    "discussion.contribution": "/<lang>/contributions/<name>",
    "discussion.history": "/<lang>/contributions/<name>/history",
    "moderation.appeal": "/<lang>/contributions/<name>/appeal",
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = Flask("mail", template_folder=str(ROOT / "templates"))
    app.extensions["consult.config"] = settings.with_base_url(
        settings.for_tests(tmp_path), "https://consult.example"
    )
    app.secret_key = "k"
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    i18n.init_app(app, translations=ROOT / "translations")
    for endpoint, rule in RULES.items():
        app.add_url_rule(rule, endpoint, lambda **_values: "")
    with app.app_context():
        yield app


def said(text: str) -> Translated:
    return Translated(texts={"en": text, "fr": f"{text} (fr)", "es": f"{text} (es)"})


def facts(event: str, *, locale: str = "en", **over: Any) -> MailFacts:
    user = Recipient(id=1, name=over.pop("name", "Rosa"), locale=locale)
    forum = Forum(short_title=said("Review"), contact="office@example.org", time_zone="Europe/Rome")
    values: dict[str, Any] = {
        "event": event,
        "user": user,
        "address": "rosa@example.org",
        "written_at": NOON,
        "forum": forum,
    }
    if event in {"confirm", "reset"}:
        values["link"] = MailedLink(
            id="f" * 32,
            purpose=LinkPurpose(event),
            email_key="rosa@example.org",
            expires_at=NOON + dt.timedelta(hours=1),
        )
        page = {"confirm": "accounts.confirm", "reset": "accounts.new_password"}[event]
        values["links"] = {"link_url": MailLink(page, token=lambda key: f"token-of-{key}")}
    elif event in {"reply-refused", "reply-stranger", "test"}:
        returned = over.pop("message", "What I wrote")
        values["words"] = {"problems": ["The time is over."], "returned": returned}
    elif event == "known-address":
        values["links"] = {"reset_url": MailLink("accounts.reset")}
    else:
        values |= _about_contribution(event, message=over.pop("message", "Please name the town."))
    return MailFacts(**values | over)


def _about_contribution(event: str, *, message: str) -> dict[str, Any]:
    decision = DecisionFacts(
        verdict=event,
        reason_label=said("off-topic"),
        reason_explanation=said("Why off-topic"),
        message=message,
        is_undone=False,
        decided_at=NOON,
    )
    return {
        "space": Space(code="RT3", title=said("Remittances"), contact="rt3@example.org"),
        "contribution": Contribution(uid="u-1", reference=None, receipt="ABCD-EFGH-JKLM-NPQR"),
        "revision": Revision(number=1, source="What our city\n\nhas learned.", language="es"),
        "decision": None if event in {"received", "appealed"} else decision,
        "links": {
            "contribution_url": MailLink(
                "discussion.contribution", {"name": "ABCD-EFGH-JKLM-NPQR"}
            ),
            "appeal_url": MailLink("moderation.appeal", {"name": "ABCD-EFGH-JKLM-NPQR"}),
            "history_url": MailLink("discussion.history", {"name": "ABCD-EFGH-JKLM-NPQR"}),
        },
    }


def made(mail: MailFacts) -> EmailMessage:
    return make_renderer()(mail, message_id=None)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def links(message: EmailMessage) -> set[str]:
    tree = html.fromstring(part(message, "html"))
    return {str(element.get("href")) for element in tree.iter("a")}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_mail_is_written_in_the_language_of_its_reader(event: str, locale: str) -> None:
    message = made(facts(event, locale=locale))

    assert message["Content-Language"] == locale
    assert all(f"https://consult.example/{locale}/" in link for link in links(message))
    assert html.fromstring(part(message, "html")).get("lang") == locale
    assert len(part(message, "plain").split()) > 25


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("event", EVENTS)
def test_text_and_html_hold_the_same_sentences_and_links(event: str) -> None:
    message = made(facts(event))
    plain = part(message, "plain")
    spoken = html.fromstring(part(message, "html")).text_content()

    for line in plain.splitlines():
        if line.startswith("https://"):
            assert line in links(message)
        elif line.endswith((".", ":")):
            assert line.removeprefix("> ").removeprefix("* ") in spoken
    assert "None" not in plain + spoken
    assert "{" not in plain


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("locale", "day"), DAYS.items())
def test_a_returned_text_says_why_and_until_when_in_the_language_of_its_author(
    locale: str, day: str
) -> None:
    plain = part(made(facts("returned", locale=locale)), "plain")

    assert day in plain
    assert "18:00" in plain
    assert said("off-topic").in_(locale) in plain
    assert said("Why off-topic").in_(locale) in plain
    assert "> Please name the town." in plain
    assert "> What our city\n> \n> has learned." in plain


@pytest.mark.usefixtures("app")
def test_a_quoted_text_is_shown_as_its_readers_will_see_it() -> None:
    mail = facts("returned")
    assert mail.revision is not None
    mail.revision.source = (
        "What **our** city learned:\n\n- [Ports](https://ports.example/a?b=1&c=2)\n"
        "- <https://same.example>\n\n<script>alert(1)</script>"
    )
    message = made(mail)
    said_there = html.fromstring(part(message, "html")).find_class("said")[0]

    assert said_there.xpath("string(.//strong)") == "our"
    assert said_there.xpath("count(.//script)") == 0
    plain = part(message, "plain")
    assert "> What our city learned:\n> \n> Ports (https://ports.example/a?b=1&c=2)\n" in plain
    assert "> https://same.example\n" in plain


@pytest.mark.usefixtures("app")
def test_the_wanted_act_is_a_button_with_its_address_below() -> None:
    tree = html.fromstring(part(made(facts("confirm")), "html"))
    (button,) = tree.find_class("act")

    assert button.text_content() == "Confirm my address"
    assert tree.xpath("//small")[0].text_content() == button.get("href")


@pytest.mark.usefixtures("app")
def test_whoever_has_to_be_approved_learns_it_with_the_link() -> None:
    sentence = "After that the organisers read your request to take part"

    assert sentence in part(made(facts("confirm", words={"is_asking": True})), "plain")
    assert sentence not in part(made(facts("confirm", words={"is_asking": False})), "plain")


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", ["Rosa", ""])
def test_greeting_sentences_and_address_of_an_invitation_stand_apart(name: str) -> None:
    words = {
        "expires_at": NOON,
        "forum_title": said("Review of the whole region"),
        "inviter": "Thandi",
        "role": None,
        "delegation": None,
    }
    mail = facts(
        "invitation",
        name=name,
        words=words,
        links={"link_url": MailLink("accounts.reset")},
        space=None,
        contribution=None,
        revision=None,
    )
    plain = part(made(mail), "plain")

    assert plain.startswith(
        f"Hello{' Rosa' if name else ''},\n\n"
        "Thandi invites you to take part in “Review of the whole region”.\n\n"
        "You can answer questions and reply to others.\n\nhttps://"
    )


@pytest.mark.usefixtures("app")
def test_a_rejection_says_that_it_can_be_appealed_for_fourteen_days() -> None:
    plain = part(made(facts("rejected")), "plain")

    assert "Saturday 14 February 2026, 18:00" in plain
    assert "https://consult.example/en/contributions/ABCD-EFGH-JKLM-NPQR/appeal\n" in plain


@pytest.mark.usefixtures("app")
def test_times_are_those_of_the_readers_own_zone() -> None:
    reader = Recipient(name="Rosa", locale="en", time_zone="America/Lima")

    plain = part(made(facts("returned", user=reader)), "plain")

    assert "7 February 2026, 12:00 (Lima time)" in plain


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("event", [event for event in EVENTS if event != "returned"])
def test_only_a_returned_text_is_in_the_mail(event: str) -> None:
    assert "has learned" not in part(made(facts(event)), "plain")


@pytest.mark.usefixtures("app")
def test_the_subject_begins_with_the_code_of_the_space() -> None:
    assert made(facts("returned"))["Subject"].startswith("[RT3] ")


@pytest.mark.usefixtures("app")
def test_without_a_space_the_subject_begins_with_the_short_title_of_the_forum() -> None:
    assert made(facts("reset", locale="fr"))["Subject"].startswith("[Review (fr)] ")


@pytest.mark.usefixtures("app")
def test_before_any_forum_is_loaded_an_address_can_be_confirmed() -> None:
    message = made(facts("confirm", forum=None))

    assert message["Subject"].startswith("[Consult] ")
    assert message["Reply-To"] is None


@pytest.mark.usefixtures("app")
def test_a_mail_comes_from_our_own_host_and_answers_go_to_the_contact() -> None:
    message = made(facts("returned"))

    assert message["From"].addresses[0].addr_spec == "consult@consult.example"
    assert message["Reply-To"] == "rt3@example.org"


@pytest.mark.usefixtures("app")
def test_mails_about_one_contribution_belong_together_and_each_has_its_own_id() -> None:
    first, second = made(facts("received")), made(facts("returned"))

    assert first["References"] == second["References"] == "<u-1.thread@consult.example>"
    assert first["Message-ID"] != second["Message-ID"]


@pytest.mark.usefixtures("app")
def test_a_second_try_keeps_its_message_id() -> None:
    message = make_renderer()(facts("returned"), message_id="<before@consult.example>")

    assert message["Message-ID"] == "<before@consult.example>"


def test_links_lead_to_the_configured_address_whatever_the_request_says(app: Flask) -> None:
    with app.test_request_context("/", base_url="https://evil.example"):
        g.locale = "es"
        message = made(facts("reset", locale="fr"))

    assert any("/fr/reset/token-of-" in link for link in links(message))
    assert "evil" not in message.as_string()


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("event", EVENTS)
def test_what_people_wrote_is_shown_as_text_and_changes_no_header(event: str) -> None:
    message = made(facts(event, name=BAIT, **_bait(event)))
    tree = html.fromstring(part(message, "html"))

    assert tree.xpath("count(//img)") == 0
    assert [name for name in message.keys() if name.lower() == "bcc"] == []  # noqa: SIM118
    assert str(message["To"]) == "rosa@example.org"


def _bait(event: str) -> dict[str, Any]:
    return {} if event in {"confirm", "reset", "known-address"} else {"message": BAIT}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("event", ["confirm", "reset", "known-address"])
def test_mails_to_an_address_nobody_proved_repeat_no_words_of_whoever_typed_it(event: str) -> None:
    message = made(facts(event, name="Win a prize at example.net"))

    assert "prize" not in message.as_string()


@pytest.mark.usefixtures("app")
def test_a_mail_uses_the_reference_once_there_is_one() -> None:
    mail = facts("published")
    assert mail.contribution is not None
    mail.contribution.reference = "RT3-Q1-0042"
    message = made(mail)

    assert "RT3-Q1-0042" in message["Subject"]
    assert "RT3-Q1-0042" in part(message, "plain")


def test_addresses_that_name_a_mail_are_given_only_where_mails_come_in(app: Flask) -> None:
    answered = facts("published", delivery_id=7, answers=True)
    assert made(answered)["Reply-To"] == "rt3@example.org"
    assert made(answered)["Return-Path"] is None

    config = app.extensions["consult.config"]
    app.extensions["consult.config"] = replace(
        config, mail_reply="reply@consult.example", mail_from="forum@consult.example"
    )
    message = made(answered)
    assert str(message["Reply-To"]).startswith("reply+")
    assert str(message["Return-Path"]).startswith("<bounces+")
    assert message["From"].addresses[0].addr_spec == "forum@consult.example"
    assert "by replying to this mail" in part(message, "plain")
    unanswered = made(facts("published", delivery_id=7))
    assert unanswered["Reply-To"] == "rt3@example.org"

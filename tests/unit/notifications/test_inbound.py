"""Addresses that name a mail, pages of mail programs, and what is read from bytes."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.core import markup
from consult.notifications.inbound import addresses, quoted_html, reading
from consult.notifications.inbound.addresses import Named, Purpose

BASE = "reply@consult.example"
KEY = "k" * 32


def named(address: str, *, key: str = KEY) -> Named | None:
    return addresses.named_by([address], base=BASE, secret_key=key)


@given(st.integers(min_value=1, max_value=2**40 - 1))
@settings(max_examples=50, deadline=None)
def test_an_address_names_its_delivery_in_either_case(delivery_id: int) -> None:
    reply = addresses.reply_address(BASE, delivery_id=delivery_id, secret_key=KEY)
    bounce = addresses.bounce_address(BASE, delivery_id=delivery_id, secret_key=KEY)
    assert named(reply) == named(reply.upper()) == Named(Purpose.REPLY, delivery_id)
    assert named(bounce) == Named(Purpose.BOUNCE, delivery_id)


def test_no_part_before_the_at_is_longer_than_mail_servers_take() -> None:
    longest = "r" * 30 + "@consult.example"
    address = addresses.reply_address(longest, delivery_id=2**40 - 1, secret_key=KEY)
    assert len(address.partition("@")[0]) <= 64


def test_a_token_is_good_for_one_purpose_one_domain_and_one_key() -> None:
    reply = addresses.reply_address(BASE, delivery_id=7, secret_key=KEY)
    assert named(reply.replace("reply+", "bounces+")) is None
    assert named(reply.replace("consult.example", "evil.example")) is None
    assert named(reply, key="other") is None
    assert named(reply.replace("reply+", "reply+x+")) is None
    for broken in (BASE, "reply+@consult.example", "reply+ä1!@consult.example", "", "@", "a@b@c"):
        assert named(broken) is None


def test_our_own_addresses_are_known_and_tokens_are_taken_out_of_texts() -> None:
    reply = addresses.reply_address(BASE, delivery_id=7, secret_key=KEY)
    assert addresses.is_ours(reply.upper(), base=BASE)
    assert not addresses.is_ours("rosa@consult.example", base=BASE)
    assert addresses.scrubbed(f"to {reply}, a+b@example.org", base=BASE) == (
        f"to {BASE}, a+b@example.org"
    )


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote"><div class="gmail_attr">On Monday wrote:</div>quoted</div>',
        '<blockquote type="cite">quoted<blockquote type="cite">more</blockquote></blockquote>',
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: quoted</div><p>quoted</p>',
        '<div id="x_divRplyFwdMsg">quoted</div><p>quoted</p>',
        '<div class="moz-cite-prefix">quoted</div><blockquote cite="mid:1">quoted</blockquote>',
        '<div class="gmail_signature" data-x="1">quoted<br></div>',
        "<style>.quoted{}</style><script>quoted</script>",
    ],
)
def test_what_a_mail_program_marks_as_quoted_is_left_out_of_its_page(quote: str) -> None:
    page = f"<html><head><title>quoted</title></head><body><p>Own &amp; mine.</p>{quote}</body>"
    text = markup.to_text(markup.sanitise(quoted_html.without_quotes(page)))
    assert text == "Own & mine."


def test_a_block_quote_that_somebody_made_stays() -> None:
    page = "<p>They say:</p><blockquote>kept</blockquote><p>We do not.</p>"
    assert "kept" in quoted_html.without_quotes(page)


def test_plain_text_goes_before_html_and_several_parts_are_joined() -> None:
    message = EmailMessage()
    message["From"] = "Rosa <rosa@example.org>"
    message["To"] = BASE
    message.set_content("Plain words.")
    message.add_alternative("<p>HTML words.</p>", subtype="html")
    message.add_attachment("More words.", disposition="inline")
    mail = reading.read(message.as_bytes())
    assert mail.text.split() == ["Plain", "words.", "More", "words."]
    assert (mail.sender, mail.recipients, mail.files) == ("rosa@example.org", (BASE,), ())


def test_names_of_files_and_their_contents_come_through() -> None:
    message = EmailMessage()
    message["From"] = "rosa@example.org"
    message.set_content("x")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="señal é.pdf")
    message.add_attachment(b"k", maintype="application", subtype="pgp-signature", filename="s.asc")
    (file,) = reading.read(message.as_bytes()).files
    assert (file.name, file.content) == ("señal é.pdf", b"%PDF")


def test_the_envelope_goes_before_what_people_wrote_into_the_head() -> None:
    raw = b"X-Original-To: one@a.example\nDelivered-To: two@a.example\nTo: three@a.example\n\nx"
    assert reading.read(raw).recipients == ("one@a.example", "two@a.example", "three@a.example")


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    head = b"Content-Type: text/html; charset=utf-7\nContent-Transfer-Encoding: base64\n"
    for mail in (raw, head + raw, b"From: " + raw, b"Received: " + raw):
        assert len(reading.read(mail).digest) == 64

"""Codes of an authenticator, recovery codes and the picture that carries the secret."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

import pyotp
import pytest

from consult.accounts import authenticator

NOW = dt.datetime(2026, 3, 2, 9, 0, 7, tzinfo=dt.UTC)
NONCE = "0f" * 16
SECRET = authenticator.secret_of(NONCE, secret_key="k" * 32)
STEP = int(NOW.timestamp()) // 30


def code_at(seconds: int) -> str:
    return pyotp.TOTP(SECRET).at(NOW + dt.timedelta(seconds=seconds))


def test_a_secret_needs_both_the_row_and_the_key():
    assert len(SECRET) == 32
    assert authenticator.secret_of(NONCE, secret_key="k" * 32) == SECRET
    assert authenticator.secret_of(NONCE, secret_key="j" * 32) != SECRET
    assert authenticator.secret_of("0e" * 16, secret_key="k" * 32) != SECRET


@pytest.mark.parametrize(("seconds", "step"), [(-30, -1), (0, 0), (30, 1)])
def test_codes_of_the_neighbouring_steps_are_taken(seconds, step):
    code = code_at(seconds)
    assert authenticator.step_of(code, secret=SECRET, now=NOW) == STEP + step
    spaced = f" {code[:3]} {code[3:]}\n"
    assert authenticator.step_of(spaced, secret=SECRET, now=NOW) == STEP + step


@pytest.mark.parametrize("seconds", [-60, 60, 3600])
def test_codes_of_other_steps_are_not(seconds):
    assert authenticator.step_of(code_at(seconds), secret=SECRET, now=NOW) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "12345a", "\x00", "9" * 10_000])
def test_what_is_no_code_is_no_code(code):
    assert authenticator.step_of(code, secret=SECRET, now=NOW) is None


def test_recovery_codes_are_ten_and_easy_to_copy():
    codes = authenticator.new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[2-9a-hjkmnp-z]{5}-[2-9a-hjkmnp-z]{5}", code) for code in codes)
    assert not set("".join(codes)) & set("01ilo")


def test_case_spaces_and_hyphens_of_a_recovery_code_do_not_matter():
    kept = authenticator.digest_of("k7mwq-3hx9p", user_id=1, secret_key="k")
    for typed in ("K7MWQ3HX9P", " k7mwq 3hx9p ", "k7mwq‐3hx9p", "k7mwq–3hx9p"):
        assert authenticator.is_recovery_code(typed)
        assert authenticator.digest_of(typed, user_id=1, secret_key="k") == kept
    assert not authenticator.is_recovery_code("123 456")
    assert authenticator.digest_of("k7mwq-3hx9p", user_id=2, secret_key="k") != kept
    assert authenticator.digest_of("k7mwq-3hx9p", user_id=1, secret_key="j") != kept


def test_the_address_names_forum_and_person():
    address = authenticator.address_of(SECRET, account="zoë@example.org", issuer="Forum: 2026")
    parsed = pyotp.parse_uri(address)
    assert (parsed.issuer, parsed.name) == ("Forum  2026", "zoë@example.org")
    assert parsed.secret == SECRET


def test_the_picture_is_an_svg_that_needs_no_style():
    picture = authenticator.picture_of("otpauth://totp/Forum:desk?secret=" + SECRET)
    root = ET.fromstring(picture)  # noqa: S314 - made here
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"style" not in picture
    assert b"script" not in picture
    assert b'fill="#fff"' in picture


def test_a_secret_is_shown_in_groups_of_four():
    assert authenticator.in_groups("ABCDEFGHIJ") == "ABCD EFGH IJ"

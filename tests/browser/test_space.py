"""The deadline of a consultation in the reader's own time zone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PageAs

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", r"In your time zone \(Nairobi\): \S+ \d+ \S+ \d{4}, \d\d:\d\d\."),
        ("fr", r"Dans votre fuseau horaire \(Nairobi\)\s: \S+ \d+ \S+ \d{4}, \d\d:\d\d\."),
        ("es", r"En su zona horaria \(Nairobi\): \S+ \d+ de \S+ de \d{4}, \d\d:\d\d\."),
    ],
)
def test_a_browser_says_when_it_is_in_the_readers_zone(
    page_as: PageAs, locale: str, words: str
) -> None:
    page = page_as(locale=locale, timezone_id="Africa/Nairobi")
    page.goto(f"/{locale}/spaces/round-table-3")
    place = page.locator("[data-instant]")
    expect(place).to_have_text(re.compile(words))
    instant = place.get_attribute("data-instant")
    expect(place.locator("time")).to_have_attribute("datetime", instant or "")


@pytest.mark.parametrize("zone", ["America/New_York", "America/Toronto"])
def test_nothing_is_said_where_the_clocks_show_the_same(page_as: PageAs, zone: str) -> None:
    page = page_as(timezone_id=zone)
    page.goto("/en/spaces/round-table-3")
    expect(page.locator("[data-instant]")).to_be_hidden()


def test_without_scripts_the_zone_of_the_forum_is_named(page_as: PageAs) -> None:
    page = page_as(scripts=False, timezone_id="Africa/Nairobi")
    page.goto("/en/spaces/round-table-3")
    expect(page.locator(".status")).to_contain_text("New York time")
    expect(page.locator("[data-instant]")).to_be_hidden()

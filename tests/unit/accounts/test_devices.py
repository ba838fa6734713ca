"""Browsers in words."""

from __future__ import annotations

import pytest

from consult.accounts.views import devices

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15"
GALAXY = "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"{SAFARI} Version/17.4 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{SAFARI} CriOS/122.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{CHROME} Chrome/122.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{CHROME} Chrome/122.0.0.0 Safari/537.36 Edg/122.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.4; rv:124.0) Gecko/20100101 Firefox/124.0",
            "Firefox on macOS",
        ),
        (
            f"{GALAXY} SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) Something", "Linux"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
        ("<script>alert(1)</script>", "An unknown browser"),
    ],
)
def test_a_browser_is_told_in_a_few_words(app, agent, words):
    with app.test_request_context("/en/"):
        assert devices.in_words(agent) == words

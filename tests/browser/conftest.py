"""A real server on the demonstration, and Chromium windows that somebody sits at.

Whoever asks for a window gets one that is watched: a request to another host, an error in the
console (a refusal of the content security policy is one) or an exception fails the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

import config as settings
from tests.conftest import ROOT, Served, environment, serve

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name but the server's own address leads anywhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
PASSWORD = "demonstration-only-please"
EMAILS = {
    "stakeholder": "stakeholder@demo.example",
    "another stakeholder": "stakeholder2@demo.example",
    "moderator": "moderator@demo.example",
    "another moderator": "moderator2@demo.example",
    "drafter": "drafter@demo.example",
    "organiser": "organiser@demo.example",
}
PATIENCE = 30
"""Seconds that the worker may take to index the demonstration on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium of the operating system for all tests."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        reason = "no Chromium: install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that `flask demo` leaves; modules work on copies of it."""
    data_dir = tmp_path_factory.mktemp("demonstration")
    made = subprocess.run(
        [sys.executable, "-m", "flask", "demo"],
        cwd=ROOT,
        env=environment(settings.for_tests(data_dir)),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.fail(f"flask demo failed: {made.stderr[-2000:]}")
    return data_dir


@pytest.fixture(scope="module")
def site(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on a copy of the demonstration; what a module changes, no other one sees."""
    data_dir = tmp_path_factory.mktemp("site")
    shutil.copytree(demonstration, data_dir, dirs_exist_ok=True)
    for served in serve(settings.for_tests(data_dir)):
        _wait_for_index(served.url)
        yield served


def _wait_for_index(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/en/search?q=remesas", timeout=10) as answer:
            if b'class="result"' in answer.read():
                return
        time.sleep(0.3)
    pytest.fail(f"nothing could be found within {PATIENCE} seconds")


@dataclass
class Watch:
    """What must not happen in a window."""

    url: str
    seen: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        """Begin to watch a window."""
        page.on("request", self._request)
        page.on("pageerror", lambda error: self.seen.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._console(page, message))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.url + "/"):
            self.seen.append(f"a request to {request.url}")

    def _console(self, page: Page, message: ConsoleMessage) -> None:
        # Chromium also reports the status of a page that says 404 or 422 on purpose.
        is_own_status = (
            "the server responded with a status of 4" in message.text
            and message.location.get("url", "").partition("#")[0] == page.url.partition("#")[0]
        )
        # So does a script that asks whether a claim still stands.
        is_lost_claim = "status of 409" in message.text and message.location.get(
            "url", ""
        ).endswith("/claim")
        if message.type == "error" and not is_own_status and not is_lost_claim:
            self.seen.append(f"{page.url}: {message.text}")


PageAs = Callable[..., Page]


@pytest.fixture
def page_as(browser: Browser, site: Served) -> Iterator[PageAs]:
    """Open a window: `page_as("moderator", "fr", scripts=False, width=320)`.

    Everybody but a visitor signs in through the page. Further arguments are those of a Chromium
    context: `color_scheme`, `locale`, `timezone_id`.
    """
    watch = Watch(site.url)
    contexts = []

    def open_window(
        role: str = "visitor",
        locale: str = "en",
        *,
        scripts: bool = True,
        width: int = 1280,
        **more: Any,
    ) -> Page:
        context = browser.new_context(
            base_url=site.url,
            java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
            # Colours are measured where they end, not on the way there.
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch.over(page)
        if role != "visitor":
            sign_in(page, EMAILS[role], locale)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not watch.seen, "\n".join(watch.seen)


def sign_in(page: Page, email: str, locale: str) -> None:
    """Sign in as a person does: open the page, type, press the button."""
    page.goto(f"/{locale}/sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form .button[type=submit]").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)

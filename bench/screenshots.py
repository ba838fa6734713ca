"""The pictures of the README: the demonstration, seen through Chromium.

`python -m bench.screenshots [FOLDER]` makes a demonstration in a temporary folder, serves it on a
free port and writes the pictures into FOLDER (`docs/pictures`). They show the dates of the day.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Letters with grey edges make smaller files than letters with coloured ones.
    "--disable-lcd-text",
]
PASSWORD = "demonstration-only-please"  # noqa: S105 - known to everybody, for demonstrations only
MOST_BYTES = 250_000
"""What a reader of the README should have to load for one picture."""
PATIENCE = 60.0
"""Seconds until the server must answer and the worker must have indexed the demonstration."""


@dataclass(frozen=True)
class Picture:
    """A page as somebody sees it; sizes in CSS pixels."""

    name: str
    path: str
    width: int = 1280
    height: int = 1200
    email: str | None = None
    link: str | None = None
    """What is followed from there."""


PICTURES = (
    Picture("thread", "/en/spaces/round-table-3/questions/1", height=1360),
    Picture("thread-320", "/en/spaces/round-table-3/questions/1", width=320),
    Picture(
        "queue",
        "/en/moderation",
        height=1000,
        email="moderator@demo.example",
        link="a.queue-item:has(.tag.wait)",
    ),
    Picture("search", "/en/search?q=remesas"),
)


def main(arguments: list[str]) -> int:
    """Take every picture; return the exit code."""
    if len(arguments) > 1:
        print("usage: python -m bench.screenshots [FOLDER]", file=sys.stderr)
        return 2
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 1
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with demonstration() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *sandbox])
        for picture in PICTURES:
            png = take(browser, url, picture)
            (folder / f"{picture.name}.png").write_bytes(png)
            print(f"{picture.name}.png: {len(png) // 1000} kB")
            if len(png) > MOST_BYTES:
                print(f"{picture.name}.png is larger than {MOST_BYTES} bytes", file=sys.stderr)
                return 1
        browser.close()
    return 0


@contextmanager
def demonstration() -> Iterator[str]:
    """Serve a fresh demonstration; give its address."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    flask = [sys.executable, "-m", "flask"]
    with TemporaryDirectory() as data_dir:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CONSULT_")}
        environ = kept | {"CONSULT_DATA": data_dir, "FLASK_APP": str(ROOT / "wsgi.py")}
        subprocess.run(
            [*flask, "demo"], check=True, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL
        )
        server = subprocess.Popen([*flask, "serve", "--port", port], cwd=ROOT, env=environ)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/en/search?q=remesas", b'class="result"')
            yield url
        finally:
            server.terminate()
            server.wait(30)


def wait_for(url: str, part: bytes) -> None:
    """Return once the page has the part; raises `TimeoutError`."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if part in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise TimeoutError(f"{url} did not answer as expected within {PATIENCE:.0f} seconds")


def take(browser: Browser, url: str, picture: Picture) -> bytes:
    """Return what somebody sees, as a PNG."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": picture.width, "height": picture.height},
        reduced_motion="reduce",
    )
    with closing(context):
        page = context.new_page()
        if picture.email is not None:
            page.goto("/en/sign-in")
            page.locator("#email").fill(picture.email)
            page.locator("#password").fill(PASSWORD)
            page.locator("main form .button[type=submit]").click()
            page.wait_for_url(lambda address: "/sign-in" not in address)
        page.goto(picture.path)
        if picture.link is not None:
            page.goto(page.locator(picture.link).first.get_attribute("href") or "")
        return page.screenshot(animations="disabled", caret="hide")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

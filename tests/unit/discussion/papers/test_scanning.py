"""Asking a scanner: its verdicts, and everything that can go wrong on the way, within its time."""

from __future__ import annotations

import io
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from consult.discussion.papers.scanning import Clamd, ScannerAway, Verdict
from tests.clamd import MARK, FakeClamd, fake_clamd


@pytest.fixture
def clamd() -> Iterator[FakeClamd]:
    with fake_clamd() as daemon:
        yield daemon


def test_a_clean_file_is_sent_whole_and_is_clean(clamd: FakeClamd) -> None:
    content = bytes(range(256)) * 1000
    stream = io.BytesIO(content)
    stream.seek(77)
    verdict = Clamd(clamd.url).scan(stream)
    assert verdict.is_clean
    assert clamd.scanned == [content]


def test_an_infected_file_comes_back_with_the_name_of_what_was_found(clamd: FakeClamd) -> None:
    verdict = Clamd(clamd.url).scan(io.BytesIO(b"x" * 70_000 + MARK))
    assert not verdict.is_clean
    assert verdict.found == "Test.Mark"


@pytest.mark.parametrize("mood", ["hangs up", "hangs", "too large", "drips", "babbles"])
def test_a_scanner_that_misbehaves_gives_no_verdict_within_the_time(
    clamd: FakeClamd, mood: str
) -> None:
    clamd.mood = mood
    began = time.monotonic()
    with pytest.raises(ScannerAway):
        Clamd(clamd.url, seconds=0.5).scan(io.BytesIO(b"x" * 5_000_000))
    assert time.monotonic() - began < 3


def test_a_scanner_that_refuses_a_file_is_quoted(clamd: FakeClamd) -> None:
    clamd.mood = "too large"
    with pytest.raises(ScannerAway, match="size limit exceeded"):
        Clamd(clamd.url).scan(io.BytesIO(b"x"))


def test_a_scanner_that_is_not_there_is_away(tmp_path: Path) -> None:
    with fake_clamd() as daemon:
        url = daemon.url
    for gone in (url, f"unix:{tmp_path}/ctl", "tcp://no-such-host.invalid:3310"):
        with pytest.raises(ScannerAway):
            Clamd(gone, seconds=1).scan(io.BytesIO(b"x"))


def test_a_socket_file_does_as_well(tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            received = b""
            while not received.endswith(struct.pack("!L", 0)):
                received += connection.recv(1024)
            connection.sendall(b"stream: OK\0")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    assert Clamd(f"unix:{path}").scan(io.BytesIO(b"hello")) == Verdict()
    thread.join(5)
    server.close()

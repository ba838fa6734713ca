"""How many children look into files at once, and how long somebody waits for one."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from consult.discussion.papers import isolation
from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused
from tests import papers as make


@pytest.fixture
def taken() -> Iterator[None]:
    """Every place for a child is taken."""
    for _ in range(isolation.MOST_AT_ONCE):
        assert isolation._places.acquire(timeout=1)
    yield
    for _ in range(isolation.MOST_AT_ONCE):
        isolation._places.release()


def test_a_check_that_waits_too_long_is_refused(
    taken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "WAIT_SECONDS", 0.05)
    with pytest.raises(Refused) as caught:
        isolation.check(io.BytesIO(b"Ours."))
    assert caught.value.refusal is PaperRefusal.BOMB


def test_reading_that_waits_too_long_says_nothing_of_the_file(
    taken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "WAIT_TO_READ_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        isolation.read(io.BytesIO(b"Ours."), kind=Kind.TXT)


def test_at_most_two_children_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, pause = threading.Lock(), threading.Event()
    running: list[int] = [0, 0]

    def ask(*_args: Any, **_named: Any) -> dict[str, Any]:
        with lock:
            running[0] += 1
            running[1] = max(running)
        pause.wait(0.05)
        with lock:
            running[0] -= 1
        return {"kind": "txt"}

    monkeypatch.setattr(isolation, "_ask", ask)
    threads = [
        threading.Thread(target=isolation.check, args=(io.BytesIO(b"Ours."),)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert running == [0, 2]


def test_a_place_is_free_again_after_a_refusal() -> None:
    for _ in range(isolation.MOST_AT_ONCE + 1):
        with pytest.raises(Refused):
            isolation.check(io.BytesIO(make.OLE))


@pytest.mark.parametrize("content", [make.pdf(), make.word(), make.odt(), b"Ours."])
def test_a_child_has_memory_enough_to_look_and_to_read(content: bytes) -> None:
    kind = isolation.check(io.BytesIO(content))
    assert isolation.read(io.BytesIO(content), kind=kind).paragraphs

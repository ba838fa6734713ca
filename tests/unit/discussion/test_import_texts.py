"""Texts are the same whether one process renders them or several."""

from __future__ import annotations

import pytest

from consult.discussion.services import import_texts


def test_several_processes_render_what_one_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[import_texts.Job] = [
        (f"**Text** {number} of a city that counts its schools.", "markdown", "en")
        for number in range(60)
    ]
    alone = import_texts.render_all(jobs)
    monkeypatch.setattr(import_texts, "MANY", 10)
    assert import_texts.render_all(jobs) == alone
    assert alone[7].text == "Text 7 of a city that counts its schools."

"""French and Spanish typography of translations."""

from __future__ import annotations

import pytest

from consult.cli import typography


@pytest.mark.parametrize(
    "text",
    [
        "Voulez-vous vraiment le retirer\u202f?",
        "Merci\u00a0! Votre texte est envoyé\u00a0; il sera lu.",
        "Motif\u00a0: %(reason)s, à 23:59",
        "Le mot «\u00a0migrant\u00a0» n’est pas une insulte.",
        'Voir <a href="https://example.org/?a=b;c">la page</a>&nbsp;suivante.',
    ],
)
def test_good_french_passes(text: str) -> None:
    assert list(typography.problems(text, locale="fr")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Vraiment?", "before ; ! and ?"),
        ("Vraiment ?", "before ; ! and ?"),
        ("%(name)s!", "before ; ! and ?"),
        ("Motif: ceci", "before :"),
        ("Motif\u202f: ceci", "before :"),
        ("Le mot « migrant »", "inside « and »"),
        ("L'auteur", "instead of '"),
        ('Le "mot"', "quotation marks"),
    ],
)
def test_wrong_french_is_told(text: str, words: str) -> None:
    assert any(words in problem for problem in typography.problems(text, locale="fr"))


def test_good_spanish_passes() -> None:
    assert list(typography.problems("¿Seguro? ¡Gracias!", locale="es")) == []


@pytest.mark.parametrize("text", ["Seguro?", "Gracias!", "¿Seguro? ¿Y ahora"])
def test_spanish_signs_come_in_pairs(text: str) -> None:
    assert any("in pairs" in problem for problem in typography.problems(text, locale="es"))


def test_english_has_no_rules_here() -> None:
    assert list(typography.problems("Really? It's fine!", locale="en")) == []

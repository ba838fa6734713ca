"""Catalogues of a small checkout: collected, updated, compiled, checked."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from consult.cli.catalogues import Catalogues

CODE = """
from consult.core.i18n import N_, gettext as _, lazy_gettext, ngettext, pgettext

A = _("Hello %(name)s.", name="x")
B = ngettext("One reply", "%(num)s replies", 2)
C = pgettext("verb", "Open")
D = N_("Later")
E = lazy_gettext("At once")
"""
FRENCH = {
    "Hello %(name)s.": "Bonjour %(name)s.",
    "Open": "Ouvrir",
    "Later": "Plus tard",
    "At once": "Tout de suite",
    "Title of the page": "Titre de la page",
}


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    (tmp_path / "consult").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "consult/words.py").write_text(CODE)
    (tmp_path / "templates/page.html").write_text("<h1>{{ _('Title of the page') }}</h1>")
    made = Catalogues(tmp_path)
    made.extract()
    made.update()
    return made


def translate(catalogues: Catalogues, locale: str, **changed: str) -> None:
    path = catalogues.po(locale)
    text = path.read_text(encoding="utf-8")
    for english, other in {**FRENCH, **changed}.items():
        text = text.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{other}"')
    text = text.replace('msgstr[0] ""', 'msgstr[0] "Une réponse"')
    text = text.replace('msgstr[1] ""', 'msgstr[1] "%(num)s réponses"')
    path.write_text(text, encoding="utf-8")


def problems(catalogues: Catalogues) -> str:
    return "\n".join(catalogues.check())


def test_every_kind_of_marked_sentence_is_collected(catalogues: Catalogues) -> None:
    pot = catalogues.pot.read_text(encoding="utf-8")
    for english in FRENCH:
        assert f'msgid "{english}"' in pot
    assert 'msgid_plural "%(num)s replies"' in pot
    assert 'msgctxt "verb"' in pot
    assert "#: templates/page.html\n" in pot


def test_collecting_again_changes_no_byte(catalogues: Catalogues) -> None:
    pot, po = catalogues.pot.read_bytes(), catalogues.po("fr").read_bytes()
    source = catalogues.root / "consult/words.py"
    source.write_text("\n\n\n" + source.read_text())
    catalogues.extract()
    catalogues.update()
    assert (catalogues.pot.read_bytes(), catalogues.po("fr").read_bytes()) == (pot, po)


def test_whole_catalogues_pass(catalogues: Catalogues) -> None:
    translate(catalogues, "fr")
    translate(catalogues, "es")
    assert problems(catalogues) == ""


def test_a_missing_translation_is_told_with_its_line(catalogues: Catalogues) -> None:
    translate(catalogues, "es")
    path = catalogues.po("fr")
    line = path.read_text(encoding="utf-8").split("\n").index('msgid "Later"') + 1
    assert f"translations/fr/LC_MESSAGES/messages.po:{line}: translate “Later”" in problems(
        catalogues
    )


def test_a_fuzzy_translation_is_told(catalogues: Catalogues) -> None:
    translate(catalogues, "fr")
    path = catalogues.po("fr")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Later"', '#, fuzzy\nmsgid "Later"'), encoding="utf-8")
    assert "fuzzy" in problems(catalogues)


@pytest.mark.parametrize(
    ("french", "words"),
    [
        ("Bonjour.", "the placeholder “name” is missing"),
        ("Bonjour %(name)s %(town)s.", "“town” is no placeholder"),
        ("Bonjour %(name)s!", "narrow no-break space"),
    ],
)
def test_a_wrong_translation_is_told(catalogues: Catalogues, french: str, words: str) -> None:
    translate(catalogues, "fr", **{"Hello %(name)s.": french})
    assert words in problems(catalogues)


def test_a_new_sentence_in_the_code_makes_the_template_stale(catalogues: Catalogues) -> None:
    translate(catalogues, "fr")
    translate(catalogues, "es")
    (catalogues.root / "templates/new.html").write_text("{{ _('New words') }}")
    found = problems(catalogues)
    assert "messages.pot:1: the code has other sentences" in found
    assert found.count("“New words” is missing") == 2


def test_a_sentence_that_left_the_code_is_told(catalogues: Catalogues) -> None:
    translate(catalogues, "fr")
    (catalogues.root / "templates/page.html").write_text("")
    assert "“Title of the page” is no longer used" in problems(catalogues)


def test_compiled_catalogues_are_read_by_gettext(catalogues: Catalogues) -> None:
    translate(catalogues, "fr")
    assert catalogues.compile() == 2
    with catalogues.po("fr").with_suffix(".mo").open("rb") as file:
        translations = gettext.GNUTranslations(file)
    assert translations.gettext("Later") == "Plus tard"
    assert translations.ngettext("One reply", "%(num)s replies", 3) == "%(num)s réponses"

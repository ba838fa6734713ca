"""The moderators' guide: the same in three languages, and true to what the desk offers."""

from __future__ import annotations

import re

import pytest

from consult.cli import typography
from consult.core.authz import Role
from consult.core.i18n import LOCALES
from consult.moderation.states import Verdict
from consult.spaces import definitions
from tests import factories as make
from tests.conftest import ROOT
from tests.signing_in import sign_in

WORDS = {
    Verdict.APPROVE: ("Approve", "Approuver", "Aprobar"),
    Verdict.RETURN: ("Return", "Renvoyer", "Devolver"),
    Verdict.REJECT: ("Reject", "Rejeter", "Rechazar"),
    Verdict.HIDE: ("Hide", "Masquer", "Ocultar"),
    Verdict.RESTORE: ("shown again", "rétabli", "volver a mostrar"),
    Verdict.KEEP: ("Keep", "Conserver", "Mantener"),
    Verdict.REDACT: ("Redact", "Caviarder", "Suprimir una parte"),
    Verdict.MOVE: ("Move", "Déplacer", "Trasladar"),
}


def words_of(locale):
    return (ROOT / "templates" / "moderation" / "guide" / f"{locale}.md").read_text()


@pytest.fixture
def moderator(app, session):
    space = make.make_space(session)
    user = make.make_user(session)
    make.grant(session, user=user, role=Role.MODERATOR, space=space)
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


def test_the_guide_has_the_same_parts_in_every_language(moderator):
    anchors = set()
    for locale in LOCALES:
        page = moderator.get(f"/{locale}/moderation/guide")
        assert page.status_code == 200
        found = re.findall(r'<section aria-labelledby="([a-z-]+)"', page.text)
        assert len(found) > 10
        assert all(f'<a href="#{anchor}">' in page.text for anchor in found)
        assert "{#" not in page.text
        anchors.add(tuple(found))
    assert len(anchors) == 1


def test_queue_and_item_lead_to_the_guide(session, moderator):
    assert 'href="/en/moderation/guide"' in moderator.get("/en/moderation").text


def test_only_who_moderates_reads_the_guide(app, session, moderator):
    assert app.test_client().get("/en/moderation/guide").status_code == 303
    somebody = app.test_client()
    sign_in(somebody, session, make.make_user(session))
    assert somebody.get("/en/moderation/guide").status_code == 404


@pytest.mark.parametrize("locale", LOCALES)
def test_every_verdict_and_every_reason_of_the_catalogue_is_explained(locale):
    words = words_of(locale)
    assert set(WORDS) == set(Verdict)
    for verdict, names in WORDS.items():
        assert names[LOCALES.index(locale)] in words, verdict
    read = definitions.read(ROOT / "consult" / "definitions" / "imrf2022.yaml")
    for reason in read.content.reasons:
        assert f"**{getattr(reason.label, locale)}**" in words, reason.code


@pytest.mark.parametrize("locale", LOCALES)
def test_the_guide_is_set_as_its_language_wants(locale):
    for line in words_of(locale).splitlines():
        shown = re.sub(r"`.*?`", "", line)
        assert list(typography.problems(shown, locale=locale)) == [], line

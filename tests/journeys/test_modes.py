"""Olga organises: she says what waits in a consultation, and whoever writes there is told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.core.authz import Role
from consult.core.worker import drain
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.moderation.models import Decision
from consult.moderation.states import Verdict
from consult.spaces.models import Reason
from consult.spaces.states import ModerationMode, SpaceVisibility
from tests import factories as make
from tests.integration.moderation.desk import Desk, make_desk
from tests.signing_in import sign_in, token_of


class Olga:
    """An organiser, a moderator, an author and a delegation, each with a browser."""

    def __init__(self, app: Flask, session: Any) -> None:
        self.app, self.session = app, session
        self.desk: Desk = make_desk(session)
        self.slug = self.desk.space.slug
        self.settings = f"/en/moderation/settings/{self.slug}"
        self.question = f"/en/spaces/{self.slug}/questions/1"
        user = make.make_user(session, name="Olga")
        make.grant(session, user=user, role=Role.ORGANISER, space=self.desk.space)
        self.member = make.make_user(session)
        self.delegation = make.make_delegation(
            session,
            forum=self.desk.forum,
            contributors=[self.member],
            organisation="Union of Dockers",
            wants_clearance=False,
        )
        self.browser = self.of(user)

    def of(self, user: Any) -> Any:
        browser = self.app.test_client()
        sign_in(browser, self.session, user)
        return browser

    def set_up(self, browser: Any = None, page: str | None = None, **over: Any) -> Any:
        """Send the settings form as it stands, but for some fields."""
        browser = browser or self.browser
        page = page or browser.get(self.settings).text
        data: dict[str, Any] = {
            "csrf_token": token_of(page),
            "seen": re.findall(r'name="seen" value="([0-9a-f]+)"', page)[0],
            "mode": re.findall(r'name="mode" value="(\w+)"[^>]* checked', page)[0],
            "newcomer_texts": "3",
            "claims": "optional",
            "remind_after": "24",
            "escalate_after": "48",
        }
        return browser.post(self.settings, data=data | over)

    def send(
        self, user: Any, body: str = "What our port has learned.", *, is_worked_on: bool = True
    ) -> Any:
        """Write an answer, let the worker look at it, and return what page its author gets."""
        browser = self.of(user)
        page = browser.get(self.question).text
        form = page[page.index('data-draft="') :]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        data = hidden | {"language": "en", "action": "send", "body": body}
        where = re.findall(r'<form class="form" method="post" action="([^"]+)"', page)[0]
        answer = browser.post(where, data=data)
        assert answer.status_code == 303, answer.text
        self.receipt = browser.get(answer.location)
        if is_worked_on:
            self.work()
        return browser.get(answer.location, follow_redirects=True).text

    def work(self) -> None:
        """Do what the worker does; it works in a session of its own, so the rows are taken up
        again.
        """
        self.session.commit()
        drain(only=["moderation.policies"])
        desk = self.desk
        rows = [desk.forum, desk.space, desk.author, desk.writer, *desk.users]
        self.session.add_all([*rows, self.member, self.delegation])

    @property
    def newest(self) -> Revision:
        found: Revision = self.session.scalars(
            select(Revision).order_by(Revision.id.desc()).limit(1)
        ).one()
        return found

    @property
    def state(self) -> str:
        """Return the state of the newest text."""
        return str(self.newest.state)


@pytest.fixture
def olga(app: Flask, session: Any) -> Olga:
    return Olga(app, session)


def test_by_default_a_text_waits_and_everybody_is_told_so(olga: Olga) -> None:
    writer = olga.of(olga.desk.writer)
    assert "A moderator reads every text before it is published" in writer.get(olga.question).text
    assert "A moderator reads it, usually" in writer.get(f"/en/spaces/{olga.slug}").text
    olga.send(olga.desk.writer)
    assert "A moderator reads it next" in olga.receipt.text
    assert olga.state == RevisionState.PENDING


def test_olga_lets_everything_through_and_it_is_said_before_and_after(olga: Olga) -> None:
    visitor = olga.app.test_client()
    tag = visitor.get(f"/en/spaces/{olga.slug}").headers["ETag"]
    answer = olga.set_up(mode="flagged", watch_fr="arnaque")
    assert answer.status_code == 303
    done = olga.browser.get(answer.location).text
    assert "What waits already goes on waiting." in done
    assert re.search(r'value="flagged"[^>]* checked', done)
    assert ">\narnaque</textarea>" in done
    page = visitor.get(f"/en/spaces/{olga.slug}", headers={"If-None-Match": tag})
    assert page.status_code == 200
    assert "It appears at once, unless a moderator has to read it first" in page.text
    assert "each consultation says so" in visitor.get("/en/").text
    form = olga.of(olga.desk.writer).get(olga.question).text
    assert "A moderator reads every text" not in form
    now = olga.send(olga.desk.writer)
    assert "unless a moderator has to read it first" in olga.receipt.text
    assert olga.state == RevisionState.PUBLISHED
    assert "Everybody can read it now." in now
    decision = olga.session.scalars(select(Decision)).one()
    assert (decision.policy, decision.decided_by) == ("nothing-matched", None)


def test_what_a_space_is_set_to_is_told_only_where_it_exists(olga: Olga) -> None:
    pages = ("/en/", "/en/privacy", "/en/register")

    def shown() -> list[str]:
        visitor = olga.app.test_client()
        told = [
            re.findall(r"<(?:span|li|p)>[^<]*moderator[^<]*<", visitor.get(p).text) for p in pages
        ]
        assert all(told[::2])
        return [sentence for page in told for sentence in page]

    before = shown()
    hidden = make.make_space(
        olga.session, forum=olga.desk.forum, visibility=SpaceVisibility.UNANNOUNCED
    )
    hidden.moderation = ModerationMode.FLAGGED
    olga.session.commit()
    assert shown() == before
    hidden.visibility = SpaceVisibility.ANNOUNCED
    olga.session.commit()
    assert shown() != before


@pytest.mark.parametrize("locale", ["en", "fr", "es"])
def test_a_watched_word_of_any_language_waits_and_moderators_see_why(
    olga: Olga, locale: str
) -> None:
    olga.set_up(mode="flagged", **{f"watch_{locale}": "Estafa Élu"})
    olga.send(olga.desk.writer, "Una estafa elu, dice.")
    assert olga.state == RevisionState.PENDING
    moderator = olga.of(olga.desk.users[0])
    item = olga.session.get_one(Contribution, olga.newest.contribution_id)
    page = moderator.get(f"/en/moderation/{item.receipt}").text
    assert "Estafa Élu" in page
    assert "nothing is decided by them" in page
    assert (
        "Estafa Élu" not in olga.of(olga.desk.writer).get(f"/en/contributions/{item.receipt}").text
    )


def test_a_newcomer_waits_until_enough_was_approved(olga: Olga) -> None:
    olga.set_up(mode="newcomers", newcomer_texts="1")
    olga.send(olga.desk.writer)
    assert olga.state == RevisionState.PENDING
    item = olga.session.get_one(Contribution, olga.newest.contribution_id)
    olga.desk.decide(item, Verdict.APPROVE)
    olga.send(olga.desk.writer, "The second thing that our port has learned.")
    assert olga.state == RevisionState.PUBLISHED
    newest = olga.session.scalars(select(Decision).order_by(Decision.id.desc())).first()
    assert newest.policy == "known-author"


def test_a_trusted_delegation_waits_for_nobody_and_is_told_so(olga: Olga) -> None:
    assert "Union of Dockers" in olga.browser.get(olga.settings).text
    olga.set_up(trusted=[olga.delegation.uid])
    form = olga.of(olga.member).get(olga.question).text
    assert "appears at once, unless a moderator has to read it first" in form
    assert "A moderator reads every text" in olga.of(olga.desk.writer).get(olga.question).text
    olga.send(olga.member)
    assert "unless a moderator has to read it first" in olga.receipt.text
    assert olga.state == RevisionState.PUBLISHED
    olga.set_up(trusted=[])
    olga.send(olga.member, "A second text of the delegation.")
    assert olga.state == RevisionState.PENDING


def test_a_moderator_is_faster_than_the_policy(olga: Olga) -> None:
    olga.set_up(mode="flagged")
    olga.send(olga.desk.writer, is_worked_on=False)
    item = olga.session.get_one(Contribution, olga.newest.contribution_id)
    olga.desk.decide(item, Verdict.RETURN)
    olga.work()
    assert olga.state == RevisionState.RETURNED
    assert len(olga.session.scalars(select(Decision)).all()) == 1


# --- The page -------------------------------------------------------------------------------------


def test_a_mistake_keeps_what_was_typed(olga: Olga) -> None:
    answer = olga.set_up(watch_en="$$$", newcomer_texts="99", remind_after="30", escalate_after="2")
    assert answer.status_code == 422
    for words in ("$$$", 'value="99"', "a letter or a digit", "from 1 to 20", "at least as many"):
        assert words in answer.text
    assert olga.desk.space.newcomer_texts == 3


def test_two_organisers_do_not_overwrite_each_other_unseen(olga: Olga) -> None:
    old = olga.browser.get(olga.settings).text
    olga.set_up(mode="newcomers")
    late = olga.set_up(page=old, mode="flagged")
    assert late.status_code == 409
    assert "Somebody else changed these settings" in late.text
    assert "Newcomers wait" in late.text
    assert re.search(r'value="flagged"[^>]* checked', late.text)
    olga.session.refresh(olga.desk.space)
    assert olga.desk.space.moderation == "newcomers"
    assert olga.set_up(page=late.text, mode="flagged").status_code == 303
    olga.session.refresh(olga.desk.space)
    assert olga.desk.space.moderation == "flagged"


def test_the_pages_are_for_organisers_of_the_forum_only(olga: Olga) -> None:
    elsewhere = make.make_user(olga.session)
    other = make.make_space(olga.session)
    make.grant(olga.session, user=elsewhere, role=Role.ORGANISER, space=other)
    foreign = f"/en/moderation/settings/{other.slug}"
    assert olga.browser.get(foreign).status_code == 404
    for user in (olga.desk.users[0], olga.desk.writer, elsewhere):
        browser = olga.of(user)
        assert browser.get(olga.settings).status_code == 404
        token = token_of(browser.get("/en/account/settings").text)
        sent = browser.post(olga.settings, data={"mode": "flagged", "csrf_token": token})
        assert sent.status_code == 404
    for page in ("settings", "reasons"):
        assert olga.of(olga.desk.users[0]).get(f"/en/moderation/{page}").status_code == 404
        assert olga.browser.get(f"/en/moderation/{page}").status_code == 200


def test_olga_finds_the_settings_from_the_queue_and_a_moderator_does_not(olga: Olga) -> None:
    assert "/en/moderation/settings" in olga.browser.get("/en/moderation").text
    assert "/moderation/settings" not in olga.of(olga.desk.users[0]).get("/en/moderation").text
    assert olga.settings in olga.browser.get("/en/moderation/settings").text


def test_olga_adds_a_reason_changes_it_and_takes_it_off(olga: Olga) -> None:
    here = "/en/moderation/reasons"
    words = {
        f"{name}_{code}": f"{name} {code}"
        for name in ("label", "explanation")
        for code in ("en", "fr", "es")
    }
    token = token_of(olga.browser.get(here).text)
    missing = olga.browser.post(
        here, data=words | {"csrf_token": token, "code": "unkind", "label_fr": ""}
    )
    assert missing.status_code == 422
    assert "label es" in missing.text
    answer = olga.browser.post(here, data=words | {"csrf_token": token, "code": "unkind"})
    assert answer.status_code == 303
    item = olga.desk.pending()
    form = olga.of(olga.desk.users[0]).get(f"/fr/moderation/{item.receipt}").text
    assert '<option value="unkind">label fr</option>' in form
    page = olga.browser.get(f"{here}/unkind").text
    seen = re.findall(r'name="seen" value="([0-9a-f]+)"', page)[0]
    data = words | {"csrf_token": token, "label_en": "Harsh", "seen": seen}
    assert olga.browser.post(f"{here}/unkind", data=data).status_code == 303
    late = olga.browser.post(f"{here}/unkind", data=data | {"label_en": "Rude"})
    assert late.status_code == 409
    assert "Harsh" in late.text
    assert 'value="Rude"' in late.text
    assert olga.browser.get(f"{here}/off-topic").status_code == 404
    gone = olga.browser.post(f"{here}/unkind", data={"csrf_token": token, "act": "drop"})
    assert gone.status_code == 303
    assert not olga.session.scalars(select(Reason).where(Reason.code == "unkind")).all()


def test_a_reason_that_was_given_cannot_be_taken_off(olga: Olga) -> None:
    said = make.said("Unkind")
    olga.session.add(
        Reason(forum_id=olga.desk.forum.id, code="unkind", position=9, label=said, explanation=said)
    )
    olga.session.flush()
    olga.desk.decide(olga.desk.pending(), Verdict.RETURN, reason="unkind")
    here = "/en/moderation/reasons/unkind"
    page = olga.browser.get(here).text
    assert "cannot be taken off the list" in page
    data = {"csrf_token": token_of(page), "act": "drop"}
    answer = olga.browser.post(here, data=data)
    assert answer.status_code == 422
    assert "so it stays" in answer.text

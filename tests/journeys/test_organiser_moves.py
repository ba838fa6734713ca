"""An organiser moves a public text through HTTP, from its public page and back to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consult.accounts.models import User
from consult.core import clock
from consult.core.authz import Role
from consult.discussion.models import Contribution
from consult.discussion.states import RevisionState
from consult.moderation import services
from consult.moderation.services import notes
from consult.moderation.states import Verdict
from consult.spaces.models import Space
from consult.spaces.states import ClaimRule
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, make_desk, moderator_of
from tests.signing_in import sign_in, token_of

PUBLIC, WAITING, NOTED = "zebrafinch", "wolverine", "pangolin"


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def elsewhere(desk: Desk) -> Space:
    """Another space of the forum, with a moderator of its own."""
    space = make.make_space(desk.session, forum=desk.forum)
    moderator_of(desk.session, space)
    return space


@pytest.fixture
def browser(client: FlaskClient, session: Any, desk: Desk, elsewhere: Space) -> FlaskClient:
    """The browser of whoever organises the forum."""
    user = make.make_user(session, name="Organiser")
    make.grant(session, user=user, role=Role.ORGANISER, space=desk.space)
    sign_in(client, session, user)
    return client


@pytest.fixture
def item(desk: Desk) -> Contribution:
    """A public text with a newer one that waits and a note."""
    made = desk.published(source=PUBLIC)
    desk.edit(made, WAITING)
    notes.add_note(
        desk.session, actor=desk.first, contribution_id=made.id, words=NOTED, now=clock.now()
    )
    desk.session.commit()
    return made


def page_of(item: Contribution) -> str:
    return f"/en/contributions/{item.reference}"


def at(item: Contribution) -> str:
    return f"/en/moderation/{item.reference}/move"


def says_nothing_of_the_desk(page: str, item: Contribution) -> None:
    for secret in (WAITING, NOTED, item.receipt or "", "Moderator Two", "approved"):
        assert secret not in page
    assert f'href="/en/moderation/{item.reference}"' not in page


def send(browser: FlaskClient, item: Contribution, target: str, **fields: str) -> Any:
    page = browser.get(at(item)).text
    values = {"revision": "1", "reason": "off-topic", "target": target, **fields}
    found = re.search(r'name="place" value="([^"]+)"', page)
    assert found is not None
    values.setdefault("place", found[1])
    return browser.post(at(item), data={"csrf_token": token_of(page), **values})


def test_the_public_page_leads_to_the_form_and_the_form_back_to_it(
    app: Flask, browser: FlaskClient, desk: Desk, elsewhere: Space, item: Contribution
) -> None:
    public = browser.get(page_of(item)).text
    assert f'href="{at(item)}"' in public
    assert WAITING not in public
    form = browser.get(at(item))
    assert form.status_code == 200
    assert PUBLIC in form.text
    assert f'value="{elsewhere.slug}/2"' in form.text
    assert "You see every consultation of this forum." in form.text
    assert form.text.count(f'href="{page_of(item)}"') == 2
    says_nothing_of_the_desk(form.text, item)
    old = page_of(item)
    done = send(browser, item, f"{elsewhere.slug}/2", message=WHY)
    assert (done.status_code, done.location) == (303, f"/en/contributions/{elsewhere.code}-Q2-0001")
    after = browser.get(done.location).text
    assert f"Its name is now {elsewhere.code}-Q2-0001." in after
    assert WAITING not in after
    assert app.test_client().get(old).location == done.location
    assert f'href="{at(item)}"' in after


def test_moderators_readers_and_its_author_are_offered_no_such_link(
    app: Flask, session: Any, desk: Desk, item: Contribution
) -> None:
    for user in (None, desk.users[0], desk.writer):
        reader = app.test_client()
        if user is not None:
            sign_in(reader, session, user)
        assert "/move" not in reader.get(page_of(item)).text


def test_mistakes_keep_everything_and_tell_nothing_of_the_desk(
    browser: FlaskClient, desk: Desk, elsewhere: Space, item: Contribution
) -> None:
    answer = send(browser, item, "", reason="", message=WHY)
    assert answer.status_code == 422
    assert "Please choose where the contribution goes." in answer.text
    assert WHY in answer.text
    says_nothing_of_the_desk(answer.text, item)
    answer = send(browser, item, f"{elsewhere.slug}/1", revision="")
    assert answer.status_code == 422
    says_nothing_of_the_desk(answer.text, item)


def test_whoever_was_faster_is_told_of_with_the_public_text_alone(
    browser: FlaskClient, desk: Desk, elsewhere: Space, item: Contribution
) -> None:
    for fields in ({"revision": "2"}, {"place": f"{desk.space.code}-Q3"}):
        answer = send(browser, item, f"{elsewhere.slug}/1", message=WHY, **fields)
        assert answer.status_code == 409
        assert WHY in answer.text
        assert f'href="{page_of(item)}"' in answer.text
        says_nothing_of_the_desk(answer.text, item)
    answer = send(browser, item, "", revision="9")
    assert answer.status_code == 409
    says_nothing_of_the_desk(answer.text, item)
    desk.decide(item, Verdict.APPROVE, seen_revision=2)
    desk.edit(item, "a third text that waits")
    desk.session.commit()
    answer = send(browser, item, f"{elsewhere.slug}/1", revision="1")
    assert answer.status_code == 409
    assert WAITING in answer.text
    assert PUBLIC not in answer.text
    assert "a third text" not in answer.text


def test_a_claim_is_respected_and_none_is_wanted(
    browser: FlaskClient, desk: Desk, elsewhere: Space, item: Contribution
) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=clock.now())
    desk.session.commit()
    answer = send(browser, item, f"{elsewhere.slug}/1")
    assert answer.status_code == 409
    assert "Moderator One has claimed it" in answer.text
    assert f'href="/en/moderation/{item.reference}"' not in answer.text
    assert WAITING not in answer.text
    services.release(desk.session, actor=desk.first, contribution_id=item.id, now=clock.now())
    desk.session.commit()
    assert send(browser, item, f"{elsewhere.slug}/1").status_code == 303


def test_what_is_not_public_is_as_unknown_as_any_name(
    app: Flask, session: Any, browser: FlaskClient, desk: Desk, item: Contribution
) -> None:
    waiting, hidden = desk.pending(), desk.published()
    desk.decide(hidden, Verdict.HIDE)
    desk.session.commit()
    unknown = browser.get("/en/moderation/S1-Q1-9999/move")
    assert unknown.status_code == 404
    for name in (waiting.receipt, hidden.reference, hidden.receipt, item.receipt):
        for answer in (
            browser.get(f"/en/moderation/{name}/move"),
            browser.post(
                f"/en/moderation/{name}/move",
                data={"csrf_token": token_of(browser.get(at(item)).text), "revision": "1"},
            ),
        ):
            assert answer.status_code == 404
            assert answer.data == unknown.data
    token = token_of(browser.get(at(item)).text)
    for part in ("", "/redact", "/public"):
        assert browser.get(f"/en/moderation/{item.reference}{part}").status_code == 404
    for part in ("", "/redact", "/undo", "/claim", "/release", "/notes"):
        address = f"/en/moderation/{item.reference}{part}"
        values = {"csrf_token": token, "revision": "1", "verdict": "hide", "words": "x"}
        assert browser.post(address, data=values).status_code == 404
    strange = make.make_space(session)
    user = make.make_user(session)
    make.grant(session, user=user, role=Role.ORGANISER, space=strange)
    other = app.test_client()
    sign_in(other, session, user)
    assert other.get(at(item)).status_code == 404
    assert "/move" not in other.get(page_of(item)).text


def test_a_text_of_their_own_is_refused(
    browser: FlaskClient, desk: Desk, item: Contribution, session: Any
) -> None:
    own = desk.published()
    organiser = session.scalars(select(User).where(User.name == "Organiser")).one()
    desk.text(own).submitted_by = organiser.id
    session.commit()
    assert browser.get(at(own)).status_code == 403
    assert "/move" not in browser.get(page_of(own)).text


def test_what_leaves_their_desk_leads_to_its_public_page_or_the_queue(
    browser: FlaskClient, desk: Desk, elsewhere: Space
) -> None:
    alone = make.make_space(desk.session, forum=desk.forum)
    for state, there in (
        (RevisionState.PUBLISHED, "/en/contributions/"),
        (RevisionState.PENDING, ""),
    ):
        orphan = make.make_contribution(desk.session, space=alone, author=desk.author, state=state)
        desk.session.commit()
        form = browser.get(f"/en/moderation/{orphan.receipt}/move").text
        done = browser.post(
            f"/en/moderation/{orphan.receipt}/move",
            data={
                "csrf_token": token_of(form),
                "revision": "1",
                "reason": "off-topic",
                "target": f"{elsewhere.slug}/1",
            },
        )
        assert done.status_code == 303
        desk.session.refresh(orphan)
        named = f"{there}{orphan.reference}" if there else "/en/moderation"
        assert done.location == named
        assert browser.get(done.location).status_code == 200

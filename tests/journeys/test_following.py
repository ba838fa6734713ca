"""Following something, from a page's link to the click in a mail that ends it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask import current_app
from sqlalchemy import select

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.authz import Role
from consult.discussion.states import Removed, RevisionState
from consult.notifications.models import (
    Announcement,
    MailPreference,
    SavedSearch,
    Subscription,
)
from consult.notifications.queries.naming import stop_digest_link, stop_link
from consult.notifications.services import following
from consult.notifications.states import Rhythm, Subject
from consult.search import sync
from consult.spaces.models import Forum
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.signing_in import sign_in, token_of


@pytest.fixture
def space(session):
    return make.make_space(session)


@pytest.fixture
def text(session, space):
    forum = session.get_one(Forum, space.forum_id)
    return make.make_contribution(
        session, space=space, author=make.make_author(session, forum=forum)
    )


@pytest.fixture
def lin(session):
    return make.make_user(session, name="Lin")


@pytest.fixture
def browser(app, session, lin):
    made = app.test_client()
    sign_in(made, session, lin)
    return made


def kept(session):
    return session.scalars(select(Subscription).order_by(Subscription.id)).all()


def post(browser, path, *, page=None, **fields):
    token = token_of(browser.get(page or path).text)
    return browser.post(path, data={"csrf_token": token, **fields})


def paths_of(space, text):
    return {
        Subject.SPACE: f"/en/follow/space/{space.slug}",
        Subject.QUESTION: f"/en/follow/question/{space.slug}/1",
        Subject.THREAD: f"/en/follow/thread/{text.reference}",
        Subject.OBJECTIVE: "/en/follow/objective/16",
        Subject.SEARCH: "/en/follow/search?q=housing&objective=16&language=fr",
    }


def test_lin_follows_all_there_is(session, browser, space, text):
    for kind, path in paths_of(space, text).items():
        answer = post(browser, path, rhythm="weekly")
        assert answer.status_code == 303, kind
        assert 'value="weekly" id="rhythm-weekly" checked' in browser.get(path).text
    assert [one.subject_kind for one in kept(session)] == list(paths_of(space, text))
    assert {one.rhythm for one in kept(session)} == {"weekly"}
    search = session.scalars(select(SavedSearch)).one()
    assert (search.words, search.filters) == ("housing", {"language": "fr", "objective": 16})
    page = browser.get("/en/account/following").text
    for words in (str(space.title), "What matters?", "Objective title 16", "“housing”", "French"):
        assert words in page


def test_links_lead_there(app, session, client, space, text):
    author = text.reference
    ports, backend = app.extensions["consult.ports"], app.extensions["consult.search"]
    session.commit()
    sync.rebuild(session(), backend=backend, sources=ports.documents.values())
    for page, path in (
        (f"/en/spaces/{space.slug}", f"/en/follow/space/{space.slug}"),
        (f"/en/spaces/{space.slug}", "/en/follow/objective/16"),
        (f"/en/spaces/{space.slug}/questions/1", f"/en/follow/question/{space.slug}/1"),
        (f"/en/contributions/{author}", f"/en/follow/thread/{author}"),
        ("/en/search?q=a%26b", "/en/follow/search?q=a%26b"),
        ("/en/search?q=a%26b&language=fr", "/en/follow/search?q=a%26b&amp;language=fr"),
    ):
        assert f'href="{path}"' in client.get(page).text
        assert client.get(path.replace("&amp;", "&")).status_code == 200


def test_a_visitor_is_shown_the_way_in_and_the_feed(app, client, space, text):
    for kind, path in paths_of(space, text).items():
        answer = app.test_client().get(path)
        assert "Sign in to follow" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert ("feed.atom" in answer.text.split("<main")[1].split("<footer")[0]) == (
            kind is not Subject.THREAD
        )
        assert app.test_client().post(path).status_code == 403
    assert "next=/en/follow/search%3Fq%3Dhousing" in client.get(path).text


def test_what_somebody_may_not_see_cannot_be_followed(session, browser, space, text):
    paths = paths_of(space, text)
    token = token_of(browser.get(paths[Subject.SPACE]).text)
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()
    for kind in (Subject.SPACE, Subject.QUESTION, Subject.THREAD):
        assert browser.get(paths[kind]).status_code == 404
        data = {"csrf_token": token, "rhythm": "daily"}
        assert browser.post(paths[kind], data=data).status_code == 404
    assert not kept(session)


@pytest.mark.parametrize(
    "path",
    ["/en/follow/search", "/en/follow/x/y", "/en/follow/question/x", "/en/follow/thread/%00"],
)
def test_nothing_is_no_subject(browser, path):
    assert browser.get(path).status_code == 404


def test_a_removed_thread_cannot_be_followed(session, browser, text):
    text.removed = Removed.HIDDEN
    assert browser.get(f"/en/follow/thread/{text.reference}").status_code == 404


def test_mistakes_and_old_forms_keep_the_choice(session, browser, space):
    path = f"/en/follow/space/{space.slug}"
    wrong = post(browser, path, rhythm="hourly")
    assert wrong.status_code == 422
    assert "Please choose how often" in wrong.text
    old = browser.post(path, data={"rhythm": "weekly"})
    assert old.status_code == 400
    assert "open for too long" in old.text
    assert 'value="weekly" id="rhythm-weekly" checked' in old.text
    assert browser.post("/en/account/following", data={"stop": "x"}).status_code == 400
    assert not kept(session)


def test_everything_is_changed_and_stopped_in_one_form(session, browser, lin, space, text):
    assert "You follow nothing yet." in browser.get("/en/account/following").text
    for path in paths_of(space, text).values():
        post(browser, path, rhythm="at-once")
    kept(session)[2].is_automatic = True
    session.flush()
    page = browser.get("/en/account/following").text
    assert page.count("Began by itself") == 1
    keys = re.findall(r'<select id="rhythm-([0-9a-f]+)"', page)
    assert len(keys) == 5
    fields = {f"rhythm-{key}": "daily" for key in keys}
    assert post(browser, "/en/account/following", **fields, stop=keys[0]).status_code == 303
    rhythms = [one.rhythm for one in kept(session)]
    assert rhythms == ["none", *["daily"] * 4]
    assert not following_own(browser)
    assert post(browser, "/en/account/following", follows_own="1").status_code == 303
    assert following_own(browser)
    assert [one.rhythm for one in kept(session)] == rhythms
    wrong = post(browser, "/en/account/following", **{f"rhythm-{keys[1]}": "never"})
    assert wrong.status_code == 422


def following_own(browser):
    return 'name="follows_own" value="1" checked' in browser.get("/en/account/following").text


def test_what_is_gone_can_still_be_stopped(session, browser, space, text):
    post(browser, f"/en/follow/space/{space.slug}", rhythm="daily")
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()
    page = browser.get("/en/account/following").text
    assert "No longer there for you" in page
    assert str(space.title) not in page
    (key,) = re.findall(r'name="stop" value="([0-9a-f]+)"', page)
    post(browser, "/en/account/following", stop=key)
    assert kept(session)[0].rhythm == "none"


# Stopping from a mail ---------------------------------------------------------------------------


def follow(session, user, kind, subject_id, rhythm=Rhythm.DAILY):
    return following.follow(
        session(),
        user_id=user.id,
        kind=kind,
        subject_id=subject_id,
        rhythm=rhythm,
        now=clock.now() - dt.timedelta(days=1),
    )


def address(link):
    made = link.token(current_app.config["SECRET_KEY"])
    return f"/en/unsubscribe/{made}"


ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_one_click_stops_exactly_that_without_session_or_token(session, client, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    follow(session, lin, Subject.OBJECTIVE, 1)
    other = make.make_user(session)
    follow(session, other, Subject.SPACE, space.id)
    path = address(stop_link(lin, Subject.SPACE, space.id))
    answer = client.post(path, data=ONE_CLICK)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert [one.rhythm for one in kept(session)] == ["none", "daily", "daily"]
    assert client.post(path, data=ONE_CLICK).status_code == 200
    multipart = client.post(path, data=ONE_CLICK, content_type="multipart/form-data")
    assert multipart.status_code == 200


def test_looking_at_the_address_changes_nothing(session, client, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    path = address(stop_link(lin, Subject.SPACE, space.id))
    page = client.get(path)
    assert "Nothing has changed yet" in page.text
    assert str(space.kicker) in page.text
    assert kept(session)[0].rhythm == "daily"
    assert "Follow again" not in page.text
    done = client.post(path, data={"act": "this"}).text
    assert "no more of these" in done
    assert f'href="/en/follow/space/{space.slug}">Follow again' in done
    assert "no more of these" in client.get(path).text


def test_a_digest_stops_its_rhythm(session, client, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    follow(session, lin, Subject.OBJECTIVE, 1, Rhythm.WEEKLY)
    client.post(address(stop_digest_link(lin, Rhythm.DAILY)), data=ONE_CLICK)
    assert [one.rhythm for one in kept(session)] == ["none", "weekly"]


def test_everything_stops_with_one_button(session, client, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    follow(session, lin, Subject.OBJECTIVE, 1, Rhythm.WEEKLY)
    path = address(stop_link(lin, Subject.SPACE, space.id))
    assert "Everything that you followed" in client.post(path, data={"act": "everything"}).text
    assert {one.rhythm for one in kept(session)} == {"none"}
    preference = session.get_one(MailPreference, lin.id)
    assert not preference.follows_own


def test_a_suspended_user_can_stop_too(session, client, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    lin.status = UserStatus.SUSPENDED
    assert client.post(address(stop_link(lin, Subject.SPACE, space.id))).status_code == 200
    assert kept(session)[0].rhythm == "none"


def test_who_followed_nothing_can_stop_reminders(session, client, lin, space):
    client.post(address(stop_link(lin, Subject.SPACE, space.id)), data=ONE_CLICK)
    assert [one.rhythm for one in kept(session)] == ["none"]


def test_what_is_no_longer_there_has_nothing_to_stop(session, client, lin):
    path = address(stop_link(lin, Subject.THREAD, 987_654))
    assert client.get(path).status_code == 200
    assert client.post(path, data=ONE_CLICK).status_code == 200
    assert not kept(session)


def test_addresses_that_were_not_made_here_stop_nothing(session, client, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    path = address(stop_link(lin, Subject.SPACE, space.id))
    other = make.make_user(session)
    good = path.rpartition("/")[2]
    for token in (
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.replace(lin.uid, other.uid),
        good.replace(".", "x."),
        good.partition(".")[0],
        f"{lin.uid}-daily.{'0' * 32}",
        "x",
        "é.é",
    ):
        for answer in (
            client.get(f"/en/unsubscribe/{token}"),
            client.post(f"/en/unsubscribe/{token}", data=ONE_CLICK),
        ):
            assert answer.status_code == 404, token
    assert kept(session)[0].rhythm == "daily"


def test_no_other_page_is_free_of_the_token(app, session, browser, space):
    for path in (f"/en/follow/space/{space.slug}", "/en/account/following"):
        assert browser.post(path, data={"rhythm": "daily"}).status_code == 400


# Announcements ----------------------------------------------------------------------------------


@pytest.fixture
def organiser(app, session, space):
    user = make.make_user(session)
    make.grant(session, user=user, role=Role.ORGANISER, space=space)
    made = app.test_client()
    sign_in(made, session, user)
    return made


WORDS = {
    "subject_en": "A webinar",
    "body_en": "On *Monday*.\n\nCome all.",
    "subject_fr": "Un webinaire",
    "body_fr": "*Lundi*.",
}


def key_of(page):
    found = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_an_announcement_is_previewed_then_sent_once(session, client, organiser, lin, space):
    follow(session, lin, Subject.SPACE, space.id)
    path = f"/en/spaces/{space.slug}/announce"
    assert f'href="{path}"' in organiser.get(f"/en/spaces/{space.slug}").text
    preview = post(organiser, path, act="preview", **WORDS)
    assert preview.status_code == 200
    assert "Send it to 1 person" in preview.text
    assert preview.text.count("Missing in this language") == 1
    assert not session.scalars(select(Announcement)).all()
    fields = {
        **WORDS,
        "idempotency_key": key_of(preview.text),
        "csrf_token": token_of(preview.text),
    }
    changed = organiser.post(path, data={**fields, "act": "change"})
    assert "Come all." in changed.text
    for _ in range(2):
        assert organiser.post(path, data={**fields, "act": "send"}).status_code == 303
    assert len(session.scalars(select(Announcement)).all()) == 1
    page = client.get(f"/es/spaces/{space.slug}").text
    assert '<article class="top" lang="en"><h3>A webinar</h3>' in page
    assert "<em>Lundi</em>" in client.get(f"/fr/spaces/{space.slug}").text


def test_an_announcement_that_nobody_gets_by_mail_says_so(organiser, space):
    path = f"/en/spaces/{space.slug}/announce"
    assert "Nobody follows it by mail yet." in organiser.get(path).text
    preview = post(organiser, path, act="preview", **WORDS)
    assert "0 people" not in preview.text
    assert "Publish it" in preview.text
    fields = {
        **WORDS,
        "idempotency_key": key_of(preview.text),
        "csrf_token": token_of(preview.text),
    }
    sent = organiser.post(path, data={**fields, "act": "send"})
    assert "Your announcement is published." in organiser.get(sent.location).text


def test_what_is_missing_in_an_announcement_is_asked_for(session, organiser, space):
    path = f"/en/spaces/{space.slug}/announce"
    wrong = post(organiser, path, act="send", subject_en="Only a subject")
    assert wrong.status_code == 422
    assert "Only a subject" in wrong.text
    old = organiser.post(path, data={"act": "send", **WORDS})
    assert old.status_code == 400
    assert "Come all." in old.text
    assert not session.scalars(select(Announcement)).all()


def test_nobody_else_announces(app, session, client, browser, organiser, space):
    path = f"/en/spaces/{space.slug}/announce"
    assert client.get(path).status_code == 303
    assert browser.get(path).status_code == 404
    assert browser.post(path, data=WORDS).status_code == 404
    assert path not in browser.get(f"/en/spaces/{space.slug}").text
    elsewhere = make.make_space(session)
    assert organiser.get(f"/en/spaces/{elsewhere.slug}/announce").status_code == 404


def test_no_own_waiting_text_can_be_followed_as_a_thread(app, session, space, lin, browser):
    forum = session.get_one(Forum, space.forum_id)
    author = make.make_author(session, forum=forum, user=session.get_one(User, lin.id))
    waits = make.make_contribution(session, space=space, author=author, state=RevisionState.PENDING)
    assert browser.get(f"/en/follow/thread/{waits.receipt}").status_code == 404

"""What is new since the last visit is marked for its reader, and for nobody else."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from consult.core import clock
from consult.discussion.models import Contribution, QuestionVisit
from consult.discussion.services import visits
from consult.discussion.services.threads import public_change
from consult.discussion.states import Removed, RevisionState
from tests import factories as make
from tests.signing_in import sign_in

MONDAY = dt.datetime(2026, 11, 16, 9, 0, tzinfo=dt.UTC)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
NEWS = re.compile(r'<strong class="tag news">(\w+)</strong><article[^>]* id="([^"]+)"')


class Reading:
    """A question, somebody who reads it, and somebody else who writes."""

    def __init__(self, app, session):
        self.app, self.session = app, session
        with clock.stopped_at(MONDAY):
            self.forum = make.make_forum(session)
            self.space = make.make_space(session, forum=self.forum)
            self.writer = make.make_author(session, forum=self.forum)
            self.user = make.make_user(session)
            self.own = make.make_author(session, forum=self.forum, user=self.user)
        self.question = make.question_of(session, self.space)
        session.commit()

    def publish(self, at, *, author=None, parent=None, **over):
        with clock.stopped_at(at):
            made = make.make_contribution(
                self.session,
                space=self.space,
                author=author or self.writer,
                parent=parent,
                **over,
            )
            # The factory made it public; what hangs on that follows here.
            public_change(self.session, made, was_public=False, now=at)
        self.session.commit()
        self.session.expire_all()
        return made

    def open(self, at, query="", *, user=None, lang="en"):
        browser = self.app.test_client()
        with clock.stopped_at(at):
            sign_in(browser, self.session, user or self.user)
            path = f"/{lang}/spaces/{self.space.slug}/questions/1{query}"
            return browser.get(path)

    def news(self, at, query="", **over):
        return {anchor: word for word, anchor in NEWS.findall(self.open(at, query, **over).text)}


@pytest.fixture
def reading(app, session):
    return Reading(app, session)


def test_a_first_visit_marks_nothing(reading):
    reading.publish(MONDAY)
    page = reading.open(MONDAY + DAY).text
    assert not NEWS.search(page)
    assert "since your last visit" not in page


def test_what_was_published_after_the_last_visit_is_new(reading):
    old = reading.publish(MONDAY)
    reading.open(MONDAY + MINUTE)
    new = reading.publish(MONDAY + 2 * MINUTE)
    page = reading.open(MONDAY + DAY).text
    assert NEWS.findall(page) == [("New", new.reference.lower())]
    assert f'id="{old.reference.lower()}"' in page
    assert "1 contribution is new or has changed since your last visit on" in page
    assert "16 November 2026, 04:01" in page
    assert f'<a href="#{new.reference.lower()}">Go to the first one</a>' in page


def test_a_visit_goes_on_while_the_page_is_opened_every_half_hour(reading):
    reading.open(MONDAY)
    new = reading.publish(MONDAY + MINUTE)
    start = MONDAY + DAY
    for minutes in (0, 20, 40, 60):
        assert list(reading.news(start + minutes * MINUTE)) == [new.reference.lower()]
    assert not reading.news(start + 95 * MINUTE)


def test_what_arrives_during_a_visit_is_new_too(reading):
    reading.open(MONDAY)
    start = MONDAY + DAY
    reading.open(start)
    new = reading.publish(start + MINUTE)
    assert list(reading.news(start + 2 * MINUTE)) == [new.reference.lower()]
    assert list(reading.news(start + DAY)) == [new.reference.lower()]
    assert not reading.news(start + 2 * DAY)


def test_a_text_that_was_replaced_is_marked_as_changed(reading, session):
    text = reading.publish(MONDAY)
    reading.open(MONDAY + MINUTE)
    head = session.get_one(Contribution, text.id)
    edited = make.make_revision(
        session, contribution=head, state=RevisionState.PUBLISHED, source="Other words."
    )
    head.published_revision_id, head.edited_at = edited.id, MONDAY + 5 * MINUTE
    public_change(session, head, was_public=True, now=MONDAY + 5 * MINUTE)
    session.expire_all()
    assert reading.news(MONDAY + DAY) == {text.reference.lower(): "Changed"}


def test_own_and_removed_texts_are_never_new(reading):
    reading.open(MONDAY)
    own = reading.publish(MONDAY + MINUTE, author=reading.own)
    hidden = reading.publish(MONDAY + MINUTE, removed=Removed.HIDDEN)
    reading.publish(MONDAY + MINUTE, parent=hidden, author=reading.own)
    page = reading.open(MONDAY + DAY).text
    assert f'id="{own.reference.lower()}"' in page
    assert f'id="{hidden.reference.lower()}"' in page
    assert not NEWS.search(page)
    assert "since your last visit" not in page


def test_each_reader_and_each_question_has_visits_of_its_own(reading, session):
    other = make.make_user(session)
    reading.open(MONDAY)
    new = reading.publish(MONDAY + MINUTE)
    assert not reading.news(MONDAY + DAY, user=other)
    assert list(reading.news(MONDAY + DAY)) == [new.reference.lower()]
    second = reading.publish(MONDAY + MINUTE, question=make.question_of(session, reading.space, 2))
    assert second.reference.lower() not in reading.news(MONDAY + 2 * DAY)


def test_kept_fragments_are_marked_as_rendered_ones_are(reading):
    reading.open(MONDAY)
    new = reading.publish(MONDAY + MINUTE)
    reply = reading.publish(MONDAY + MINUTE, parent=new)
    names = [new.reference.lower(), reply.reference.lower()]
    first, second = reading.news(MONDAY + DAY), reading.news(MONDAY + DAY)
    assert list(first) == list(second) == names
    visitor = reading.app.test_client().get(f"/en/spaces/{reading.space.slug}/questions/1").text
    assert "tag news" not in visitor
    assert "tag news" not in "".join(reading.app.extensions["consult.fragments"]._kept.values())


def test_the_first_new_text_is_found_on_a_later_page(reading):
    for _ in range(30):
        reading.publish(MONDAY)
    reading.open(MONDAY + MINUTE)
    new = reading.publish(MONDAY + 2 * MINUTE)
    page = reading.open(MONDAY + DAY, "?per_page=20").text
    at = f"at={new.reference}"
    assert f'?per_page=20&amp;{at}#{new.reference.lower()}">Go to the first one</a>' in page
    shown = reading.open(MONDAY + DAY, f"?per_page=20&{at}").text
    assert f'id="{new.reference.lower()}"' in shown


def test_a_visit_is_written_at_most_every_five_minutes(reading, session):
    def noted():
        return session.scalars(select(QuestionVisit)).one().last_at

    for minutes, expected in ((0, 0), (4, 0), (5, 5), (9, 5)):
        reading.open(MONDAY + minutes * MINUTE)
        assert noted() == MONDAY + expected * MINUTE


def test_two_windows_at_once_leave_one_row(reading, session):
    def note(at):
        visits.note(session, user_id=reading.user.id, question_id=reading.question.id, now=at)
        session.expire_all()
        row = session.scalars(select(QuestionVisit)).one()
        return row.previous_at, row.last_at

    assert note(MONDAY) == note(MONDAY) == (None, MONDAY)
    assert note(MONDAY + DAY) == note(MONDAY + DAY + MINUTE) == (MONDAY, MONDAY + DAY)
    # A request that was slow does not turn the clock back.
    assert note(MONDAY) == (MONDAY, MONDAY + DAY)


def test_a_page_is_read_while_the_visit_cannot_be_written(reading, monkeypatch):
    def locked(*_args, **_more):
        raise OperationalError("insert", {}, Exception("database is locked"))

    monkeypatch.setattr(visits, "note", locked)
    text = reading.publish(MONDAY)
    page = reading.open(MONDAY + MINUTE)
    assert page.status_code == 200
    assert f'id="{text.reference.lower()}"' in page.text


def test_visitors_leave_no_trace(reading, session):
    with clock.stopped_at(MONDAY):
        reading.app.test_client().get(f"/en/spaces/{reading.space.slug}/questions/1")
    assert session.scalars(select(QuestionVisit)).all() == []

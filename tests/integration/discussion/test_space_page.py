"""The page of a space at every stage of its life, at exact instants and in the reader's zone."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Role
from consult.core.i18n import Translated
from consult.discussion.states import ContributionKind, RevisionState
from consult.spaces.models import Category, Forum, Objective
from consult.spaces.services.outcome import process_space
from consult.spaces.states import QuestionKind, SpaceVisibility
from tests import factories as make
from tests.signing_in import sign_in

NEW_YORK = ZoneInfo("America/New_York")
OPENS = dt.datetime(2026, 11, 2, 9, tzinfo=NEW_YORK).astimezone(dt.UTC)
CLOSES = dt.datetime(2026, 11, 20, 23, 59, 59, tzinfo=NEW_YORK).astimezone(dt.UTC)
UNCOUNTED = "Not counted one by one, so that no figure points to a person:"
SECOND, HOUR, DAY = dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def space(session):
    with clock.stopped_at(OPENS):
        return make.make_space(
            session, opens_at=OPENS, closes_at=CLOSES, meets_on=dt.date(2026, 12, 10)
        )


def page_at(browser, space, now, lang="en", **headers):
    with clock.stopped_at(now):
        return browser.get(f"/{lang}/spaces/{space.slug}", headers=headers)


def words_of(response):
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.text).split())


def told(session, space, at):
    return process_space(
        session,
        space=space,
        text=make.said("We wrote a note.\nWith two paragraphs."),
        links=[{"title": {"en": "The note", "fr": "La note"}, "url": "https://example.org/note"}],
        now=at,
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - 5 * DAY, "It opens in 5 days."),
        (OPENS - 47 * HOUR, "It opens in 47 hours."),
        (OPENS - SECOND, "It opens within the hour."),
        (OPENS, "18 days left."),
        (CLOSES - 10 * DAY, "Open until Friday 20 November 2026, 23:59 , New York time."),
        (CLOSES - 48 * HOUR, "2 days left."),
        (CLOSES - 48 * HOUR + SECOND, "47 hours left."),
        (CLOSES - DAY, "Closes tomorrow: Friday 20 November 2026, 23:59 , New York time."),
        (CLOSES - DAY + SECOND, "Closes today: Friday 20 November 2026, 23:59 , New York time."),
        (CLOSES - HOUR, "1 hour left."),
        (CLOSES - SECOND, "Less than an hour left."),
        (CLOSES, "Closed on 20 November 2026."),
        (CLOSES, "What was sent in time is still being read"),
    ],
)
def test_the_page_changes_its_words_at_the_very_instant(client, space, now, expected):
    assert expected in words_of(page_at(client, space, now))


def test_a_kept_page_is_right_as_long_as_it_is_kept(app, session, client, space):
    """Whenever the words of the page change, its ETag does."""
    instants = [OPENS + n * HOUR / 2 for n in range(-120, 2 * 24 * 21)]
    seen: dict[str, str] = {}
    for now in instants[::7]:
        response = page_at(client, space, now)
        kept = seen.setdefault(response.headers["ETag"], response.text)
        assert kept == response.text, now
    assert len(seen) > 20
    tag = page_at(client, space, CLOSES - SECOND).headers["ETag"]
    assert page_at(client, space, CLOSES - SECOND, if_none_match=tag).status_code == 304
    assert page_at(client, space, CLOSES, if_none_match=tag).status_code == 200


def test_the_page_forgets_a_round_table_that_has_met(client, space):
    met = dt.datetime(2026, 12, 11, 4, 59, 59, tzinfo=dt.UTC)
    before, after = page_at(client, space, met), page_at(client, space, met + SECOND)
    assert "10 December 2026: the round table meets." in before.text
    assert "the round table meets" not in after.text
    assert before.headers["ETag"] != after.headers["ETag"]


def test_the_last_two_days_are_told_loudly(client, space):
    loud = 'class="status notice wait"'
    assert loud not in page_at(client, space, CLOSES - 48 * HOUR).text
    assert loud in page_at(client, space, CLOSES - 48 * HOUR + SECOND).text
    assert loud not in page_at(client, space, CLOSES).text


def test_the_deadline_is_a_machine_readable_instant(client, space):
    page = page_at(client, space, CLOSES - 10 * DAY).text
    assert '<time datetime="2026-11-21T04:59:59Z">Friday 20 November 2026, 23:59</time>' in page


def test_a_browser_is_handed_the_instant_and_the_sentence_for_its_own_zone(client, space):
    page = page_at(client, space, CLOSES - 10 * DAY, lang="en").text
    assert 'data-instant="2026-11-21T04:59:59Z" data-zone="America/New_York"' in page
    assert 'data-words="In your time zone ({zone}): {when}."' in page


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Madrid", "(Madrid): Saturday 21 November 2026, 05:59 ."),
        ("Africa/Nairobi", "(Nairobi): Saturday 21 November 2026, 07:59 ."),
        ("Pacific/Honolulu", "(Honolulu): Friday 20 November 2026, 18:59 ."),
    ],
)
def test_somebody_signed_in_reads_the_deadline_in_the_zone_of_the_account(
    app, session, client, space, zone, expected
):
    now = CLOSES - 10 * DAY
    with clock.stopped_at(now):
        browser = app.test_client()
        sign_in(browser, session, make.make_user(session, time_zone=zone))
    response = page_at(browser, space, now)
    assert f"In your time zone {expected}" in words_of(response)
    assert "data-instant" not in response.text
    assert "ETag" not in response.headers


def test_nothing_is_said_twice_to_somebody_whose_clock_shows_the_same(app, session, client, space):
    now = CLOSES - 10 * DAY
    with clock.stopped_at(now):
        browser = app.test_client()
        sign_in(browser, session, make.make_user(session, time_zone="America/Toronto"))
    assert "In your time zone" not in page_at(browser, space, now).text


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        # Clocks go forward in New York on 8 March 2026, in Zurich three weeks later.
        ("2026-03-07 23:59", "Sunday 8 March 2026, 05:59 ."),
        ("2026-03-08 23:59", "Monday 9 March 2026, 04:59 ."),
        ("2026-03-29 23:59", "Monday 30 March 2026, 05:59 ."),
    ],
)
def test_each_zone_changes_its_clocks_on_its_own_day(app, session, client, closes, expected):
    at = dt.datetime.fromisoformat(closes).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
    now = at - 10 * DAY
    space = make.make_space(session, opens_at=at - 20 * DAY, closes_at=at)
    with clock.stopped_at(now):
        browser = app.test_client()
        sign_in(browser, session, make.make_user(session, time_zone="Europe/Zurich"))
    assert expected in words_of(page_at(browser, space, now))


def test_an_announced_space_says_what_will_be_asked_and_how_to_take_part(client, space):
    page = words_of(page_at(client, space, OPENS - DAY))
    for words in ("What will be asked", "What matters?", "How to take part", "Atom feed"):
        assert words in page
    assert "contributions so far" not in page


def test_a_closed_space_says_what_was_asked_and_heard_and_what_comes_next(session, client, space):
    forum = session.get_one(Forum, space.forum_id)
    objective = make.question_of(session, space)
    for language in ("en", "fr", "fr", "fr", "es"):
        author = make.make_author(session, forum=forum)
        make.make_contribution(session, space=space, author=author, language=language)
    make.make_contribution(session, space=space, author=author, state=RevisionState.PENDING)
    objective.public_count = 5
    page = page_at(client, space, CLOSES + DAY)
    words = words_of(page)
    for heading in ("What we asked", "What we heard", "What happens next"):
        assert heading in words
    assert "5 contributions from 5 participants." in words
    assert re.search(r"French 3 .*(English 1 .*Spanish 1|Spanish 1 .*English 1)", words)
    assert "Local-Authorities 5" in words
    assert UNCOUNTED not in words
    assert "How to take part" not in words
    assert "What we did" not in words


def speak(session, space, category, *, people, texts=1):
    """Let people of a category write so many texts each; make the category where there is none."""
    forum = session.get_one(Forum, space.forum_id)
    known = select(Category.slug).where(Category.forum_id == forum.id)
    if category not in (slugs := session.scalars(known).all()):
        values = {"slug": category, "position": len(slugs) + 1, "name": make.said(category.title())}
        session.add(Category(forum_id=forum.id, **values))
        session.flush()
    for _person in range(people):
        author = make.make_author(session, forum=forum, category=category)
        for _text in range(texts):
            make.make_contribution(session, space=space, author=author)


def test_a_category_with_fewer_than_five_is_not_counted(session, client, space):
    speak(session, space, "local-authorities", people=4)
    words = words_of(page_at(client, space, CLOSES + DAY))
    assert f"{UNCOUNTED} Local-Authorities." in words
    assert "Local-Authorities 4" not in words
    assert "By category" not in words


def test_many_texts_of_few_people_are_not_counted(session, client, space):
    speak(session, space, "local-authorities", people=4, texts=2)
    words = words_of(page_at(client, space, CLOSES + DAY))
    assert f"{UNCOUNTED} Local-Authorities." in words
    assert "Local-Authorities 8" not in words


def test_no_category_alone_is_left_out_whose_figure_the_total_would_tell(session, client, space):
    speak(session, space, "civil-society", people=7)
    speak(session, space, "local-authorities", people=6)
    speak(session, space, "academia", people=1)
    words = words_of(page_at(client, space, CLOSES + DAY))
    assert "Civil-Society 7" in words
    assert f"{UNCOUNTED} Local-Authorities, Academia." in words
    assert "Local-Authorities 6" not in words


def test_two_categories_left_out_need_no_third(session, client, space):
    speak(session, space, "civil-society", people=2)
    speak(session, space, "local-authorities", people=6)
    speak(session, space, "academia", people=1)
    words = words_of(page_at(client, space, CLOSES + DAY))
    assert "Local-Authorities 6" in words
    assert f"{UNCOUNTED} Civil-Society, Academia." in words


def test_a_closed_space_without_a_text_says_so(client, space):
    assert "Nothing was published in this consultation." in page_at(client, space, CLOSES).text


def test_a_processed_space_says_what_was_done(session, client, space):
    before = page_at(client, space, CLOSES + 3 * DAY)
    assert told(session, space, CLOSES + 2 * DAY)
    after = page_at(client, space, CLOSES + 3 * DAY, if_none_match=before.headers["ETag"])
    assert after.status_code == 200
    for words in ("What we did", "<p>We wrote a note.</p><p>With two paragraphs.</p>"):
        assert words in after.text
    assert (
        '<a href="https://example.org/note" lang="en" rel="noreferrer">The note</a>' in after.text
    )
    assert "Reported by the organisers on 22 November 2026." in after.text
    assert "still being read" not in after.text


def test_a_text_that_is_not_there_in_a_language_is_marked_as_what_it_is(session, client, space):
    told(session, space, CLOSES)
    space.outcome = Translated(texts={"en": "Only in English."})
    page = page_at(client, space, CLOSES + DAY, lang="es").text
    assert 'lang="en"><p>Only in English.</p>' in page
    assert 'lang="en" rel="noreferrer">The note</a>' in page


def test_an_outcome_waits_while_a_space_is_open_again(session, client, space):
    told(session, space, CLOSES + HOUR)
    space.closes_at = CLOSES + 5 * DAY
    assert "What we did" not in page_at(client, space, CLOSES + DAY).text
    assert "What we did" not in page_at(client, space, CLOSES + 6 * DAY).text


def test_a_question_about_one_objective_says_so(session, client, space):
    limited = make.question_of(session, space, 2)
    limited.objective_id = session.scalars(
        select(Objective.id).where(Objective.forum_id == space.forum_id, Objective.number == 16)
    ).one()
    page = words_of(page_at(client, space, OPENS))
    assert page.count("About objective 16 alone: Objective title 16") == 1


def test_participants_questions_are_open_until_the_drafting_agencies_answer(session, client, space):
    author = make.make_author(session, forum=session.get_one(Forum, space.forum_id))
    posed = make.make_question(
        session, space=space, number=4, kind=QuestionKind.PARTICIPANT, text=None, public_count=1
    )
    make.make_contribution(
        session,
        space=space,
        author=author,
        kind=ContributionKind.QUESTION,
        question_id=None,
        own_question_id=posed.id,
        source="Who drafts the note? " + "And when? " * 60,
    )
    answer = make.make_contribution(session, space=space, author=author, question=posed)
    page = words_of(page_at(client, space, OPENS))
    assert page.count("And when?") < 40
    assert "1 answer Open" in page
    answer.official_at = OPENS
    space.public_version += 1
    assert "1 answer Answered" in words_of(page_at(client, space, OPENS))


def test_a_space_that_is_not_for_everybody_offers_no_feed(app, session, client, space):
    space.visibility = SpaceVisibility.UNANNOUNCED
    with clock.stopped_at(OPENS):
        user = make.make_user(session)
        make.grant(session, user=user, role=Role.DRAFTER, space=space)
        browser = app.test_client()
        sign_in(browser, session, user)
    page = page_at(browser, space, OPENS).text
    assert f"spaces/{space.slug}/feed.atom" not in page
    assert client.get(f"/en/spaces/{space.slug}/feed.atom").status_code == 404


@pytest.mark.parametrize("path", ["/en/", "/fr/spaces/{slug}", "/es/spaces/{slug}/questions/1"])
def test_pages_lead_feed_readers_to_their_feed(client, space, path):
    page = client.get(path.format(slug=space.slug)).text
    found = re.search(
        r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]+)"', page
    )
    assert found is not None
    assert client.get(found[1]).content_type.startswith("application/atom+xml")
    assert page.count(f'"{found[1]}"') >= 2

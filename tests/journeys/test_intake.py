"""Lucía wrote an e-mail: the secretariat enters it, she says whether it is hers, readers see the
mark until then.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from zipfile import ZipFile

import pytest
from sqlalchemy import delete, select

from consult.core import clock
from consult.core.authz import SYSTEM, Role
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Intake, RevisionAttachment
from consult.discussion.queries.heard import heard
from consult.discussion.queries.intake import token_of
from consult.discussion.queries.lines import ExportFilter
from consult.discussion.states import ContributionKind, Removed
from consult.drafting import services as drafting
from consult.moderation.states import Verdict
from consult.search import sync
from consult.spaces import queries as space_queries
from tests import factories as make
from tests.integration.discussion.filing import file_for
from tests.integration.moderation.desk import make_desk
from tests.papers import pdf
from tests.signing_in import sign_in
from tests.signing_in import token_of as csrf_of

MARK = "Entered by the secretariat, not confirmed yet"
WROTE = "Our association has run a quetzal desk for newcomers since 2019."


@pytest.fixture
def desk(session, client):
    return make_desk(session)


@pytest.fixture
def organiser(session, desk):
    user = make.make_user(session, name="Organiser")
    make.grant(session, user=user, role=Role.ORGANISER, space=desk.space)
    return user


@pytest.fixture
def office(app, session, organiser):
    """The organiser's browser."""
    browser = app.test_client()
    sign_in(browser, session, organiser)
    return browser


def form_of(desk):
    return f"/en/spaces/{desk.space.slug}/intake"


def typed(page, **over):
    """Return everything that the form sends."""
    (key,) = re.findall(r'name="idempotency_key" value="([^"]+)"', page)
    return {
        "csrf_token": csrf_of(page),
        "idempotency_key": key,
        "name": "Lucía Ferrer",
        "email": "lucia@example.org",
        "mail_language": "es",
        "organisation": "Puertas Abiertas",
        "category": "civil-society",
        "country": "ES",
        "on_behalf_of": "",
        "display": "full",
        "received": "2020-01-01T09:00",
        "question": "1",
        "body": WROTE,
        "language": "en",
        "objectives": ["16"],
    } | over


def sent(office, desk, **over):
    """Open the form, fill it in and send it."""
    page = office.get(form_of(desk)).text
    return office.post(form_of(desk), data=typed(page, **over))


def filed(session):
    return session.scalars(select(Intake)).one()


def address(app, session):
    key = app.extensions["consult.config"].secret_key
    return f"/es/intake/{token_of(filed(session), secret_key=key)}"


def answer(app, session, browser, given):
    where = address(app, session)
    page = browser.get(where)
    assert page.status_code == 200
    return browser.post(where, data={"csrf_token": csrf_of(page.text), "answer": given})


def index(app, session):
    """Do what the worker does after a change."""
    ports, backend = app.extensions["consult.ports"], app.extensions["consult.search"]
    sync.rebuild(session, backend=backend, sources=ports.documents.values())
    session.execute(delete(OutboxEntry))


@pytest.fixture
def published(session, desk, organiser):
    """Lucía's text, public and not confirmed."""
    office = make.actor_for(user=organiser, role=Role.ORGANISER, space=desk.space)
    made = file_for(session, actor=office, space=desk.space, source=WROTE)
    desk.decide(made, Verdict.APPROVE)
    session.refresh(made)
    return made


# Entering -----------------------------------------------------------------------------------


def test_the_office_enters_a_text_and_finds_it_in_the_list(session, office, desk):
    assert form_of(desk) in office.get("/en/people/intake").text
    response = sent(office, desk, display="pseudonym")
    assert response.status_code == 303
    made = session.scalars(select(Contribution)).one()
    page = office.get(response.location).text
    assert made.receipt in page
    assert "Lucía Ferrer" in page
    assert "Waits for the person" in page
    assert "Send the mail again" not in page
    assert made.sent_at.isoformat() == "2020-01-01T14:00:00+00:00"


def test_a_form_sent_twice_enters_one_text(session, office, desk):
    page = office.get(form_of(desk)).text
    data = typed(page)
    first, second = (office.post(form_of(desk), data=data) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert len(session.scalars(select(Contribution)).all()) == 1


def test_a_mistake_keeps_everything_that_was_typed(session, office, desk):
    response = sent(office, desk, email="nobody", question="", received="yesterday")
    assert response.status_code == 422
    for kept in ("nobody", WROTE, "Lucía Ferrer", "Puertas Abiertas", "yesterday"):
        assert kept in response.text
    for field in ("email", "question", "received"):
        assert f'href="#{field}"' in response.text
    assert session.scalars(select(Intake)).first() is None


def test_signs_that_no_database_takes_reach_none(session, office, desk):
    response = sent(office, desk, category="civil\x00-society", name="Lu\x00cía", country="E\x00S")
    assert response.status_code in {303, 422}


def test_a_paper_comes_with_the_text(app, session, office, desk):
    files = {"files": (io.BytesIO(pdf(["What we have learned."])), "Position.pdf")}
    assert sent(office, desk, **files).status_code == 303
    assert session.scalars(select(RevisionAttachment.name)).one() == "Position.pdf"
    assert "Position.pdf" in app.test_client().get(address(app, session)).text


def test_what_they_sent_can_be_a_question(session, office, desk):
    assert sent(office, desk, question="posed").status_code == 303
    made = session.scalars(select(Contribution)).one()
    assert (made.kind, made.question_id) == (ContributionKind.QUESTION, None)


def test_a_question_of_another_space_is_refused(session, office, desk):
    assert sent(office, desk, question="999").status_code == 422


def test_nobody_else_opens_the_form_or_the_list(app, session, client, desk):
    stakeholder = app.test_client()
    sign_in(stakeholder, session, desk.writer)
    for path in (form_of(desk), "/en/people/intake"):
        assert client.get(path).status_code == 303
        assert stakeholder.get(path).status_code == 404


# Answering ----------------------------------------------------------------------------------


def test_she_reads_her_text_without_an_account_and_says_that_it_is_hers(
    app, session, client, office, desk
):
    sent(office, desk)
    where = address(app, session)
    page = client.get(where)
    assert WROTE in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert filed(session).confirmed_at is None
    assert answer(app, session, client, "mine").status_code == 200
    made = session.scalars(select(Contribution)).one()
    assert not made.is_unconfirmed
    assert made.published_revision_id is None
    again = client.get(where)
    assert again.status_code == 410
    assert WROTE not in again.text


def test_she_says_that_it_is_not_hers(app, session, client, desk, published):
    page = f"/en/contributions/{published.reference}"
    assert client.get(page).status_code == 200
    assert answer(app, session, client, "not-mine").status_code == 200
    assert session.get(Contribution, published.id).removed == Removed.WITHDRAWN
    assert client.get(page).status_code == 410
    for path in (f"/en/spaces/{desk.space.slug}/questions/1", page):
        assert "Ferrer" not in client.get(path).text


def test_an_answer_needs_a_choice_and_a_genuine_link(app, session, client, published):
    where = address(app, session)
    token = csrf_of(client.get(where).text)
    assert client.post(where, data={"csrf_token": token}).status_code == 422
    forged = where[:-4] + "0000"
    assert client.get(forged).status_code == 410
    data = {"csrf_token": token, "answer": "mine"}
    assert client.post(forged, data=data).status_code == 410
    assert client.post(where, data={"answer": "mine"}).status_code == 400
    assert session.get(Contribution, published.id).is_unconfirmed


def test_the_office_asks_again_after_a_day(session, office, published):
    intake_id = filed(session).id
    path = "/en/people/intake"
    assert "Send the mail again" not in office.get(path).text
    filed(session).asked_at = clock.now() - dt.timedelta(days=2)
    page = office.get(path).text
    assert "Send the mail again" in page
    answered = office.post(
        f"{path}/{intake_id}/ask", data={"csrf_token": csrf_of(page)}, follow_redirects=True
    )
    assert "The mail is sent again." in answered.text
    assert "Asked 2 times" in answered.text


# The mark -----------------------------------------------------------------------------------


def test_the_desk_says_for_whom_it_was_submitted(app, session, desk, organiser):
    actor = make.actor_for(user=organiser, role=Role.ORGANISER, space=desk.space)
    made = file_for(session, actor=actor, space=desk.space, display="organisation")
    browser = app.test_client()
    sign_in(browser, session, desk.users[0])
    for path in ("/en/moderation", f"/en/moderation/{made.receipt}"):
        page = browser.get(path).text
        assert "Submitted for \u2068Puertas Abiertas\u2069 by the secretariat" in page
        assert "Lucía" not in page
    item = browser.get(f"/en/moderation/{made.receipt}").text
    assert "Spanish" in item
    assert "received on " in item
    assert "entered by the secretariat on " in item
    assert "sent on " not in item


def test_the_moderator_who_entered_it_gets_no_decision_form(app, session, desk):
    made = file_for(session, actor=desk.first, space=desk.space)
    browser = app.test_client()
    sign_in(browser, session, desk.users[0])
    assert "You entered it: a colleague decides it" in browser.get("/en/moderation").text
    page = browser.get(f"/en/moderation/{made.receipt}").text
    assert "You entered this text for somebody else." in page
    assert 'name="verdict"' not in page


def test_every_reader_sees_the_mark_until_it_is_confirmed(app, session, client, desk, published):
    index(app, session)
    space = f"/en/spaces/{desk.space.slug}"
    pages = [
        f"{space}/questions/1",
        f"/en/contributions/{published.reference}",
        "/en/search?q=quetzal",
    ]
    for path in pages:
        assert MARK in client.get(path).text, path
    for feed in (f"{space}/feed.atom", f"{space}/questions/1/feed.atom"):
        assert "entered by the secretariat, not confirmed yet" in client.get(feed).text
    tag = client.get(pages[0]).headers["ETag"]
    answer(app, session, app.test_client(), "mine")
    index(app, session)
    fresh = app.test_client()
    assert fresh.get(pages[0]).headers["ETag"] != tag
    for path in pages:
        assert MARK not in fresh.get(path).text, path


def test_no_figure_counts_it_until_it_is_confirmed(app, session, client, desk, published):
    space = desk.space

    def figures():
        objectives = space_queries.objectives_of_space(session, space_id=space.id)
        told = heard(session, space_id=space.id, objectives=objectives)
        return told.contributions, told.authors, sum(line.count for line in told.objectives)

    index(app, session)
    for path in ("/en/", f"/en/spaces/{space.slug}", f"/en/spaces/{space.slug}/questions/1"):
        assert "1 contribution" not in client.get(path).text, path
    found = client.get("/en/search?q=quetzal").text
    assert published.reference in found
    assert 'class="facets"' not in found
    assert figures() == (0, 0, 0)
    answer(app, session, app.test_client(), "mine")
    index(app, session)
    assert figures() == (1, 1, 1)
    fresh = app.test_client()
    for path in ("/en/", f"/en/spaces/{space.slug}", f"/en/spaces/{space.slug}/questions/1"):
        assert "1 contribution" in fresh.get(path).text, path
    assert 'class="facets"' in fresh.get("/en/search?q=quetzal").text


@pytest.mark.parametrize("format_", ["docx", "xlsx", "csv", "jsonl", "md"])
def test_exports_mark_it_and_count_it_not(session, tmp_path, desk, published, format_):
    path = tmp_path / f"out.{format_}"
    made = drafting.make_export(
        session,
        space_slug=desk.space.slug,
        actor=SYSTEM,
        wanted=ExportFilter(),
        format=format_,
        path=path,
        locale="en",
        base_url="https://consult.example",
        holds=False,
    )
    assert (made.rows, made.header.counts["comments"]) == (1, 0)
    told = _text_of(path, format_)
    assert published.reference in told
    if format_ == "jsonl":
        line = json.loads(told.splitlines()[1])
        assert "unconfirmed" not in line
    elif format_ == "csv":
        assert next(csv.DictReader(io.StringIO(told)))["unconfirmed"] == "true"
    elif format_ == "xlsx":
        assert "Unconfirmed" in told
    else:
        assert "entered by the secretariat, not confirmed yet" in told


def _text_of(path, format_):
    if format_ not in {"docx", "xlsx"}:
        return path.read_text(encoding="utf-8-sig")
    with ZipFile(path) as archive:
        return "\n".join(
            archive.read(name).decode("utf-8", "ignore") for name in archive.namelist()
        )

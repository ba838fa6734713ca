"""How a name is shown is obeyed everywhere: what must not be shown stands nowhere.

A new route is looked at without new code: its arguments are filled from the table of `arguments`,
and a route whose arguments it does not know fails.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import delete

from consult.core import clock
from consult.core.authz import Role
from consult.core.outbox import OutboxEntry
from consult.discussion.handlers import show_author_anew
from consult.discussion.models import RevisionAttachment
from consult.discussion.queries.lines import ExportFilter
from consult.discussion.states import ContributionKind, RevisionState
from consult.drafting import services as drafting
from consult.drafting.exports import FORMATS
from consult.drafting.queries import coverage
from consult.notifications.states import Subject
from consult.search import sync
from consult.spaces import queries as space_queries
from consult.spaces import services as spaces
from consult.spaces.models import Region
from consult.spaces.services import Affiliation
from consult.spaces.states import DisplayChoice, QuestionKind
from tests import factories as make
from tests.integration.notifications.fans import MINUTE, fan, fan_out
from tests.integration.notifications.post import Post
from tests.signing_in import sign_in

NAME, ORGANISATION, GROUP, REGION = "Quillonia", "Zephyrate", "Yarrowfolk", "Xanthoria"
MUST_NOT = {
    DisplayChoice.ORGANISATION: (NAME,),
    DisplayChoice.PSEUDONYM: (NAME, ORGANISATION, GROUP, REGION),
}
"""What stands nowhere, by choice; the rest may."""
MAY = {
    DisplayChoice.FULL: (NAME, ORGANISATION, GROUP),
    DisplayChoice.ORGANISATION: (ORGANISATION, GROUP),
    DisplayChoice.PSEUDONYM: ("Participant 1",),
}
QUERIES = (f"q={NAME}", f"q={ORGANISATION}", f"q={GROUP}", "q=newcomers", "category=civil-society")
NEVER_WITH_NAMES = {"static", "accounts.sign_out"}
"""Routes that end the session that looks, or that read no database."""


@dataclasses.dataclass
class Voice:
    """Somebody who speaks in every place of a space, and others who answer them."""

    app: Any
    session: Any

    def __post_init__(self):
        session = self.session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        region = Region(
            forum_id=self.forum.id, slug=REGION.lower(), position=1, name=make.said(REGION)
        )
        session.add(region)
        session.flush()
        self.author = make.make_author(
            session,
            forum=self.forum,
            user=make.make_user(session, name=NAME),
            name=NAME,
            organisation=ORGANISATION,
            category="civil-society",
            on_behalf_of=GROUP,
            country="AD",
            region_id=region.id,
        )
        self.stakeholder = make.make_user(session)
        other = make.make_author(session, forum=self.forum, user=self.stakeholder)
        self.first = self.write(source="What newcomers need.", objectives=self.objectives())
        self.answer = self.write(author=other, parent=self.first)
        self.last = self.write(parent=self.answer)
        asked = make.make_question(
            session, space=self.space, number=4, kind=QuestionKind.PARTICIPANT, text=None
        )
        self.posed = self.write(
            kind=ContributionKind.QUESTION,
            question_id=None,
            own_question_id=asked.id,
            reference=f"{self.space.code}-Q4",
        )
        for question in (make.question_of(session, self.space), asked):
            question.public_count = 3
        self.drafter = make.make_user(session)
        make.grant(session, user=self.drafter, role=Role.DRAFTER, space=self.space)
        self.moderator = make.make_user(session)
        make.grant(session, user=self.moderator, role=Role.MODERATOR, space=self.space)
        session.commit()

    def objectives(self):
        found = space_queries.objectives_of_space(self.session, space_id=self.space.id)
        return [one.id for one in found]

    def write(self, **over):
        over.setdefault("author", self.author)
        return make.make_contribution(self.session, space=self.space, **over)

    def choose(self, display):
        """Change how the name is shown, as the account page does, and let the worker work."""
        said = Affiliation(
            name=NAME,
            category="civil-society",
            organisation=ORGANISATION,
            country="AD",
            on_behalf_of=GROUP,
            display=display,
        )
        spaces.change_affiliation(
            self.session,
            forum=self.forum,
            author=self.author,
            user_id=self.stakeholder.id,
            said=said,
            now=clock.now(),
        )
        show_author_anew(self.session(), [{"author_id": self.author.id}], now=clock.now())
        self.index()

    def index(self):
        ports = self.app.extensions["consult.ports"]
        backend = self.app.extensions["consult.search"]
        self.session.commit()
        sync.rebuild(self.session, backend=backend, sources=ports.documents.values())
        self.session.execute(delete(OutboxEntry))
        self.session.commit()

    def browsers(self):
        """Return a visitor's and another stakeholder's browser."""
        signed_in = self.app.test_client()
        sign_in(signed_in, self.session, self.stakeholder)
        return self.app.test_client(), signed_in

    def arguments(self, name):
        names = [self.last.reference, self.posed.reference]
        return {
            "lang": ["fr"],
            "slug": [self.space.slug],
            "number": [1, 4],
            "name": names,
            "receipt": names,
            "page": ["privacy"],
        }.get(name, ["0" * 32])

    def addresses(self):
        """Yield every page, feed and file that can be asked for, and searches of every kind."""
        for rule in self.app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.endpoint in NEVER_WITH_NAMES:
                continue
            filled = sorted(rule.arguments)
            for values in itertools.product(*(self.arguments(one) for one in filled)):
                yield rule.build(dict(zip(filled, values, strict=True)))[1]
        for query in QUERIES:
            yield f"/fr/search?{query}"
            yield f"/fr/search/feed.atom?{query}"
        question = f"/fr/spaces/{self.space.slug}/questions/1"
        yield from (f"{question}?sort=discussed", f"{question}?category=civil-society")


@pytest.fixture
def voice(app, session, client):
    return Voice(app, session)


@pytest.fixture(params=[DisplayChoice.ORGANISATION, DisplayChoice.PSEUDONYM])
def display(request):
    return request.param


def told(response, query=""):
    """Return everything that an answer tells but what was asked for."""
    said = f"{response.text}\n{response.headers}"
    for word in (NAME, ORGANISATION, GROUP):
        if word in query:
            said = said.replace(word, "")
    return said


def test_what_must_not_be_shown_stands_on_no_page_in_no_feed_and_in_no_header(voice, display):
    voice.choose(display)
    paths = list(voice.addresses())
    answered = 0
    browsers = voice.browsers()
    if voice.session.get_bind().dialect.name == "postgresql":
        # The walk is long, and visitors are told apart before any SQL is made.
        browsers = browsers[1:]
    for browser in browsers:
        for path in paths:
            response = browser.get(path)
            answered += response.status_code == 200
            said = told(response, path)
            assert not [word for word in MUST_NOT[display] if word in said], path
    assert answered > 35


@pytest.mark.parametrize("choice", list(MAY))
def test_what_was_chosen_is_shown(voice, choice):
    voice.choose(choice)
    visitor = voice.app.test_client()
    page = visitor.get(f"/en/spaces/{voice.space.slug}/questions/1").text
    for word in MAY[choice]:
        assert word in page
    assert MAY[choice][0] in visitor.get(f"/en/spaces/{voice.space.slug}/feed.atom").text


def test_a_later_change_covers_every_page_that_was_kept(voice, display):
    question = f"/en/spaces/{voice.space.slug}/questions/1"
    paths = [question, f"{question}/feed.atom", f"/en/spaces/{voice.space.slug}", "/en/"]
    voice.choose(DisplayChoice.FULL)
    visitor, signed_in = voice.browsers()
    tags = {}
    for path in paths:
        tags[path] = visitor.get(path).headers["ETag"]
        signed_in.get(path)
    assert NAME in visitor.get(question).text
    found = visitor.get(f"/en/search?q={NAME}").text
    assert voice.first.reference in found
    voice.choose(display)
    for path in paths:
        response = visitor.get(path, headers={"If-None-Match": tags[path]})
        assert response.status_code == 200, path
        assert NAME not in response.text
        assert NAME not in signed_in.get(path).text
    assert voice.first.reference not in visitor.get(f"/en/search?q={NAME}").text


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_no_export_tells_it(session, voice, tmp_path, display, format_):
    voice.choose(display)
    voice.session.add(
        RevisionAttachment(
            token="0" * 31 + "1",
            revision_id=voice.first.published_revision_id,
            name="Position.pdf",
            media_type="application/pdf",
        )
    )
    path = tmp_path / f"out.{format_}"
    drafting.make_export(
        session,
        space_slug=voice.space.slug,
        actor=make.actor_for(user=voice.drafter, role=Role.DRAFTER, space=voice.space),
        wanted=ExportFilter(),
        format=format_,
        path=path,
        locale="en",
        base_url="https://consult.example",
        holds=False,
    )
    said = _words_in(path)
    assert voice.first.reference in said
    assert MAY[display][0] in said
    assert not [word for word in MUST_NOT[display] if word in said]
    if display is DisplayChoice.PSEUDONYM:
        assert not [word for word in ("Andorra", '"AD"', ">AD<") if word in said]


def test_moderators_see_the_choice_too(voice, display):
    waiting = make.make_revision(
        voice.session,
        contribution=voice.first,
        state=RevisionState.PENDING,
        source="What newcomers need today.",
    )
    voice.first.open_revision_id = waiting.id
    voice.choose(display)
    browser = voice.app.test_client()
    sign_in(browser, voice.session, voice.moderator)
    for path in ("/en/moderation", f"/en/moderation/{voice.first.reference}"):
        page = browser.get(path).text
        assert MAY[display][0] in page
        assert not [word for word in MUST_NOT[display] if word in page], path


def test_mails_of_the_thread_obey_the_choice_of_the_moment(session, voice, display):
    post, now = Post(session), clock.now()
    fan(session, Subject.SPACE, voice.space.id)
    for text in (voice.first, voice.answer, voice.last, voice.posed):
        fan_out(session, text, now=now + MINUTE)
    voice.choose(display)
    mails = post.send(at=now + 2 * MINUTE)
    assert len(mails) == 4
    said = "\n".join(
        f"{mail.items()} {part.get_content()}" for mail in mails for part in mail.iter_parts()
    )
    assert MAY[display][0] in said
    assert not [word for word in MUST_NOT[display] if word in said]


def test_small_figures_of_a_category_with_a_pseudonym_are_not_told(voice):
    voice.choose(DisplayChoice.FULL)
    visitor = voice.app.test_client()
    facet = 'Civil-Society</span><span class="count">'
    assert f"{facet}1</span>" in visitor.get("/en/search?q=newcomers").text
    voice.choose(DisplayChoice.PSEUDONYM)
    assert f"{facet}&lt; 5</span>" in visitor.get("/en/search?q=newcomers").text


def test_the_desk_counts_no_organisation_of_a_pseudonym(session, voice):
    actor = make.actor_for(user=voice.drafter, role=Role.DRAFTER, space=voice.space)
    for choice, organisations in ((DisplayChoice.FULL, 1), (DisplayChoice.PSEUDONYM, 0)):
        voice.choose(choice)
        rows = coverage(session, space=voice.space, actor=actor)
        assert {(row.contributions, row.organisations) for row in rows} == {(1, organisations)}


def test_an_organisation_that_is_gone_gives_no_name_away(session, voice):
    voice.choose(DisplayChoice.ORGANISATION)
    voice.author.organisation_id = None
    question = make.question_of(session, voice.space)
    question.public_version += 1
    voice.author.version += 1
    page = voice.app.test_client().get(f"/en/spaces/{voice.space.slug}/questions/1").text
    assert voice.first.reference in page
    assert NAME not in page


def _words_in(path):
    if path.suffix not in {".docx", ".xlsx"}:
        return path.read_text(encoding="utf-8-sig")
    with ZipFile(path) as archive:
        return "\n".join(
            archive.read(name).decode("utf-8", "ignore") for name in archive.namelist()
        )

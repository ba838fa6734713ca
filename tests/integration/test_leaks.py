"""The leak crawler: every GET route × every role × one marked item per state, in every field.

A new route is crawled without new code: its arguments are filled from the bed, and a route
whose arguments the bed cannot fill fails.
"""

from __future__ import annotations

import io
import itertools
import secrets
import zipfile

import pytest
from flask import current_app
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Permission, Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import MATRIX, Sight, Standing, Viewer
from consult.discussion.services import redacting
from consult.discussion.states import Removed, RevisionState, Scan
from consult.moderation.models import Appeal, Decision, Flag, PrivateNote
from consult.moderation.states import AppealOutcome, Verdict
from consult.search import sync
from consult.spaces.models import Objective, Space
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.discussion.attached import hand_in, make_attachment
from tests.signing_in import sign_in

LOCALES = ("en", "fr", "es")
UNDER_REVIEW = {
    Standing.DRAFT: (RevisionState.DRAFT, Removed.NONE),
    Standing.CLEARANCE: (RevisionState.CLEARANCE, Removed.NONE),
    Standing.PENDING: (RevisionState.PENDING, Removed.NONE),
    Standing.RETURNED: (RevisionState.RETURNED, Removed.NONE),
    Standing.REJECTED: (RevisionState.REJECTED, Removed.NONE),
    Standing.CANCELLED: (RevisionState.CANCELLED, Removed.NONE),
    Standing.HIDDEN: (RevisionState.PUBLISHED, Removed.HIDDEN),
    Standing.WITHDRAWN: (RevisionState.PUBLISHED, Removed.WITHDRAWN),
}


WALKING_TWICE = (Viewer.VISITOR, Viewer.AUTHOR, Viewer.MODERATOR, Viewer.ORGANISER)
"""Viewers of whom each has SQL of their own: the crawler walks as them on both databases."""


def mark(standing, field):
    """Return a word that stands for one field of one item and nothing else."""
    return f"lk{standing.value}{field}{secrets.token_hex(3)}"


class Leakbed:
    """One item per state whose every field holds a mark of its own."""

    def __init__(self, session):
        self.session = session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.other_space = make.make_space(session, forum=self.forum)
        self.author_user = make.make_user(session)
        self.objective_id = session.scalars(
            select(Objective.id).where(Objective.forum_id == self.forum.id, Objective.number == 16)
        ).one()
        self.marks: dict[Standing, list[str]] = {}
        self.items: dict[Standing, Contribution] = {}
        self.files: list[str] = []
        """Tokens of files."""
        self.begun: list[Contribution] = []
        """Contributions with a draft of a new text."""
        public_author = make.make_author(session, forum=self.forum)
        self.public = make.make_contribution(session, space=self.space, author=public_author)
        for standing, (state, removed) in UNDER_REVIEW.items():
            self._plant(standing, state=state, removed=removed)
        self._plant_appeals()
        self._plant_older()
        self._plant_redacted()
        self._plant_drafts_of_new_texts()
        self._plant_members_only()
        self._plant_uploads()
        self._plant_report()
        session.add(
            PrivateNote(
                contribution_id=self.items[Standing.PENDING].id,
                user_id=None,
                words=self.report_marks[2],
                created_at=clock.now(),
            )
        )
        session.flush()

    def _marked(self, field, standing):
        word = mark(standing, field)
        self.marks.setdefault(standing, []).append(word)
        return word

    def _plant(self, standing, *, state, removed, space=None):
        author = make.make_author(
            self.session,
            forum=self.forum,
            user=self.author_user,
            name=self._marked("name", standing),
            organisation=self._marked("organisation", standing),
            on_behalf_of=self._marked("behalf", standing),
        )
        contribution = make.make_contribution(
            self.session,
            space=space or self.space,
            author=author,
            state=state,
            removed=removed,
            objectives=[self.objective_id],
            source=f"{self._marked('text', standing)} [link](https://example.org/"
            f"{self._marked('link', standing)})",
        )
        revision_id = contribution.open_revision_id or contribution.published_revision_id
        if revision_id:
            self._attach(standing, revision_id)
        self.items[standing] = contribution
        return contribution

    def _attach(self, standing, revision_id):
        """Give a text a file with marks in its name, its bytes and the words taken out of it."""
        file = make_attachment(
            self.session,
            revision_id=revision_id,
            name=self._marked("file", standing) + ".pdf",
            content=b"%PDF-1.7 " + self._marked("bytes", standing).encode(),
            paragraphs=[[1, self._marked("paper", standing)]],
            storage=current_app.extensions["consult.storage"],
        )
        self.files.append(file.token)

    def _plant_uploads(self):
        """What was only handed in, and what is infected or waits for its scan in a public text."""
        upload = hand_in(
            self.session,
            self._marked("upload", Standing.DRAFT).encode(),
            user=self.author_user,
            storage=current_app.extensions["consult.storage"],
            name=self._marked("upload", Standing.DRAFT) + ".txt",
        )
        self.files.append(upload.token)
        self.infected_marks = [f"lkinfected{secrets.token_hex(4)}"]
        file = make_attachment(
            self.session,
            revision_id=self.public.published_revision_id,
            content=self.infected_marks[0].encode(),
            paragraphs=[[1, self.infected_marks[0]]],
            scan=Scan.INFECTED,
            storage=current_app.extensions["consult.storage"],
        )
        self.files.append(file.token)

    def _plant_appeals(self):
        """Reject two texts for marked reasons; one appeal waits, the other is answered.

        Who rejected them is for colleagues only, never for the author.
        """
        self.colleague_marks = [f"lkcolleague{secrets.token_hex(4)}"]
        self.rejecter = make.make_user(self.session, name=self.colleague_marks[0])
        make.grant(self.session, user=self.rejecter, role=Role.MODERATOR, space=self.space)
        self.appealed = self.items[Standing.REJECTED]
        other = self._plant(Standing.REJECTED, state=RevisionState.REJECTED, removed=Removed.NONE)
        for contribution in (self.appealed, other):
            rejection = self._decide(contribution)
            appeal = Appeal(
                decision_id=rejection.id,
                contribution_id=contribution.id,
                submitted_by=self.author_user.id,
                words=self._marked("appeal", Standing.REJECTED),
                created_at=clock.now(),
            )
            self.session.add(appeal)
        self.session.flush()
        appeal.outcome, appeal.decided_at = AppealOutcome.DISMISSED, clock.now()
        appeal.settled_by_id = self._decide(other).id

    def _decide(self, contribution):
        revision_id = self.session.scalars(
            select(Revision.id).where(Revision.contribution_id == contribution.id)
        ).one()
        decision = Decision(
            revision_id=revision_id,
            verdict=Verdict.REJECT,
            reason="other",
            message=self._marked("message", Standing.REJECTED),
            decided_by=self.rejecter.id,
            decided_at=clock.now(),
        )
        self.session.add(decision)
        self.session.flush()
        return decision

    def _plant_report(self):
        """A report about a public text: its words and its reader are for the moderators only, as
        are their notes.
        """
        self.report_marks = [
            f"lk{what}{secrets.token_hex(4)}" for what in ("report", "reader", "note")
        ]
        reader = make.make_user(self.session, name=self.report_marks[1])
        self.session.add(
            Flag(
                contribution_id=self.public.id,
                user_id=reader.id,
                reason="other",
                words=self.report_marks[0],
                created_at=clock.now(),
            )
        )

    def _plant_older(self):
        author = make.make_author(self.session, forum=self.forum, user=self.author_user)
        contribution = make.make_contribution(
            self.session,
            space=self.space,
            author=author,
            state=RevisionState.SUPERSEDED,
            source=self._marked("text", Standing.OLDER),
        )
        older_id = self.session.scalars(
            select(Revision.id).where(Revision.contribution_id == contribution.id)
        ).one()
        self._attach(Standing.OLDER, older_id)
        newer = make.make_revision(
            self.session, contribution=contribution, state=RevisionState.PUBLISHED
        )
        contribution.published_revision_id = newer.id
        self.items[Standing.OLDER] = contribution

    def _plant_redacted(self):
        """A public text from which moderators took words, the address of a link and a file."""
        author = make.make_author(self.session, forum=self.forum, user=self.author_user)
        words, link = self._marked("text", Standing.OLDER), self._marked("link", Standing.OLDER)
        self.redacted = make.make_contribution(
            self.session,
            space=self.space,
            author=author,
            source=f"Ask **{words}** or [them](https://example.org/{link} "
            f'"{self._marked("title", Standing.OLDER)}") soon.',
            objectives=[self.objective_id],
        )
        base = self.session.get_one(Revision, self.redacted.published_revision_id)
        self._attach(Standing.OLDER, base.id)
        file = self.files[-1]
        made = redacting.shortened(self.session, base, passages=[words, link], files=[file])
        redacting.redact(
            self.session,
            contribution=self.redacted,
            base=base,
            made=made,
            left_out=[file],
            reason="personal-data",
            now=clock.now(),
        )

    def _plant_drafts_of_new_texts(self):
        """Drafts beside a published text, on a returned one, and one that a withdrawal closed."""
        for state, removed in (
            (RevisionState.PUBLISHED, Removed.NONE),
            (RevisionState.RETURNED, Removed.NONE),
            (RevisionState.PUBLISHED, Removed.WITHDRAWN),
        ):
            author = make.make_author(self.session, forum=self.forum, user=self.author_user)
            contribution = make.make_contribution(
                self.session, space=self.space, author=author, state=state, removed=removed
            )
            draft = make.make_revision(
                self.session,
                contribution=contribution,
                state=RevisionState.DRAFT,
                base_id=contribution.open_revision_id or contribution.published_revision_id,
                source=self._marked("text", Standing.DRAFT),
            )
            self._attach(Standing.DRAFT, draft.id)
            is_closed = removed is Removed.WITHDRAWN
            contribution.open_before_id = draft.id if is_closed else None
            contribution.open_revision_id = None if is_closed else draft.id
            self.begun.append(contribution)

    def _plant_members_only(self):
        """A published text in a space that outsiders do not know of; marked like a draft."""
        self.secret_space = make.make_space(
            self.session, forum=self.forum, visibility=SpaceVisibility.UNANNOUNCED
        )
        author = make.make_author(self.session, forum=self.forum)
        self.secret_marks = [f"lksecret{secrets.token_hex(4)}"]
        self.secret = make.make_contribution(
            self.session,
            space=self.secret_space,
            author=author,
            source=self.secret_marks[0],
            objectives=[self.objective_id],
        )

    def users(self):
        """Return a user for each kind of viewer; None for a visitor."""
        roles = {
            Viewer.MODERATOR: Role.MODERATOR,
            Viewer.DRAFTER: Role.DRAFTER,
            Viewer.ORGANISER: Role.ORGANISER,
            Viewer.AUDITOR: Role.AUDITOR,
        }
        users = {Viewer.VISITOR: None, Viewer.AUTHOR: self.author_user}
        for viewer, role in roles.items():
            user = make.make_user(self.session)
            make.grant(self.session, user=user, role=role, space=self.space)
            users[viewer] = user
        stakeholder = make.make_user(self.session)
        make.make_author(self.session, forum=self.forum, user=stakeholder)
        users[Viewer.STAKEHOLDER] = stakeholder
        elsewhere = make.make_user(self.session)
        make.grant(self.session, user=elsewhere, role=Role.MODERATOR, space=self.other_space)
        return users | {"moderator elsewhere": elsewhere}

    def allowed(self, viewer):
        """Return the marks that a viewer may meet."""
        best = [viewer] if isinstance(viewer, Viewer) else []
        best.append(Viewer.VISITOR if viewer is Viewer.VISITOR else Viewer.STAKEHOLDER)
        seen = set()
        for standing, words in self.marks.items():
            if any(MATRIX[standing][who] is Sight.FULL for who in best):
                seen.update(words)
        return seen

    def arguments(self, name):
        """Return the values with which an argument of a route is filled."""
        names = [
            value
            for item in (
                *self.items.values(),
                self.appealed,
                *self.begun,
                self.redacted,
                self.public,
                self.secret,
            )
            for value in (item.reference, item.receipt)
            if value
        ]
        spaces: list[Space] = [self.space, self.secret_space]
        known = {
            "lang": ["en"],
            "slug": [space.slug for space in spaces],
            # A question of the space and an objective that every item is about.
            "number": [1, 16],
            "name": names,
            "receipt": names,
            "token": ["0" * 32 + "." + "0" * 32, *self.files],
            "page": ["privacy"],
            "kind": ["thread"],
            "filename": ["consult.css"],
            "intake_id": ["0" * 32],
            "code": ["off-topic", "added"],
        }
        return known[name]


def get_routes(app):
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint != "static"
    ]


def addresses(app, bed):
    """Yield an address of every GET route for everything that could be found there.

    What was public has two names. Where the name ends the address both are walked, elsewhere the
    one or the other in turn: all these pages find an item in the same way. Tokens of files are
    walked where files are given out; other routes take tokens of their own kind, so that one of
    a file is enough.
    """
    with app.test_request_context():
        for turn, rule in enumerate(get_routes(app)):
            names = sorted(rule.arguments)
            passed_over = _passed_over(bed, rule, turn)
            for values in itertools.product(*(bed.arguments(name) for name in names)):
                if passed_over.isdisjoint(values):
                    _domain, path = rule.build(dict(zip(names, values, strict=True)))
                    yield path


def _passed_over(bed, rule, turn):
    """Return the values with which a route is not walked."""
    tokens = set() if "/files/" in rule.rule else set(bed.files[1:])
    if rule.rule.endswith(("<name>", "<receipt>")):
        return tokens
    items = (*bed.items.values(), bed.appealed, *bed.begun, bed.public, bed.secret)
    both = [(item.reference, item.receipt) for item in items if item.reference and item.receipt]
    return tokens | {names[turn % 2] for names in both}


def is_kept_by_organisers(viewer, path, word):
    """Whether it is the name of an organisation or of somebody with a role, on the page where
    organisers keep these; who speaks for the one and decided what is not said there.
    """
    if viewer is not Viewer.ORGANISER:
        return False
    kept = {"organisation": "/people/organisations", "colleague": "/people/roles"}
    return any(kind in word and path.endswith(page) for kind, page in kept.items())


def words_of(body):
    """Return everything that a body says, the members of a DOCX or XLSX unpacked."""
    if not body.startswith(b"PK"):
        return body.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        members = (package.read(name) for name in package.namelist())
        return "".join(member.decode("utf-8", "replace") for member in members)


@pytest.fixture
def bed(app, session):
    planted = Leakbed(session)
    session.commit()
    # The services that took part raised versions past the rows that this session holds.
    session.expire_all()
    ports = app.extensions["consult.ports"]
    sync.rebuild(
        session, backend=app.extensions["consult.search"], sources=ports.documents.values()
    )
    return planted


def test_no_route_shows_a_viewer_what_the_matrix_forbids(app, session, client, bed):
    users = bed.users()
    if session.get_bind().dialect.name == "postgresql":
        # The walk is long; the others walk on SQLite only.
        users = {viewer: users[viewer] for viewer in WALKING_TWICE}
    every_mark = {word for words in bed.marks.values() for word in words} | set(bed.secret_marks)
    every_mark |= set(bed.colleague_marks) | set(bed.infected_marks) | set(bed.report_marks)
    paths = list(addresses(app, bed))
    searches = [f"/en/search?q={word}" for word in sorted(every_mark)][:12]
    searches += [path.replace("search?", "search/feed.atom?") for path in searches]
    exports = [p for p in paths if p.endswith("/export")]
    more = [f"{path}?format={kind}" for path in exports for kind in ("jsonl", "csv", "md")]
    leaks = []
    for viewer, user in users.items():
        browser = app.test_client()
        if user is not None:
            sign_in(browser, session, user)
        forbidden = every_mark - bed.allowed(viewer)
        if viewer is Viewer.MODERATOR:
            forbidden -= set(bed.colleague_marks) | set(bed.report_marks)
        if viewer in {Viewer.ORGANISER, Viewer.AUDITOR}:
            # Their role holds in the whole forum, its unannounced spaces included.
            forbidden -= set(bed.secret_marks)
        for path in (*paths, *searches, *more):
            session.commit()
            response = browser.get(path)
            assert response.status_code < 500, (viewer, path)
            shown = words_of(response.get_data())
            headers = str(response.headers)
            leaks += [
                (str(viewer), path, word)
                for word in forbidden
                if word in headers or (word in shown and word not in path)
                if not is_kept_by_organisers(viewer, path, word)
            ]
    assert not leaks


def test_an_appeal_is_read_by_its_author_and_the_moderators_and_by_whom_it_is_opened_to(
    app, session, client, bed
):
    """Without a moderator of the space it is opened to one of another, that one item only."""
    users = bed.users()
    path = f"/en/moderation/{bed.appealed.receipt}"
    words = next(word for word in bed.marks[Standing.REJECTED] if "appeal" in word)

    def shown_to(viewer):
        browser = app.test_client()
        sign_in(browser, session, users[viewer])
        page = browser.get(path)
        return words in page.text

    assert shown_to(Viewer.MODERATOR)
    assert not shown_to("moderator elsewhere")
    users[Viewer.MODERATOR].confirmed_at = None
    session.commit()
    assert shown_to("moderator elsewhere")
    assert not shown_to(Viewer.ORGANISER)
    browser = app.test_client()
    sign_in(browser, session, users["moderator elsewhere"])
    shown = browser.get(f"/en/contributions/{bed.appealed.receipt}")
    assert shown.status_code == 200
    for standing in (Standing.PENDING, Standing.RETURNED, Standing.HIDDEN):
        name = bed.items[standing].receipt
        assert browser.get(f"/en/moderation/{name}").status_code == 404
        assert browser.get(f"/en/contributions/{name}").status_code in {404, 410}


def test_no_search_finds_words_of_a_file_that_is_not_public_or_not_clean(client, bed):
    hidden = [word for words in bed.marks.values() for word in words] + bed.infected_marks
    # The beginnings of marks repeat themselves.
    for asked in sorted({form for word in hidden for form in (word, f"{word[:7]}*", f'"{word}"')}):
        page = client.get("/en/search", query_string={"q": asked})
        assert "Nothing was found." in page.text, asked


def test_what_never_was_public_answers_the_same_bytes_as_an_unknown_name(client, bed):
    unknown = client.get("/en/contributions/AAAA-BBBB-CCCC-DDDD")
    for standing in (Standing.PENDING, Standing.RETURNED, Standing.REJECTED):
        receipt = bed.items[standing].receipt
        hidden = client.get(f"/en/contributions/{receipt}")
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.data == unknown.data


def test_what_was_public_and_is_gone_answers_410_without_name_or_text(client, bed):
    for standing in (Standing.HIDDEN, Standing.WITHDRAWN):
        response = client.get(f"/en/contributions/{bed.items[standing].reference}")
        assert response.status_code == 410
        assert not any(word in response.text for word in bed.marks[standing])


def test_feeds_and_pages_do_not_change_when_a_text_is_sent(app, session, client, bed):
    paths = [
        "/en/feed.atom",
        f"/en/spaces/{bed.space.slug}/feed.atom",
        f"/en/spaces/{bed.space.slug}/questions/1/feed.atom",
        "/en/objectives/16/feed.atom",
        f"/en/search/feed.atom?space={bed.space.slug}",
        f"/en/spaces/{bed.space.slug}/questions/1",
        f"/en/spaces/{bed.space.slug}",
    ]
    before = [client.get(path) for path in paths]
    author = make.make_author(session, forum=bed.forum)
    make.make_contribution(
        session,
        space=bed.space,
        author=author,
        state=RevisionState.PENDING,
        objectives=[bed.objective_id],
    )
    after = [client.get(path) for path in paths]
    for one, two in zip(before, after, strict=True):
        assert one.data == two.data
        assert one.headers.get("ETag") == two.headers.get("ETag")


def test_every_route_declares_its_permission(app):
    missing = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        and not isinstance(
            getattr(app.view_functions[rule.endpoint], "permission", None), Permission
        )
    ]
    assert not missing


def test_only_a_written_list_of_routes_takes_writes_from_visitors(app, client, bed):
    """Without a token nothing is taken: 400, where no route refuses earlier."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
                names = sorted(rule.arguments)
                values = {name: bed.arguments(name)[0] for name in names}
                _domain, path = rule.build(values)
                response = client.open(path, method=method)
                assert response.status_code in {303, 400, 403, 404, 405, 410}, (path, method)
                if response.status_code == 303:
                    assert "/sign-in" in response.headers["Location"], (path, method)

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

from consult.core import clock
from consult.core.authz import Permission, Role
from consult.discussion.models import Contribution, RevisionAttachment
from consult.discussion.policy import MATRIX, Sight, Standing, Viewer
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import PrivateNote
from consult.search import sync
from consult.spaces.models import Space
from consult.spaces.states import SpaceVisibility
from tests import factories as make
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
        self.marks: dict[Standing, list[str]] = {}
        self.items: dict[Standing, Contribution] = {}
        public_author = make.make_author(session, forum=self.forum)
        self.public = make.make_contribution(session, space=self.space, author=public_author)
        for standing, (state, removed) in UNDER_REVIEW.items():
            self._plant(standing, state=state, removed=removed)
        self._plant_older()
        self._plant_members_only()
        session.add(
            PrivateNote(
                contribution_id=self.items[Standing.PENDING].id,
                user_id=None,
                words=self._marked("note", Standing.DRAFT),
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
            source=f"{self._marked('text', standing)} [link](https://example.org/"
            f"{self._marked('link', standing)})",
        )
        revision_id = contribution.open_revision_id or contribution.published_revision_id
        if revision_id:
            self.session.add(
                RevisionAttachment(
                    token=secrets.token_hex(8),
                    revision_id=revision_id,
                    name=self._marked("file", standing) + ".pdf",
                    media_type="application/pdf",
                )
            )
        self.items[standing] = contribution
        return contribution

    def _plant_older(self):
        author = make.make_author(self.session, forum=self.forum, user=self.author_user)
        contribution = make.make_contribution(
            self.session,
            space=self.space,
            author=author,
            state=RevisionState.SUPERSEDED,
            source=self._marked("text", Standing.OLDER),
        )
        newer = make.make_revision(
            self.session, contribution=contribution, state=RevisionState.PUBLISHED
        )
        contribution.published_revision_id = newer.id
        self.items[Standing.OLDER] = contribution

    def _plant_members_only(self):
        """A published text in a space that outsiders do not know of; marked like a draft."""
        self.secret_space = make.make_space(
            self.session, forum=self.forum, visibility=SpaceVisibility.UNANNOUNCED
        )
        author = make.make_author(self.session, forum=self.forum)
        self.secret_marks = [f"lksecret{secrets.token_hex(4)}"]
        self.secret = make.make_contribution(
            self.session, space=self.secret_space, author=author, source=self.secret_marks[0]
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
            for item in (*self.items.values(), self.public, self.secret)
            for value in (item.reference, item.receipt)
            if value
        ]
        spaces: list[Space] = [self.space, self.secret_space]
        known = {
            "lang": ["en"],
            "slug": [space.slug for space in spaces],
            "number": [1],
            "name": names,
            "receipt": names,
            "token": ["0" * 32 + "." + "0" * 32],
            "page": ["privacy"],
            "filename": ["consult.css"],
        }
        return known[name]


def get_routes(app):
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint != "static"
    ]


def addresses(app, bed):
    """Yield every address of every GET route, with the words of a search and of filters."""
    with app.test_request_context():
        for rule in get_routes(app):
            names = sorted(rule.arguments)
            for values in itertools.product(*(bed.arguments(name) for name in names)):
                _domain, path = rule.build(dict(zip(names, values, strict=True)))
                yield path


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
    ports = app.extensions["consult.ports"]
    sync.rebuild(
        session, backend=app.extensions["consult.search"], sources=ports.documents.values()
    )
    return planted


def test_no_route_shows_a_viewer_what_the_matrix_forbids(app, session, client, bed):
    users = bed.users()
    every_mark = {word for words in bed.marks.values() for word in words} | set(bed.secret_marks)
    paths = list(addresses(app, bed))
    searches = [f"/en/search?q={word}" for word in sorted(every_mark)][:12]
    exports = [p for p in paths if p.endswith("/export")]
    more = [f"{path}?format={kind}" for path in exports for kind in ("jsonl", "csv", "md")]
    leaks = []
    for viewer, user in users.items():
        browser = app.test_client()
        if user is not None:
            sign_in(browser, session, user)
        forbidden = every_mark - bed.allowed(viewer)
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
            ]
    assert not leaks


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
        f"/en/spaces/{bed.space.slug}/feed.atom",
        f"/en/spaces/{bed.space.slug}/questions/1",
        f"/en/spaces/{bed.space.slug}",
    ]
    before = [client.get(path) for path in paths]
    author = make.make_author(session, forum=bed.forum)
    make.make_contribution(session, space=bed.space, author=author, state=RevisionState.PENDING)
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
    """Without a token nothing is taken; these answer 400, every other route refuses earlier."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
                names = sorted(rule.arguments)
                values = {name: bed.arguments(name)[0] for name in names}
                _domain, path = rule.build(values)
                response = client.open(path, method=method)
                assert response.status_code in {303, 400, 403, 404, 405}, (path, method)
                if response.status_code == 303:
                    assert "/sign-in" in response.headers["Location"], (path, method)

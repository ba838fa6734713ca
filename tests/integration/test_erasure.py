"""Erasure with its proof: nothing of somebody is found anywhere afterwards."""

from __future__ import annotations

import io
import json
import shutil
import sys

import pytest
import structlog
from flask import g
from flask_migrate import upgrade
from sqlalchemy import select

from consult.accounts.models import Erasure, User
from consult.accounts.services.erasure import erase_account
from consult.accounts.states import UserStatus
from consult.app import create_app
from consult.cli.doctor import examine
from consult.core import audit, clock, outbox, worker
from consult.core.audit import AuditDetail, AuditEntry
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed
from consult.drafting.exports import FORMATS
from consult.operations import services
from consult.spaces.models import Author, AuthorMember, Organisation
from consult.spaces.states import ErasureRule, Membership
from tests import factories as make
from tests import postgresql
from tests.conftest import DATABASES
from tests.integration.discussion.attached import make_attachment
from tests.integration.discussion.filing import disown, file_for, intake_of
from tests.integration.erased import PUBLIC, Person, in_files, in_tables, unpacked
from tests.integration.moderation.desk import make_desk
from tests.signing_in import sign_in

ON_SQLITE = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
"""For what no database does differently."""


@pytest.fixture
def log(monkeypatch):
    """What an application that is made now writes into its log."""
    written, before = io.StringIO(), structlog.get_config()
    monkeypatch.setattr(sys, "stderr", written)
    yield written
    structlog.configure(**before)


@pytest.fixture(params=DATABASES)
def installation(request, templates, tmp_path, log, monkeypatch):
    """An application of its own, with everything committed: the files are looked at, too."""
    monkeypatch.setattr(outbox, "reactions", outbox.Reactions())
    config = templates[request.param].copy(tmp_path / "data")
    app = create_app(config)
    with app.app_context():
        yield app
        db.session.remove()
        database = db.engine.url.database
        db.engine.dispose()
    if request.param == "postgresql":
        postgresql.drop_database(database or "")


@pytest.fixture
def person(installation):
    return Person(installation, db.session, has_mail_files=True)


@pytest.fixture
def somebody(app, session):
    """The same in the application whose work is rolled back."""
    return Person(app, session, has_mail_files=False)


def _config(app):
    return app.extensions["consult.config"]


def _ports(app):
    return app.extensions["consult.ports"]


def _erase(app, user_id, *, keeps_texts, by=None):
    with unit_of_work() as session:
        erase_account(
            session,
            user_id=user_id,
            keeps_texts=keeps_texts,
            by=by,
            ports=_ports(app),
            now=clock.now(),
        )


def _found(app, words):
    db.session.rollback()
    return in_tables(db.session, words) | in_files(_config(app).data_dir, words)


def _pages(app, person):
    """Return what the pages, feeds, files and exports say, to a visitor and to the moderator."""
    said = ""
    names = [
        name
        for (reference, receipt) in db.session.execute(
            select(Contribution.reference, Contribution.receipt)
        )
        for name in (reference, receipt)
        if name
    ]
    slug = person.space.slug
    public = [f"/en/contributions/{name}" for name in names]
    public += [
        "/en/",
        f"/en/spaces/{slug}",
        f"/en/spaces/{slug}/questions/1",
        f"/en/spaces/{slug}/questions/1/feed.atom",
        "/en/feed.atom",
        f"/en/search?q={person.marks['public']}",
    ]
    private = [f"/en/moderation/{name}" for name in names]
    private += [f"/en/contributions/{person.public.reference}/history", "/en/moderation"]
    exports = [f"/en/drafting/{slug}/export?format={kind}" for kind in FORMATS]
    visitor, moderator = app.test_client(), app.test_client()
    sign_in(moderator, db.session, person.moderator)
    for browser, paths in ((visitor, public), (moderator, (*private, *exports))):
        for path in paths:
            # The test holds one application context, a server opens one for each request.
            for name in list(g):
                g.pop(name)
            answer = browser.get(path)
            assert answer.status_code == 200 or path not in exports, path
            assert answer.status_code < 500, path
            content = answer.get_data()
            shown = b" ".join((content, *(part for _name, part in unpacked(content)))).decode(
                "utf-8", "replace"
            )
            asked = path.partition("q=")[2]
            said += shown.replace(asked, "") if asked else shown
    return said


# The proof ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_texts", [False, True])
def test_no_mark_of_somebody_erased_is_found_anywhere(installation, person, log, keeps_texts):
    app = installation
    person.let_the_worker_work()
    words = {word: field for field, word in person.marks.items()}
    # Every mark is found before, or the proof below would prove nothing; so are the places that
    # are derived from tables.
    before = _found(app, words)
    assert {word for _place, word in before} == set(words)
    assert any(place.startswith("mail/") and "email" in words[word] for place, word in before)
    # The index lies in the data folder, or in tables of the database.
    folders = {place.replace("search_word.", "index/").partition("/")[0] for place, _word in before}
    assert {"index", "files", "mail", "exports"} <= folders
    log.truncate(0)

    _erase(app, person.user_id, keeps_texts=keeps_texts)
    worker.drain()

    kept = {person.marks[field] for field in (*PUBLIC, "reply")} if keeps_texts else set()
    left = {(place, words[word]) for place, word in _found(app, set(words) - kept)}
    assert left == set()
    pages = _pages(app, person).casefold()
    logged = log.getvalue().casefold()
    assert [field for word, field in words.items() if word in logged] == []
    assert [field for word, field in words.items() if word in pages and word not in kept] == []
    if keeps_texts:
        shown = [person.marks[field] for field in ("public", "publicfile", "reply")]
        assert all(word in pages for word in shown)
        assert "former participant" in pages
    # What is somebody else's stays.
    assert person.kept_mail.exists()
    assert list(_config(app).mail_dir.glob("*.eml")) == [person.kept_mail]
    # And the house is in order.
    _names, findings = examine()
    assert findings == []
    assert audit.verify(db.session()) == []


def test_what_was_erased_is_a_tombstone_that_others_count_on(app, somebody):
    _erase(app, somebody.user_id, keeps_texts=False)
    user = db.session.get_one(User, somebody.user_id)
    assert (user.status, user.name, user.email, user.email_key, user.password_hash) == (
        UserStatus.ERASED,
        "",
        None,
        None,
        None,
    )
    author = db.session.get_one(Author, somebody.author.id)
    assert (author.name, author.organisation_id, author.is_erased) == ("", None, True)
    assert author.category_id is not None
    heads = db.session.scalars(
        select(Contribution).where(Contribution.author_id == somebody.author.id)
    ).all()
    assert {head.removed for head in heads} == {Removed.ERASED}
    assert {head.open_revision_id for head in heads} == {None}
    assert all(head.sent_at for head in heads)  # The draft went with its head.
    texts = db.session.scalars(
        select(Revision).where(Revision.contribution_id.in_([head.id for head in heads]))
    ).all()
    assert {(one.source, one.html, one.text, one.words) for one in texts} == {("", "", "", 0)}
    erasure = db.session.get_one(Erasure, user.uid)
    assert (erasure.keeps_texts, erasure.by_id) == (False, None)


@ON_SQLITE
def test_somebody_else_with_the_same_file_keeps_it(installation, person):
    content = b"%PDF-1.7 " + person.mark("publicbytes").encode()
    file = make_attachment(
        db.session(), revision_id=person.other.published_revision_id, content=content
    )
    sha256 = file.sha256
    db.session.commit()
    _erase(installation, person.user_id, keeps_texts=False)
    worker.drain()
    with installation.extensions["consult.storage"].open(sha256) as stream:
        assert stream.read() == content


@pytest.mark.parametrize("rule", [ErasureRule.KEEP, ErasureRule.REMOVE])
def test_a_rule_of_the_forum_goes_before_the_wish(app, somebody, rule):
    somebody.forum.erasure = rule
    db.session.commit()
    _erase(app, somebody.user_id, keeps_texts=rule is ErasureRule.REMOVE)
    db.session.expire_all()
    stays = db.session.get_one(Contribution, somebody.public_id).removed == Removed.NONE
    assert stays is (rule is ErasureRule.KEEP)
    # What was hidden or withdrawn is not published, so it goes in any case.
    for state in ("hidden", "withdrawn"):
        assert db.session.get_one(Contribution, somebody.state_ids[state]).removed == Removed.ERASED


def test_a_delegation_keeps_its_texts_when_one_of_its_people_goes(app, session):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    user = make.make_user(session)
    delegation = make.make_author(session, forum=forum, is_delegation=True, name="Delegation")
    session.add(
        AuthorMember(author_id=delegation.id, user_id=user.id, membership=Membership.FOCAL_POINT)
    )
    stays = make.make_user(session)
    session.add(
        AuthorMember(author_id=delegation.id, user_id=stays.id, membership=Membership.CONTRIBUTOR)
    )
    said = make.make_contribution(session, space=space, author=delegation, source="We say so.")
    session.get_one(Revision, said.published_revision_id).submitted_by = user.id
    session.commit()
    _erase(app, user.id, keeps_texts=False)
    session.expire_all()
    assert session.get_one(Author, delegation.id).name == "Delegation"
    assert session.get_one(Revision, said.published_revision_id).source == "We say so."
    (left,) = session.scalars(select(AuthorMember)).all()
    assert (left.user_id, left.membership) == (stays.id, Membership.FOCAL_POINT)


@pytest.mark.parametrize("answer", ["none", "disowned"])
def test_what_somebody_never_said_was_theirs_loses_their_address_only(app, session, answer):
    desk = make_desk(session)
    user = make.make_user(session, email="lucia@example.org")
    filed = file_for(session, actor=desk.first, space=desk.space, source="Not hers, perhaps.")
    if answer == "disowned":
        disown(session, filed)
    session.commit()
    _erase(app, user.id, keeps_texts=False)
    session.expire_all()
    author = session.get_one(Author, filed.author_id)
    assert (author.name, author.is_erased) == ("Lucía Ferrer", False)
    sources = select(Revision.source).where(Revision.contribution_id == filed.id)
    assert session.scalars(sources).all() == ["Not hers, perhaps."]
    asked = intake_of(session, filed)
    assert (asked.email, asked.email_key) == (None, None)


def test_an_organisation_that_others_speak_for_stays(app, somebody):
    organisation_id = somebody.author.organisation_id
    make.make_author(db.session(), forum=somebody.forum).organisation_id = organisation_id
    db.session.commit()
    _erase(app, somebody.user_id, keeps_texts=True)
    assert db.session.get(Organisation, organisation_id) is not None


def test_erasing_twice_changes_nothing_and_is_told_once(app, somebody):
    _erase(app, somebody.user_id, keeps_texts=True, by=somebody.moderator.id)
    _erase(app, somebody.user_id, keeps_texts=False)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "account.erase")).all()
    assert [(one.actor_id, one.facts) for one in entries] == [
        (somebody.moderator.id, {"keeps_texts": True})
    ]
    assert db.session.scalars(select(Erasure.keeps_texts)).all() == [True]


def test_words_of_others_stay_in_the_log_of_acts(app, somebody):
    audit.record(
        db.session(),
        "role.grant",
        actor_id=somebody.moderator.id,
        now=clock.now(),
        subject=("user", somebody.reader.id),
        words={"name": "Somebody else", "why": "Maria knows them"},
    )
    db.session.commit()
    _erase(app, somebody.user_id, keeps_texts=True)
    words = db.session.scalars(select(AuditDetail.words).where(AuditDetail.words.is_not(None)))
    assert [json.loads(one or "")["name"] for one in words] == ["Somebody else"]


# The ledger ---------------------------------------------------------------------------------


def test_the_ledger_names_each_erasure_once_and_nobody(app, somebody, tmp_path):
    uid, ledger = somebody.user.uid, tmp_path / "erasures.jsonl"
    _erase(app, somebody.user_id, keeps_texts=True)
    assert services.write_ledger(db.session(), path=ledger) == 1
    assert services.write_ledger(db.session(), path=ledger) == 0
    (line,) = ledger.read_text().splitlines()
    said = json.loads(line)
    assert (said["uid"], said["keeps_texts"]) == (uid, True)
    assert said.keys() == {"uid", "erased_at", "keeps_texts"}


def test_a_ledger_line_that_was_cut_short_is_written_again(app, somebody, tmp_path):
    uid, ledger = somebody.user.uid, tmp_path / "erasures.jsonl"
    ledger.write_text('{"uid": "' + uid[:5])
    _erase(app, somebody.user_id, keeps_texts=True)
    services.write_ledger(db.session(), path=ledger)
    assert list(services.read_ledger(ledger)) == [uid]


@ON_SQLITE
def test_who_was_erased_stays_erased_when_an_older_database_is_put_back(
    installation, person, tmp_path
):
    app = installation
    person.let_the_worker_work()
    user_id = person.user_id
    database = _config(app).data_dir / "consult.db"
    _checkpoint()
    shutil.copy(database, tmp_path / "backup.db")
    _erase(app, user_id, keeps_texts=False)
    worker.drain()

    db.session.remove()
    db.engine.dispose()
    for path in database.parent.glob("consult.db*"):
        path.unlink()
    shutil.copy(tmp_path / "backup.db", database)
    upgrade()
    assert db.session.get_one(User, user_id).status == UserStatus.ACTIVE
    _names, findings = examine()
    assert (
        "erasures",
        "1 erased accounts live again; run `flask user replay-erasures`",
    ) in findings

    told = app.test_cli_runner().invoke(args=["user", "replay-erasures"])
    assert told.exit_code == 0, told.output
    worker.drain()
    assert db.session.get_one(User, user_id).status == UserStatus.ERASED
    assert _found(app, set(person.marks.values())) == set()
    acts = db.session.scalars(
        select(AuditEntry.act).where(
            AuditEntry.subject_kind == "user", AuditEntry.actor_id.is_(None)
        )
    )
    assert "account.erase" in acts.all()
    assert examine()[1] == []


@ON_SQLITE
def test_the_worker_erases_again_by_itself(installation, person):
    app = installation
    uid = person.user.uid
    _config(app).erasure_ledger.write_text(json.dumps({"uid": uid, "keeps_texts": True}) + "\n")
    with unit_of_work() as session:
        outbox.plant_timetable(session, now=clock.now(), only=["operations.replay-erasures"])
    worker.drain()
    db.session.expire_all()
    assert db.session.get_one(User, person.user_id).status == UserStatus.ERASED


def _checkpoint():
    db.session.commit()
    db.session.remove()
    db.engine.dispose()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


# The command --------------------------------------------------------------------------------


@ON_SQLITE
def test_the_command_asks_for_the_choice_and_keeps_to_the_rule(installation, person):
    runner = installation.test_cli_runner()
    email = person.user.email
    missing = runner.invoke(args=["user", "erase", email])
    assert missing.exit_code == 2
    assert "--texts keep or --texts remove" in missing.output
    person.forum.erasure = ErasureRule.KEEP
    db.session.commit()
    refused = runner.invoke(args=["user", "erase", email, "--texts", "remove"])
    assert refused.exit_code == 2
    assert runner.invoke(args=["user", "erase", "nobody@example.org"]).exit_code == 2
    done = runner.invoke(args=["user", "erase", email])
    assert done.exit_code == 0, done.output
    db.session.expire_all()
    assert db.session.get_one(User, person.user_id).status == UserStatus.ERASED
    assert db.session.get_one(Contribution, person.public_id).removed == Removed.NONE

"""Somebody whose every field holds a mark of its own, and the search for these marks everywhere."""

from __future__ import annotations

import datetime as dt
import io
import quopri
import secrets
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from pathlib import Path

from sqlalchemy import MetaData, select, text

from consult.accounts.models import AddressChange, MailedLink, SecondFactor, UserSession
from consult.accounts.services import data_export
from consult.accounts.states import LinkPurpose
from consult.core import audit, clock, idempotency, limits, outbox, worker
from consult.core.authz import Role
from consult.core.storage import FileStorage
from consult.core.unit_of_work import unit_of_work
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import (
    Intake,
    QuestionVisit,
    Revision,
)
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import Appeal, Claim, Decision, Flag, PrivateNote
from consult.moderation.services.deciding import write_down
from consult.moderation.states import Verdict
from consult.notifications import mailer, services
from consult.notifications.models import Delivery, MailPreference, SavedSearch, Subscription, Told
from consult.notifications.states import DeliveryState, Rhythm, Subject
from consult.spaces.models import Application, Consent, Invitation
from consult.spaces.states import ApplicationState, ConsentPurpose, DisplayChoice
from tests import factories as make
from tests import papers
from tests.integration.discussion.attached import hand_in, make_attachment

PUBLIC = ("public", "publicfile", "publicbytes", "publicpaper")
"""Marks of what stays where published texts stay."""


class Person:
    """The marked person with everything that an installation can know of somebody."""

    def __init__(self, app, session, *, has_mail_files):
        self.app, self.session = app, session
        self.storage: FileStorage = app.extensions["consult.storage"]
        self.marks: dict[str, str] = {}
        now = clock.now()
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.reader = make.make_user(session)
        self.moderator = make.make_user(session)
        make.grant(session, user=self.moderator, role=Role.MODERATOR, space=self.space)
        make.grant(session, user=self.moderator, role=Role.ORGANISER, space=self.space)
        self.other = make.make_contribution(
            session,
            space=self.space,
            author=make.make_author(session, forum=self.forum, user=self.reader),
        )
        self._account(now)
        self._speaks(now)
        self._texts(now)
        self._desk(now)
        self._filed_by_staff(now)
        self._mail(now)
        if has_mail_files:
            self._mail_files()
        # As the services count: what others and the person said, and the one reply.
        make.question_of(session, self.space).public_count = 3
        self.other.thread_size = 1
        self.public_id = self.public.id
        self.state_ids = {state: one.id for state, one in self.states.items()}
        session.commit()

    def mark(self, field):
        """Return a word that stands in this field and nowhere else."""
        return self.marks.setdefault(field, f"mk{field}{secrets.token_hex(4)}")

    def _add(self, *rows):
        self.session.add_all(rows)
        self.session.flush()

    def _account(self, now):
        email = f"{self.mark('email')}@example.org"
        self.user = make.make_user(
            self.session,
            email=email,
            name=f"Maria {self.mark('name')}",
            mail_problem=f"550 no {self.mark('problem')}",
            time_zone="Europe/Rome",
        )
        self.user_id = self.user.id
        self._add(
            UserSession(
                digest=secrets.token_hex(32),
                user_id=self.user.id,
                created_at=now,
                last_seen_at=now,
                agent=self.mark("agent"),
            ),
            MailedLink(
                id=secrets.token_hex(16),
                user_id=self.user.id,
                purpose=LinkPurpose.RESET,
                email_key=email,
                address=f"{self.mark('linkaddress')}@example.org",
                created_at=now,
                expires_at=now,
            ),
            AddressChange(
                user_id=self.user.id,
                email=f"{self.mark('change')}@example.org",
                email_key=f"{self.mark('change')}@example.org",
                created_at=now,
                expires_at=now,
            ),
            SecondFactor(user_id=self.user.id, nonce=self.mark("nonce")[:32], created_at=now),
        )
        limits.spend(self.session, limits.SIGN_IN_BY_ACCOUNT, whose=email, now=now)
        idempotency.note(
            self.session,
            user_id=self.user.id,
            key="a-key-of-a-form",
            answer={"location": self.mark("answer")},
            now=now,
        )
        audit.record(
            self.session,
            "account.sign-in",
            actor_id=None,
            now=now - dt.timedelta(hours=1),
            subject=("user", None),
            words={"email": email, "network": self.mark("network")},
        )
        audit.record(
            self.session,
            "person.view",
            actor_id=self.moderator.id,
            now=now - dt.timedelta(hours=1),
            subject=("forum", self.forum.id),
            words={"name": self.user.name, "why": self.mark("viewed")},
        )

    def _speaks(self, now):
        self.author = make.make_author(
            self.session,
            forum=self.forum,
            user=self.user,
            name=f"Maria {self.mark('author')}",
            organisation=self.mark("organisation"),
            on_behalf_of=self.mark("behalf"),
            display=DisplayChoice.FULL,
        )
        self.session.execute(
            text("UPDATE organisation SET standing = 'proposed' WHERE name = :name"),
            {"name": self.mark("organisation")},
        )
        self._add(
            Consent(
                user_id=self.user.id,
                forum_id=self.forum.id,
                purpose=ConsentPurpose.PUBLISH,
                version=1,
                given_at=now,
            ),
            Application(
                forum_id=self.forum.id,
                user_id=self.user.id,
                said={"name": self.mark("applied")},
                words=self.mark("refusal"),
                state=ApplicationState.REFUSED,
                created_at=now,
            ),
            Invitation(
                id=secrets.token_hex(16),
                forum_id=self.forum.id,
                email=self.user.email,
                email_key=self.user.email_key,
                name=self.mark("invited"),
                locale="en",
                created_at=now,
                expires_at=now,
            ),
        )

    def _texts(self, now):
        make_one = partial(make.make_contribution, space=self.space, author=self.author)
        self.public = make_one(self.session, source=self.mark("public"))
        make_attachment(
            self.session,
            revision_id=self.public.published_revision_id,
            name=f"{self.mark('publicfile')}.pdf",
            content=b"%PDF-1.7 " + self.mark("publicbytes").encode(),
            paragraphs=[[1, self.mark("publicpaper")]],
            storage=self.storage,
        )
        older = self._revision(self.public, RevisionState.SUPERSEDED, "older")
        self._attach(older, "older", b"a letter of " + self.mark("olderbytes").encode())
        edit = self._revision(
            self.public, RevisionState.PENDING, "edit", handed_back=self.mark("handed")
        )
        self.public.open_revision_id = edit.id
        self.states = {"public": self.public}
        for state in (
            RevisionState.DRAFT,
            RevisionState.PENDING,
            RevisionState.RETURNED,
            RevisionState.REJECTED,
            RevisionState.CANCELLED,
        ):
            one = make_one(self.session, state=state, source=self.mark(state.value))
            self.states[state.value] = one
        for removed in (Removed.HIDDEN, Removed.WITHDRAWN):
            self.states[removed.value] = make_one(
                self.session, removed=removed, source=self.mark(removed.value)
            )
        self.reply = make_one(self.session, parent=self.other, source=self.mark("reply"))
        pending = self.session.get_one(Revision, self.states["pending"].open_revision_id)
        self._attach(pending, "docx", papers.word(self.mark("docxbytes")))
        draft = self.session.get_one(Revision, self.states["draft"].open_revision_id)
        self._attach(draft, "draftfile", b"notes of " + self.mark("draftbytes").encode())
        hand_in(
            self.session,
            b"plain words of " + self.mark("uploadbytes").encode(),
            user=self.user,
            storage=self.storage,
            name=f"{self.mark('upload')}.txt",
        )
        self._add(
            QuestionVisit(user_id=self.user.id, question_id=self.public.question_id, last_at=now)
        )
        organisation_id = self.author.organisation_id
        audit.record(
            self.session,
            "organisation.change",
            actor_id=self.moderator.id,
            now=now - dt.timedelta(hours=1),
            subject=("organisation", organisation_id),
            words={"name": self.mark("renamed")},
        )
        audit.record(
            self.session,
            "decide",
            actor_id=self.moderator.id,
            now=now - dt.timedelta(hours=1),
            subject=("contribution", self.public.id),
            words={"words": self.mark("decidedwords")},
        )

    def _revision(self, contribution, state, field, **over):
        return make.make_revision(
            self.session,
            contribution=contribution,
            state=state,
            source=self.mark(field),
            submitted_by=self.user.id,
            **over,
        )

    def _attach(self, revision, field, content):
        make_attachment(
            self.session,
            revision_id=revision.id,
            name=f"{self.mark(field + 'name')}.bin",
            content=content,
            paragraphs=[[None, self.mark(field + "paper")]],
            storage=self.storage,
        )

    def _desk(self, now):
        rejected = self.states["rejected"]
        revision_id = self.session.scalar(
            text("SELECT id FROM revision WHERE contribution_id = :id"), {"id": rejected.id}
        )
        decision = Decision(
            revision_id=revision_id,
            verdict=Verdict.REJECT,
            reason="other",
            message=self.mark("message"),
            decided_by=self.moderator.id,
            decided_at=now,
        )
        write_down(
            self.session,
            decision,
            act="reject",
            contribution=rejected,
            before=(RevisionState.PENDING, Removed.NONE),
        )
        self._add(
            Appeal(
                decision_id=decision.id,
                contribution_id=rejected.id,
                submitted_by=self.user.id,
                words=self.mark("appeal"),
                created_at=now,
            ),
            PrivateNote(
                contribution_id=self.public.id,
                user_id=self.moderator.id,
                words=self.mark("note"),
                created_at=now,
            ),
            Claim(contribution_id=self.states["pending"].id, user_id=self.moderator.id, until=now),
            Flag(
                contribution_id=self.other.id,
                user_id=self.user.id,
                reason="other",
                words=self.mark("flag"),
                created_at=now,
            ),
            Flag(
                contribution_id=self.public.id,
                user_id=self.reader.id,
                reason="other",
                words=self.mark("flagged"),
                created_at=now,
            ),
        )

    def _filed_by_staff(self, now):
        """What the moderators filed for the same address before there was an account; they said
        that it is theirs.
        """
        author = make.make_author(
            self.session,
            forum=self.forum,
            name=self.mark("intakename"),
            organisation=self.mark("intakeorganisation"),
        )
        self.session.execute(
            text("UPDATE organisation SET standing = 'proposed' WHERE name = :name"),
            {"name": self.mark("intakeorganisation")},
        )
        filed = make.make_contribution(
            self.session,
            space=self.space,
            author=author,
            state=RevisionState.PENDING,
            source=self.mark("intaketext"),
        )
        self._add(
            Intake(
                id=secrets.token_hex(16),
                contribution_id=filed.id,
                email=self.user.email,
                email_key=self.user.email_key,
                locale="en",
                filed_by=self.moderator.id,
                created_at=now,
                asked_at=now,
                confirmed_at=now,
            )
        )

    def _mail(self, now):
        self._add(
            MailPreference(user_id=self.user.id, follows_own=False),
            Told(user_id=self.user.id, contribution_id=self.other.id, told_at=now),
            Told(user_id=self.reader.id, contribution_id=self.public.id, told_at=now),
            SavedSearch(
                user_id=self.user.id,
                words=self.mark("search"),
                filters={"q": self.mark("filter")},
                created_at=now,
            ),
            Subscription(
                user_id=self.user.id,
                subject_kind=Subject.SPACE,
                subject_id=self.space.id,
                rhythm=Rhythm.DAILY,
                created_at=now,
            ),
            Delivery(
                address=self.user.email,
                event="known-address",
                key="before-the-account",
                values={},
                state=DeliveryState.FAILED,
                error=f"550 {self.mark('bounce')}",
                not_before=now,
                created_at=now,
            ),
        )
        services.queue_delivery(
            self.session,
            user_id=self.user.id,
            event="known-address",
            key=now.date().isoformat(),
            values={},
            now=now,
        )

    def _mail_files(self):
        """Mails in the folders: to others about the person, and one that nobody understood."""
        self._write_mail(
            to=self.reader.email,
            words=f"{self.mark('quoted')} in {self.public.reference}, as they said",
        )
        self._write_mail(to=self.moderator.email, words=f"{self.user.name} asks to take part")
        failed = self.app.extensions["consult.config"].mail_in_dir / "failed"
        failed.mkdir(parents=True)
        said = f"From: <{self.user.email}>\n\n{self.mark('incoming')}"
        (failed / "lost.eml").write_text(said)
        self.kept_mail = self._write_mail(to=self.reader.email, words="About something else.")

    def _write_mail(self, *, to, words):
        config = self.app.extensions["consult.config"]
        message = EmailMessage()
        message["From"], message["To"] = "consult@example.org", to
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{secrets.token_hex(16)}@example.org>"
        message["Subject"] = "News"
        message.set_content(f"{words} – {'ü' * 80}", cte="quoted-printable")
        before = set(config.mail_dir.glob("*.eml"))
        mailer.FileMailer(config.mail_dir).send(message)
        return (set(config.mail_dir.glob("*.eml")) - before).pop()

    def let_the_worker_work(self):
        """Have the index made, the mails written, the log sealed and the own data copied."""
        with unit_of_work() as session:
            for one in (self.public, self.reply):
                session.add(one)
                outbox.emit(session, PublicTextChanged(contribution_id=one.id), now=clock.now())
            data_export.ask(session, user_id=self.user_id, is_limited=False, now=clock.now())
            timetable = ["notifications.deliver", "operations.seal"]
            outbox.plant_timetable(session, now=clock.now(), only=timetable)
        worker.drain()


# The search ---------------------------------------------------------------------------------


def in_tables(session, words):
    """Return every word that stands in a column of a table, with the column's name.

    Tables and columns are those that the database itself knows.
    """
    connection = session.connection()
    found = set()
    for table in _tables(connection).tables.values():
        for row in connection.execute(select(table)).mappings():
            for column, value in row.items():
                shown = str(value).casefold()
                found |= {(f"{table.name}.{column}", word) for word in words if word in shown}
    return found


_KNOWN: dict[str, MetaData] = {}


def _tables(connection):
    """Return the tables as a database of this kind tells them; all are copies of one template."""
    kind = connection.dialect.name
    if kind not in _KNOWN:
        _KNOWN[kind] = MetaData()
        _KNOWN[kind].reflect(connection)
    return _KNOWN[kind]


def in_files(folder: Path, words):
    """Return every word that stands in a file below a folder, packages unpacked and mails decoded,
    or in its name.
    """
    found = set()
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        found |= {(name, word) for word in words if word in name.casefold()}
        if path.is_file():
            for member, content in _contents(path):
                shown = content.lower()
                found |= {(f"{name}{member}", word) for word in words if word.encode() in shown}
    return found


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    yield "", content
    if path.suffix == ".eml":
        yield "", quopri.decodestring(content)
    yield from unpacked(content)


def unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member of a package, and of packages in it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            member = package.read(name)
            yield f"!{name}", name.encode() + b" " + member
            yield from ((f"!{name}{more}", inner) for more, inner in unpacked(member))

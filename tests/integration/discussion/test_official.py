"""An official answer is a public answer that a drafter of the space has read and marked."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.core.errors import Forbidden, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution
from consult.discussion.policy import is_official, official_answers
from consult.discussion.queries.answers import answered_questions, posed_question
from consult.discussion.services.official import mark_official, unmark_official
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.spaces.models import Question, Space
from consult.spaces.states import QuestionKind
from tests import factories as make
from tests.signing_in import sign_in

AN_HOUR = dt.timedelta(hours=1)


class Asked:
    """A participant's question with an answer to it, and a drafter of the space."""

    def __init__(self, session):
        self.session = session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.author = make.make_author(session, forum=self.forum)
        self.user = make.make_user(session)
        make.grant(session, user=self.user, role=Role.DRAFTER, space=self.space)
        self.drafter = make.actor_for(user=self.user, role=Role.DRAFTER, space=self.space)
        self.question = make.make_question(
            session, space=self.space, number=4, kind=QuestionKind.PARTICIPANT, text=None
        )
        self.posed = make.make_contribution(
            session,
            space=self.space,
            author=self.author,
            kind=ContributionKind.QUESTION,
            source="Will remittances be counted?",
            question_id=None,
            own_question_id=self.question.id,
            reference=f"{self.space.code}-Q4",
            uid=str(uuid.uuid4()),
        )
        self.answer = self.answered(source="Yes, from next year on.")
        session.commit()

    def answered(self, **over):
        made = make.make_contribution(
            self.session, space=self.space, author=self.author, question=self.question, **over
        )
        self.question.public_count += 1
        self.session.flush()
        return made

    def mark(self, answer=None, *, actor=None, seen=None):
        answer = answer or self.answer
        seen = answer.public_version if seen is None else seen
        mark_official(
            self.session,
            actor=actor or self.drafter,
            contribution=answer,
            seen=seen,
            now=clock.now(),
        )
        self.session.expire_all()

    def unmark(self):
        unmark_official(
            self.session,
            actor=self.drafter,
            contribution=self.answer,
            seen=self.answer.public_version,
            now=clock.now(),
        )
        self.session.expire_all()

    def is_answered(self):
        by_question = posed_question(self.session, question_id=self.question.id)
        all_ = answered_questions(self.session, space_id=self.space.id)
        assert (by_question is not None and by_question.answer is not None) == bool(all_)
        assert all_ <= {self.question.id}
        return bool(all_)

    @property
    def path(self):
        return f"/en/spaces/{self.space.slug}/questions/4"


@pytest.fixture
def asked(app, session):
    return Asked(session)


def test_a_question_is_open_until_an_answer_is_marked(asked):
    assert not asked.is_answered()
    asked.mark()
    assert asked.is_answered()
    asked.unmark()
    assert not asked.is_answered()


def test_marking_raises_every_version_that_pages_hang_on(asked, session):
    def versions():
        session.expire_all()
        return (
            asked.answer.public_version,
            session.get_one(Question, asked.question.id).public_version,
            session.get_one(Space, asked.space.id).public_version,
        )

    before, count = versions(), asked.question.public_count
    asked.mark()
    assert versions() == tuple(version + 1 for version in before)
    assert session.get_one(Question, asked.question.id).public_count == count
    events = session.scalars(select(OutboxEntry)).all()
    assert asked.answer.id in {e.payload.get("contribution_id") for e in events}


def test_marking_is_written_down_once(asked, session):
    asked.mark()
    asked.mark()
    asked.unmark()
    acts = session.scalars(
        select(AuditEntry.act)
        .where(AuditEntry.subject_kind == "contribution", AuditEntry.subject_id == asked.answer.id)
        .order_by(AuditEntry.id)
    ).all()
    assert acts == ["mark-official", "unmark-official"]


def test_a_text_that_changed_meanwhile_is_not_marked(asked):
    with pytest.raises(StaleState):
        asked.mark(seen=asked.answer.public_version - 1)
    assert not asked.is_answered()


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ORGANISER, Role.AUDITOR])
def test_other_roles_do_not_mark(asked, session, role):
    other = make.actor_for(user=make.make_user(session), role=role, space=asked.space)
    with pytest.raises(Forbidden) as refused:
        asked.mark(actor=other)
    assert refused.value.refusal is Refusal.NO_ROLE


def test_a_drafter_of_another_space_does_not_mark(asked, session):
    elsewhere = make.make_space(session, forum=asked.forum)
    other = make.actor_for(user=asked.user, role=Role.DRAFTER, space=elsewhere)
    with pytest.raises(Forbidden) as refused:
        asked.mark(actor=other)
    assert refused.value.refusal is Refusal.NO_ROLE


def test_only_answers_to_a_participant_are_marked(asked, session):
    reply = asked.answered(parent=asked.answer)
    guiding = make.make_contribution(session, space=asked.space, author=asked.author)
    hidden = asked.answered(removed=Removed.HIDDEN)
    waiting = asked.answered(state=RevisionState.PENDING)
    for wrong in (reply, guiding, hidden, waiting, asked.posed):
        with pytest.raises(Forbidden) as refused:
            asked.mark(wrong)
        assert refused.value.refusal is Refusal.WRONG_STATE


@pytest.mark.parametrize("removed", [Removed.HIDDEN, Removed.WITHDRAWN, Removed.ERASED])
def test_an_answer_that_is_gone_answers_nothing(asked, session, removed):
    asked.mark()
    session.get_one(Contribution, asked.answer.id).removed = removed
    session.flush()
    assert not asked.is_answered()


def test_an_edit_ends_the_mark_until_it_is_given_anew(asked, session):
    asked.mark()
    answer = session.get_one(Contribution, asked.answer.id)
    answer.edited_at = clock.now() + AN_HOUR
    session.flush()
    assert not asked.is_answered()
    with clock.stopped_at(clock.now() + 2 * AN_HOUR):
        asked.mark()
    assert asked.is_answered()


def test_the_rule_and_its_sql_agree(asked, session):
    now = clock.now()
    for marked_at in (None, now):
        for edited_at in (None, now - AN_HOUR, now, now + AN_HOUR):
            for removed in Removed:
                asked.answered(official_at=marked_at, edited_at=edited_at, removed=removed)
    asked.answered(state=RevisionState.PENDING, official_at=now)
    in_sql = set(session.scalars(select(Contribution.id).where(official_answers())))
    in_python = {row.id for row in session.scalars(select(Contribution)) if is_official(row)}
    assert in_sql == in_python
    assert len(in_python) == 3


def test_the_page_says_whether_a_question_is_answered(asked, client):
    page = client.get(asked.path).text
    assert "The drafting agencies have not answered yet." in page
    assert "Official answer" not in page
    asked.mark()
    page = client.get(asked.path).text
    assert "Read the answer of the drafting agencies" in page
    reference = asked.answer.reference
    assert f'href="{asked.path}?at={reference}#{reference.lower()}"' in page
    assert page.count('<span class="tag">Official answer</span>') == 1
    asked.unmark()
    assert "Official answer" not in client.get(asked.path).text


def test_a_fragment_kept_without_the_mark_is_not_shown_with_it(asked, client, session):
    client.get(asked.path)
    # Not even where a writer forgot to raise a version.
    session.get_one(Contribution, asked.answer.id).official_at = clock.now()
    assert "Official answer</span>" in client.get(asked.path).text


def test_a_guiding_question_is_neither_open_nor_answered(asked, client):
    page = client.get(f"/en/spaces/{asked.space.slug}/questions/1").text
    assert "drafting agencies have not answered" not in page


def test_the_words_of_a_question_that_is_gone_are_nowhere(asked, session, client):
    asked.mark()
    session.get_one(Contribution, asked.posed.id).removed = Removed.HIDDEN
    page = client.get(asked.path).text
    assert "Will remittances be counted?" not in page
    assert "This question is no longer public" in page
    assert "Yes, from next year on." in page


def test_the_state_of_what_was_seen_travels_with_the_form(asked, app, session):
    browser = app.test_client()
    sign_in(browser, session, asked.user)
    page = browser.get(f"/en/contributions/{asked.answer.reference}").text
    assert f'name="seen" value="{asked.answer.public_version}"' in page
    assert 'name="official" value="1"' in page

"""What is followed by somebody, and by itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import false, select

from config import for_tests
from consult.accounts.models import SecondFactor
from consult.app import create_app
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.core.errors import Invalid, NotVisible
from consult.discussion.events import ContributionSent, PublicTextChanged
from consult.discussion.states import ContributionKind, RevisionState
from consult.notifications.handlers import following as handlers
from consult.notifications.models import SavedSearch, Subscription
from consult.notifications.queries.followed_texts import HOLDS_BACK_STAFF, actor_of
from consult.notifications.queries.following import find_target, followed
from consult.notifications.services import following
from consult.notifications.states import Rhythm, Subject
from consult.spaces.models import ConsentText
from consult.spaces.states import ConsentPurpose, QuestionKind, SpaceVisibility
from tests import factories
from tests.integration.notifications.post import NOW, revision_of, written

LATER = NOW + dt.timedelta(days=1)


def subscriptions(session, user):
    return session.scalars(
        select(Subscription).where(Subscription.user_id == user.id).order_by(Subscription.id)
    ).all()


def follow(session, user, kind, subject_id, rhythm=Rhythm.AT_ONCE, now=NOW):
    return following.follow(
        session.session() if hasattr(session, "session") else session,
        user_id=user.id,
        kind=kind,
        subject_id=subject_id,
        rhythm=rhythm,
        now=now,
    )


def test_whoever_begins_the_same_at_the_same_time_changes_it(session, space, writer, monkeypatch):
    follow(session, writer, Subject.SPACE, space.id, Rhythm.DAILY)
    own, asked = session(), []
    scalars = own.scalars

    def blind_at_first(statement, *args, **options):
        asked.append(statement)
        statement = statement.where(false()) if len(asked) == 1 else statement
        return scalars(statement, *args, **options)

    monkeypatch.setattr(own, "scalars", blind_at_first)
    follow(session, writer, Subject.SPACE, space.id, Rhythm.WEEKLY)
    assert len(asked) == 2
    (kept,) = subscriptions(session, writer)
    assert kept.rhythm == Rhythm.WEEKLY


@pytest.mark.parametrize(
    ("confirmed_at", "holds_back", "has_roles"),
    [(None, True, False), (NOW, True, True), (None, False, True)],
)
def test_staff_who_owe_a_second_factor_have_no_roles_in_mail(
    session, space, writer, confirmed_at, holds_back, has_roles
):
    factories.grant(session, user=writer, role=Role.MODERATOR, space=space)
    session.add(
        SecondFactor(user_id=writer.id, nonce="0" * 32, confirmed_at=confirmed_at, created_at=NOW)
    )
    session.flush()
    session.connection().execution_options(**{HOLDS_BACK_STAFF: holds_back})
    assert bool(actor_of(session(), writer).grants) is has_roles


@pytest.mark.parametrize("setting", ["required", "offered"])
def test_the_setting_reaches_what_runs_without_a_request(tmp_path, setting):
    config = replace(for_tests(tmp_path), staff_second_factor=setting)
    options = create_app(config).config["SQLALCHEMY_ENGINE_OPTIONS"]["execution_options"]
    assert options[HOLDS_BACK_STAFF] is (setting == "required")


def sent(session, contribution):
    revision = revision_of(session, contribution)
    handlers.follow_own(session(), [vars(ContributionSent(contribution.id, revision.id))], now=NOW)


def test_a_choice_is_kept_and_changed_and_logged(session, space, writer):
    follow(session, writer, Subject.SPACE, space.id, Rhythm.DAILY)
    follow(session, writer, Subject.SPACE, space.id, Rhythm.WEEKLY, now=LATER)
    follow(session, writer, Subject.SPACE, space.id, Rhythm.WEEKLY, now=LATER)
    (kept,) = subscriptions(session, writer)
    assert (kept.rhythm, kept.created_at, kept.is_automatic) == (Rhythm.WEEKLY, NOW, False)
    acts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.act, entry.facts["rhythm"]) for entry in acts] == [
        ("follow.begin", "daily"),
        ("follow.change", "weekly"),
    ]


def test_what_is_begun_again_begins_now(session, space, writer):
    follow(session, writer, Subject.SPACE, space.id, Rhythm.NONE)
    follow(session, writer, Subject.SPACE, space.id, Rhythm.DAILY, now=LATER)
    (kept,) = subscriptions(session, writer)
    assert kept.created_at == LATER


def test_who_writes_follows_the_thread(session, space, writer):
    text = written(session, space, writer, RevisionState.PENDING)
    sent(session, text)
    sent(session, text)
    (kept,) = subscriptions(session, writer)
    assert (kept.subject_kind, kept.subject_id) == (Subject.THREAD, text.id)
    assert (kept.rhythm, kept.is_automatic) == (Rhythm.AT_ONCE, True)


def test_who_replies_follows_the_thread_of_the_other(session, space, writer):
    first = written(session, space, None, RevisionState.PUBLISHED)
    sent(session, written(session, space, writer, RevisionState.PENDING, parent=first))
    (kept,) = subscriptions(session, writer)
    assert kept.subject_id == first.id


@pytest.mark.parametrize("rhythm", [Rhythm.NONE, Rhythm.WEEKLY])
def test_an_earlier_choice_is_not_touched(session, space, writer, rhythm):
    text = written(session, space, writer, RevisionState.PENDING)
    follow(session, writer, Subject.THREAD, text.id, rhythm)
    sent(session, text)
    (kept,) = subscriptions(session, writer)
    assert kept.rhythm == rhythm


def test_nothing_begins_where_the_switch_is_off(session, space, writer):
    following.set_follows_own(session(), user_id=writer.id, follows_own=False, now=NOW)
    sent(session, written(session, space, writer, RevisionState.PENDING))
    assert not subscriptions(session, writer)
    following.set_follows_own(session(), user_id=writer.id, follows_own=True, now=NOW)
    sent(session, written(session, space, writer, RevisionState.PENDING))
    assert len(subscriptions(session, writer)) == 1


def test_who_filed_a_text_for_somebody_does_not_follow_it(session, space, writer):
    text = written(session, space, None, RevisionState.PENDING)
    revision_of(session, text).submitted_by = writer.id
    sent(session, text)
    assert not subscriptions(session, writer)


def test_nothing_begins_by_itself_without_consent_to_mails(session, space, writer):
    session.add(
        ConsentText(
            forum_id=space.forum_id,
            purpose=ConsentPurpose.NOTIFY,
            version=1,
            text=factories.said("Mails"),
        )
    )
    sent(session, written(session, space, writer, RevisionState.PENDING))
    assert not subscriptions(session, writer)


def test_an_own_question_is_followed_once_it_is_public(session, space, writer):
    question = factories.make_question(
        session, space=space, number=7, kind=QuestionKind.PARTICIPANT, text=None
    )
    text = written(
        session,
        space,
        writer,
        RevisionState.PUBLISHED,
        kind=ContributionKind.QUESTION,
        question_id=None,
    )
    sent(session, text)
    assert not subscriptions(session, writer)
    text.own_question_id = question.id
    session.flush()
    handlers.notice(session(), [vars(PublicTextChanged(text.id))], now=NOW)
    (kept,) = subscriptions(session, writer)
    assert (kept.subject_kind, kept.subject_id) == (Subject.QUESTION, question.id)


def test_a_search_is_kept_once_and_forgotten_when_it_is_stopped(session, space, writer):
    def save(rhythm, words="housing"):
        following.save_search(
            session(),
            user_id=writer.id,
            words=words,
            filters={"objective": 16},
            rhythm=rhythm,
            now=NOW,
        )

    save(Rhythm.DAILY)
    save(Rhythm.WEEKLY)
    (kept,) = subscriptions(session, writer)
    assert (kept.subject_kind, kept.rhythm) == (Subject.SEARCH, Rhythm.WEEKLY)
    save(Rhythm.NONE)
    assert not subscriptions(session, writer)
    assert not session.scalars(select(SavedSearch)).all()


def test_nobody_keeps_more_searches_than_can_be_run(session, space, writer):
    def save(words):
        following.save_search(
            session(), user_id=writer.id, words=words, filters={}, rhythm=Rhythm.DAILY, now=NOW
        )

    for number in range(following.MOST_SEARCHES):
        save(f"word {number}")
    with pytest.raises(Invalid):
        save("one more")
    with pytest.raises(NotVisible):
        save("")


def test_an_unknown_rhythm_is_refused():
    with pytest.raises(Invalid):
        following.rhythm_in("hourly")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("space", "nowhere"),
        ("question", "{slug}/99"),
        ("question", "{slug}/١"),
        ("question", "{slug}"),
        ("objective", "99"),
        ("objective", "x"),
        ("thread", "RT3-Q1-9999"),
        ("thread", "{pending}"),
        ("thread", "{asked}"),
        ("search", "x"),
        ("forum", "1"),
    ],
)
def test_what_is_not_there_cannot_be_followed(session, space, writer, kind, name):
    pending = written(session, space, writer, RevisionState.PENDING)
    question = factories.make_question(
        session, space=space, number=8, kind=QuestionKind.PARTICIPANT, text=None
    )
    asked = written(
        session,
        space,
        writer,
        RevisionState.PUBLISHED,
        kind=ContributionKind.QUESTION,
        question_id=None,
        own_question_id=question.id,
        reference="RT3-Q8",
    )
    name = name.format(slug=space.slug, pending=pending.receipt, asked=asked.reference)
    actor = factories.actor_for(user=writer)
    with pytest.raises(NotVisible):
        find_target(session(), kind=kind, name=name, actor=actor)


def test_a_hidden_space_hides_all_that_is_in_it(session, space, writer):
    text = written(session, space, None, RevisionState.PUBLISHED)
    for kind, subject_id in (
        (Subject.SPACE, space.id),
        (Subject.QUESTION, text.question_id),
        (Subject.THREAD, text.id),
    ):
        follow(session, writer, kind, subject_id)
    actor = factories.actor_for(user=writer)
    assert all(one.target is not None for one in followed(session(), actor=actor))
    space.visibility = SpaceVisibility.UNANNOUNCED
    session.flush()
    assert [one.target for one in followed(session(), actor=actor)] == [None] * 3
    for word, name in (
        ("space", space.slug),
        ("question", f"{space.slug}/1"),
        ("thread", str(text.reference)),
    ):
        with pytest.raises(NotVisible):
            find_target(session(), kind=word, name=name, actor=actor)


def test_a_reply_names_its_thread(session, space, writer):
    first = written(session, space, None, RevisionState.PUBLISHED)
    reply = written(session, space, None, RevisionState.PUBLISHED, parent=first)
    actor = factories.actor_for(user=writer)
    target = find_target(session(), kind="thread", name=str(reply.reference), actor=actor)
    assert (target.id, target.name, target.author) == (first.id, first.reference, "Rosa")

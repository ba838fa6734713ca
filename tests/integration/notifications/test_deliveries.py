from __future__ import annotations

import pytest

from consult.accounts.events import KnownAddressRegistered, LinkRequested
from consult.accounts.models import User
from consult.accounts.states import LinkPurpose
from consult.core.i18n import LOCALES
from consult.discussion.events import ContributionSent
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
from consult.notifications import services
from consult.notifications.states import DeliveryState
from consult.spaces.models import Space
from tests import factories
from tests.integration.notifications.post import (
    EVENT_OF_VERDICT,
    MINUTE,
    NOW,
    STATE_OF_VERDICT,
    AnySession,
    Post,
    link_for,
    plain,
    revision_of,
    written,
)


@pytest.mark.parametrize("purpose", [LinkPurpose.CONFIRM, LinkPurpose.RESET])
def test_a_requested_link_is_mailed_at_once(
    session: AnySession, post: Post, purpose: LinkPurpose
) -> None:
    user = factories.make_user(session, confirmed_at=None, locale="fr")
    link = link_for(session, user, purpose)

    post.tell(LinkRequested(link.id))
    (mail,) = post.send(at=NOW)

    assert mail["To"] == user.email
    assert mail["Content-Language"] == "fr"
    assert link.id in plain(mail)


def test_the_owner_of_a_known_address_is_told_once_a_day(post: Post, writer: User) -> None:
    post.tell(KnownAddressRegistered(writer.id, "2026-01-31"))
    post.tell(KnownAddressRegistered(writer.id, "2026-01-31"))
    assert len(post.send(at=NOW)) == 1

    post.tell(KnownAddressRegistered(writer.id, "2026-02-01"))
    assert len(post.send(at=NOW)) == 2


def test_whoever_sent_a_text_gets_its_receipt_code(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    sent = written(session, space, writer, RevisionState.PENDING)

    post.tell(ContributionSent(sent.id, revision_of(session, sent).id))
    (mail,) = post.send(at=NOW)

    assert str(sent.receipt) in plain(mail)
    assert mail["To"] == "Writer@example.org"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("verdict", STATE_OF_VERDICT)
def test_the_author_is_told_of_a_decision_in_their_language(
    session: AnySession, post: Post, space: Space, writer: User, verdict: str, locale: str
) -> None:
    writer.locale = locale
    removed = Removed.HIDDEN if verdict == "hide" else Removed.NONE
    text = written(session, space, writer, STATE_OF_VERDICT[verdict], removed=removed)

    post.decide(text, verdict)
    (mail,) = post.send()

    assert post.only().event == EVENT_OF_VERDICT[verdict]
    assert mail["Subject"].startswith("[RT3] ")
    assert mail["Content-Language"] == locale
    assert factories.said("off-topic").in_(locale) in plain(mail)
    assert "Please name the town." in plain(mail)
    assert f"https://consult.example/{locale}/discussion.contribution/" in plain(mail)
    assert ("What our city has learned." in plain(mail)) == (verdict == "return")


def test_nobody_is_told_about_an_imported_text(
    session: AnySession, post: Post, space: Space
) -> None:
    imported = written(session, space, None, RevisionState.PUBLISHED, removed=Removed.HIDDEN)
    revision_of(session, imported).origin = RevisionOrigin.IMPORT
    session.flush()

    post.decide(imported, "hide")

    assert post.deliveries() == []


def test_the_author_and_not_the_moderator_is_told_about_a_redacted_text(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    moderator = factories.make_user(session)
    text = written(session, space, writer, RevisionState.SUPERSEDED, removed=Removed.HIDDEN)
    factories.make_revision(
        session,
        contribution=text,
        state=RevisionState.PUBLISHED,
        origin=RevisionOrigin.REDACTION,
        submitted_by=moderator.id,
    )

    post.decide(text, "hide")

    assert post.only().user_id == writer.id


def test_one_decision_is_told_once_however_often_its_event_arrives(
    session: AnySession, post: Post, space: Space, writer: User
) -> None:
    text = written(session, space, writer, RevisionState.RETURNED)

    post.decide(text, "return")
    post.decide(text, "return")
    post.send()
    post.decide(text, "return")

    assert len(post.send(at=NOW + 9 * MINUTE)) == 1
    assert post.only().state == DeliveryState.SENT


def test_queueing_says_whether_it_was_the_first_time(session: AnySession, writer: User) -> None:
    def queue() -> bool:
        return services.queue_delivery(
            session(), user_id=writer.id, event="reset", key="k", values={}, now=NOW
        )

    assert [queue(), queue()] == [True, False]

"""The receipt by mail says truthfully whether a moderator comes first."""

from __future__ import annotations

import pytest

from consult.accounts.models import User
from consult.discussion.events import ContributionSent
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Forum, Space
from consult.spaces.states import ModerationMode
from tests import factories
from tests.integration.notifications.post import Post, plain, revision_of

WAITS = "has arrived and waits for a moderator"
MAYBE = "It appears in a moment, unless a moderator has to read it first"
PUBLIC = "Everybody can read it now"
DECIDED = "as soon as the moderators have decided"


@pytest.mark.parametrize(
    ("mode", "is_trusted", "state", "says", "goes_on"),
    [
        (ModerationMode.EVERYTHING, False, RevisionState.PENDING, WAITS, DECIDED),
        (ModerationMode.EVERYTHING, False, RevisionState.PUBLISHED, WAITS, DECIDED),
        (ModerationMode.EVERYTHING, True, RevisionState.PENDING, MAYBE, "published or decided"),
        (ModerationMode.NEWCOMERS, False, RevisionState.PENDING, MAYBE, "published or decided"),
        (ModerationMode.FLAGGED, False, RevisionState.PUBLISHED, PUBLIC, "at any time"),
    ],
)
def test_a_receipt_says_what_happens_next(
    post: Post,
    space: Space,
    writer: User,
    mode: ModerationMode,
    is_trusted: bool,
    state: RevisionState,
    says: str,
    goes_on: str,
) -> None:
    space.moderation = mode
    author = factories.make_delegation(
        post.session,
        forum=post.session.get_one(Forum, space.forum_id),
        contributors=[writer],
        publishes_at_once=is_trusted,
    )
    contribution = factories.make_contribution(
        post.session, space=space, author=author, state=state
    )
    revision = revision_of(post.session, contribution)
    revision.submitted_by = writer.id
    post.session.flush()
    post.tell(ContributionSent(contribution.id, revision.id))
    [mail] = post.send()
    text = " ".join(plain(mail).split())
    assert says in text
    assert goes_on in text
    assert (DECIDED in text) is (goes_on == DECIDED)


def test_a_hidden_text_is_not_said_to_be_public(post: Post, space: Space, writer: User) -> None:
    space.moderation = ModerationMode.FLAGGED
    forum = post.session.get_one(Forum, space.forum_id)
    author = factories.make_author(post.session, forum=forum, user=writer)
    contribution = factories.make_contribution(
        post.session, space=space, author=author, removed=Removed.HIDDEN
    )
    revision = revision_of(post.session, contribution)
    revision.submitted_by = writer.id
    post.session.flush()
    post.tell(ContributionSent(contribution.id, revision.id))
    [mail] = post.send()
    assert PUBLIC not in plain(mail)

"""The figures of a space: what counts, what is held back from the public, and what a page costs."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Role
from consult.discussion.models import Contribution
from consult.discussion.states import RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.queries.statistics import Counted, Outcome, counted
from consult.moderation.queries.told import told
from consult.moderation.services import settle, undo
from consult.moderation.states import Policy, Verdict
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk
from tests.integration.test_budgets import counted as statements
from tests.signing_in import sign_in

HOUR = dt.timedelta(hours=1)


def count(desk: Desk, *, after: dt.timedelta = HOUR) -> Counted:
    return counted(
        desk.session,
        space_id=desk.space.id,
        forum_id=desk.forum.id,
        as_of=clock.now() + after,
    )


def outcomes(found: Counted) -> dict[str, int]:
    return {outcome.value: n for outcome, n in found.all.outcomes.items() if n}


def many(desk: Desk, number: int, verdict: Verdict | None, **over: Any) -> list[Contribution]:
    """Make texts of as many authors, decided so or still waiting."""
    made = []
    for _n in range(number):
        author = make.make_author(desk.session, forum=desk.forum, **over.get("by", {}))
        text = desk.pending(author=author, language=over.get("language", "en"))
        if verdict is not None:
            desk.decide(text, verdict, message=WHY if verdict != "approve" else None)
        made.append(text)
    return made


def test_every_text_counts_as_what_became_of_it(desk: Desk) -> None:
    desk.published()
    desk.decide(desk.pending(), Verdict.RETURN, message=WHY)
    desk.decide(desk.pending(), Verdict.REJECT, message=WHY)
    desk.pending()
    for state in (RevisionState.CANCELLED, RevisionState.DRAFT, RevisionState.CLEARANCE):
        make.make_contribution(desk.session, space=desk.space, author=desk.author, state=state)
    found = count(desk)
    assert outcomes(found) == {
        "approved": 1,
        "returned": 1,
        "rejected": 1,
        "waiting": 1,
        "taken-back": 1,
    }
    assert (found.all.received, found.rejected["off-topic"]) == (5, 1)


def test_an_undone_decision_does_not_count(desk: Desk) -> None:
    text = desk.pending()
    done = desk.decide(text, Verdict.REJECT, message=WHY)
    undo(desk.session, actor=desk.first, decision_id=done.id, now=clock.now())
    assert outcomes(count(desk)) == {"waiting": 1}
    desk.decide(text, Verdict.APPROVE)
    assert outcomes(count(desk)) == {"approved": 1}


def test_an_upheld_appeal_is_a_rejection_and_an_appeal(desk: Desk) -> None:
    text = desk.pending()
    rejection = desk.decide(text, Verdict.REJECT, message=WHY)
    desk.session.add(
        Appeal(
            decision_id=rejection.id,
            contribution_id=text.id,
            submitted_by=desk.writer.id,
            words=WHY,
            created_at=clock.now(),
        )
    )
    desk.session.flush()
    settle(
        desk.session,
        actor=desk.second,
        contribution_id=text.id,
        seen_revision=1,
        verdict=Verdict.APPROVE,
        reason=None,
        message=None,
        language=None,
        objectives=None,
        now=clock.now(),
    )
    found = count(desk)
    total = told(found, is_whole=True).total
    assert outcomes(found) == {"rejected": 1}
    assert (total.appeals.count, total.upheld.count, len(found.all.waits)) == (1, 1, 1)


def test_what_a_policy_published_counts_apart_and_has_no_time(desk: Desk) -> None:
    text = desk.pending()
    desk.session.add(
        Decision(
            revision_id=desk.text(text).id,
            verdict=Verdict.APPROVE,
            policy=Policy.KNOWN_AUTHOR,
            decided_at=clock.now(),
        )
    )
    desk.text(text).state = RevisionState.PUBLISHED
    desk.session.flush()
    found = count(desk)
    assert outcomes(found) == {"at-once": 1}
    assert (found.policies["known-author"], found.all.median) == (1, None)


def test_what_nobody_has_confirmed_does_not_count(desk: Desk) -> None:
    desk.pending(is_unconfirmed=True)
    assert outcomes(count(desk)) == {}


def test_figures_stand_as_of_an_instant(desk: Desk) -> None:
    text = desk.pending()
    desk.text(text).waits_since = clock.now() - 3 * HOUR
    desk.decide(text, Verdict.APPROVE)
    assert outcomes(count(desk, after=-HOUR)) == {"waiting": 1}
    assert outcomes(count(desk, after=-4 * HOUR)) == {}


def test_the_median_is_the_time_from_waiting_to_the_decision(desk: Desk) -> None:
    now = clock.now()
    for hours in (1, 2, 30):
        text = desk.pending()
        desk.text(text).waits_since = now - hours * HOUR
        desk.decide(text, Verdict.APPROVE, now=now)
    assert count(desk).all.median == 2 * HOUR


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """Six approved English texts of six people, and one French one of one person."""
    many(desk, 12, Verdict.APPROVE)
    many(desk, 7, Verdict.REJECT)
    many(desk, 1, Verdict.APPROVE, language="fr", by={"category": "civil-society"})
    desk.session.flush()
    return desk


def test_the_public_reads_no_figure_that_points_to_a_person(busy: Desk) -> None:
    public = told(count(busy), is_whole=False)
    by_key = {row.key: row for row in (*public.languages, *public.categories)}
    assert not by_key["fr"].received.is_told
    assert not by_key["en"].received.is_told, "the total minus it would tell the French one"
    assert not by_key["civil-society"].received.is_told
    assert public.total.outcomes[Outcome.APPROVED].count == 13
    whole = told(count(busy), is_whole=True)
    assert {row.key: row.received.count for row in whole.languages} == {"en": 19, "fr": 1, "es": 0}


def test_nothing_is_told_of_fewer_than_five_texts(desk: Desk) -> None:
    many(desk, 4, Verdict.APPROVE)
    assert told(count(desk), is_whole=False).is_empty
    assert not told(count(desk), is_whole=True).is_empty


@pytest.fixture
def earlier(busy: Desk) -> Desk:
    """The same, sent and decided before the last full hour."""
    then = clock.now() - 2 * HOUR
    for contribution in busy.session.scalars(select(Contribution)):
        busy.text(contribution).waits_since = then - HOUR
    busy.session.commit()
    return busy


def page(browser: Any, desk: Desk, name: str = "statistics") -> Any:
    return browser.get(f"/en/spaces/{desk.space.slug}/{name}")


def cells(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))


def test_everybody_reads_the_page_and_a_cache_may_keep_it(app, earlier: Desk) -> None:
    browser = app.test_client()
    earlier.session.expire_all()
    shown = page(browser, earlier)
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-cache"
    again = browser.get(
        f"/en/spaces/{earlier.space.slug}/statistics",
        headers={"If-None-Match": shown.headers["ETag"]},
    )
    assert (again.headers["ETag"], again.status_code) == (shown.headers["ETag"], 304)


def test_a_text_that_was_merely_sent_changes_neither_page_nor_file(app, earlier: Desk) -> None:
    browser = app.test_client()
    earlier.session.expire_all()
    before = [page(browser, earlier, name) for name in ("statistics", "statistics.csv")]
    earlier.pending(source="Nobody is to know of this one yet.")
    earlier.session.commit()
    app.extensions["consult.statistics"].clear()
    after = [page(browser, earlier, name) for name in ("statistics", "statistics.csv")]
    assert [one.data for one in after] == [one.data for one in before]
    assert after[0].headers["ETag"] == before[0].headers["ETag"]


def test_who_looks_after_the_space_reads_every_figure(app, session, earlier: Desk) -> None:
    auditor = make.make_user(session)
    make.grant(session, user=auditor, role=Role.AUDITOR, space=earlier.space)
    for user in (earlier.users[0], auditor):
        browser = app.test_client()
        sign_in(browser, session, user)
        shown = page(browser, earlier)
        assert "You see every figure" in shown.text
        assert "no-store" in shown.headers["Cache-Control"]
        assert {row["extent"] for row in cells(page(browser, earlier, "statistics.csv"))} == {
            "whole"
        }


def test_the_file_holds_back_what_the_page_does(app, earlier: Desk) -> None:
    rows = cells(page(app.test_client(), earlier, "statistics.csv"))
    french = [row for row in rows if row["table"] == "language" and row["key"] == "fr"]
    assert {row["value"] for row in french if row["figure"] != "median-hours"} == {"not told"}
    assert {row["extent"] for row in rows} == {"public"}


def test_a_spreadsheet_is_told_the_encoding_of_the_file(app, earlier: Desk) -> None:
    sent = page(app.test_client(), earlier, "statistics.csv").data
    assert sent.startswith('\ufeff"space",'.encode())


def test_the_page_has_no_line_for_those_who_sent_nothing(app, session, earlier: Desk) -> None:
    browser = app.test_client()
    sign_in(browser, session, earlier.users[0])
    shown = page(browser, earlier).text
    assert '<th scope="row">French</th>' in shown
    assert '<th scope="row">Spanish</th>' not in shown


def test_a_space_that_has_not_opened_has_no_figures(app, session, desk: Desk) -> None:
    desk.space.opens_at = clock.now() + HOUR
    session.commit()
    assert page(app.test_client(), desk).status_code == 404
    assert page(app.test_client(), desk, "statistics.csv").status_code == 404


def test_a_space_of_members_is_unknown_to_others(app, session, desk: Desk) -> None:
    desk.space.visibility = SpaceVisibility.MEMBERS
    session.commit()
    assert page(app.test_client(), desk).status_code == 404


def test_the_page_costs_few_statements_once_an_hour(app, earlier: Desk) -> None:
    costs = []
    for _time in range(2):
        with statements() as seen:
            assert page(app.test_client(), earlier).status_code == 200
        costs.append(len(seen))
    assert costs[0] <= 9
    assert costs[1] <= 2

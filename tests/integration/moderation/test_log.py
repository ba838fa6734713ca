"""The log of decisions: who reads what of it, page by page, and what narrows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from consult.core import audit, clock
from consult.core.authz import Actor, Role
from consult.moderation.queries.log import LogFilter, LogRow, log
from consult.moderation.services import undo
from consult.moderation.states import Verdict
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk
from tests.signing_in import sign_in

DAY = dt.timedelta(days=1)


def rows(desk: Desk, actor: Actor | None = None, **wanted: Any) -> list[LogRow]:
    found = log(desk.session, actor=actor or desk.first, wanted=LogFilter(**wanted))
    return list(found.rows)


def overseer(desk: Desk, role: Role) -> Actor:
    user = make.make_user(desk.session)
    make.grant(desk.session, user=user, role=role, space=desk.space)
    return make.actor_for(user=user, role=role, space=desk.space)


def test_a_moderator_reads_who_decided_what_and_why(desk: Desk) -> None:
    text = desk.pending()
    desk.decide(text, Verdict.REJECT, message=WHY)
    (row,) = rows(desk)
    assert (row.by, row.verdict, row.reason) == ("Moderator One", Verdict.REJECT, "off-topic")
    assert (row.name, row.message, row.number) == (text.receipt, WHY, 1)


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.AUDITOR])
def test_organisers_and_auditors_read_ids_and_codes_only(desk: Desk, role: Role) -> None:
    desk.decide(desk.pending(), Verdict.REJECT, message=WHY)
    audit.seal(desk.session, now=clock.now() + DAY)
    (row,) = rows(desk, overseer(desk, role))
    assert (row.verdict, row.reason, row.is_full) == (Verdict.REJECT, "off-topic", False)
    assert [row.by, row.name, row.message, row.number] == [None] * 4
    assert row.entry_id is not None
    assert row.digest == audit.head(desk.session).digest


def test_a_moderator_of_another_space_reads_nothing_of_it(desk: Desk) -> None:
    desk.published()
    other = make.make_space(desk.session, forum=desk.forum)
    user = make.make_user(desk.session)
    elsewhere = make.actor_for(user=user, role=Role.MODERATOR, space=other)
    assert rows(desk, elsewhere) == []


def test_an_undone_decision_stays_beside_the_one_that_took_it_back(desk: Desk) -> None:
    done = desk.decide(desk.pending(), Verdict.RETURN, message=WHY)
    undo(desk.session, actor=desk.first, decision_id=done.id, now=clock.now())
    reversal, undone = rows(desk)
    assert (reversal.undoes, undone.is_undone) == (done.id, True)


def test_pages_follow_each_other_without_a_gap(desk: Desk) -> None:
    made = [desk.decide(desk.pending(), Verdict.APPROVE).id for _n in range(5)]
    wanted, seen = LogFilter(per_page=2), []
    while True:
        found = log(desk.session, actor=desk.first, wanted=wanted)
        seen += [row.id for row in found.rows]
        if found.next_after is None:
            break
        wanted = replace(wanted, after=found.next_after)
    assert seen == made[::-1]


def test_the_log_is_narrowed_by_space_verdict_reason_and_days(desk: Desk) -> None:
    now = clock.now()
    old = desk.decide(
        desk.pending(), Verdict.RETURN, message=WHY, reason="personal-data", now=now - 9 * DAY
    )
    new = desk.decide(desk.pending(), Verdict.REJECT, message=WHY)
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"space": desk.space.slug}, [new.id, old.id]),
        ({"space": "another"}, []),
        ({"verdict": Verdict.RETURN}, [old.id]),
        ({"reason": "off-topic"}, [new.id]),
        ({"since": now - DAY}, [new.id]),
        ({"before": now - DAY}, [old.id]),
    ]
    for wanted, ids in cases:
        assert [row.id for row in rows(desk, **wanted)] == ids, wanted


def shown(app: Any, desk: Desk, user: Any, query: str = "") -> Any:
    browser = app.test_client()
    sign_in(browser, desk.session, user)
    return browser.get(f"/en/moderation/log{query}")


def test_the_page_is_private_and_in_no_index(app, desk: Desk) -> None:
    desk.published()
    desk.session.commit()
    page = shown(app, desk, desk.users[0])
    assert "Moderator One" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize(
    "query",
    [
        "?verdict=nonsense&reason=%27&from=yesterday&to=9999-12-31&after=x",
        "?after=99999999999999999999999999&from=0001-01-01",
        "?space=no-such-space&verdict=approve",
    ],
)
def test_what_is_not_understood_breaks_nothing(app, desk: Desk, query: str) -> None:
    desk.published()
    desk.session.commit()
    assert shown(app, desk, desk.users[0], query).status_code == 200


def test_who_has_no_such_role_finds_no_log(app, desk: Desk) -> None:
    desk.session.commit()
    assert shown(app, desk, desk.writer).status_code == 404
    assert app.test_client().get("/en/moderation/log").status_code in {302, 303, 401, 403}

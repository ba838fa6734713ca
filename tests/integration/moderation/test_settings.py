"""Setting how a desk works, and keeping the list of reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.audit import AuditDetail, AuditEntry
from consult.core.authz import Actor, Role
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.moderation.queries.reasons import reason_row, reason_rows
from consult.moderation.queries.settings import settings_of
from consult.moderation.services.reasons import (
    SaidReason,
    add_reason,
    change_reason,
    drop_reason,
)
from consult.moderation.services.settings import Wanted, configure
from consult.moderation.states import Verdict
from consult.spaces.queries import reasons
from consult.spaces.states import ClaimRule, ModerationMode
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk

SAID = SaidReason(
    label={"en": "Unkind", "fr": "Malveillant", "es": "Hiriente"},
    explanation={"en": "Be kind.", "fr": "Soyez aimable.", "es": "Sea amable."},
)


def organiser(desk: Desk) -> Actor:
    user = make.make_user(desk.session)
    make.grant(desk.session, user=user, role=Role.ORGANISER, space=desk.space)
    return make.actor_for(user=user, role=Role.ORGANISER, space=desk.space)


def wanted(**over: Any) -> Wanted:
    values: dict[str, Any] = {
        "mode": "before",
        "newcomer_texts": "3",
        "watch_words": {},
        "claims": "optional",
        "remind_after": "24",
        "escalate_after": "48",
        "trusted": [],
    }
    return Wanted(**values | over)


def set_up(desk: Desk, actor: Actor | None = None, seen: str | None = None, **over: Any) -> Any:
    return configure(
        desk.session,
        actor=actor or organiser(desk),
        space_id=desk.space.id,
        wanted=wanted(**over),
        seen=seen or settings_of(desk.session, desk.space).mark,
        now=clock.now(),
    )


def audited(desk: Desk, act: str) -> list[AuditEntry]:
    found = select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id)
    return list(desk.session.scalars(found))


def test_everything_is_set_in_one_act_with_one_entry(desk: Desk) -> None:
    delegation = make.make_delegation(desk.session, forum=desk.forum)
    version = desk.space.public_version
    changed = set_up(
        desk,
        mode="newcomers",
        newcomer_texts="5",
        watch_words={"en": " casino \nCasino\n\nquick  money", "es": "estafa"},
        claims="required",
        remind_after="12",
        escalate_after="",
        trusted=[delegation.uid],
    )
    assert list(changed) == [
        "mode",
        "newcomer_texts",
        "watch_words",
        "claims",
        "remind_after",
        "escalate_after",
        "trusted",
    ]
    space = desk.space
    assert (space.moderation, space.newcomer_texts) == (ModerationMode.NEWCOMERS, 5)
    assert space.watch_words == {"en": ["casino", "quick money"], "es": ["estafa"]}
    assert space.claims == ClaimRule.REQUIRED
    assert (space.remind_after, space.escalate_after) == (12, None)
    assert delegation.publishes_at_once
    assert space.public_version == version + 1
    (entry,) = audited(desk, "space.configure-desk")
    assert entry.facts["mode"] == ["before", "newcomers"]
    assert entry.facts["trusted"] == [[], [delegation.uid]]
    assert "casino" not in json.dumps(entry.facts)
    detail = desk.session.get_one(AuditDetail, entry.id)
    assert "casino" in (detail.words or "")


def test_the_same_settings_again_change_nothing(desk: Desk) -> None:
    assert not set_up(desk)
    assert not audited(desk, "space.configure-desk")


def test_changing_the_mode_publishes_nothing_that_waits(desk: Desk) -> None:
    item = desk.pending()
    set_up(desk, mode="flagged")
    assert item.published_revision_id is None
    assert desk.decisions(item) == []


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(desk: Desk) -> None:
    actor = organiser(desk)
    seen = settings_of(desk.session, desk.space).mark
    set_up(desk, actor, mode="newcomers")
    with pytest.raises(StaleState) as caught:
        set_up(desk, actor, seen, mode="flagged")
    assert caught.value.seen["theirs"].mode is ModerationMode.NEWCOMERS
    assert caught.value.seen["mine"].mode is ModerationMode.FLAGGED
    assert desk.space.moderation == ModerationMode.NEWCOMERS


@pytest.mark.parametrize(
    ("over", "field", "code"),
    [
        ({"mode": "after"}, "mode", "mode-unknown"),
        ({"claims": ""}, "claims", "claims-unknown"),
        ({"newcomer_texts": "0"}, "newcomer_texts", "newcomer-texts"),
        ({"newcomer_texts": "21"}, "newcomer_texts", "newcomer-texts"),
        ({"newcomer_texts": "x"}, "newcomer_texts", "newcomer-texts"),
        ({"remind_after": "721"}, "remind_after", "hours-wrong"),
        ({"remind_after": "-1"}, "remind_after", "hours-wrong"),
        ({"escalate_after": "12"}, "escalate_after", "escalates-early"),
        ({"watch_words": {"fr": "a" * 81}}, "watch_fr", "watch-word-long"),
        ({"trusted": ["nobody"]}, "trusted", "delegation-unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    desk: Desk, over: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        set_up(desk, **over)
    assert caught.value.problems == {field: [code]}


def test_somebody_who_is_no_delegation_cannot_be_trusted(desk: Desk) -> None:
    with pytest.raises(Invalid):
        set_up(desk, trusted=[desk.author.uid])


def test_only_organisers_of_the_forum_set_anything(desk: Desk) -> None:
    elsewhere = make.make_space(desk.session)
    user = make.make_user(desk.session)
    stranger = make.actor_for(user=user, role=Role.ORGANISER, space=elsewhere)
    for actor in (desk.first, stranger):
        with pytest.raises(NotVisible):
            set_up(desk, actor, mode="flagged")
        with pytest.raises(NotVisible):
            add(desk, actor)


# --- Reasons --------------------------------------------------------------------------------------


def add(desk: Desk, actor: Actor, code: str = "unkind", said: SaidReason = SAID) -> None:
    add_reason(
        desk.session,
        actor=actor,
        forum_id=desk.forum.id,
        code=code,
        said=said,
        now=clock.now(),
    )


def codes(desk: Desk) -> list[str]:
    return [one.code for one in reasons(desk.session, forum_id=desk.forum.id)]


def test_an_added_reason_stands_before_other_and_can_be_given(desk: Desk) -> None:
    actor = organiser(desk)
    add(desk, actor)
    add(desk, actor, "too-late")
    assert codes(desk) == ["off-topic", "personal-data", "unkind", "too-late", "other"]
    item = desk.pending()
    desk.decide(item, Verdict.RETURN, reason="unkind")
    assert desk.decisions(item)[0].reason == "unkind"
    assert [entry.facts["code"] for entry in audited(desk, "reason.add")] == ["unkind", "too-late"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("Unkind", "reason-code"),
        ("un--kind", "reason-code"),
        ("a" * 33, "reason-code"),
        ("", "reason-code"),
        ("off-topic", "reason-known"),
    ],
)
def test_a_code_is_small_letters_and_new(desk: Desk, code: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(desk, organiser(desk), code)
    assert caught.value.problems == {"code": [problem]}


def test_a_reason_needs_all_three_languages_and_few_words(desk: Desk) -> None:
    said = SaidReason(
        label={"en": "a" * 61, "fr": "F"}, explanation=dict(SAID.explanation, es="e" * 601)
    )
    with pytest.raises(Invalid) as caught:
        add(desk, organiser(desk), said=said)
    assert caught.value.problems == {
        "label_en": ["reason-label-long"],
        "label_es": ["missing"],
        "explanation_es": ["reason-words-long"],
    }


def test_the_words_of_an_added_reason_can_be_changed_once_they_were_seen(desk: Desk) -> None:
    actor = organiser(desk)
    add(desk, actor)
    seen = reason_row(desk.session, forum_id=desk.forum.id, code="unkind").mark
    newer = SaidReason(label=dict(SAID.label, en="Harsh"), explanation=SAID.explanation)

    def change(seen: str, said: SaidReason = newer) -> bool:
        return change_reason(
            desk.session,
            actor=actor,
            forum_id=desk.forum.id,
            code="unkind",
            said=said,
            seen=seen,
            now=clock.now(),
        )

    assert change(seen)
    with pytest.raises(StaleState):
        change(seen, SAID)
    row = reason_row(desk.session, forum_id=desk.forum.id, code="unkind")
    assert row.label.texts["en"] == "Harsh"
    assert not change(row.mark)
    assert len(audited(desk, "reason.change")) == 1


def test_the_reasons_of_the_contract_stay_as_they_are(desk: Desk) -> None:
    actor = organiser(desk)
    for act in (drop_reason,):
        with pytest.raises(NotVisible):
            act(
                desk.session,
                actor=actor,
                forum_id=desk.forum.id,
                code="off-topic",
                now=clock.now(),
            )
    assert "off-topic" in codes(desk)


def test_an_unused_reason_goes_and_a_used_one_stays(desk: Desk) -> None:
    actor = organiser(desk)
    add(desk, actor)
    add(desk, actor, "too-late")
    desk.decide(desk.pending(), Verdict.REJECT, reason="unkind", message=WHY)

    def drop(code: str) -> None:
        drop_reason(desk.session, actor=actor, forum_id=desk.forum.id, code=code, now=clock.now())

    with pytest.raises(Invalid) as caught:
        drop("unkind")
    assert caught.value.problems == {"code": ["reason-used"]}
    drop("too-late")
    assert codes(desk) == ["off-topic", "personal-data", "unkind", "other"]
    used = {one.code: one.is_used for one in reason_rows(desk.session, forum_id=desk.forum.id)}
    assert used["unkind"]
    assert not used["personal-data"]

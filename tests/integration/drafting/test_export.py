"""An export holds what its reader may see, with whole threads, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from consult.core.authz import SYSTEM, VISITOR, Role
from consult.core.errors import Invalid, NotVisible
from consult.discussion.queries import lines as line_queries
from consult.discussion.queries.lines import ExportFilter
from consult.discussion.states import Removed, RevisionState
from consult.drafting.exports import FORMATS
from consult.drafting.services import MadeExport, make_export
from consult.spaces.models import Forum, Space
from consult.spaces.states import DisplayChoice
from tests import factories as make
from tests.factories import AnySession
from tests.integration.discussion.lines import (
    BASE,
    SLUG,
    bring_in,
    by_id,
    comment,
    forum_and_space,
    question,
    real,
    take_out,
    tombstone,
)


@pytest.fixture
def space(session: AnySession) -> Space:
    return forum_and_space(session)


@pytest.fixture
def tree(session: AnySession, space: Space, tmp_path: Path) -> None:
    """Threads in which objective 20 is only here and there."""
    city = {"id": "c", "name": "City", "category": "local-authorities"}
    group = {"id": "g", "name": "Group", "category": "civil-society"}
    bring_in(
        session,
        tmp_path / "tree.jsonl",
        comment("t1", question=2, author=city, language="en", objectives=[15]),
        comment("t1-r1", question=2, parent="t1", author=group, language="es", objectives=[20]),
        comment("t1-r1-r1", question=2, parent="t1-r1", author=city, objectives=[16, 20]),
        comment("t1-r2", question=2, parent="t1", author=city, objectives=[16]),
        comment("t2", question=2, author=group, objectives=[16]),
        comment("t3", question=1, author=group, language="fr", objectives=[20]),
        question("q", author=group, language="es", objectives=[15]),
        comment("q-a", question="q", author=city, objectives=[20]),
        comment("w", question=3, author=city, state="pending", objectives=[20]),
        tombstone("gone", question=3),
        comment("below", question=3, parent="gone", author=city, objectives=[20]),
    )


def ids(rows: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(row["id"], row["context"]) for row in rows[1:]]


def test_everything_comes_by_question_and_thread(
    session: AnySession, tree: None, tmp_path: Path
) -> None:
    rows = take_out(session, tmp_path / "out.jsonl")
    names = ["t3", "t1", "t1-r1", "t1-r1-r1", "t1-r2", "t2", "gone", "below", "q", "q-a"]
    assert ids(rows) == [(name, False) for name in names]
    assert rows[0]["counts"] == {"questions": 1, "comments": 9, "context": 0}
    assert rows[0]["filter"] == {}


def test_the_parent_outside_the_objective_stands_there_as_marked_context(
    session: AnySession, tree: None, tmp_path: Path
) -> None:
    rows = take_out(session, tmp_path / "out.jsonl", objectives=(20,))
    assert ids(rows) == [
        ("t3", False),
        ("t1", True),
        ("t1-r1", False),
        ("t1-r1-r1", False),
        ("gone", True),
        ("below", False),
        ("q", True),
        ("q-a", False),
    ]
    assert rows[0]["filter"] == {"objective": [20]}
    assert rows[0]["counts"]["context"] == 3
    assert rows[2]["body"] == "What our city has learned, part t1."


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"questions": (1,)}, ["t3"]),
        ({"questions": (4,)}, ["q", "q-a"]),
        ({"language": "es"}, ["t1", "t1-r1", "q"]),
        ({"category": "civil-society", "questions": (2,)}, ["t1", "t1-r1", "t2"]),
        ({"objectives": (15, 16), "language": "fr"}, []),
    ],
)
def test_a_filter_keeps_what_matches_and_what_it_hangs_on(
    session: AnySession, tree: None, tmp_path: Path, wanted: dict[str, Any], names: list[str]
) -> None:
    rows = take_out(session, tmp_path / "out.jsonl", **wanted)
    assert [row["id"] for row in rows[1:]] == names


def test_a_tombstone_says_nothing_but_its_reference(
    session: AnySession, tree: None, tmp_path: Path
) -> None:
    row = by_id(session, "t1")
    row.removed = Removed.HIDDEN
    session.flush()
    (line,) = [r for r in take_out(session, tmp_path / "out.jsonl") if r.get("id") == "t1"]
    assert (line["removed"], line["reference"]) == ("hidden", row.reference)
    assert line["author"] is line["body"] is line["language"] is line["published_at"] is None
    assert line["objectives"] == line["tags"] == line["attachments"] == []


def test_a_text_taken_from_view_leaves_no_place_where_nobody_replied(
    session: AnySession, tree: None, tmp_path: Path
) -> None:
    by_id(session, "t2").removed = Removed.HIDDEN
    session.flush()
    rows = take_out(session, tmp_path / "out.jsonl")
    assert "t2" not in {row.get("id") for row in rows}


def test_only_who_may_gets_what_waits(
    session: AnySession, tree: None, space: Space, tmp_path: Path
) -> None:
    user = make.make_user(session)
    pending = RevisionState.PENDING

    def names(actor: Any) -> list[str]:
        rows = take_out(session, tmp_path / "out.jsonl", actor=actor, state=pending)
        return [row["id"] for row in rows[1:]]

    assert names(make.actor_for(user=user, role=Role.MODERATOR, space=space)) == ["w"]
    assert names(SYSTEM) == ["w"]
    assert names(VISITOR) == []
    assert names(make.actor_for(user=user, role=Role.DRAFTER, space=space)) == []
    assert names(make.actor_for(user=user, role=Role.ORGANISER, space=space)) == []


def test_what_waits_behind_a_published_parent_brings_it_as_context(
    session: AnySession, tree: None, tmp_path: Path
) -> None:
    bring_in(
        session,
        tmp_path / "tree.jsonl",
        comment("v", question=2, parent="t1-r1", state="pending"),
    )
    rows = take_out(session, tmp_path / "out.jsonl", state=RevisionState.PENDING)
    assert ids(rows) == [("t1", True), ("t1-r1", True), ("v", False), ("w", False)]


def test_a_space_that_does_not_exist_for_somebody_has_no_export(
    session: AnySession, tree: None, space: Space, tmp_path: Path
) -> None:
    space.visibility = "unannounced"  # type: ignore[assignment]
    session.flush()
    with pytest.raises(NotVisible):
        take_out(session, tmp_path / "out.jsonl", actor=VISITOR)


@pytest.mark.parametrize(
    "wanted",
    [{"objectives": (99,)}, {"questions": (99,)}, {"language": "xx"}, {"category": "nobody"}],
)
def test_a_filter_that_names_something_unknown_is_refused(
    session: AnySession, tree: None, tmp_path: Path, wanted: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        take_out(session, tmp_path / "out.jsonl", **wanted)


@pytest.mark.parametrize(
    ("display", "name", "organisation"),
    [
        (DisplayChoice.FULL, "Own Name", "City of Example"),
        (DisplayChoice.ORGANISATION, "City of Example", "City of Example"),
        (DisplayChoice.PSEUDONYM, "Participant 9", None),
    ],
)
@pytest.mark.parametrize("locale", ["en", "fr"])
def test_the_author_is_told_as_chosen_in_every_language_alike(
    session: AnySession,
    space: Space,
    tmp_path: Path,
    display: DisplayChoice,
    name: str,
    organisation: str | None,
    locale: str,
) -> None:
    author = make.make_author(
        session,
        forum=session.get_one(Forum, space.forum_id),
        name="Own Name",
        organisation="City of Example",
        display=display,
        country="NG",
        on_behalf_of="Others",
        pseudonym_number=9,
    )
    make.make_contribution(session, space=space, author=author)
    made(session, tmp_path / "out.jsonl", format="jsonl", locale=locale)
    told = json.loads((tmp_path / "out.jsonl").read_text().split("\n")[1])["author"]
    assert (told["name"], told["organisation"]) == (name, organisation)
    assert (told["category"], told["id"]) == ("local-authorities", author.uid)
    is_pseudonym = display is DisplayChoice.PSEUDONYM
    assert (told["country"] is None, told["on_behalf_of"] is None) == (is_pseudonym, is_pseudonym)


def made(
    session: AnySession, path: Path, *, format: str, locale: str = "en", **wanted: Any
) -> MadeExport:
    return make_export(
        real(session),
        space_slug=SLUG,
        actor=SYSTEM,
        wanted=ExportFilter(**wanted),
        format=format,
        path=path,
        locale=locale,
        base_url=BASE,
        holds=False,
    )


def test_the_header_tells_as_of_when_and_sums_up_the_lines(
    session: AnySession, tree: None, space: Space, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    result = made(session, path, format="jsonl")
    first, *rest = path.read_bytes().rstrip(b"\n").split(b"\n")
    digest = hashlib.sha256()
    for line in rest:
        canonical = json.dumps(
            json.loads(line), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        digest.update(canonical.encode() + b"\n")
    header = json.loads(first)
    assert header["sha256"] == digest.hexdigest() == result.header.sha256
    session.refresh(space)
    assert space.last_change_at is not None
    assert header["as_of"][:19] == space.last_change_at.isoformat()[:19]
    assert (header["forum"], header["space"], result.rows) == ("forum", SLUG, 10)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_each_format_of_one_state_is_the_same_twice_and_holds_the_texts(
    session: AnySession, tree: None, tmp_path: Path, format: str
) -> None:
    paths = [tmp_path / f"{name}.{format}" for name in ("one", "two")]
    for path in paths:
        assert made(session, path, format=format, objectives=(20,)).rows == 8
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    if format in {"csv", "md"}:
        text = one.decode("utf-8-sig")
        assert re.search(r"part t1.r1", text)
        assert "part t2" not in text
        assert f"{BASE}/en/contributions/RT3" in text or format == "md"


def test_texts_are_read_in_pieces_and_none_is_lost_between_them(
    session: AnySession, tree: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = take_out(session, tmp_path / "out.jsonl", objectives=(20,))
    monkeypatch.setattr(line_queries, "CHUNK", 2)
    assert take_out(session, tmp_path / "out.jsonl", objectives=(20,)) == whole

"""The profile of a forum's objectives, kept for as long as what it is made from stays the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from consult.core.i18n import LOCALES, Translated
from consult.search.glossary import Notion
from consult.search.models import ObjectiveLesson
from consult.search.objectives import profiles
from consult.search.objectives.material import Material, Subject
from consult.search.objectives.profiles import Profile
from consult.spaces.models import Forum, GlossaryTerm, Objective

MOST_KEPT: Final = 4
"""Profiles that one process remembers."""
_kept: dict[tuple[str, str], Profile] = {}


def profile_of(session: Session, *, forum_id: int) -> Profile:
    """Return the profile of a forum's objectives; reads only.

    Costs one small statement. What it is made from is read again only where organisers changed
    titles or glossary, or where more was learned.
    """
    glossary, lesson = session.execute(_editions(), {"forum_id": forum_id}).one()
    edition = (glossary, lesson or "")
    profile = _kept.get(edition)
    if profile is None:
        profile = profiles.make(material_of(session, forum_id=forum_id))
        # A forum that nobody loaded from a definition has no edition to know it again by.
        if glossary:
            _remember(edition, profile)
    return profile


def material_of(session: Session, *, forum_id: int) -> Material:
    """Return what is known about the objectives of a forum, in three statements."""
    return Material(
        subjects=list(_subjects(session, forum_id)),
        notions=list(_notions(session, forum_id)),
        lessons=_lessons(session, forum_id),
    )


def _remember(edition: tuple[str, str], profile: Profile) -> None:
    """Keep a profile; editions are drawn at random, so none ever comes back with other words."""
    while len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[edition] = profile


@cache
def _editions() -> Select[Any]:
    return (
        select(Forum.glossary_edition, ObjectiveLesson.edition)
        .outerjoin(ObjectiveLesson, ObjectiveLesson.forum_id == Forum.id)
        .where(Forum.id == bindparam("forum_id"))
    )


def _subjects(session: Session, forum_id: int) -> Iterator[Subject]:
    rows = session.execute(
        select(Objective.number, Objective.title, Objective.short_title, Objective.about).where(
            Objective.forum_id == forum_id
        )
    )
    for row in rows:
        titles = {code: _said(code, row.title, row.short_title) for code in LOCALES}
        about = row.about.texts if row.about is not None else {}
        yield Subject(row.number, titles, {code: about[code] for code in LOCALES if code in about})


def _said(code: str, *titles: Translated) -> list[str]:
    """Return the titles that are there in a language itself, without what stands in for them."""
    return [title.texts[code] for title in titles if title.texts.get(code)]


def _notions(session: Session, forum_id: int) -> Iterator[Notion]:
    rows = session.execute(
        select(GlossaryTerm.key, GlossaryTerm.terms, GlossaryTerm.objectives).where(
            GlossaryTerm.forum_id == forum_id, GlossaryTerm.removed_at.is_(None)
        )
    )
    for row in rows:
        terms = {code: tuple(row.terms[code]) for code in LOCALES if row.terms.get(code)}
        yield Notion(row.key, terms, tuple(row.objectives))


def _lessons(session: Session, forum_id: int) -> Mapping[int, Mapping[str, float]]:
    kept = session.scalar(
        select(ObjectiveLesson.weights).where(ObjectiveLesson.forum_id == forum_id)
    )
    return {int(number): weights for number, weights in (kept or {}).items()}

"""What became of the texts of a space, in figures: a public page and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import current_app, make_response
from werkzeug.wrappers import Response

from consult.core import clock
from consult.core.authz import Actor, Permission, Role
from consult.core.cells import spreadsheet_safe
from consult.core.clock import iso
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.i18n import gettext as _
from consult.core.web import actor, needs
from consult.discussion.queries.discreet import FEWEST
from consult.discussion.views import frame as framing
from consult.moderation.queries.held_back import Figure, Shown
from consult.moderation.queries.statistics import Counted, Outcome, counted, full_hour
from consult.moderation.queries.told import Row, Statistics, told
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import lasting
from consult.spaces.models import Space
from consult.spaces.policy import phase_of
from consult.spaces.queries import SpaceView
from consult.spaces.states import Phase

COLUMNS = ("space", "as_of", "extent", "table", "key", "label", "figure", "value", "escaped")
KEPT = 64
"""Spaces and hours whose figures are kept, so that a busy page is counted once an hour."""


@blueprint.get("/<lang>/spaces/<slug>/statistics")
@needs(Permission.READ)
def statistics(slug: str) -> Response:
    """Show the figures of a space that has opened; small ones only to those who look after it."""
    view = _opened(slug)
    hour = full_hour(clock.now())
    phase = phase_of(view.space, now=clock.now())
    tag = framing.tag_of("st", view.space.id, view.space.public_version, phase, iso(hour))
    if (kept := framing.unchanged(tag)) is not None:
        return kept
    return framing.public_page(
        "moderation/statistics.html",
        tag=tag,
        statistics=_told(view.space),
        outcomes=Outcome,
        few=_("< %(number)s", number=FEWEST),
        lasting=lasting,
        **framing.frame(view.space, view.forum),
    )


@blueprint.get("/<lang>/spaces/<slug>/statistics.csv")
@needs(Permission.READ)
def statistics_file(slug: str) -> Response:
    """Send the figures of the page as CSV, with the same ones held back."""
    view = _opened(slug)
    found = _told(view.space)
    made = io.StringIO()
    # Without this mark, spreadsheets take the letters for those of an older encoding.
    made.write("\ufeff")
    writer = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    about = (view.space.code, iso(found.as_of), "whole" if found.is_whole else "public")
    for line in _lines(found):
        cells = [spreadsheet_safe(str(cell)) for cell in (*about, *line)]
        escaped = ";".join(name for name, (_text, was) in zip(COLUMNS, cells, strict=False) if was)
        writer.writerow([*(text for text, _was in cells), escaped])
    response = make_response(made.getvalue())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    name = f"{view.space.slug}-statistics.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _opened(slug: str) -> SpaceView:
    """Return a space that has opened; raises `NotVisible`."""
    view = framing.readable_space(slug)
    if phase_of(view.space, now=clock.now()) is Phase.UPCOMING:
        raise NotVisible
    return view


def _told(space: Space) -> Statistics:
    return told(_counted(space), is_whole=_looks_after(actor(), space))


def _looks_after(who: Actor, space: Space) -> bool:
    """Whether the actor moderates the space, or organises or audits its forum."""
    if who.has_in_space(Role.MODERATOR, space_id=space.id):
        return True
    return any(
        who.has_in_forum(role, forum_id=space.forum_id) for role in (Role.ORGANISER, Role.AUDITOR)
    )


def _counted(space: Space) -> Counted:
    """Return the figures of the last full hour; counted once an hour in each process."""
    kept: dict[tuple[int, str, str | None], Counted] = current_app.extensions.setdefault(
        "consult.statistics", {}
    )
    hour = full_hour(clock.now())
    key = (space.id, space.slug, iso(hour))
    if key not in kept:
        if len(kept) >= KEPT:
            kept.clear()
        kept[key] = counted(db.session(), space_id=space.id, forum_id=space.forum_id, as_of=hour)
    return kept[key]


def _lines(found: Statistics) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield table, key, label, name and value of each figure."""
    if found.is_empty:
        return
    for table, rows in (
        ("all", [found.total]),
        ("language", found.languages),
        ("category", found.categories),
    ):
        for row in rows:
            for name, value in _of_row(row):
                yield table, row.key, row.label, name, value
    for table, reasons in (
        ("rejected-by-reason", found.rejected),
        ("returned-by-reason", found.returned),
    ):
        for code, label, figure in reasons:
            yield table, code, label, "texts", _value(figure)
    for verdict, figure in found.acts.items():
        yield "acts", verdict, verdict, "texts", _value(figure)


def _of_row(row: Row) -> Iterator[tuple[str, str]]:
    yield "received", _value(row.received)
    for outcome, figure in row.outcomes.items():
        yield outcome.value, _value(figure)
    yield "appeals", _value(row.appeals)
    yield "appeals-upheld", _value(row.upheld)
    yield (
        "median-hours",
        f"{row.median.total_seconds() / 3600:.1f}" if row.median is not None else "",
    )


def _value(figure: Figure) -> str:
    texts = {Shown.TOLD: str(figure.count), Shown.FEW: "< 5", Shown.HELD: "not told"}
    return texts[figure.shown]

"""Pages of the drafting desk: one's spaces, what was said on each objective, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    request,
    send_file,
    url_for,
)
from sqlalchemy.orm import Session

from consult.core import clock
from consult.core.authz import Actor, Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible
from consult.core.i18n import LOCALES, gettext, language_label, locale
from consult.core.ports import ExportOffer
from consult.core.unit_of_work import unit_of_work
from consult.core.web import FILE_CSP, actor, config, needs
from consult.discussion.queries.lines import ExportFilter, Finding
from consult.drafting import policy, queries, services
from consult.search.analysis import fold
from consult.search.documents import Backend, IndexUnavailable
from consult.search.queries import Asked, does_relax, filters_from, is_across
from consult.spaces import queries as space_queries
from consult.spaces.models import Question

blueprint = Blueprint("drafting", __name__)

REBUILDING = 60
"""Seconds after which an export may be asked for again that met an index being rebuilt."""
IN_MEMORY = 1024 * 1024
"""Bytes up to which a file is answered from memory."""
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}


@blueprint.get("/<lang>/drafting")
@needs(Permission.DRAFT)
def desks() -> str:
    """Show the spaces for which somebody drafts."""
    return render_template("drafting/desks.html", desks=queries.desks(db.session(), actor=actor()))


@blueprint.get("/<lang>/drafting/<slug>")
@needs(Permission.DRAFT)
def desk(slug: str) -> str:
    """Show what was said on each objective of a space, and the form of an export."""
    return _desk(_view(slug))


@blueprint.get("/<lang>/drafting/<slug>/export")
@needs(Permission.DRAFT)
def export(slug: str) -> Response | tuple[str, int]:
    """Answer with a file of the contributions that match; 503 while the index is being rebuilt and
    a search narrows them.
    """
    view, who = _view(slug), actor()
    format = request.args.get("format", "docx")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        try:
            made = services.make_export(
                db.session(),
                space_slug=slug,
                actor=who,
                wanted=_wanted(),
                format=format,
                path=path,
                locale=locale(),
                base_url=config().base_url,
                holds=config().holds_unscanned,
            )
        except Invalid as error:
            return _desk(view, errors=_sentences(error)), 422
        except IndexUnavailable:
            response = make_response(render_template("errors/503.html"), 503)
            response.headers["Retry-After"] = str(REBUILDING)
            return response
        # An open file outlives its name, so that nothing is left when the answer was sent.
        is_small = path.stat().st_size <= IN_MEMORY
        stream = BytesIO(path.read_bytes()) if is_small else path.open("rb")
    with unit_of_work() as session:
        services.note_export(session, made, actor=who, now=clock.now())
    response = send_file(
        stream,
        mimetype=MEDIA_TYPES[format],
        as_attachment=True,
        download_name=_file_name(slug, format=format),
        etag=False,
    )
    response.headers["Content-Security-Policy"] = FILE_CSP
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _view(slug: str) -> space_queries.SpaceView:
    """Return a space at whose desk the actor works; for everybody else there is none."""
    view = space_queries.space_view(db.session(), slug=slug, actor=actor())
    if not policy.is_drafter(actor(), view.space):
        raise NotVisible
    g.forum = view.forum
    return view


@dataclass
class _Form:
    """What was chosen, and what is wrong with it."""

    values: dict[str, Any]
    errors: dict[str, list[str]] = field(default_factory=dict)


def _desk(view: space_queries.SpaceView, *, errors: dict[str, list[str]] | None = None) -> str:
    session, who = db.session(), actor()
    rows = queries.coverage(session, space=view.space, actor=who)
    values = {key: request.args.get(key, "") for key in ("question", "language", "category")}
    values["format"] = request.args.get("format", "docx")
    return render_template(
        "drafting/desk.html",
        view=view,
        space=view.space,
        rows=rows,
        empty=sum(row.is_empty for row in rows),
        total=queries.said_in_all(session, space=view.space, actor=who),
        form=_Form({**values, "objective": request.args.getlist("objective")}, errors or {}),
        options=_options(view),
    )


def _options(view: space_queries.SpaceView) -> dict[str, list[tuple[Any, str]]]:
    session = db.session()
    every = ("", gettext("All"))
    return {
        "objective": [
            (row.number, row.label)
            for row in space_queries.objectives_of_space(session, space_id=view.space.id)
        ],
        "question": [every, *((q.number, _question_label(q)) for q in view.questions)],
        "language": [every, *((code, language_label(code)) for code in LOCALES)],
        "category": [
            every,
            *(
                (category.slug, str(category.name))
                for category in space_queries.categories(session, forum_id=view.forum.id)
            ),
        ],
        "format": [
            ("docx", gettext("Word document (DOCX)")),
            ("xlsx", gettext("Spreadsheet (XLSX)")),
            ("csv", gettext("Table as text (CSV)")),
            ("md", gettext("Plain text with Markdown (MD)")),
            ("jsonl", gettext("Everything, for machines (JSON Lines)")),
        ],
    }


def _question_label(question: Question) -> str:
    number = gettext("Question %(number)s", number=question.number)
    return f"{number} – {question.short_text}" if question.short_text else number


def _wanted() -> ExportFilter:
    """Read the filter from the address; raises `Invalid` for what is no number."""
    args = request.args
    return ExportFilter(
        objectives=_numbers("objective"),
        questions=_numbers("question"),
        language=args.get("language") or None,
        category=args.get("category") or None,
        finding=_finding(),
    )


def _finding() -> Finding | None:
    """Return what the search in the address finds; None where it holds none.

    It is the search of the page, in all consultations where that looked in all: which texts are
    near enough depends on how many there are.
    """
    args = request.args
    filters = filters_from(args)
    asked = Asked(
        text=args.get("q", ""),
        filters=filters,
        across=is_across(args),
        relaxes=does_relax(args),
    )
    if not (asked.text.strip() or filters.region or filters.kind or filters.month):
        return None
    backend = cast(Backend, current_app.extensions["consult.search"])
    return services.find_all(db.session(), backend=backend, actor=actor(), asked=asked)


def offer_search(
    session: Session, actor: Actor, words: Mapping[str, Any], /
) -> Sequence[ExportOffer]:
    """Return the exports of a search in the spaces for which somebody drafts.

    `words` are what stands in the address of the search; none of it is asked for readers.
    """
    if not policy.is_drafter(actor, None):
        return ()
    only = words.get("space")
    return [
        ExportOffer(
            space=desk.slug,
            name=str(desk.kicker),
            formats=[
                (
                    format.upper(),
                    url_for("drafting.export", slug=desk.slug, **words, format=format),
                )
                for format in MEDIA_TYPES
            ],
        )
        for desk in queries.desks(session, actor=actor)
        if only in {None, desk.slug}
    ]


def _numbers(name: str) -> tuple[int, ...]:
    given = [value for value in request.args.getlist(name) if value]
    if not all(value.isascii() and value.isdecimal() and len(value) < 6 for value in given):
        raise Invalid({name: [f"{name}-unknown"]})
    return tuple(sorted({int(value) for value in given}))


def _sentences(error: Invalid) -> dict[str, list[str]]:
    wrong = {
        "objective": gettext("Please choose only objectives under review here."),
        "question": gettext("Please choose a question from the list."),
        "language": gettext("Please choose English, French or Spanish."),
        "category": gettext("Please choose a category from the list."),
        "format": gettext("Please choose a format from the list."),
    }
    return {name: [wrong[name]] for name in error.problems if name in wrong}


def _file_name(slug: str, *, format: str) -> str:
    """Return a name that says what is in the file and that every system takes."""
    numbers = [*(f"objective-{n}" for n in _numbers("objective"))]
    numbers += [f"question-{n}" for n in _numbers("question")]
    if words := " ".join(request.args.get("q", "").split())[:40]:
        numbers.append(f"search-{fold(words)}")
    name = "-".join([slug, *numbers])[:120]
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name) + (
        f".{format}"
    )

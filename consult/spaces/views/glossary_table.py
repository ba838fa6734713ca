"""The glossary from a table: an organiser sends it, sees what it changes, and applies it."""

from __future__ import annotations

from collections.abc import Sequence

import flask
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, StaleState
from consult.core.i18n import LOCALES, language_label
from consult.core.i18n import gettext as _
from consult.core.text import single_line
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms
from consult.spaces.definitions.glossary_csv import (
    LARGEST,
    BrokenTable,
    FileNotion,
    FileProblem,
    read_table,
    text_of,
)
from consult.spaces.queries.notions import objective_numbers
from consult.spaces.services.glossary_file import Applied, apply_table, compare
from consult.spaces.views.shared import blueprint, the_organised

BAD_REQUEST, CONFLICT = 400, 409
LONGEST_NAME = 100


@blueprint.get("/<lang>/people/glossary/table")
@needs(Permission.ORGANISE)
def glossary_file() -> ResponseReturnValue:
    """Show how a table is fetched and sent."""
    the_organised(db.session())
    return table_page(Form())


@blueprint.post("/<lang>/people/glossary/table")
@needs(Permission.ORGANISE)
def glossary_file_sent() -> ResponseReturnValue:
    """Show what the table would change, or apply the one that was shown: what the button says.

    A file counts before what was pasted; either stands on the page again, to be corrected there.
    """
    form = Form(values={"name": _name()})
    try:
        form.values["table"] = text = _sent_text()
        table = read_table(text, objectives=_numbers())
    except BrokenTable as broken:
        form.errors["table"] = [forms.of_table_problem(problem) for problem in broken.problems]
        return table_page(form, UNPROCESSABLE)
    except Invalid as problem:
        form.add_problems(problem)
        return table_page(form, UNPROCESSABLE)
    if request.form.get("act") != "apply":
        return table_page(form, table=table)
    try:
        done = _apply(table)
    except Invalid as problem:
        form.add_problems(problem)
        return table_page(form, UNPROCESSABLE, table=table)
    except StaleState:
        return table_page(form, CONFLICT, table=table, is_conflict=True)
    flask.flash(_words_of(done), "good")
    return redirect(url_for("spaces.glossary"), 303)


def _apply(table: Sequence[FileNotion]) -> Applied:
    with unit_of_work() as session:
        return apply_table(
            session,
            forum=the_organised(session),
            table=table,
            remove=request.form.getlist("remove"),
            seen=request.form.get("edition", ""),
            by=web.actor().user_id,
            now=clock.now(),
        )


def _words_of(done: Applied) -> str:
    return str(
        _(
            "The table is applied. New: %(added)s, changed: %(changed)s, taken out: %(removed)s.",
            added=done.added,
            changed=done.changed,
            removed=done.removed,
        )
    )


def again() -> ResponseReturnValue:
    """Show the page again with what was sent, and nothing done: the form came too late."""
    text = request.form.get("table", "")[:LARGEST]
    form = Form(values={"name": _name(), "table": text})
    form.add("", account_forms.expired())
    return table_page(form, BAD_REQUEST)


def table_page(
    form: Form,
    status: int = 200,
    *,
    table: Sequence[FileNotion] | None = None,
    is_conflict: bool = False,
) -> ResponseReturnValue:
    """Return the page of the table, with what one would change where it was read."""
    session = db.session()
    forum = the_organised(session)
    page = render_template(
        "spaces/glossary_table.html",
        form=form,
        found=None if table is None else compare(session, forum=forum, table=table),
        is_conflict=is_conflict,
        ticked=frozenset(request.form.getlist("remove")),
        text_languages=[(code, language_label(code)) for code in LOCALES],
    )
    return page, status


def _numbers() -> frozenset[int]:
    session = db.session()
    return objective_numbers(session, forum_id=the_organised(session).id)


def _sent_text() -> str:
    """Return the text of the file, else what was pasted; raises `BrokenTable`, `Invalid`."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return text_of(file.stream.read(LARGEST + 1))
    pasted = request.form.get("table", "")
    if not pasted.strip():
        raise Invalid({"file": ["table-missing"]})
    if len(pasted) > LARGEST:
        raise BrokenTable([FileProblem(1, "table-large")])
    return pasted


def _name() -> str:
    """Return the file's name, as it is told."""
    file = request.files.get("file")
    name = (file.filename or "") if file else request.form.get("name", "")
    return single_line(name)[:LONGEST_NAME]

"""The glossary: read by everybody, kept by organisers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import flask
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from consult.accounts import forms as account_forms
from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import clock, i18n, web
from consult.core.authz import Permission, refusal
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import LOCALES, language_label
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries
from consult.spaces.forms import NotionForm
from consult.spaces.models import Forum
from consult.spaces.notions import LONGEST_NOTE, LONGEST_TERM
from consult.spaces.queries.notions import (
    GlossaryCounts,
    Narrowing,
    NotionRow,
    counts_of,
    find_notion,
    glossary_rows,
    narrowed,
)
from consult.spaces.services.glossary import (
    add_notion,
    change_notion,
    remove_notion,
    restore_notion,
)
from consult.spaces.services.glossary_file import glossary_table
from consult.spaces.views.shared import blueprint, the_forum, the_organised

PER_PAGE = 50
LONGEST = 200
"""Characters of what is looked for, and of a key."""
BAD_REQUEST, CONFLICT = 400, 409


@blueprint.get("/<lang>/glossary")
@needs(Permission.READ)
def glossary() -> str:
    """Show the notions that fit what is asked for; to organisers also the ways to change them."""
    session = db.session()
    forum = the_forum(session)
    rows = glossary_rows(session, forum_id=forum.id)
    keeps, counts = _organises(forum), counts_of(rows)
    by = _asked(counts, keeps=keeps)
    found = narrowed(rows, by, locale=i18n.locale())
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(_number(request.args.get("page")) or 1, pages)
    return render_template(
        "spaces/glossary.html",
        rows=found[(page - 1) * PER_PAGE : page * PER_PAGE],
        by=by,
        counts=counts,
        keeps=keeps,
        found=len(found),
        page=page,
        pages=pages,
        address=_address(by),
        objectives={o.number: o.label for o in _objectives(forum)},
        text_languages=[(code, language_label(code)) for code in LOCALES],
    )


@blueprint.get("/<lang>/glossary.csv")
@needs(Permission.READ)
def glossary_csv() -> ResponseReturnValue:
    """Give the whole glossary as a table for spreadsheets."""
    session = db.session()
    forum = the_forum(session)
    response = flask.make_response(glossary_table(session, forum=forum))
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f"attachment; filename={forum.slug}-glossary.csv"
    return response


@blueprint.get("/<lang>/people/glossary/new")
@needs(Permission.ORGANISE)
def notion_new() -> ResponseReturnValue:
    """Show the empty form of a notion."""
    the_organised(db.session())
    return notion_page(None, NotionForm())


@blueprint.post("/<lang>/people/glossary/new")
@needs(Permission.ORGANISE)
def notion_added() -> ResponseReturnValue:
    """Add the notion that was typed."""
    form = typed()
    try:
        with unit_of_work() as session:
            row = add_notion(
                session,
                forum=the_organised(session),
                said=form.said,
                by=web.actor().user_id,
                now=clock.now(),
            )
            key = row.key
    except Invalid as problem:
        form.add_problems(problem)
        return notion_page(None, form, UNPROCESSABLE)
    flask.flash(_("The entry stands in the glossary; searches use it from now on."), "good")
    return redirect(_at(key), 303)


@blueprint.get("/<lang>/people/glossary/one")
@needs(Permission.ORGANISE)
def notion() -> ResponseReturnValue:
    """Show the notion of the key in `key` as a form, or how to put it back."""
    row = asked_notion(request.args.get("key", ""))
    return notion_page(row, forms.of_notion(row))


@blueprint.post("/<lang>/people/glossary/one")
@needs(Permission.ORGANISE)
def notion_now() -> ResponseReturnValue:
    """Save the notion, take it out or put it back: what the button says."""
    row, form, act = asked_notion(request.form.get("key", "")), typed(), request.form.get("act")
    if act not in _DONE:
        form.add("", _("Please use the buttons of this page."))
        return notion_page(row, form, UNPROCESSABLE)
    try:
        _act(act, row.key, form)
    except Invalid as problem:
        form.add_problems(problem)
        return notion_page(row, form, UNPROCESSABLE)
    except StaleState as error:
        theirs: NotionRow = error.seen["theirs"]
        # Who clicks again has seen both.
        form.seen = theirs.version
        return notion_page(theirs, form, CONFLICT, is_conflict=True)
    flask.flash(i18n.gettext(_DONE[act]), "good")
    return redirect(_at(row.key), 303)


_DONE = {
    "save": i18n.N_("The entry is saved; searches use it from now on."),
    "remove": i18n.N_("The entry is out of the glossary; searches no longer use it."),
    "restore": i18n.N_("The entry is back in the glossary; searches use it again."),
}
"""What is told after each act."""


def _act(act: str, key: str, form: NotionForm) -> None:
    by, now = web.actor().user_id, clock.now()
    with unit_of_work() as session:
        forum = the_organised(session)
        if act == "restore":
            restore_notion(session, forum=forum, key=key, by=by, now=now)
        elif act == "remove":
            remove_notion(session, forum=forum, key=key, seen=form.seen, by=by, now=now)
        else:
            change_notion(
                session, forum=forum, key=key, said=form.said, seen=form.seen, by=by, now=now
            )


def typed() -> NotionForm:
    """Return the form of a notion as it was sent."""
    return forms.read_notion(request.form, objectives=request.form.getlist("objectives"))


def again() -> ResponseReturnValue:
    """Show the form again with what was typed, and nothing done: it came too late."""
    form, key = typed(), request.form.get("key")
    form.add("", account_forms.expired())
    return notion_page(asked_notion(key) if key else None, form, BAD_REQUEST)


def asked_notion(key: str) -> NotionRow:
    """Return a notion of the organiser's forum; raises `NotVisible`."""
    session = db.session()
    row = find_notion(session, forum_id=the_organised(session).id, key=key[:LONGEST])
    if row is None:
        raise NotVisible
    return row


def notion_page(
    row: NotionRow | None, form: NotionForm, status: int = 200, *, is_conflict: bool = False
) -> ResponseReturnValue:
    """Return the page of a notion with what was typed; `row` is None for a new one."""
    page = render_template(
        "spaces/notion.html",
        row=row,
        form=form,
        is_conflict=is_conflict,
        name=row.named_in(i18n.locale()) if row else None,
        objectives=[(str(o.number), o.label) for o in _objectives(the_organised(db.session()))],
        text_languages=[(code, language_label(code)) for code in LOCALES],
        longest_term=LONGEST_TERM,
        longest_note=LONGEST_NOTE,
    )
    return page, status


def _organises(forum: Forum) -> bool:
    return not refusal(Permission.ORGANISE, actor=web.actor(), subject=forum, now=clock.now())


def _objectives(forum: Forum) -> Any:
    return queries.objectives_of_forum(db.session(), forum_id=forum.id)


def _asked(counts: GlossaryCounts, *, keeps: bool) -> Narrowing:
    """Return by what the list is narrowed; what is not offered is passed over."""
    objective = _number(request.args.get("objective"))
    missing = request.args.get("missing")
    return Narrowing(
        words=request.args.get("q", "").strip()[:LONGEST],
        objective=objective if objective in counts.objectives else None,
        missing=missing if keeps and missing in LOCALES else None,
        is_removed=keeps and request.args.get("removed") == "yes",
    )


def _address(by: Narrowing) -> str:
    """Return the address of the list as it is narrowed, ready for a page's number."""
    values = {
        "q": by.words or None,
        "objective": by.objective,
        "missing": by.missing,
        "removed": "yes" if by.is_removed else None,
    }
    known = {name: value for name, value in values.items() if value is not None}
    return f"{url_for('spaces.glossary')}?{urlencode({**known, 'page': ''})}"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 6 else None


def _at(key: str) -> str:
    return f"{url_for('spaces.notion')}?{urlencode({'key': key})}"

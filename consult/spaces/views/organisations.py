"""The registry of organisations: looked up by whoever fills in a form, kept by organisers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import flask
from flask import current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.accounts.views.shared import UNPROCESSABLE
from consult.core import clock, web
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible
from consult.core.i18n import gettext as _
from consult.core.i18n import ngettext
from consult.core.ports import Ports
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries
from consult.spaces.models import Forum
from consult.spaces.queries import OrganisationRow
from consult.spaces.queries.organisations import registered_count
from consult.spaces.services.registry import (
    accept_organisation,
    add_other_name,
    check_merging,
    merge_organisations,
)
from consult.spaces.states import OrganisationStanding
from consult.spaces.views.shared import blueprint, the_forum, the_organised

FIELDS = ("name", "category", "country", "other_name", "into")
LONGEST = 200
"""Characters of what is looked for."""


@dataclass(frozen=True)
class Merging:
    """What an organiser is asked to confirm before two organisations become one."""

    into: str
    """The name of the one that stays."""
    authors: int
    """How many people and delegations move."""
    texts: int
    """How many public texts move with them."""


@blueprint.get("/<lang>/organisations")
@needs(Permission.READ)
def organisations() -> ResponseReturnValue:
    """Tell at most ten names that words fit: as JSON where that is asked for, else as a list."""
    session, words = db.session(), request.args.get("q", "").strip()[:LONGEST]
    names = queries.organisation_names(session, forum_id=the_forum(session).id, words=words)
    if request.accept_mimetypes.best == "application/json":
        response = jsonify(names=names)
    else:
        page = render_template("spaces/organisations.html", words=words, names=names)
        response = flask.make_response(page)
    response.vary.add("Accept")
    return response


@blueprint.get("/<lang>/people/organisations")
@needs(Permission.ORGANISE)
def registry() -> ResponseReturnValue:
    """Show the organisations that wait, then those of the registry that words fit."""
    session, words = db.session(), request.args.get("q", "").strip()[:LONGEST]
    forum = the_organised(session)
    proposed = queries.organisations_of(
        session, forum_id=forum.id, standing=OrganisationStanding.PROPOSED
    )
    known = queries.organisations_of(
        session, forum_id=forum.id, words=words, standing=OrganisationStanding.REGISTERED
    )
    return render_template(
        "spaces/people/organisations.html",
        proposed=proposed,
        known=known,
        total=registered_count(session, forum_id=forum.id),
        words=words,
        categories=dict(forms.category_options(queries.categories(session, forum_id=forum.id))),
        countries=dict(forms.country_options()),
    )


@blueprint.get("/<lang>/people/organisations/one")
@needs(Permission.ORGANISE)
def organisation() -> ResponseReturnValue:
    """Show one organisation, by the name in `name`."""
    session = db.session()
    row = _row(session, the_organised(session), request.args.get("name", ""))
    values = {"name": row.name, "category": row.category or "", "country": row.country or ""}
    return organisation_page(row, Form(values=dict.fromkeys(FIELDS, "") | values))


@blueprint.post("/<lang>/people/organisations/one")
@needs(Permission.ORGANISE)
def organisation_now() -> ResponseReturnValue:
    """Do to the organisation in `organisation` what the button says.

    Save it, add a name, or merge it; a merging is shown first and done once it is confirmed.
    """
    form = account_forms.read(request.form, FIELDS)
    asked = request.form.get("organisation", "")[:LONGEST]
    row = _row(db.session(), the_organised(db.session()), asked)
    act = _ACTS.get(request.form.get("act", ""))
    if act is None:
        form.add("", _("Please use the buttons of this page."))
        return organisation_page(row, form, UNPROCESSABLE)
    try:
        if request.form.get("act") == "merge":
            return organisation_page(row, form, merging=_merging(row, form))
        with unit_of_work() as session:
            name, done = act(session, the_organised(session), row, form)
    except Invalid as problem:
        form.add_problems(problem)
        return organisation_page(row, form, UNPROCESSABLE)
    flask.flash(done, "good")
    return redirect(flask.url_for("spaces.organisation") + "?name=" + quote(name), 303)


def _save(session: Session, forum: Forum, row: OrganisationRow, form: Form) -> tuple[str, str]:
    kept = accept_organisation(
        session,
        forum=forum,
        organisation_id=row.id,
        name=form.values["name"],
        category=form.values["category"],
        country=form.values["country"],
        by=web.actor().user_id,
        now=clock.now(),
    )
    return kept.name, _("It is saved in the registry.")


def _add_name(session: Session, forum: Forum, row: OrganisationRow, form: Form) -> tuple[str, str]:
    kept = add_other_name(
        session,
        forum=forum,
        organisation_id=row.id,
        name=form.values["other_name"],
        by=web.actor().user_id,
        now=clock.now(),
    )
    return kept.name, _("It is saved in the registry.")


def _merge(session: Session, forum: Forum, row: OrganisationRow, form: Form) -> tuple[str, str]:
    name = merge_organisations(
        session,
        forum=forum,
        organisation_id=row.id,
        into=form.values["into"],
        by=web.actor().user_id,
        now=clock.now(),
    ).name
    if not row.authors:
        return name, _("“%(name)s” is now part of “%(into)s”.", name=row.name, into=name)
    return name, ngettext(
        "“%(name)s” is now part of “%(into)s”; %(num)s person or delegation moved.",
        "“%(name)s” is now part of “%(into)s”; %(num)s people or delegations moved.",
        row.authors,
        name=row.name,
        into=name,
    )


_ACTS: dict[str, Callable[[Session, Forum, OrganisationRow, Form], tuple[str, str]]] = {
    "save": _save,
    "other": _add_name,
    "merge": _merge,
    "merge-now": _merge,
}
"""What each button does; it returns the name to show next and the sentence that tells of it."""


def _merging(row: OrganisationRow, form: Form) -> Merging:
    """Return what a merging would move; raises `Invalid` where it cannot be done."""
    session, into = db.session(), form.values["into"]
    forum = the_organised(session)
    check_merging(session, forum=forum, organisation_id=row.id, into=into)
    ports: Ports = current_app.extensions["consult.ports"]
    counted = ports.texts_of_organisation
    return Merging(
        into=_row(session, forum, into).name,
        authors=row.authors,
        texts=counted(session, row.id) if counted else 0,
    )


def organisation_page(
    row: OrganisationRow, form: Form, status: int = 200, *, merging: Merging | None = None
) -> ResponseReturnValue:
    """Return the page with what was typed; fields of the other forms as they are kept."""
    session = db.session()
    forum = the_organised(session)
    if request.form.get("act") in {"other", "merge", "merge-now"}:
        kept = {"name": row.name, "category": row.category or "", "country": row.country or ""}
        form.values |= kept
    categories = queries.categories(session, forum_id=forum.id)
    page = render_template(
        "spaces/people/organisation.html",
        row=row,
        form=form,
        merging=merging,
        categories=[("", _("No category stated")), *forms.category_options(categories)[1:]],
        countries=forms.country_options(),
    )
    return page, status


def _row(session: Session, forum: Forum, name: str) -> OrganisationRow:
    """Return the organisation that a name leads to; raises `NotVisible`."""
    row = queries.organisation_named(session, forum_id=forum.id, name=name)
    if row is None:
        raise NotVisible
    return row

"""What several pages of spaces share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.core import clock, web
from consult.core.authz import Permission, refusal
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible
from consult.spaces import forms, queries, services
from consult.spaces.models import Category, Forum
from consult.spaces.services import Affiliation

blueprint = Blueprint("spaces", __name__)


def the_forum(session: Session) -> Forum:
    """Return the forum that the site is about; raises `NotVisible` where there is none yet."""
    forum = queries.current_forum(session)
    if forum is None:
        raise NotVisible
    return forum


def the_organised(session: Session) -> Forum:
    """Return the forum where the actor organises it; raises `NotVisible`."""
    forum = the_forum(session)
    if refusal(Permission.ORGANISE, actor=web.actor(), subject=forum, now=clock.now()):
        raise NotVisible
    return forum


def affiliation_options(form: Form) -> dict[str, Any]:
    """Return what can be chosen in the fields of an affiliation, as it was filled in so far."""
    session = db.session()
    forum = queries.current_forum(session)
    found: Sequence[Category] = queries.categories(session, forum_id=forum.id) if forum else ()
    similar: Sequence[str] = ()
    if forum is not None and "organisation_choice" in form.errors:
        similar = services.similar_organisations(
            session, forum=forum, name=form.values["organisation"]
        )
    return {
        "categories": forms.category_options(found) if forum else [],
        "countries": forms.country_options(),
        "displays": forms.display_options(),
        "similar": forms.organisation_options(similar) if similar else [],
    }


def consent_options(session: Session, forum: Forum | None) -> dict[str, Any]:
    """Return what is to be agreed to, and what was ticked in this form."""
    asked = queries.asked_consents(session, forum_id=forum.id) if forum else ()
    return {
        "asked": forms.purpose_options(asked),
        "ticked": forms.consents_in(request.form.getlist("consents")),
    }


def settled(
    session: Session, *, forum: Forum, form: Form, asks_consents: bool
) -> tuple[Affiliation, dict[str, list[str]]]:
    """Return the affiliation that was typed, with the organisation that is meant by it, and what is
    wrong with it and with the consents.
    """
    said = forms.affiliation_in(form)
    found: dict[str, list[str]] = {}
    try:
        name = services.settle_organisation(
            session,
            forum=forum,
            name=said.organisation,
            choice=form.values["organisation_choice"],
        )
        said = replace(said, organisation=name)
    except Invalid as problem:
        found |= problem.problems
    try:
        services.check_affiliation(session, forum=forum, said=said)
    except Invalid as problem:
        found |= problem.problems
    if asks_consents:
        try:
            given = forms.consents_in(request.form.getlist("consents"))
            services.check_consents(session, forum=forum, given=given)
        except Invalid as problem:
            found |= problem.problems
    return said, found

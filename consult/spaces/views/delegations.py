"""Pages of delegations: one's own, and for organisers all of the forum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.accounts.views.shared import FORBIDDEN, TOO_MANY, UNPROCESSABLE, wait
from consult.core import clock, i18n, web, wording
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries
from consult.spaces.models import Author, Forum
from consult.spaces.queries import delegations as reads
from consult.spaces.queries.delegations import Delegation
from consult.spaces.services import delegations
from consult.spaces.states import Membership
from consult.spaces.views.delegation_acts import do
from consult.spaces.views.shared import blueprint, the_forum, the_organised

FIELDS = (
    "act",
    "delegation",
    "organisation",
    "category",
    "country",
    "wants_clearance",
    "email",
    "membership",
    "locale",
    "member",
    "invitation",
)

BAD_REQUEST = 400


@blueprint.get("/<lang>/account/delegation")
@needs(Permission.ACCOUNT)
def delegation() -> ResponseReturnValue:
    """Show the person's delegation, or how to set one up."""
    return own_page(_read({}))


@blueprint.post("/<lang>/account/delegation")
@needs(Permission.ACCOUNT)
def delegation_now() -> ResponseReturnValue:
    """Set up the delegation, change it, or leave it, as the button says."""
    form = _read(request.form)
    try:
        with unit_of_work() as session:
            forum = the_forum(session)
            if form.values["act"] == "found":
                author = delegations.found(session, forum=forum, actor=web.actor(), now=clock.now())
                done = _("The delegation is set up, and you are its focal point.")
            else:
                author = _own(session, forum, uid=form.values["delegation"])
                done = do(session, forum, author, form)
            uid = author.uid
    except (Invalid, Forbidden, TooMany) as problem:
        return _refused(own_page, form, problem)
    flask.flash(done, "good")
    has_left = form.values["act"] == "leave"
    address = flask.url_for("spaces.delegation", delegation=None if has_left else uid)
    return redirect(address, 303)


@blueprint.get("/<lang>/people/delegations")
@needs(Permission.ORGANISE)
def delegations_of_forum() -> ResponseReturnValue:
    """Show every delegation of the forum with its members; for organisers."""
    return organisers_page(_read({}))


@blueprint.post("/<lang>/people/delegations")
@needs(Permission.ORGANISE)
def delegations_now() -> ResponseReturnValue:
    """Set a delegation up, appoint somebody, or dissolve it, as the button says."""
    form = _read(request.form)
    try:
        with unit_of_work() as session:
            forum = the_organised(session)
            author, done = _organise(session, forum, form)
            uid = author.uid
    except (Invalid, Forbidden, TooMany) as problem:
        return _refused(organisers_page, form, problem)
    flask.flash(done, "good")
    return redirect(flask.url_for("spaces.delegations_of_forum", delegation=uid), 303)


def own_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the person's page with what was typed."""
    session, user_id = db.session(), web.actor().user_id or 0
    forum = the_forum(session)
    mine = reads.delegations_of(session, forum_id=forum.id, user_id=user_id)
    shown = _chosen(mine, form) or (mine[0] if mine else None)
    page = render_template(
        "spaces/delegation.html",
        form=_filled(form, shown),
        others=[one for one in mine if one is not shown],
        shown=shown,
        founding=reads.founding(session, forum=forum, user_id=user_id),
        problem_words=wording.of_problem,
        **_options(session, forum),
    )
    return page, status


def organisers_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the organisers' page with what was typed."""
    session = db.session()
    forum = the_organised(session)
    found = reads.delegations_in(session, forum_id=forum.id, user_id=web.actor().user_id or 0)
    shown = _chosen(found, form)
    page = render_template(
        "spaces/people/delegations.html",
        form=_filled(form, shown),
        found=found,
        shown=shown,
        **_options(session, forum),
    )
    return page, status


def own_again() -> ResponseReturnValue:
    """Return the person's page again whose form stood open for too long; nothing was done."""
    return own_page(_late(), BAD_REQUEST)


def organisers_again() -> ResponseReturnValue:
    """Return the organisers' page again whose form stood open for too long; nothing was done."""
    return organisers_page(_late(), BAD_REQUEST)


def _late() -> Form:
    form = _read(request.form)
    form.add("", account_forms.expired())
    return form


def _options(session: Session, forum: Forum) -> dict[str, Any]:
    return {
        "categories": forms.category_options(queries.categories(session, forum_id=forum.id)),
        "countries": forms.country_options(),
        "memberships": _membership_options(),
        "locales": list(i18n.LANGUAGE_NAMES.items()),
        "zone": forum.time_zone,
    }


def _membership_options() -> forms.Options:
    """Return how somebody can belong to a delegation, each with what it means."""
    return [
        (Membership.CONTRIBUTOR.value, _("Contributor: writes for the delegation")),
        (
            Membership.FOCAL_POINT.value,
            _("Focal point: writes, releases texts and looks after the members"),
        ),
    ]


def _read(sent: Mapping[str, str]) -> Form:
    return account_forms.read(sent, FIELDS)


def _filled(form: Form, shown: Delegation | None) -> Form:
    """Fill in what was not sent: what the delegation says of itself, and the page's language."""
    form.values["locale"] = form.values["locale"] or i18n.locale()
    form.values["membership"] = form.values["membership"] or Membership.CONTRIBUTOR.value
    if shown is not None and form.values["act"] != "describe":
        form.values |= {
            "category": shown.category.slug if shown.category else "",
            "country": shown.author.country or "",
            "wants_clearance": "1" if shown.author.wants_clearance else "",
        }
    return form


def _chosen(found: Sequence[Delegation], form: Form) -> Delegation | None:
    """Return the delegation that the form or the address names."""
    uid = form.values["delegation"] or request.args.get("delegation", "")
    return next((one for one in found if one.uid == uid), None)


def _own(session: Session, forum: Forum, *, uid: str) -> Author:
    """Return a delegation that the actor belongs to; raises `NotVisible`."""
    author = reads.by_uid(session, forum_id=forum.id, uid=uid)
    if author is None or author.id not in web.actor().author_ids:
        raise NotVisible
    return author


def _organise(session: Session, forum: Forum, form: Form) -> tuple[Author, str]:
    """Do what an organiser's button says; return the delegation and the sentence about it."""
    values = form.values
    if values["act"] == "found":
        author = delegations.found_for(
            session,
            forum=forum,
            organisation=values["organisation"],
            category=values["category"],
            country=values["country"],
            email=values["email"],
            locale=values["locale"],
            actor=web.actor(),
            now=clock.now(),
        )
        return author, _("The delegation is set up; its focal point is invited.")
    found = reads.by_uid(session, forum_id=forum.id, uid=values["delegation"])
    if found is None:
        raise NotVisible
    if values["act"] == "dissolve":
        delegations.dissolve(session, forum=forum, author=found, actor=web.actor(), now=clock.now())
        return found, _("The delegation has no members any more. Its texts stay.")
    return found, do(session, forum, found, form)


def _refused(
    page: Callable[[Form, int], ResponseReturnValue],
    form: Form,
    problem: Invalid | Forbidden | TooMany,
) -> ResponseReturnValue:
    """Return the page with everything that was typed and the reason."""
    if isinstance(problem, Invalid):
        form.add_problems(problem)
        return page(form, UNPROCESSABLE)
    if isinstance(problem, TooMany):
        form.add("", _("Fifty invitations a day can go out. Please send the others tomorrow."))
        return wait(page(form, TOO_MANY), problem)
    if problem.refusal not in {Refusal.LAST_FOCAL_POINT, Refusal.NOT_FOCAL_POINT}:
        raise problem
    form.add("", wording.of_refusal(problem.refusal))
    return page(form, FORBIDDEN)

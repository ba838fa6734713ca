"""The organiser's page of roles: who holds which, appointing, second steps, suspending."""

from __future__ import annotations

from collections.abc import Callable

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts.forms import Form
from consult.accounts.services.second_factor import reset_second_factor
from consult.accounts.states import UserStatus
from consult.accounts.views.shared import TOO_MANY, UNPROCESSABLE, wait
from consult.core import clock, i18n, web
from consult.core.authz import Permission, Role
from consult.core.db import db
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, queries
from consult.spaces.models import Forum
from consult.spaces.queries.joining import StaffRow, staff_of
from consult.spaces.services.staff import appoint, check_staff, dismiss, set_staff_status
from consult.spaces.views.shared import blueprint, the_organised

FIELDS = ("email", "name", "role", "space", "locale")


@blueprint.get("/<lang>/people/roles")
@needs(Permission.ORGANISE)
def roles() -> ResponseReturnValue:
    """Show who holds which role where; no addresses."""
    return roles_page(Form(values=dict.fromkeys(FIELDS, "") | {"locale": i18n.locale()}))


@blueprint.post("/<lang>/people/roles")
@needs(Permission.ORGANISE)
def roles_now() -> ResponseReturnValue:
    """Appoint whoever has the address, or invite them to the role."""
    form = read_role()
    try:
        with unit_of_work() as session:
            is_appointed = _appoint(session, form)
    except Invalid as problem:
        form.add_problems(problem)
        return roles_page(form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", _("Fifty invitations a day can go out. Please send the others tomorrow."))
        return wait(roles_page(form, TOO_MANY), limit)
    flask.flash(
        _("They hold the role now, and are told by mail.")
        if is_appointed
        else _("There is no account with this address yet: an invitation is on its way."),
        "good",
    )
    return redirect(flask.url_for("spaces.roles"), 303)


@blueprint.post("/<lang>/people/roles/one")
@needs(Permission.ORGANISE)
def role_act() -> ResponseReturnValue:
    """Do to one person what the button says: take a role, suspend, let in, reset."""
    act = _ACTS.get(request.form.get("act", ""))
    whom = request.form.get("id", "")
    form = read_role()
    if act is None or not whom.isdecimal() or len(whom) > 15:
        form.add("", _("Please use the buttons of this page."))
        return roles_page(form, UNPROCESSABLE)
    try:
        with unit_of_work() as session:
            done = act(session, the_organised(session), int(whom), web.actor().user_id or 0)
    except Invalid as problem:
        for codes in problem.problems.values():
            form.add_problems(Invalid({"": codes}))
        return roles_page(form, UNPROCESSABLE)
    flask.flash(done, "good")
    return redirect(flask.url_for("spaces.roles"), 303)


def read_role() -> Form:
    """Return what was typed about whom to appoint; the language of this page where none was."""
    form = account_forms.read(request.form, FIELDS)
    form.values["locale"] = form.values["locale"] or i18n.locale()
    return form


def _appoint(session: Session, form: Form) -> bool:
    forum, values = the_organised(session), form.values
    if values["role"] not in {role.value for role in Role}:
        raise Invalid({"role": ["role-missing"]})
    role, space_id = Role(values["role"]), None
    if forms.is_per_space(role):
        space = queries.space_by_slug(session, values["space"])
        if space is None or space.forum_id != forum.id:
            raise Invalid({"space": ["space-missing"]})
        space_id = space.id
    grant = appoint(
        session,
        forum=forum,
        email=values["email"],
        name=values["name"],
        locale=values["locale"],
        role=role,
        space_id=space_id,
        by=web.actor().user_id or 0,
        now=clock.now(),
    )
    return grant is not None


def _dismiss(session: Session, forum: Forum, grant_id: int, by: int) -> str:
    dismiss(session, forum=forum, grant_id=grant_id, by=by, now=clock.now())
    return str(_("The role is taken away."))


def _suspend(session: Session, forum: Forum, user_id: int, by: int) -> str:
    _set_status(session, forum, user_id, by, UserStatus.SUSPENDED)
    return str(_("The account is suspended and signed out everywhere."))


def _reinstate(session: Session, forum: Forum, user_id: int, by: int) -> str:
    _set_status(session, forum, user_id, by, UserStatus.ACTIVE)
    return str(_("The account can be used again."))


def _set_status(session: Session, forum: Forum, user_id: int, by: int, status: UserStatus) -> None:
    set_staff_status(session, forum=forum, user_id=user_id, status=status, by=by, now=clock.now())


def _reset(session: Session, forum: Forum, user_id: int, by: int) -> str:
    check_staff(session, forum=forum, user_id=user_id, by=by)
    if not reset_second_factor(session, user_id=user_id, by=by, now=clock.now()):
        return str(_("There was no second step to reset."))
    return str(_("The second step is reset; the person is told by mail."))


_ACTS: dict[str, Callable[[Session, Forum, int, int], str]] = {
    "dismiss": _dismiss,
    "suspend": _suspend,
    "reinstate": _reinstate,
    "reset": _reset,
}


def roles_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed."""
    session = db.session()
    forum = the_organised(session)
    spaces = queries.spaces_of_forum(session, forum_id=forum.id, actor=web.actor())
    page = render_template(
        "spaces/people/roles.html",
        form=form,
        sections=_sections(session, forum),
        roles=forms.role_options(),
        spaces=[
            ("", _("For moderators and drafters")),
            *((view.space.slug, f"{view.space.code} – {view.space.title}") for view in spaces),
        ],
        locales=list(i18n.LANGUAGE_NAMES.items()),
        zone=forum.time_zone,
    )
    return page, status


def _sections(session: Session, forum: Forum) -> list[list[list[tuple[StaffRow, str]]]]:
    """Return by space, then by person, the roles that are held, each with its name."""
    spaces: dict[int | None, dict[int, list[tuple[StaffRow, str]]]] = {}
    for row in staff_of(session, forum_id=forum.id):
        held = spaces.setdefault(row.space_id, {}).setdefault(row.user_id, [])
        held.append((row, forms.role_words(row.role)))
    return [list(people.values()) for people in spaces.values()]

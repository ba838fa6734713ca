"""The page behind an invitation: with a new account, or with the one that has its address."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts import forms as account_forms
from consult.accounts import login
from consult.accounts.forms import Form
from consult.accounts.passwords import MIN_LENGTH
from consult.accounts.services.checks import spend
from consult.accounts.views.shared import (
    GONE,
    TOO_MANY,
    UNPROCESSABLE,
    home,
    site_words,
    wait,
)
from consult.core import clock, i18n, limits, web
from consult.core.authz import Permission, Role
from consult.core.db import db
from consult.core.errors import Invalid, TooMany
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.spaces import forms, services
from consult.spaces.models import Author, Forum, Invitation, Space
from consult.spaces.services import Affiliation
from consult.spaces.views.registering import FORBIDDEN
from consult.spaces.views.shared import (
    affiliation_options,
    blueprint,
    consent_options,
    settled,
)


@blueprint.get("/<lang>/invitations/<token>")
@needs(Permission.SIGN_IN)
def invitation(token: str) -> ResponseReturnValue:
    """Show what the invitation gives and how to take it; only the button takes it."""
    found = _live(db.session(), token)
    name = found.name if found is not None else ""
    return invitation_page(token, forms.blank(name=name))


@blueprint.post("/<lang>/invitations/<token>")
@needs(Permission.SIGN_IN)
def invitation_now(token: str) -> ResponseReturnValue:
    """Take the invitation: with the account that is signed in, else with a new one."""
    form = forms.read_affiliation(request.form)
    is_signed_in = web.actor().is_signed_in
    try:
        with unit_of_work() as session:
            found = _live(session, token)
            if found is None:
                raise Invalid({"link": ["link-invalid"]})
            take = _accept if is_signed_in else _register
            take(session, found, token=token, form=form)
    except Invalid as problem:
        if "link" not in problem.problems:
            form.add_problems(problem)
        return invitation_page(token, form, UNPROCESSABLE)
    except TooMany as limit:
        form.add("", account_forms.too_many(limit.retry_after))
        return wait(invitation_page(token, form, TOO_MANY), limit)
    if is_signed_in:
        flask.flash(_("You have taken the invitation."), "good")
        return redirect(home(), 303)
    flask.flash(_("Your account is ready. Please sign in with your new password."), "good")
    return redirect(flask.url_for("accounts.sign_in"), 303)


def _register(session: Session, found: Invitation, *, token: str, form: Form) -> None:
    said, problems = _said(session, found, form)
    client, now = login.client(), clock.now()
    spend(session, (limits.REGISTER_BY_ADDRESS, client.address), client=client, now=now)
    try:
        services.register_invited(
            session,
            token=token,
            secret_key=web.config().secret_key,
            said=said,
            given=forms.consents_in(request.form.getlist("consents")),
            password=account_forms.secret(request.form, "password"),
            locale=i18n.locale(),
            hasher=login.hasher(),
            now=now,
            site_words=site_words(),
        )
    except Invalid as more:
        raise Invalid(more.problems | problems) from None
    if problems:
        raise Invalid(problems)


def _accept(session: Session, found: Invitation, *, token: str, form: Form) -> None:
    said, problems = _said(session, found, form)
    if problems:
        raise Invalid(problems)
    services.accept_invitation(
        session,
        token=token,
        secret_key=web.config().secret_key,
        user_id=web.actor().user_id or 0,
        said=said,
        given=forms.consents_in(request.form.getlist("consents")),
        now=clock.now(),
    )


def _said(
    session: Session, found: Invitation, form: Form
) -> tuple[Affiliation, dict[str, list[str]]]:
    """Return the affiliation and what is wrong with it, where the page asks for one."""
    if not _asks(session, found):
        return forms.affiliation_in(form), {}
    forum = session.get_one(Forum, found.forum_id)
    return settled(session, forum=forum, form=form, asks_consents=False)


def _asks(session: Session, found: Invitation) -> bool:
    """Whether it is to be said for whom one speaks: once in a forum."""
    user_id = web.actor().user_id
    is_known = user_id is not None and services.author_of(
        session, forum_id=found.forum_id, user_id=user_id
    )
    return services.asks_affiliation(found) and not is_known


def invitation_page(token: str, form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page with what was typed, or the one that helps where the link is dead."""
    session = db.session()
    found = _live(session, token)
    if found is None:
        return render_template("spaces/invitation.html", found=None, form=form), GONE
    forum = session.get_one(Forum, found.forum_id)
    owner = services.user_invited(session, found)
    is_foreign = web.actor().is_signed_in and (owner is None or owner.id != web.actor().user_id)
    asks_consents = found.role is None and (
        owner is None or services.author_of(session, forum_id=forum.id, user_id=owner.id) is None
    )
    page = render_template(
        "spaces/invitation.html",
        found=found,
        gives=_gives(session, found),
        form=form,
        token=token,
        min_length=MIN_LENGTH,
        is_foreign=is_foreign,
        has_account=owner is not None,
        asks=_asks(session, found),
        **affiliation_options(form),
        **(consent_options(session, forum) if asks_consents else {"asked": (), "ticked": ()}),
    )
    return page, FORBIDDEN if is_foreign else status


def _gives(session: Session, found: Invitation) -> str:
    """Return in a sentence what the invitation gives."""
    if found.role:
        space = session.get(Space, found.space_id) if found.space_id else None
        role = forms.role_words(Role(found.role))
        if space is not None:
            return str(_("Your role: %(role)s, in “%(space)s”.", role=role, space=space.title))
        return str(_("Your role: %(role)s.", role=role))
    if found.author_id:
        author = session.get_one(Author, found.author_id)
        return str(_("You write for the delegation “%(name)s”.", name=author.name))
    return str(_("You can answer questions and reply to others."))


def _live(session: Session, token: str) -> Invitation | None:
    return services.live_invitation(
        session, token=token, secret_key=web.config().secret_key, now=clock.now()
    )

"""The organisers' page of addresses that send mails back."""

from __future__ import annotations

import flask
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.core import audit, clock, web
from consult.core.authz import Permission, Role
from consult.core.errors import NotVisible
from consult.core.i18n import gettext as _
from consult.core.i18n import ngettext
from consult.core.unit_of_work import unit_of_work
from consult.core.web import needs
from consult.notifications.queries.bounces import troubled
from consult.notifications.services import bouncing
from consult.notifications.views.blueprint import blueprint
from consult.spaces.queries import current_forum


@blueprint.get("/<lang>/people/mail")
@needs(Permission.ORGANISE)
def troubles() -> ResponseReturnValue:
    """Show whose mails come back, with their addresses; that they were seen is noted."""
    return troubles_page(Form())


@blueprint.post("/<lang>/people/mail")
@needs(Permission.ORGANISE)
def troubles_now() -> ResponseReturnValue:
    """Send mails to one address again, as the button beside it says."""
    value = request.form.get("user", "")
    user_id = int(value) if value.isdecimal() and len(value) < 16 else 0
    with unit_of_work() as session:
        if user_id not in {row.user_id for row in troubled(session, forum_ids=_forum_ids())}:
            raise NotVisible
        count = bouncing.try_again(session, user_id=user_id, actor=web.actor(), now=clock.now())
    flask.flash(_outcome(count), "good")
    return redirect(flask.url_for("notifications.troubles"), 303)


def troubles_page(form: Form, status: int = 200) -> ResponseReturnValue:
    """Return the page, with what is wrong about a form that was sent."""
    with unit_of_work() as session:
        rows = troubled(session, forum_ids=_forum_ids())
        _note_view(session, [row.user_id for row in rows])
        forum = current_forum(session)
        zone = forum.time_zone if forum else None
    return render_template("notifications/bounces.html", rows=rows, form=form, zone=zone), status


def _forum_ids() -> frozenset[int]:
    return web.actor().forum_ids_as(Role.ORGANISER)


def _note_view(session: Session, user_ids: list[int]) -> None:
    """Write down that addresses of people were seen."""
    if not user_ids:
        return
    audit.record(
        session,
        "mail.view",
        actor_id=web.actor().user_id,
        now=clock.now(),
        subject=("forum", min(_forum_ids(), default=None)),
        users=user_ids,
    )


def _outcome(count: int) -> str:
    if not count:
        return _("Mails go to this address again.")
    return ngettext(
        "Mails go to this address again; %(num)s that had failed is sent once more.",
        "Mails go to this address again; %(num)s that had failed are sent once more.",
        count,
    )

"""What the buttons on pages of delegations do; focal points and organisers share them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from consult.accounts.forms import Form
from consult.core import clock, web
from consult.core.errors import Invalid, NotVisible
from consult.core.i18n import gettext as _
from consult.spaces.models import Author, Forum
from consult.spaces.services import delegation_members, delegations
from consult.spaces.states import Membership

Act = Callable[[Session, Forum, Author, Form], None]


def do(session: Session, forum: Forum, author: Author, form: Form) -> str:
    """Do what a button says with a delegation; return the sentence that tells so."""
    if form.values["act"] not in ACTS:
        raise NotVisible
    act, done = ACTS[form.values["act"]]
    act(session, forum, author, form)
    return str(done())


def _describe(session: Session, forum: Forum, author: Author, form: Form) -> None:
    delegations.describe(
        session,
        forum=forum,
        author=author,
        category=form.values["category"],
        country=form.values["country"],
        wants_clearance=form.values["wants_clearance"] == "1",
        actor=web.actor(),
        now=clock.now(),
    )


def _invite(session: Session, forum: Forum, author: Author, form: Form) -> None:
    wanted = form.values["membership"]
    if wanted not in delegation_members.SHARED:
        raise Invalid({"membership": ["membership-unknown"]})
    delegation_members.ask_to_join(
        session,
        forum=forum,
        author=author,
        email=form.values["email"],
        membership=Membership(wanted),
        locale=form.values["locale"],
        actor=web.actor(),
        now=clock.now(),
    )


def _take_back(session: Session, forum: Forum, author: Author, form: Form) -> None:
    delegation_members.take_invitation_back(
        session,
        forum=forum,
        author=author,
        invitation_id=form.values["invitation"][:32],
        actor=web.actor(),
        now=clock.now(),
    )


def _change(membership: Membership) -> Act:
    def change(session: Session, forum: Forum, author: Author, form: Form) -> None:
        delegation_members.change_membership(
            session,
            forum=forum,
            author=author,
            member=form.values["member"][:64],
            membership=membership,
            actor=web.actor(),
            now=clock.now(),
        )

    return change


def _remove(session: Session, forum: Forum, author: Author, form: Form) -> None:
    delegation_members.remove_member(
        session,
        forum=forum,
        author=author,
        member=form.values["member"][:64],
        actor=web.actor(),
        now=clock.now(),
    )


ACTS: Mapping[str, tuple[Act, Callable[[], str]]] = MappingProxyType(
    {
        "describe": (_describe, lambda: _("The settings of the delegation are saved.")),
        "invite": (_invite, lambda: _("The invitation is on its way.")),
        "take-back": (_take_back, lambda: _("The invitation is taken back.")),
        "promote": (_change(Membership.FOCAL_POINT), lambda: _("The member is a focal point now.")),
        "demote": (_change(Membership.CONTRIBUTOR), lambda: _("The member is a contributor now.")),
        "remove": (_remove, lambda: _("The member was removed. The texts stay.")),
        "leave": (_remove, lambda: _("You have left the delegation. Its texts stay with it.")),
    }
)
"""What a button does, and the sentence that tells that it was done."""

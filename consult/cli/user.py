"""`flask user`: accounts and roles."""

from __future__ import annotations

import sys
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts import policy, queries
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services import add_user, change_address_now, reset_second_factor
from consult.cli import base
from consult.core import clock
from consult.core.authz import Role
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.spaces.models import Forum, RoleGrant, Space
from consult.spaces.queries import asked_consents
from consult.spaces.services import create_author, give_consents
from consult.spaces.services.roles import grant_role, revoke_role

group = AppGroup("user", help="Accounts and their roles.")
ROLES = click.Choice([role.value for role in Role])


@group.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--category", required=True, help="Slug of a stakeholder category of the forum.")
@click.option("--organisation", help="For whom they speak.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@base.command
def add(
    email: str, name: str, category: str, organisation: str | None, password_stdin: bool
) -> None:
    """Make an account for EMAIL; without a password its owner asks for a link to set one.

    Whoever adds somebody has their word that they agree to what everybody agrees to who takes part.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    now = clock.now()
    with unit_of_work() as session:
        forum = base.the_forum(session)
        user = add_user(
            session, email=email, name=name, hasher=hasher(), password=password, now=now
        )
        create_author(
            session,
            forum=forum,
            user_id=user.id,
            name=name,
            category=category,
            organisation=organisation,
            now=now,
        )
        asked = asked_consents(session, forum_id=forum.id)
        agreed = {text.purpose for text in asked if text.is_required}
        give_consents(session, forum=forum, user_id=user.id, given=agreed, now=now)
    click.echo(f"{email} was added.", err=True)


@group.command("grant")
@click.argument("email")
@click.argument("role", type=ROLES)
@click.option("--space", "space_slug", help="For moderator and drafter.")
@click.option("--forum", "forum_slug", help="For organiser, reviewer and auditor.")
@base.command
def grant(email: str, role: str, space_slug: str | None, forum_slug: str | None) -> None:
    """Appoint EMAIL to ROLE in a space or a forum."""
    with unit_of_work() as session:
        forum_id, space_id = _scope(session, space_slug=space_slug, forum_slug=forum_slug)
        grant_role(
            session,
            user_id=_the_user(session, email).id,
            role=Role(role),
            forum_id=forum_id,
            space_id=space_id,
            now=clock.now(),
        )
    click.echo(f"{email} is {role} of {space_slug or forum_slug}.", err=True)


@group.command("revoke")
@click.argument("email")
@click.argument("role", type=ROLES)
@click.option("--space", "space_slug")
@click.option("--forum", "forum_slug")
@base.command
def revoke(email: str, role: str, space_slug: str | None, forum_slug: str | None) -> None:
    """Take ROLE in a space or a forum from EMAIL at once."""
    with unit_of_work() as session:
        forum_id, space_id = _scope(session, space_slug=space_slug, forum_slug=forum_slug)
        revoke_role(
            session,
            user_id=_the_user(session, email).id,
            role=Role(role),
            forum_id=forum_id,
            space_id=space_id,
            now=clock.now(),
        )
    click.echo(f"{email} is no longer {role} of {space_slug or forum_slug}.", err=True)


@group.command("reset-second-factor")
@click.argument("email")
@base.command
def reset(email: str) -> None:
    """Take the second factor of EMAIL away, who has lost it and the recovery codes.

    Make sure first that it is the person who asks; they are told by mail and signed out everywhere.
    """
    with unit_of_work() as session:
        user_id = _the_user(session, email).id
        if not reset_second_factor(session, user_id=user_id, by=None, now=clock.now()):
            raise base.WrongCall(f"{email} has no second factor switched on.")
    click.echo(f"{email} signs in with the password alone.", err=True)


@group.command("change-address")
@click.argument("old")
@click.argument("new")
@base.command
def change_address(old: str, new: str) -> None:
    """Give the account of OLD the address NEW, for somebody who cannot read mail at OLD any more.

    Make sure first that it is the person who asks; OLD is told by mail, every session ends.
    """
    with unit_of_work() as session:
        user_id = _the_user(session, old).id
        change_address_now(session, user_id=user_id, email=new, by=None, now=clock.now())
    click.echo(f"{old} is now {new}.", err=True)


@group.command("list")
@base.command
def list_() -> None:
    """Show address, status, name and roles of every account."""
    session = db.session
    roles: dict[int, list[str]] = {}
    held = session.execute(
        select(RoleGrant.user_id, RoleGrant.role, Space.slug, Forum.slug)
        .join(Forum, Forum.id == RoleGrant.forum_id)
        .outerjoin(Space, Space.id == RoleGrant.space_id)
        .order_by(RoleGrant.id)
    )
    for user_id, role, space, forum in held:
        roles.setdefault(user_id, []).append(f"{role}:{space or forum}")
    users = session.execute(select(User.id, User.email, User.status, User.name).order_by(User.id))
    for user_id, email, status, name in users:
        fields = (email or "-", status, name, ",".join(roles.get(user_id, ())) or "-")
        click.echo("\t".join(fields))


def hasher() -> Hasher:
    """Return the application's password hasher."""
    return cast(Hasher, current_app.extensions["consult.hasher"])


def _the_user(session: Session, email: str) -> User:
    user = queries.user_by_email_key(session, email_key=policy.email_key(email))
    if user is None:
        raise base.WrongCall(f"There is no account {email}; `flask user list` shows them.")
    return user


def _scope(
    session: Session, *, space_slug: str | None, forum_slug: str | None
) -> tuple[int, int | None]:
    if (space_slug is None) == (forum_slug is None):
        raise base.WrongCall("Name either --space SLUG or --forum SLUG.")
    if space_slug is not None:
        space = base.the_space(session, space_slug)
        return space.forum_id, space.id
    return base.the_forum(session, forum_slug).id, None

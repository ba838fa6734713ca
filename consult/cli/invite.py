"""`flask user invite`: invitations from the command line."""

from __future__ import annotations

import click

from consult.cli import base
from consult.core import clock
from consult.core.authz import Role
from consult.core.i18n import DEFAULT_LOCALE, LOCALES
from consult.core.unit_of_work import unit_of_work
from consult.spaces.services import invite as invite_address


@click.command("invite")
@click.argument("email")
@click.option("--name", default="", help="How the mail greets them.")
@click.option("--language", type=click.Choice(list(LOCALES)), default=DEFAULT_LOCALE)
@click.option("--role", type=click.Choice([role.value for role in Role]))
@click.option("--space", "space_slug", help="For the roles moderator and drafter.")
@click.option("--forum", "forum_slug", help="Without it, the newest forum.")
@base.command
def invite(
    email: str,
    name: str,
    language: str,
    role: str | None,
    space_slug: str | None,
    forum_slug: str | None,
) -> None:
    """Invite EMAIL to take part, or with --role to a role; the mail is good once, for 14 days."""
    with unit_of_work() as session:
        space = base.the_space(session, space_slug) if space_slug else None
        invite_address(
            session,
            forum=base.the_forum(session, forum_slug),
            email=email,
            name=name,
            locale=language,
            invited_by=None,
            role=Role(role) if role else None,
            space_id=space.id if space else None,
            now=clock.now(),
        )
    click.echo(f"An invitation to {email} is on its way.", err=True)

"""`flask user invite`, and the consents of whoever is added by command."""

from __future__ import annotations

from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from consult.core.authz import Role
from consult.spaces.models import Consent, ConsentText, Invitation
from consult.spaces.states import ConsentPurpose
from tests import factories as make


def run(app: Flask, session: scoped_session[Session], *args: str) -> Result:
    session.commit()
    result = app.test_cli_runner().invoke(args=list(args))
    session.expire_all()
    return result


def test_an_address_is_invited_to_a_role(app: Flask, session: scoped_session[Session]) -> None:
    space = make.make_space(session)
    options = ("--role", "moderator", "--space", space.slug, "--language", "fr", "--name", "Ana")
    result = run(app, session, "user", "invite", "ana@example.org", *options)
    assert result.exit_code == 0
    found = session.scalars(select(Invitation)).one()
    assert (found.email, found.name, found.locale) == ("ana@example.org", "Ana", "fr")
    assert (found.role, found.space_id, found.invited_by) == (Role.MODERATOR, space.id, None)


def test_a_role_per_space_needs_its_space(app: Flask, session: scoped_session[Session]) -> None:
    make.make_space(session)
    result = run(app, session, "user", "invite", "ana@example.org", "--role", "moderator")
    assert result.exit_code == 2
    assert session.scalars(select(Invitation)).all() == []


def test_whoever_is_added_has_agreed_to_what_is_required(
    app: Flask, session: scoped_session[Session]
) -> None:
    forum = make.make_forum(session)
    for purpose in (ConsentPurpose.PUBLISH, ConsentPurpose.NOTIFY):
        session.add(
            ConsentText(
                forum_id=forum.id,
                purpose=purpose,
                version=1,
                text=make.said("I agree"),
                is_required=purpose is ConsentPurpose.PUBLISH,
            )
        )
    options = ("--name", "Ana Ruiz", "--category", "civil-society")
    assert run(app, session, "user", "add", "ana@example.org", *options).exit_code == 0
    assert session.scalars(select(Consent.purpose)).all() == ["publish"]

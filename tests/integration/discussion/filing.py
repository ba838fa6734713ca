"""Short ways to file a text for somebody and to answer as that person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from consult.core import clock
from consult.discussion.models import Contribution, Intake
from consult.discussion.queries.intake import token_of
from consult.discussion.services import intake, intake_answers
from consult.discussion.services.intake import Filing
from consult.discussion.services.texts import Words
from consult.spaces.models import Space
from consult.spaces.services import Affiliation
from tests import factories as make

KEY = "a key of the test"
WROTE = "Our association has run a desk for newcomers since 2019."


def filing(email: str = "Lucia@Example.org", **over: Any) -> Filing:
    """Return what staff type for Lucía; keywords change the affiliation or the filing."""
    said = {
        "name": "Lucía Ferrer",
        "category": "civil-society",
        "organisation": "Puertas Abiertas",
        "country": "ES",
    }
    said |= {key: over.pop(key) for key in (*said, "on_behalf_of", "display") if key in over}
    values: dict[str, Any] = {
        "said": Affiliation(**said),
        "email": email,
        "locale": "es",
        "received_at": clock.now() - dt.timedelta(hours=3),
        "words": Words(source=over.pop("source", WROTE), language="en", objectives=(16,)),
    }
    return Filing(**values | over)


def file_for(session: Any, *, actor: Any, space: Space, **over: Any) -> Contribution:
    """File a text under the first question of a space."""
    now = over.pop("now", clock.now())
    return intake.file_text(
        session,
        actor=actor,
        space=space,
        question=make.question_of(session, space),
        filing=filing(**over),
        now=now,
    )


def intake_of(session: Any, contribution: Contribution) -> Intake:
    """Return how a text was filed, read anew."""
    found: Intake = session.scalars(
        select(Intake)
        .where(Intake.contribution_id == contribution.id)
        .execution_options(populate_existing=True)
    ).one()
    return found


def token(session: Any, contribution: Contribution, key: str = KEY) -> str:
    """Return the token in the mail."""
    return token_of(intake_of(session, contribution), secret_key=key)


def confirm(session: Any, contribution: Contribution, **over: Any) -> None:
    """Say that it is mine."""
    values: dict[str, Any] = {
        "token": token(session, contribution),
        "secret_key": KEY,
        "now": clock.now(),
    }
    intake_answers.confirm(session, **values | over)
    session.refresh(contribution)


def disown(session: Any, contribution: Contribution, **over: Any) -> None:
    """Say that it is not mine."""
    values: dict[str, Any] = {
        "token": token(session, contribution),
        "secret_key": KEY,
        "now": clock.now(),
    }
    intake_answers.disown(session, **values | over)
    session.refresh(contribution)

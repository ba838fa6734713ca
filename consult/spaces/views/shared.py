"""What several pages of spaces share."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint
from sqlalchemy.orm import Session

from consult.core.db import db
from consult.core.errors import NotVisible
from consult.spaces import forms, queries
from consult.spaces.models import Category, Forum

blueprint = Blueprint("spaces", __name__)


def the_forum(session: Session) -> Forum:
    """Return the forum that the site is about; raises `NotVisible` where there is none yet."""
    forum = queries.current_forum(session)
    if forum is None:
        raise NotVisible
    return forum


def affiliation_options() -> dict[str, forms.Options]:
    """Return what can be chosen in the fields of an affiliation."""
    session = db.session()
    forum = queries.current_forum(session)
    found: Sequence[Category] = queries.categories(session, forum_id=forum.id) if forum else ()
    return {
        "categories": forms.category_options(found) if forum else [],
        "countries": forms.country_options(),
        "displays": forms.display_options(),
    }

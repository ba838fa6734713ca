"""The floor: the same rows by one statement, through a template that does nothing but show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import Environment
from sqlalchemy import Select, select

from bench.corpus import SPACE
from consult.core.db import db
from consult.discussion.models import Contribution, Revision
from consult.spaces.models import Author, Organisation, Question, Space

TEMPLATE = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
<h1>{{ title }}</h1><ol>
{% for row in rows %}<li id="{{ row.reference }}"><article><h3>{{ row.name }}</h3>
<p>{{ row.organisation }} · {{ row.sent_at }} · {{ row.language }}</p>{{ row.html|safe }}
<p><a href="/fr/contributions/{{ row.reference }}">{{ row.reference }}</a></p></article></li>
{% endfor %}</ol></body></html>"""


def floor(app: Flask, *, question: int, per_page: int) -> Callable[[], bytes]:
    """Return a work that reads and shows one page of one question."""
    template = Environment(autoescape=True).from_string(TEMPLATE)
    with app.app_context():
        question_id = db.session.scalars(
            select(Question.id)
            .join(Space, Space.id == Question.space_id)
            .where(Space.slug == SPACE, Question.number == question)
        ).one()
    statement = _statement(question_id, per_page)

    def show() -> bytes:
        with app.app_context():
            rows = db.session.execute(statement).all()
            page = template.render(title="Question", rows=rows).encode()
        assert page.count(b"<article>") == per_page
        return page

    return show


def _statement(question_id: int, per_page: int) -> Select[Any]:
    return (
        select(
            Contribution.reference,
            Contribution.sent_at,
            Revision.html,
            Revision.language,
            Author.name,
            Organisation.name.label("organisation"),
        )
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(Contribution.question_id == question_id)
        .order_by(Contribution.thread_ordinal, Contribution.thread_id, Contribution.path)
        .limit(per_page)
    )

"""What a text being written seems to be: its language and objectives, for the script of the form.

It only proposes: nothing is kept, nothing is ticked.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from werkzeug.wrappers import Response

from consult.core import languages, markup
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import gettext as _
from consult.core.i18n import language_label
from consult.core.passages import passages
from consult.core.ports import Suggestion
from consult.core.remarks import remarks
from consult.core.text import shorten
from consult.core.web import actor, limiter, needs
from consult.core.wording import of_remark
from consult.discussion.services import marks
from consult.discussion.services.texts import MAX_BODY
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import readable_space
from consult.discussion.views.suggestions import suggested
from consult.spaces import queries as space_queries
from consult.spaces.models import Space


@blueprint.post("/<lang>/spaces/<slug>/proposals")
@needs(Permission.ACCOUNT)
@limiter.limit("300 per 5 minutes", key_func=lambda: f"account-{actor().user_id}")
def proposals(slug: str) -> Response:
    """Return what is proposed for a text: `language`, `sentence`, `suggestions`, `remarks`."""
    view = readable_space(slug)
    body = request.form.get("body", "").replace("\r\n", "\n")[:MAX_BODY]
    if len(body.strip()) < languages.SHORTEST_FOR_GUESS:
        return jsonify(language=None, sentence="", suggestions=[], remarks=[])
    seen = languages.recognise(body)
    return jsonify(
        language=seen.language,
        language_label=language_label(seen.language) if seen.language else "",
        sentence=_sentence(seen),
        suggestions=_suggestions(body, space=view.space, language=seen.language),
        remarks=[of_remark(one) for one in remarks(body)],
    )


def _sentence(seen: languages.Recognition) -> str:
    if seen.is_foreign:
        return _("This does not look like English, French or Spanish. Please choose the language.")
    looks_like = {
        "en": _("This looks like English."),
        "fr": _("This looks like French."),
        "es": _("This looks like Spanish."),
    }
    return looks_like.get(seen.language or "", _("The language cannot be told yet."))


def _suggestions(body: str, *, space: Space, language: str | None) -> list[dict[str, Any]]:
    found = passages(markup.render(body))
    objectives = space_queries.objectives_of_space(db.session(), space_id=space.id)
    labels = {one.number: one.label for one in objectives}
    return [
        {
            "value": str(marks.mark(found[one.passage], one.objective)),
            "objective": one.objective,
            "label": labels[one.objective],
            "sentence": _asked(one),
        }
        for one in suggested(found, objectives, forum_id=space.forum_id, language=language)
    ]


def _asked(suggestion: Suggestion) -> str:
    """Return the question whether a passage belongs to the objective proposed for it."""
    number, objective = suggestion.passage + 1, suggestion.objective
    if suggestion.heading is not None:
        return _(
            "Paragraph %(number)s stands under “%(heading)s”. Is it about objective %(objective)s?",
            number=number,
            heading=shorten(suggestion.heading, limit=60),
            objective=objective,
        )
    if not suggestion.is_named:
        return _(
            "Paragraph %(number)s speaks of “%(words)s”. Is it about objective %(objective)s?",
            number=number,
            words=suggestion.named,
            objective=objective,
        )
    return _(
        "Paragraph %(number)s says “%(words)s”. Is it about objective %(objective)s?",
        number=number,
        words=suggestion.named,
        objective=objective,
    )

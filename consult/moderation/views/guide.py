"""The moderators' guide: the same parts in three languages, written as Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import current_app, render_template

from consult.core import markup
from consult.core.authz import Permission
from consult.core.i18n import locale
from consult.core.markup import SafeHtml
from consult.core.web import needs
from consult.moderation.views.blueprint import blueprint

_HEADING = re.compile(r"^## (?P<title>.+) \{#(?P<anchor>[a-z-]+)\}$", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A part of the guide."""

    anchor: str
    """The same in each language, so that a link to it survives a change of language."""
    title: str
    html: SafeHtml


@blueprint.get("/<lang>/moderation/guide")
@needs(Permission.MODERATE)
def guide() -> str:
    """Show what moderators need to know about their work here."""
    folder = Path(current_app.root_path).parent / str(current_app.template_folder)
    return render_template("moderation/guide.html", parts=_parts(folder, locale()))


@cache
def _parts(templates: Path, language: str) -> tuple[Part, ...]:
    words = (templates / "moderation" / "guide" / f"{language}.md").read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(words))
    ends = [heading.start() for heading in headings[1:]] + [len(words)]
    return tuple(
        Part(found["anchor"], found["title"], markup.render(words[found.end() : end]))
        for found, end in zip(headings, ends, strict=True)
    )

"""The organiser's pages of how desks work: the spaces, and the settings of each."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for

from consult.core import clock
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import LOCALES, format_number, language_label, ngettext
from consult.core.i18n import gettext as _
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, needs
from consult.moderation.forms.settings import SettingsForm, of_settings, read_settings
from consult.moderation.queries.settings import (
    DeskSettings,
    delegations,
    settings_of,
    space_to_configure,
    spaces_to_configure,
)
from consult.moderation.services.settings import configure
from consult.moderation.views.blueprint import blueprint
from consult.moderation.views.frame import AnyResponse
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Space
from consult.spaces.states import ClaimRule, ModerationMode


@blueprint.get("/<lang>/moderation/settings")
@needs(Permission.CONFIGURE_DESK)
def settings() -> str:
    """List the spaces whose desks the actor configures, each with how it works."""
    session = db.session()
    spaces = spaces_to_configure(session, actor=actor())
    if not spaces:
        raise NotVisible
    g.forum = space_queries.current_forum(session)
    rows = [(space, _said(settings_of(session, space))) for space in spaces]
    return render_template("moderation/settings.html", rows=rows, space=None)


@blueprint.get("/<lang>/moderation/settings/<slug>")
@needs(Permission.CONFIGURE_DESK)
def space_settings(slug: str) -> str:
    """Show how the desk of a space works, as a form."""
    space, forum = _space(slug)
    return _page(space, forum, of_settings(settings_of(db.session(), space)))


@blueprint.post("/<lang>/moderation/settings/<slug>")
@needs(Permission.CONFIGURE_DESK)
def set_space(slug: str) -> AnyResponse:
    """Set how the desk of a space works; a form that is older than the settings is 409."""
    space, forum = _space(slug)
    form = read_settings(request.form)
    try:
        with unit_of_work() as session:
            changed = configure(
                session,
                actor=actor(),
                space_id=space.id,
                wanted=form.wanted,
                seen=form.seen,
                now=clock.now(),
            )
    except Invalid as error:
        form.refuse(error)
        return _page(space, forum, form), 422
    except StaleState as error:
        theirs: DeskSettings = error.seen["theirs"]
        form.seen = theirs.mark
        # Who clicks again has seen both.
        return _page(space, forum, form, conflict=_differing(theirs, error.seen["mine"])), 409
    if changed:
        flash(_("The settings are saved. What waits already goes on waiting."), "good")
    else:
        flash(_("Nothing was changed."), "info")
    return redirect(url_for("moderation.space_settings", slug=slug), 303)


def _space(slug: str) -> tuple[Space, Forum]:
    space, forum = space_to_configure(db.session(), slug=slug, actor=actor(), now=clock.now())
    g.forum = forum
    return space, forum


def _page(
    space: Space,
    forum: Forum,
    form: SettingsForm,
    *,
    conflict: list[tuple[str, str, str]] | None = None,
) -> str:
    found = delegations(db.session(), forum_id=forum.id)
    return render_template(
        "moderation/settings.html",
        space=space,
        form=form,
        modes=_modes(),
        claims=_claims(),
        trusted=[(one.uid, one.name) for one in found],
        text_languages=[(code, language_label(code)) for code in LOCALES],
        conflict=conflict,
    )


def _modes() -> list[tuple[str, str]]:
    return [
        (
            ModerationMode.EVERYTHING.value,
            _("Everything waits: nobody reads a text before a moderator has approved it."),
        ),
        (
            ModerationMode.NEWCOMERS.value,
            _(
                "Newcomers wait: whoever has had enough texts approved publishes at once. A bad"
                " text of theirs is public until a moderator hides it."
            ),
        ),
        (
            ModerationMode.FLAGGED.value,
            _(
                "Only what holds a watched word waits: everything else is public at once, from"
                " anybody. Without watched words nothing at all is read first."
            ),
        ),
    ]


def _claims() -> list[tuple[str, str]]:
    return [
        (ClaimRule.OPTIONAL.value, _("No: whoever decides first has decided.")),
        (
            ClaimRule.REQUIRED.value,
            _("Yes: a moderator has to claim a text before deciding on it."),
        ),
    ]


def _said(found: DeskSettings) -> dict[str, str]:
    """Return the settings in words, by their names, in the order of the page."""
    modes = {
        ModerationMode.EVERYTHING: _("Everything waits"),
        ModerationMode.NEWCOMERS: _("Newcomers wait"),
        ModerationMode.FLAGGED: _("Only what holds a watched word waits"),
    }
    claims = {ClaimRule.OPTIONAL: _("optional"), ClaimRule.REQUIRED: _("required")}
    words = [
        f"{language_label(code)}: {', '.join(found.watch_words[code])}"
        for code in LOCALES
        if code in found.watch_words
    ]
    return {
        _("What waits"): modes[found.mode],
        _("Approved texts that make somebody known"): format_number(found.newcomer_texts),
        _("Watched words"): " · ".join(words) or _("none"),
        _("Claims"): claims[found.claims],
        _("Moderators are reminded"): _hours(found.remind_after),
        _("Organisers are told"): _hours(found.escalate_after),
        _("Delegations that are trusted"): format_number(len(found.trusted)),
    }


def _hours(number: int | None) -> str:
    if number is None:
        return _("never")
    return str(ngettext("after %(num)s hour", "after %(num)s hours", number))


def _differing(theirs: DeskSettings, mine: DeskSettings) -> list[tuple[str, str, str]]:
    """Return what stands differently now than what was sent: name, there, sent."""
    there, sent = _said(theirs), _said(mine)
    return [(name, there[name], sent[name]) for name in there if there[name] != sent[name]]

"""Feeds of contributions: from rows to Atom, with our addresses, in the current language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Response, make_response, request

from consult.core import atom
from consult.core.i18n import gettext as _
from consult.core.i18n import locale
from consult.core.web import config, public_url
from consult.discussion.queries import feeds
from consult.spaces.models import Forum
from consult.spaces.queries import ObjectiveRow, SpaceView


def space_feed_title(view: SpaceView) -> str:
    """Return the name of a space's feed, which other feeds name as the home of its texts."""
    return f"{view.space.kicker} – {view.space.title}"


def of_spaces(
    views: Sequence[SpaceView],
    entries: Iterable[feeds.Entry],
    *,
    url: str,
    page_url: str,
    title: str,
    subtitle: str,
    names_space: bool,
) -> atom.Feed:
    """Return a feed of texts of spaces of one forum; `names_space` where there may be several."""
    forum = views[0].forum
    told = [_entry(entry, names_space=names_space) for entry in entries]
    changes = [view.space.last_change_at or forum.created_at for view in views]
    return atom.Feed(
        url=url,
        title=title,
        subtitle=subtitle,
        page_url=page_url,
        language=locale(),
        author=str(forum.title),
        updated=max([*changes, *(entry.updated for entry in told)]),
        rights=str(forum.licence),
        icon=icon_url(),
        entries=told,
    )


def of_search(
    forum: Forum, entries: Iterable[feeds.Entry], *, url: str, page_url: str, title: str
) -> atom.Feed:
    """Return a feed of texts that were found, maybe in several forums; each has its own rights."""
    found = [_entry(entry, names_space=True, names_rights=True) for entry in entries]
    return atom.Feed(
        url=url,
        title=title,
        subtitle=_("The newest contributions that this search finds"),
        page_url=page_url,
        language=locale(),
        author=str(forum.title),
        updated=max([forum.created_at, *(entry.updated for entry in found)]),
        rights="",
        icon=icon_url(),
        entries=found,
    )


def respond(feed: atom.Feed, *, tag: str | None = None) -> Response:
    """Return the answer with a feed; 304 to whoever has it.

    `tag` is made from what the feed is made from; without one the bytes are their own tag.
    """
    response = make_response(atom.write(feed))
    response.headers["Content-Type"] = f"{atom.MEDIA_TYPE}; charset=utf-8"
    if tag is None:
        response.add_etag()
    else:
        response.set_etag(tag)
    response.make_conditional(request)
    return response


def icon_url() -> str:
    """Return the address of the site's mark."""
    return config().base_url + "/static/mark.svg"


def _entry(entry: feeds.Entry, *, names_space: bool, names_rights: bool = False) -> atom.Entry:
    source = None
    if names_space:
        home = public_url("discussion.space_feed", slug=entry.space_slug)
        source = atom.Source(id=home, title=f"{entry.space_kicker} – {entry.space_title}")
    return atom.Entry(
        id=_id(entry.reference),
        title=_title(entry),
        author=entry.author,
        url=_page(entry.reference),
        language=entry.language,
        html=entry.html,
        published=entry.published_at,
        updated=entry.updated_at,
        categories=[_category(objective) for objective in entry.objectives],
        in_reply_to=atom.InReplyTo(_id(entry.in_reply_to), _page(entry.in_reply_to))
        if entry.in_reply_to
        else None,
        source=source,
        rights=str(entry.licence) if names_rights else "",
    )


def _title(entry: feeds.Entry) -> str:
    if entry.is_unconfirmed:
        return _(
            "%(name)s, %(reference)s, entered by the secretariat, not confirmed yet",
            name=entry.author,
            reference=entry.reference,
        )
    if entry.is_official:
        return _(
            "%(name)s, %(reference)s, official answer",
            name=entry.author,
            reference=entry.reference,
        )
    return f"{entry.author}, {entry.reference}"


def _id(reference: str) -> str:
    """Return the name of a text for feeds: the same in every language, and no page's address."""
    return f"{config().base_url}/contributions/{reference}"


def _page(reference: str) -> str:
    return public_url("discussion.contribution", name=reference)


def _category(objective: ObjectiveRow) -> atom.Category:
    scheme = f"{config().base_url}/objectives"
    return atom.Category(term=str(objective.number), scheme=scheme, label=objective.label)

"""Taking the files of a request in, before anything else of it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import IO, cast

from flask import current_app, request
from werkzeug.datastructures import FileStorage

from consult.core import clock
from consult.core.errors import Forbidden, Refusal
from consult.core.storage import BlobStorage
from consult.core.unit_of_work import unit_of_work
from consult.core.web import actor, config
from consult.discussion.papers import names
from consult.discussion.papers.isolation import CHECK_SECONDS
from consult.discussion.papers.shapes import MAX_FILES, PaperRefusal, PaperRefused
from consult.discussion.services import attaching, files
from consult.discussion.views import paper_words

FIELD = "files"
SECONDS = 60.0
"""For which the files of one request are looked at, all together."""


@dataclass(frozen=True)
class HandedIn:
    """What became of the files of a request."""

    tokens: tuple[str, ...] = ()
    """Of those that are kept now, in the order of the form."""
    errors: tuple[str, ...] = ()
    """A sentence for each one that is not."""


def hand_in(*, already: Sequence[str] = ()) -> HandedIn:
    """Keep the files of this request until its text takes them over; a refused one harms no other.

    `already` are the tokens that the form names anyway, which count among the ten. Ends the
    transaction that was open: call it before anything is read for the answer. Raises `Forbidden`
    for visitors who send files.
    """
    sent = [one for one in request.files.getlist(FIELD) if one.filename]
    if not sent:
        return HandedIn()
    user_id = actor().user_id
    if user_id is None:
        raise Forbidden(Refusal.NOT_SIGNED_IN)
    until = monotonic() + SECONDS
    tokens: list[str] = []
    errors: list[str] = []
    for one in sent:
        name = one.filename or ""
        if len({*already, *tokens}) >= MAX_FILES:
            errors.append(paper_words.too_many_at_once(names.shown(name)))
            continue
        try:
            token = _take(one, name=name, user_id=user_id, until=until)
        except PaperRefused as refused:
            errors.append(paper_words.sentence(refused))
        else:
            tokens.append(token)
    return HandedIn(tuple(dict.fromkeys(tokens)), tuple(errors))


def _take(sent: FileStorage, *, name: str, user_id: int, until: float) -> str:
    """Keep one file and return its token; no lock is held while it is looked at or written."""
    settings = config()
    storage = cast(BlobStorage, current_app.extensions["consult.storage"])
    scans = settings.clamd_url is not None or settings.holds_unscanned
    checked = _checked(sent.stream, name=name, user_id=user_id, until=until)
    with unit_of_work() as session:
        attaching.announce(session, checked=checked, scanner_configured=scans, now=clock.now())
    files.put(storage, sha256=checked.sha256, stream=sent.stream)
    with unit_of_work() as session:
        return attaching.stage(
            session,
            user_id=user_id,
            checked=checked,
            stream=sent.stream,
            storage=storage,
            scanner_configured=scans,
            now=clock.now(),
        ).token


def _checked(stream: IO[bytes], *, name: str, user_id: int, until: float) -> attaching.CheckedFile:
    """Look a file through, unless it is there already; only then it counts against limits."""
    sha256, size = attaching.measured(stream)
    with unit_of_work() as session:
        known = attaching.sent_before(session, name=name, sha256=sha256, size=size, actor=actor())
    if known is not None:
        return known
    seconds = min(CHECK_SECONDS, until - monotonic())
    if seconds <= 0:
        raise PaperRefused(PaperRefusal.BOMB, names.shown(name))
    if config().rate_limits:
        with unit_of_work() as session:
            attaching.spend_upload(session, user_id=user_id, name=name, now=clock.now())
    return attaching.check(name=name, stream=stream, seconds=seconds)

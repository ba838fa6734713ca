"""Files of texts: to be downloaded, and their words to be read and cited on a page.

A file is there for exactly those who may read the text it came with, and only as something to be
saved: no browser shows it in our name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import cast
from urllib.parse import quote

from flask import Response, current_app, g, request

from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.storage import CHUNK, BlobStorage
from consult.core.web import FILE_CSP, actor, config, needs
from consult.discussion.queries import attachments, paper_texts, served_files
from consult.discussion.services.files import is_there
from consult.discussion.states import Reading
from consult.discussion.views import frame as framing
from consult.discussion.views.blueprint import blueprint


def _find(token: str) -> served_files.ServedFile:
    found = served_files.find(
        db.session(), token=token, actor=actor(), holds=config().holds_unscanned
    )
    if found.forum is not None:
        g.forum = found.forum
    return found


@blueprint.get("/<lang>/files/<token>")
@needs(Permission.READ)
def file(token: str) -> Response:
    """Give a file to be saved: whole, or to visitors the part they ask for.

    Only what everybody may have gets a tag that answers a conditional request; anything else is
    sent anew each time, and kept by nobody on the way.
    """
    found = _find(token)
    storage = cast(BlobStorage, current_app.extensions["consult.storage"])
    if not is_there(storage, sha256=found.sha256):
        raise NotVisible
    response = Response(_chunks(storage, found.sha256), content_type=found.media_type)
    response.content_length = found.size
    response.headers.set("Content-Disposition", "attachment", **_names(found.name))
    response.headers["Content-Security-Policy"] = FILE_CSP
    if not found.is_public:
        response.headers["X-Robots-Tag"] = "noindex"
    if not found.is_public or actor().is_signed_in:
        response.headers["Accept-Ranges"] = "none"
        return response
    response.set_etag(f"file-{token}")
    response.make_conditional(request, accept_ranges=True, complete_length=found.size)
    return response


def _chunks(storage: BlobStorage, sha256: str) -> Iterator[bytes]:
    with storage.open(sha256) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _names(name: str) -> dict[str, str]:
    """Return a name for old and new readers of the header (RFC 6266, RFC 8187)."""
    if name.isascii():
        return {"filename": name}
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    if plain.startswith("."):
        plain = f"paper{plain}"
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


@blueprint.get("/<lang>/files/<token>/text")
@needs(Permission.READ)
def file_text(token: str) -> Response:
    """Show the words of a file by page and paragraph, each with an address of its own."""
    found = _find(token)
    tag = framing.tag_of("f", token, found.public_version, found.reading)
    if found.is_public and (kept := framing.unchanged(tag)) is not None:
        return kept
    paragraphs = paper_texts.paragraphs(db.session(), sha256=found.sha256)
    numbered = [(page, number, text) for number, (page, text) in enumerate(paragraphs, 1)]
    contribution = found.contribution
    response = framing.public_page(
        "discussion/file_text.html",
        tag=tag,
        file=found,
        kind_label=attachments.kind_label(found.media_type),
        pages=[(page, list(some)) for page, some in groupby(numbered, key=lambda one: one[0])],
        is_waiting=found.reading is Reading.WAITING,
        space=found.space,
        name=(contribution.reference or contribution.receipt) if contribution else None,
    )
    if not found.is_public:
        response.headers["X-Robots-Tag"] = "noindex"
    return response

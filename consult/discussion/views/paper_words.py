"""What is wrong with a file that somebody handed in and what to do about it, in sentences."""

from __future__ import annotations

from consult.core.i18n import gettext as _
from consult.core.i18n import pgettext
from consult.discussion.papers.shapes import Kind, PaperRefusal, PaperRefused

R = PaperRefusal


def sentence(refused: PaperRefused) -> str:
    """Return the sentences for a refusal; each names the file."""
    if refused.refusal is R.LYING_NAME and refused.kind_by_name and refused.kind_found:
        return _(
            "“%(name)s” is called %(claimed)s, but is %(found)s. Give it the ending .%(ending)s, or"
            " save it as what its name says, and attach it again.",
            name=refused.name,
            claimed=_a_kind(refused.kind_by_name),
            found=_a_kind(refused.kind_found),
            ending=refused.kind_found.value,
        )
    return _sentences(refused.name)[refused.refusal]


def too_many_at_once(name: str) -> str:
    """Return the sentence for a file beyond the ten of a text."""
    return _(
        "“%(name)s” was left out: a text can carry at most ten files. Take another one out first.",
        name=name,
    )


def _a_kind(kind: Kind) -> str:
    return {
        Kind.PDF: pgettext("kind of file, with its article", "a PDF file"),
        Kind.DOCX: pgettext("kind of file, with its article", "a Word document"),
        Kind.ODT: pgettext("kind of file, with its article", "an OpenDocument text"),
        Kind.TXT: pgettext("kind of file, with its article", "a plain text"),
    }[kind]


def _sentences(name: str) -> dict[PaperRefusal, str]:
    damaged = _(
        "“%(name)s” is damaged and cannot be read. Open it in your word processor, save it anew and"
        " attach it again.",
        name=name,
    )
    return {
        R.EMPTY: _("“%(name)s” is empty: it has 0 bytes. Please choose the file again.", name=name),
        R.TOO_LARGE: _(
            "“%(name)s” is larger than 20 MB. Make its pictures smaller, or divide it, and attach"
            " it again.",
            name=name,
        ),
        R.NOT_A_KIND: _(
            "“%(name)s” is not a PDF, Word (.docx), OpenDocument (.odt) or plain text file. Save it"
            " as one of these and attach it again.",
            name=name,
        ),
        R.OLD_WORD: _(
            "“%(name)s” is in the format of old Office versions. Save it as .docx or PDF and attach"
            " it again.",
            name=name,
        ),
        R.MARKUP: _(
            "“%(name)s” is a web page, a drawing or a script, not a document. Save it as PDF and"
            " attach it again.",
            name=name,
        ),
        R.ENCRYPTED: _(
            "“%(name)s” is protected by a password. Remove the protection and attach it again.",
            name=name,
        ),
        R.ACTIVE: _(
            "“%(name)s” holds macros, scripts, or files that are embedded or fetched from"
            " elsewhere. Print it to a PDF file and attach that one.",
            name=name,
        ),
        R.BOMB: _(
            "“%(name)s” unpacks to many times its size, or takes too long to be looked"
            " through. Print it to a PDF file and attach that one.",
            name=name,
        ),
        R.DAMAGED: damaged,
        R.LYING_NAME: damaged,
        R.TWO_KINDS: _(
            "“%(name)s” is two kinds of file in one. Save it anew as a single document and attach"
            " it again.",
            name=name,
        ),
        R.NO_ROOM: _(
            "“%(name)s” was not kept: your files have 500 MB in all, which is as much as one"
            " account can hand in. Please write to the organisers if you need more.",
            name=name,
        ),
        R.TOO_MANY: _(
            "“%(name)s” was not kept: thirty files in half an hour is as many as one account can"
            " hand in. Please attach it again a little later.",
            name=name,
        ),
    }

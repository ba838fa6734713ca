"""Runs, paragraphs and tables of a Word document, each as a string of XML."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from consult.core.text import xml_safe

_LANGUAGES = {"en": "en-GB", "fr": "fr-FR", "es": "es-ES"}
STEP = 425  # twentieths of a point, as every measure below
CONTEXT_STEP = 200
LIST_STEP = 360
QUOTE_STEP = 340
TEXT_WIDTH = 9_070
MUTED = "6B7280"
INK = "1F3A5F"
SERIF, SANS, MONO = "Cambria", "Calibri", "Courier New"


@dataclass(frozen=True, slots=True)
class Frame:
    """How the paragraphs of one contribution look."""

    steps: int = 0
    muted: bool = False
    language: str | None = None

    @property
    def left(self) -> int:
        """Give the indent of its paragraphs; context stands in a little, beside its border."""
        return self.steps * STEP + (CONTEXT_STEP if self.muted else 0)


@dataclass(frozen=True, slots=True)
class Marks:
    """How one run of text looks, and where it links to."""

    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    raised: bool = False
    muted: bool = False
    rtl: bool = False
    language: str | None = None
    link: str | None = None
    """The id of a relationship."""


_PLAIN = Marks()


def run(text: str, marks: Marks = _PLAIN) -> str:
    """Give text of one look, or nothing where no character of it may stand in XML."""
    clean = xml_safe(text)
    if not clean:
        return ""
    content = f'<w:t xml:space="preserve">{escape(clean)}</w:t>'
    if "\n" in clean or "\t" in clean:
        for character, element in (("\n", "<w:br/>"), ("\t", "<w:tab/>")):
            content = content.replace(character, f'</w:t>{element}<w:t xml:space="preserve">')
        content = content.replace('<w:t xml:space="preserve"></w:t>', "")
    return f"<w:r>{_run_properties(marks)}{content}</w:r>"


@lru_cache(maxsize=256)
def _run_properties(marks: Marks) -> str:
    look = "".join(
        (
            '<w:rStyle w:val="Hyperlink"/>' if marks.link else "",
            f'<w:rFonts w:ascii="{MONO}" w:hAnsi="{MONO}" w:cs="{MONO}"/>' if marks.code else "",
            "<w:b/><w:bCs/>" if marks.bold else "",
            "<w:i/><w:iCs/>" if marks.italic else "",
            "<w:strike/>" if marks.struck else "",
            f'<w:color w:val="{MUTED}"/>' if marks.muted and not marks.link else "",
            '<w:vertAlign w:val="superscript"/>' if marks.raised else "",
            "<w:rtl/>" if marks.rtl else "",
            f'<w:lang w:val="{marks.language}"/>' if marks.language else "",
        )
    )
    return f"<w:rPr>{look}</w:rPr>" if look else ""


def runs(pieces: Iterable[tuple[str, Marks]]) -> str:
    """Give pieces of text one after the other; neighbours with one link stand in one link."""
    parts: list[str] = []
    for link, group in groupby(pieces, key=lambda piece: piece[1].link):
        runs = "".join(run(text, marks) for text, marks in group)
        parts.append(f'<w:hyperlink r:id="{link}">{runs}</w:hyperlink>' if link else runs)
    return "".join(parts)


def paragraph(
    style: str,
    content: str,
    *,
    before: str = "",
    rtl: bool = False,
    left: int = 0,
    hanging: int = 0,
) -> str:
    """Give a paragraph; ``before`` is what the schema wants in front of the direction."""
    hang = f' w:hanging="{hanging}"' if hanging else ""
    indent = f'<w:ind w:left="{left}"{hang}/>' if left else ""
    look = f'<w:pStyle w:val="{style}"/>{before}{"<w:bidi/>" if rtl else ""}{indent}'
    return f"<w:p><w:pPr>{look}</w:pPr>{content}</w:p>"


def is_rtl(text: str) -> bool:
    """Tell whether the first letter with a direction is written from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def language_tag(code: str | None) -> str | None:
    """Give a language as Word names it, or nothing for what is not a language tag."""
    if code is None or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", code):
        return None
    return _LANGUAGES.get(code, code)


def safe_link(url: str) -> str | None:
    """Give a link that Word can store, or nothing where the scheme is not http, https or mailto.

    Word refuses a whole document for one malformed target, so what no URI may hold is encoded.
    """
    url = xml_safe(url).strip()
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https", "mailto") or not port_is_valid:
        return None
    is_mail = parts.scheme.lower() == "mailto"
    if is_mail != (not parts.netloc) or re.search(r"[\s\\<>\"\[\]]", parts.netloc):
        return None
    before, mark, fragment = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", url).partition("#")
    return quote(before, safe="%/:=&?~+!$,;'@()*") + mark + quote(fragment, safe="%/:=&?~+!$,;'@()")


def table(rows: list[list[str]], *, left: int, width: int, shares: Sequence[int] = ()) -> str:
    """Give a table of cells, each a string of paragraphs; short rows get empty cells."""
    columns = max(len(row) for row in rows)
    widths = list(shares) or [width // columns] * columns
    grid = "".join(f'<w:gridCol w:w="{one}"/>' for one in widths)
    empty = paragraph("TableText", "")
    lines = "".join(
        "<w:tr><w:trPr><w:cantSplit/></w:trPr>"
        + "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{one}" w:type="dxa"/></w:tcPr>{cell}</w:tc>'
            for one, cell in zip(widths, row + [empty] * (columns - len(row)), strict=True)
        )
        + "</w:tr>"
        for row in rows
    )
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblInd w:w="{left}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{lines}</w:tbl>{paragraph('AfterTable', '')}"
    )


def border(side: str, *, space: int, width: int = 4) -> str:
    """Give a line at one side of a paragraph; ``space`` in points, ``width`` in eighths."""
    line = f'w:val="single" w:sz="{width}" w:space="{space}" w:color="C9CED6"'
    return f"<w:pBdr><w:{side} {line}/></w:pBdr>"

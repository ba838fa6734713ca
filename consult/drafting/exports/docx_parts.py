"""The parts of a Word document that do not depend on its rows, and how a part is stored.

ECMA-376 gives the order of the elements; Word refuses another one.
"""

import re
from collections.abc import Sequence
from shutil import copyfileobj
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from consult.core.text import xml_safe
from consult.drafting.exports.docx_runs import (
    LIST_STEP,
    TEXT_WIDTH,
    Marks,
    language_tag,
    paragraph,
    run,
    table,
)
from consult.drafting.exports.rows import (
    ExportHeader,
    cover_facts,
    instant_in_words,
    parsed_instant,
    word,
)

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = f"{OFFICE}/relationships"
SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{OFFICE}/relationships"'
)
BULLETS = 1
FIRST_NUMBERED = 2

_KINDS = "application/vnd.openxmlformats-officedocument.wordprocessingml"
CONTENT_TYPES = (
    f'{XML}<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_KINDS}.document.main+xml"/>'
    + "".join(
        f'<Override PartName="/word/{part}.xml" ContentType="{_KINDS}.{kind}+xml"/>'
        for part, kind in (
            ("styles", "styles"),
            ("settings", "settings"),
            ("numbering", "numbering"),
            ("header1", "header"),
            ("footer1", "footer"),
        )
    )
    + '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
    '<Override PartName="/docProps/app.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>'
)
PACKAGE_LINKS = (
    f'{XML}<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{TYPES}/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{PACKAGE}/relationships/metadata/core-properties" '
    'Target="docProps/core.xml"/>'
    f'<Relationship Id="rId3" Type="{TYPES}/extended-properties" Target="docProps/app.xml"/>'
    "</Relationships>"
)
PART_LINKS = f'{XML}<Relationships xmlns="{PACKAGE}/relationships">' + "".join(
    f'<Relationship Id="{part}" Type="{TYPES}/{kind}" Target="{part}.xml"/>'
    for part, kind in (
        ("styles", "styles"),
        ("settings", "settings"),
        ("numbering", "numbering"),
        ("header1", "header"),
        ("footer1", "footer"),
    )
)
APP_PROPERTIES = (
    f'{XML}<Properties xmlns="{OFFICE}/extended-properties">'
    "<Application>Consult</Application></Properties>"
)
SETTINGS = (
    f'{XML}<w:settings {SPACES}><w:zoom w:percent="100"/><w:defaultTabStop w:val="709"/>'
    '<w:characterSpacingControl w:val="doNotCompress"/><w:compat>'
    '<w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>'
)
DOCUMENT_START = f"{XML}<w:document {SPACES}><w:body>"
DOCUMENT_END = (
    '<w:sectPr><w:headerReference w:type="default" r:id="header1"/>'
    '<w:footerReference w:type="default" r:id="footer1"/>'
    '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1531" w:right="1418" w:bottom="1418" '
    'w:left="1418" w:header="709" w:footer="624" w:gutter="0"/><w:titlePg/></w:sectPr>'
    "</w:body></w:document>"
)


def numbering(starts: Sequence[tuple[int, int]]) -> str:
    """Give the part that numbers lists: one for all bullets, one for each numbered list."""
    bullets = "".join(_level(level, "bullet", "•\u2013◦"[level % 3]) for level in range(9))
    formats = ("decimal", "lowerLetter", "lowerRoman")
    numbers = "".join(_level(level, formats[level % 3], f"%{level + 1}.") for level in range(9))
    lists = "".join(
        f'<w:num w:numId="{FIRST_NUMBERED + index}"><w:abstractNumId w:val="1"/>'
        f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{start}"/></w:lvlOverride>'
        "</w:num>"
        for index, (level, start) in enumerate(starts)
    )
    return (
        f"{XML}<w:numbering {SPACES}>"
        f'<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/>{bullets}'
        f'</w:abstractNum><w:abstractNum w:abstractNumId="1">'
        f'<w:multiLevelType w:val="multilevel"/>{numbers}</w:abstractNum>'
        f'<w:num w:numId="{BULLETS}"><w:abstractNumId w:val="0"/></w:num>{lists}</w:numbering>'
    )


def _level(level: int, form: str, text: str) -> str:
    left = (level + 1) * LIST_STEP
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="{left}" w:hanging="{LIST_STEP}"/></w:pPr></w:lvl>'
    )


def cover(header: ExportHeader) -> str:
    """Give the first page: whose consultation this is, and the facts of the export in a table."""
    rows = [
        [
            paragraph("FactLabel", run(label)),
            paragraph("FactValue", run(value, Marks(code=value == header.sha256))),
        ]
        for label, value in cover_facts(header)
    ]
    return "".join(
        (
            paragraph("Kicker", run(header.forum_title)),
            paragraph("Title", run(header.space_title)),
            paragraph("Subtitle", run(word(header, "document_title"))),
            table(rows, left=0, width=TEXT_WIDTH, shares=(2_600, TEXT_WIDTH - 2_600)),
            paragraph("CoverNote", run(word(header, "context_note")))
            if header.counts.get("context")
            else "",
        )
    )


def page_header(header: ExportHeader) -> str:
    """Give the part above every page but the first: the forum, the space and the instant."""
    instant = instant_in_words(header) or word(header, "as_of_none")
    text = word(header, "as_of_header", space=header.space_code, instant=instant)
    content = run(header.forum_title) + "<w:r><w:tab/></w:r>" + run(text)
    return f"{XML}<w:hdr {SPACES}>{paragraph('Header', content)}</w:hdr>"


def page_footer(header: ExportHeader) -> str:
    """Give the part below every page but the first: its number and how many there are."""
    # The two placeholders stand where the language wants them; each becomes a field.
    sentence = word(header, "page", page="\ue000", pages="\ue001")
    fields = {"\ue000": _field("PAGE"), "\ue001": _field("NUMPAGES")}
    pieces = re.split("([\ue000\ue001])", sentence)
    content = "".join(fields.get(piece) or run(piece) for piece in pieces)
    return f"{XML}<w:ftr {SPACES}>{paragraph('Footer', content)}</w:ftr>"


def _field(instruction: str) -> str:
    return f'<w:fldSimple w:instr=" {instruction} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'


def core_properties(header: ExportHeader) -> str:
    """Give the title, the creator, the language and the dates that file managers show."""
    at = f"{parsed_instant(header.as_of):%Y-%m-%dT%H:%M:%SZ}" if header.as_of else ""
    dates = "".join(
        f'<dcterms:{name} xsi:type="dcterms:W3CDTF">{at}</dcterms:{name}>'
        for name in ("created", "modified")
        if at
    )
    title = escape(xml_safe(f"{header.space_code} · {header.space_title}"))
    creator = escape(xml_safe(header.forum_title))
    return (
        f'{XML}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{title}</dc:title><dc:creator>{creator}</dc:creator>"
        f"<dc:language>{language_tag(header.locale) or 'en-GB'}</dc:language>{dates}"
        "</cp:coreProperties>"
    )


def store(archive: ZipFile, name: str, *contents: str | bytes | IO[bytes]) -> None:
    """Write one part into the archive, without a date or an owner of this machine."""
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    with archive.open(entry, "w") as part:
        for content in contents:
            if isinstance(content, (str, bytes)):
                part.write(content.encode() if isinstance(content, str) else content)
            else:
                copyfileobj(content, part)

"""The styles of the Word document: every look has a name that a word processor can change."""

from collections.abc import Iterator

from consult.drafting.exports.docx_parts import SPACES, XML
from consult.drafting.exports.docx_runs import INK, MONO, MUTED, SANS, SERIF, border


def _spacing(before: int, after: int, *, line: int = 0) -> str:
    lines = f' w:line="{line}" w:lineRule="auto"' if line else ""
    return f'<w:spacing w:before="{before}" w:after="{after}"{lines}/>'


def _look(*, size: float, color: str = "", font: str = "", also: str = "") -> str:
    fonts = f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:cs="{font}"/>' if font else ""
    ink = f'<w:color w:val="{color}"/>' if color else ""
    half_points = round(size * 2)
    return f'{fonts}{also}{ink}<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


_BOLD, _ITALIC = "<w:b/><w:bCs/>", "<w:i/><w:iCs/>"
_KEEP = "<w:keepNext/><w:keepLines/>"

# Identifier, name (Word's own where it has one), look of the paragraph, look of its text.
_PARAGRAPH_STYLES: tuple[tuple[str, str, str, str], ...] = (
    ("Title", "Title", _spacing(0, 120), _look(size=28, color=INK, also=_BOLD)),
    ("Subtitle", "Subtitle", _spacing(0, 720), _look(size=14, color=MUTED, also=_ITALIC)),
    (
        "Kicker",
        "Kicker",
        _spacing(2_400, 200),
        _look(size=11, color=MUTED, font=SANS, also="<w:caps/>"),
    ),
    ("CoverNote", "Cover Note", _spacing(240, 0), _look(size=9.5, color=MUTED, also=_ITALIC)),
    ("FactLabel", "Fact Label", _spacing(60, 60), _look(size=9.5, color=MUTED, font=SANS)),
    ("FactValue", "Fact Value", _spacing(60, 60), _look(size=10)),
    (
        "TOCHeading",
        "TOC Heading",
        f"<w:pageBreakBefore/>{_spacing(0, 240)}",
        _look(size=18, color=INK, also=_BOLD),
    ),
    ("TOC1", "toc 1", _spacing(160, 40), _look(size=10.5, also=_BOLD)),
    ("TOC2", "toc 2", f'{_spacing(0, 20)}<w:ind w:left="340"/>', _look(size=10)),
    (
        "Heading1",
        "heading 1",
        f'{_KEEP}<w:pageBreakBefore/>{_spacing(0, 280, line=264)}<w:outlineLvl w:val="0"/>',
        _look(size=17, color=INK, also=_BOLD),
    ),
    (
        "Heading2",
        "heading 2",
        f'{_KEEP}{border("top", space=8)}{_spacing(400, 40)}<w:outlineLvl w:val="1"/>',
        _look(size=12.5, color=INK, also=_BOLD),
    ),
    (
        "Heading3",
        "heading 3",
        f'{_KEEP}{_spacing(280, 40)}<w:outlineLvl w:val="2"/>',
        _look(size=11, color=INK, also=_BOLD),
    ),
    *(
        (
            f"Heading{level}",
            f"heading {level}",
            f'{_KEEP}{_spacing(160, 60)}<w:outlineLvl w:val="{level - 1}"/>',
            _look(
                size=11, also=_BOLD if level == 4 else _BOLD + _ITALIC if level == 5 else _ITALIC
            ),
        )
        for level in (4, 5, 6)
    ),
    ("BodyText", "Body Text", _spacing(0, 120, line=276), ""),
    ("ListBullet", "List Bullet", _spacing(0, 60, line=276), ""),
    ("ListNumber", "List Number", _spacing(0, 60, line=276), ""),
    ("Quote", "Quote", _spacing(0, 120, line=276), _look(size=11, color="3F4754", also=_ITALIC)),
    (
        "Code",
        "Code",
        f'<w:shd w:val="clear" w:color="auto" w:fill="F3F4F6"/>{_spacing(0, 120)}',
        _look(size=9.5, font=MONO),
    ),
    ("TableText", "Table Text", _spacing(40, 40), _look(size=10)),
    ("AfterTable", "After Table", _spacing(0, 60), _look(size=4)),
    ("Rule", "Rule", border("bottom", space=1) + _spacing(60, 160), _look(size=4)),
    (
        "Facts",
        "Contribution Facts",
        f"{_KEEP}{_spacing(0, 140)}",
        _look(size=8.5, color=MUTED, font=SANS),
    ),
    ("Removed", "Removed", _spacing(280, 120), _look(size=9.5, color="8A919C", also=_ITALIC)),
    (
        "Header",
        "header",
        f'{border("bottom", space=4)}<w:tabs><w:tab w:val="right" w:pos="9070"/></w:tabs>',
        _look(size=8.5, color=MUTED, font=SANS),
    ),
    ("Footer", "footer", '<w:jc w:val="center"/>', _look(size=8.5, color=MUTED, font=SANS)),
)


def styles(language: str) -> str:
    """Give the styles, in ``language`` wherever a paragraph names none of its own."""
    return f"{XML}<w:styles {SPACES}>{''.join(_style_elements(language))}</w:styles>"


def _style_elements(language: str) -> Iterator[str]:
    fonts = f'<w:rFonts w:ascii="{SERIF}" w:hAnsi="{SERIF}" w:eastAsia="{SERIF}" '
    yield (
        f'<w:docDefaults><w:rPrDefault><w:rPr>{fonts}w:cs="Times New Roman"/><w:sz w:val="22"/>'
        f'<w:szCs w:val="22"/><w:lang w:val="{language}" w:eastAsia="{language}" w:bidi="ar-SA"/>'
        "</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:widowControl/></w:pPr></w:pPrDefault>"
        "</w:docDefaults>"
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        "<w:qFormat/></w:style>"
        '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
        '<w:name w:val="Default Paragraph Font"/></w:style>'
        '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/>'
        '<w:rPr><w:color w:val="1D5FA8"/><w:u w:val="single"/></w:rPr></w:style>'
    )
    for identifier, name, paragraph, text in _PARAGRAPH_STYLES:
        follows = "BodyText" if identifier.startswith(("Heading", "Title")) else identifier
        yield (
            f'<w:style w:type="paragraph" w:styleId="{identifier}"><w:name w:val="{name}"/>'
            f'<w:basedOn w:val="Normal"/><w:next w:val="{follows}"/><w:qFormat/>'
            f"<w:pPr>{paragraph}</w:pPr><w:rPr>{text}</w:rPr></w:style>"
        )
    line = 'w:val="single" w:sz="4" w:space="0" w:color="D5DAE1"'
    yield (
        '<w:style w:type="table" w:default="1" w:styleId="NormalTable">'
        '<w:name w:val="Normal Table"/></w:style>'
        '<w:style w:type="table" w:styleId="Grid"><w:name w:val="Consult Grid"/>'
        '<w:basedOn w:val="NormalTable"/><w:tblPr><w:tblBorders>'
        f"<w:top {line}/><w:bottom {line}/><w:insideH {line}/></w:tblBorders>"
        '<w:tblCellMar><w:left w:w="80" w:type="dxa"/><w:right w:w="80" w:type="dxa"/>'
        "</w:tblCellMar></w:tblPr></w:style>"
    )

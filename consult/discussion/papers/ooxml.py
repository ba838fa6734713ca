"""What makes a Word document more than a document: macros, controls, embedded and outside files."""

from __future__ import annotations

import io
import re
import zipfile

from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused

_DOCUMENT = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_ACTIVE_TYPES = ("macroenabled", "vbaproject", "vbadata", "activex", "oleobject")
_ACTIVE_ELEMENTS = frozenset(("OLEObject", "altChunk", "control", "object", "oleObject"))
_ACTIVE_PARTS = re.compile(r"vbaproject|vbadata|/activex/|/controls/|\.(?:bin|exe|js|vbs)$")
_HARMLESS_PARTS = re.compile(r"/printersettings\d*\.bin$")
_ACTIVE_RELATIONS = ("vbaproject", "vbadata", "control", "oleobject", "afchunk", "subdocument")
_OWN_DISK = re.compile(r"(?:file:/{0,3})?[a-z]:[\\/]", re.IGNORECASE)
"""A template on the writer's own disk: no reader's computer asks anybody for it."""
_OFFICE = (
    "http://purl.oclc.org/ooxml/",
    "http://schemas.microsoft.com/office/",
    "http://schemas.openxmlformats.org/",
    "urn:schemas-microsoft-com:",
)
"""How the names of vocabularies begin that Word runs, wherever a part lies."""
_XML_PARTS = (".xml", ".rels", ".vml")
_DRAWING = "image/svg+xml"
_CALLS = re.compile(r"\s*DDE(?:AUTO)?\b", re.IGNORECASE)
"""Fields that start another program."""
_SPREADSHEET = re.compile(r"/embeddings/[^/]+\.xlsx$")


class WordRules:
    """Collects what the parts of a package say; raises `Refused` at the first active one."""

    def __init__(self) -> None:
        self._is_document = False
        self._in_code = False
        self._code = ""

    def member(self, name: str) -> None:
        """Refuse parts that are code; a chart may bring its numbers as a spreadsheet."""
        lowered = f"/{name.casefold()}"
        if _ACTIVE_PARTS.search(lowered) and not _HARMLESS_PARTS.search(lowered):
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)
        if lowered.endswith(".piece"):
            # A part cut in pieces is put together by nobody here; Word itself writes none.
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)
        if "/embeddings/" in lowered and not lowered.endswith("/") and not self.wants(name):
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)

    def start(self, name: str, tag: str, attributes: dict[str, str]) -> None:
        """Look at content types, relations and fields."""
        vocabulary, _, local = tag.rpartition(" ")
        if name == "[Content_Types].xml":
            self._content_type(attributes)
        elif name.casefold().endswith(".rels") and local == "Relationship":
            _relation(attributes)
        elif local in _ACTIVE_ELEMENTS and (
            name.startswith("word/") or vocabulary.startswith(_OFFICE)
        ):
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)
        elif local == "fldChar":
            self._code = ""
        elif local == "fldSimple":
            for key, value in attributes.items():
                if key.endswith("instr"):
                    _check_code(value)
        self._in_code = local == "instrText"

    def text(self, data: str) -> None:
        """Collect the code of a field, which may come in many pieces."""
        if self._in_code:
            self._code = (self._code + data)[:500]
            _check_code(self._code)

    def wants(self, name: str) -> bool:
        """Whether a part is the spreadsheet behind a chart."""
        return _SPREADSHEET.search(f"/{name.casefold()}") is not None

    def content(self, name: str, content: bytes) -> None:
        """Refuse a spreadsheet that is more than numbers; what it holds is not unfolded."""
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = " ".join(book.namelist()).casefold()
        if re.search(r"vbaproject|activex|embeddings|externallinks|macrosheets|\.bin\b", names):
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)

    def verdict(self) -> Kind:
        """Return DOCX where the package has a document in it."""
        if not self._is_document:
            raise Refused(PaperRefusal.NOT_A_KIND)
        return Kind.DOCX

    def _content_type(self, attributes: dict[str, str]) -> None:
        """Refuse types of code, and parts that are XML under a name that says otherwise.

        Parts are looked into by the ends of their names; Word goes by their types.
        """
        lowered = attributes.get("ContentType", "").partition(";")[0].strip().casefold()
        end = attributes.get("PartName") or f".{attributes.get('Extension', '')}"
        is_xml = lowered.endswith(("+xml", "/xml")) and lowered != _DRAWING
        if is_xml and not end.casefold().endswith(_XML_PARTS):
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)
        if any(word in lowered for word in _ACTIVE_TYPES):
            raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)
        self._is_document = self._is_document or lowered == _DOCUMENT


def _check_code(code: str) -> None:
    if _CALLS.match(code):
        raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)


def _relation(attributes: dict[str, str]) -> None:
    kind = attributes.get("Type", "").rpartition("/")[2].casefold()
    is_outside = attributes.get("TargetMode", "").casefold() == "external"
    target = attributes.get("Target", "")
    if kind in _ACTIVE_RELATIONS:
        raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)
    if not is_outside or kind == "hyperlink":
        return
    if kind == "attachedtemplate" and _OWN_DISK.match(target):
        return
    raise Refused(PaperRefusal.ACTIVE, Kind.DOCX)

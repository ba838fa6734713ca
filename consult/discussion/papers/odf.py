"""What makes an OpenDocument text more than a text: macros, listeners, objects, outside files."""

from __future__ import annotations

import re

from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused

_ACTIVE_PARTS = re.compile(r"(?:basic|scripts|dialogs)/.", re.IGNORECASE)
_ACTIVE_ELEMENTS = frozenset(
    (
        "applet",
        "auto-reload",
        "dde-connection-decl",
        "dde-link",
        "dde-source",
        "event-listener",
        "execute-macro",
        "floating-frame",
        "object-ole",
        "plugin",
        "script",
    )
)
_ACTIVE_TYPES = ("sun.star.oleobject", "x-msdownload", "starbasic")
_LINKS = frozenset(("a", "hyperlink-behaviour"))
_OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|//|\\\\|\.\.[/\\]", re.IGNORECASE)
_CALLS = re.compile(
    r"(?:vnd\.sun\.star\.|javascript:|vbscript:|macro:|data:|service:)", re.IGNORECASE
)
_REMOTE = re.compile(r"(?:https?|ftps?|smb|dav|davs|webdav):|//|\\\\", re.IGNORECASE)


class OpenDocumentRules:
    """Collects what the parts of a package say; raises `Refused` at the first active one."""

    def __init__(self) -> None:
        self._has_content = False

    def member(self, name: str) -> None:
        """Refuse macros, and what was encrypted as a whole."""
        if _ACTIVE_PARTS.match(name):
            raise Refused(PaperRefusal.ACTIVE, Kind.ODT)
        if name == "encrypted-package":
            raise Refused(PaperRefusal.ENCRYPTED, Kind.ODT)
        self._has_content = self._has_content or name == "content.xml"

    def start(self, name: str, tag: str, attributes: dict[str, str]) -> None:
        """Look at the manifest, at elements that act, and at what they point to."""
        local = tag.rpartition(" ")[2]
        if name == "META-INF/manifest.xml":
            _manifest(local, attributes)
        if local in _ACTIVE_ELEMENTS:
            raise Refused(PaperRefusal.ACTIVE, Kind.ODT)
        for key, value in attributes.items():
            if key.rpartition(" ")[2] == "href":
                _reference(local, value.strip())

    def text(self, data: str) -> None:
        """Words do nothing."""

    def wants(self, name: str) -> bool:
        """No part is looked at as a whole."""
        return False

    def content(self, name: str, content: bytes) -> None:
        """No part is looked at as a whole."""

    def verdict(self) -> Kind:
        """Return ODT where the package has content."""
        if not self._has_content:
            raise Refused(PaperRefusal.DAMAGED, Kind.ODT)
        return Kind.ODT


def _manifest(local: str, attributes: dict[str, str]) -> None:
    if local == "encryption-data":
        raise Refused(PaperRefusal.ENCRYPTED, Kind.ODT)
    media_type = next((v for k, v in attributes.items() if k.endswith("media-type")), "")
    if any(word in media_type.casefold() for word in _ACTIVE_TYPES):
        raise Refused(PaperRefusal.ACTIVE, Kind.ODT)


def _reference(element: str, target: str) -> None:
    """Refuse what is fetched or run; what somebody has to click on is a link."""
    if _CALLS.match(target):
        raise Refused(PaperRefusal.ACTIVE, Kind.ODT)
    if element in _LINKS:
        return
    outside = _REMOTE if element == "template" else _OUTSIDE
    if outside.match(target):
        raise Refused(PaperRefusal.ACTIVE, Kind.ODT)

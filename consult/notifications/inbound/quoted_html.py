"""HTML of mail programs without what they quote and sign with, by the marks they leave there."""

from __future__ import annotations

import html
from html.parser import HTMLParser

_QUOTES = frozenset(
    "gmail_quote gmail_quote_container gmail_signature gmail_signature_prefix gmail_attr"
    " moz-cite-prefix moz-signature moz-forward-container yahoo_quoted protonmail_quote"
    " protonmail_signature_block zmail_extra tutanota_quote".split()
)
"""Classes around a quote or a signature."""
_REST = frozenset(
    (
        "divrplyfwdmsg",
        "appendonsend",
        "ms-outlook-mobile-signature",
        "mail-editor-reference-message-container",
    )
)
"""Ids from which on everything is quoted, or signed with."""
_UNSEEN = frozenset("head style script title template noscript".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


class _OwnWords(HTMLParser):
    """Writes the page again without the elements that hold a quote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._dropped: str | None = None
        self._depth = 0
        self._is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._is_over:
            return
        if self._dropped is not None:
            self._depth += tag == self._dropped
            return
        named = {name: (value or "").lower() for name, value in attrs}
        if named.get("id", "").removeprefix("x_") in _REST:
            self._is_over = True
        elif tag not in _VOID and (tag in _UNSEEN or _is_quote(tag, named)):
            self._dropped, self._depth = tag, 1
        else:
            self.pieces.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropped is None and not self._is_over:
            self.pieces.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._is_over:
            return
        if self._dropped is None:
            self.pieces.append(f"</{tag}>")
        elif tag == self._dropped:
            self._depth -= 1
            if not self._depth:
                self._dropped = None

    def handle_data(self, data: str) -> None:
        if self._dropped is None and not self._is_over:
            self.pieces.append(html.escape(data, quote=False))


def without_quotes(page: str) -> str:
    """Return the page without what the marks of mail programs say is quoted or signed with."""
    reader = _OwnWords()
    reader.feed(page)
    reader.close()
    return "".join(reader.pieces)


def _is_quote(tag: str, attributes: dict[str, str]) -> bool:
    if tag == "blockquote" and (
        attributes.get("type") == "cite"
        or "cite" in attributes
        or "gmail_quote" in attributes.get("class", "")
    ):
        return True
    classes = {name.removeprefix("x_") for name in attributes.get("class", "").split()}
    return bool(classes & _QUOTES)

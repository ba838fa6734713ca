"""The one way from what people typed to HTML, and from that HTML to plain text.

Every text takes the same four steps: a renderer (Markdown, plain text or pasted HTML), `Tidier`
(balanced, shallow, valid HTML), bleach's allow-list, and nh3 as the last pass.
No step trusts the one before it. Only this module knows bleach, nh3 and markdown-it.
"""

from __future__ import annotations

import html as entities
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

import nh3
from bleach.sanitizer import Cleaner
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from consult.core.text import clean_characters, normalise, truncate
from consult.core.tidy_html import TAGS, WITH_LANGUAGE, Tidier, is_allowed_attribute

RENDERER_VERSION = 2
"""Kept with each revision; raise it when the same source gives other HTML."""
EXTRACTOR_VERSION = 1
"""Kept with what counts in code points of `to_text`; raise it when that gives another text."""

_MOST_SIGNS = 10_000
_MOST_LINKS = 500
_MOST_TAGS = 8_000
_MOST_ENTITIES = 15_000
_KEY = object()
_REL = "nofollow ugc noopener"

_SIGNS = re.compile(r"[\[\]*_~`<|!&]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*+\n)+")
_PIECE = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")
_PARTED = frozenset("p h4 h5 h6 blockquote pre table hr".split())
_WHITE = re.compile(r"[ \t\n\r\f]+")


class SafeHtml(str):
    """HTML that this module made; templates put it on the page as it is.

    Joining it with another string gives a plain string, which is escaped again.
    """

    __slots__ = ()

    def __new__(cls, html: str, *, key: object = None) -> Self:
        """Make one; only this module has the key. Raises `TypeError` for everybody else."""
        if key is not _KEY:
            raise TypeError("Only consult.core.markup makes SafeHtml: use render() or sanitise().")
        return super().__new__(cls, html)

    @classmethod
    def from_storage(cls, html: str) -> SafeHtml:
        """Take HTML that `render` or `sanitise` made earlier and the database kept."""
        return cls(html, key=_KEY)

    def __html__(self) -> str:
        """Return the HTML for Jinja."""
        return str(self)

    def __reduce__(self) -> tuple[Callable[[str], SafeHtml], tuple[str]]:
        return (SafeHtml.from_storage, (str(self),))


# --- The public way -----------------------------------------------------------------------------


def render(source: str, *, format: str = "markdown") -> SafeHtml:
    """Return the HTML of a typed text in ``format`` `markdown`, `text` or `html`.

    A text made to exhaust the renderer is shown as plain text. Raises `ValueError` for another
    format.
    """
    if format not in _RENDERERS:
        raise ValueError(f"A text is markdown, text or html, not {format!r}.")
    typed = normalise(source)
    try:
        raw = _RENDERERS[format](typed)
        if len(raw) <= 12 * len(typed) + 10_000:
            return _clean(raw, paragraphs=True)
    except RecursionError:
        # Falls through: what nests so deeply is no text that somebody wants to be read.
        pass
    return _clean(_from_text(typed, link=False), paragraphs=True)


def sanitise(html: str) -> SafeHtml:
    """Return HTML reduced to the elements, attributes and links that a contribution may have.

    Idempotent; what `render` made stays as it is.
    """
    return _clean(html, paragraphs=False)


def to_text(html: str) -> str:
    """Return the plain text of rendered HTML, in NFC: what is searched, counted and cited.

    Paragraphs are parted by a blank line; list items, table rows and line breaks by a line end;
    cells by a tab.
    """
    return clean_characters(_TextReader().read(html)).strip()


def quote(text: str, *, limit: int = 600) -> str:
    """Return a plain passage as a Markdown block quote of at most ``limit`` characters of it.

    The passage is escaped, so that rendering the quote shows the same words.
    """
    lines = truncate(text.strip(), limit=limit).split("\n")
    quoted = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        bare = line.strip()
        end = "\\" if bare and following.strip() else ""
        quoted.append(f"> {_escaped_markdown(bare)}{end}".rstrip())
    return "\n".join(quoted)


def _escaped_markdown(line: str) -> str:
    inline = re.sub(r"([\\`*_\[\]<>~&|])", r"\\\1", line)
    started = re.sub(r"^([#+=-])", r"\\\1", inline)
    return re.sub(r"^([0-9]{1,9})([.)])", r"\1\\\2", started)


# --- Renderers ----------------------------------------------------------------------------------


def _from_markdown(source: str) -> str:
    if len(_SIGNS.findall(source)) > _MOST_SIGNS or source.count("\n") > _MOST_TAGS:
        return _from_text(source, link=False)
    # The finder of links takes quadratic time over a text of nothing but beginnings of links.
    has_room = source.count("://") <= _MOST_LINKS
    return str((_TOOLS.markdown if has_room else _TOOLS.markdown_without_links).render(source))


def _from_text(source: str, *, link: bool = True) -> str:
    is_linked = link and source.count("://") <= _MOST_LINKS
    inline = _linked if is_linked else _escaped
    return "\n".join(
        f"<p>{inline(paragraph).replace(chr(10), '<br>' + chr(10))}</p>"
        for paragraph in _BLANK_LINES.split(source.strip("\n"))
    )


def _from_html(source: str) -> str:
    return source


_RENDERERS: dict[str, Callable[[str], str]] = {
    "markdown": _from_markdown,
    "text": _from_text,
    "html": _from_html,
}


def _escaped(text: str) -> str:
    return entities.escape(text, quote=False)


def _linked(text: str) -> str:
    pieces, start = [], 0
    for match in _TOOLS.links.match(text) or ():
        pieces.append(_escaped(text[start : match.index]))
        pieces.append(f'<a href="{entities.escape(match.url)}">{_escaped(match.text)}</a>')
        start = match.last_index
    return "".join([*pieces, _escaped(text[start:])])


class _Tools(threading.local):
    """The libraries' objects, one set for each thread, because they keep state while they work."""

    def __init__(self) -> None:
        self.markdown = _markdown(links=True)
        self.markdown_without_links = _markdown(links=False)
        self.links = LinkifyIt()
        _restrict(self.links)
        self.cleaner = Cleaner(
            tags=TAGS,
            attributes=is_allowed_attribute,
            protocols={"http", "https", "mailto"},
            strip=True,
        )


def _markdown(*, links: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": links, "maxNesting": 20})
    markdown.enable(["strikethrough", "table"])
    if links:
        markdown.enable("linkify")
        _restrict(markdown.linkify)
    markdown.core.ruler.push("lower_headings", _lower_headings)
    markdown.add_render_rule("image", _image_as_link)
    return markdown


def _restrict(links: Any) -> None:
    """Find only full web addresses and mail addresses: "e.g.this" is none."""
    links.set({"fuzzy_link": False, "fuzzy_email": True})
    links.add("//", None)
    links.add("ftp:", None)


def _lower_headings(state: StateCore) -> None:
    """Put what a person heads with below the contribution's own heading, which is an h3.

    No level is skipped, whichever rank the person began with: what matters is which heading
    stands below which.
    """
    above: list[int] = []
    for token in state.tokens:
        if token.type == "heading_open":
            rank = int(token.tag[1])
            above = [*(one for one in above if one < rank), rank]
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(3 + len(above), 6)}"


def _image_as_link(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    url = str(tokens[index].attrs.get("src", ""))
    words = tokens[index].content.strip() or url
    return f'<a href="{entities.escape(url)}">{_escaped(words)}</a>'


# --- Cleaning -----------------------------------------------------------------------------------


def _clean(html: str, *, paragraphs: bool) -> SafeHtml:
    tidy = Tidier(paragraphs=paragraphs).tidied(html)
    if tidy.count("<") > _MOST_TAGS or tidy.count("&") > _MOST_ENTITIES:
        # bleach takes quadratic time over siblings: nobody wrote this to be read, so only its
        # words are kept, and a text without any element needs no allow-list.
        words = _escaped(_WHITE.sub(" ", to_text(tidy)))
        return SafeHtml(_LAST_PASS.clean(f"<p>{words}</p>") if words else "", key=_KEY)
    clean = _LAST_PASS.clean(_TOOLS.cleaner.clean(tidy))
    if "<a rel=" in clean:
        # A later pass knew better about a host, and its link has no address any more.
        return _clean(clean, paragraphs=paragraphs)
    return SafeHtml(clean, key=_KEY)


def _last_attribute(tag: str, name: str, value: str) -> str | None:
    return value if name == "rel" or is_allowed_attribute(tag, name, value) else None


_TOOLS = _Tools()
_LAST_PASS = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href"},
        "ol": {"start"},
        **{tag: {"lang", "dir"} for tag in sorted(WITH_LANGUAGE)},
    },
    attribute_filter=_last_attribute,
    link_rel=_REL,
    url_schemes={"http", "https", "mailto"},
)


# --- Plain text ---------------------------------------------------------------------------------


class _TextReader:
    """Collects the words of rendered HTML and the line ends that its elements ask for."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._gap = 0
        self._lists = 0
        self._cells = 0
        self._is_literal = False

    def read(self, html: str) -> str:
        """Return the plain text of ``html``; use an instance once."""
        position = 0
        for tag in _PIECE.finditer(html):
            self._add(html[position : tag.start()])
            self._pass_tag(tag[2], is_end=tag[1] == "/")
            position = tag.end()
        self._add(html[position:])
        return "".join(self._pieces)

    def _add(self, raw: str) -> None:
        text = entities.unescape(raw)
        if not self._is_literal:
            text = _WHITE.sub(" ", text)
            if self._gap or not self._pieces or self._pieces[-1][-1] in " \t\n":
                text = text.lstrip(" ")
        if not text:
            return
        if self._gap and self._pieces:
            self._pieces[-1] = self._pieces[-1].rstrip(" \n")
            self._pieces.append("\n" * self._gap)
        self._gap = 0
        self._pieces.append(text)

    def _pass_tag(self, name: str, *, is_end: bool) -> None:
        if name == "br":
            self._gap = min(self._gap + 1, 2)
        elif name in ("li", "tr"):
            self._cells = 0
            self._owe(1)
        elif name in ("td", "th"):
            self._pass_cell(is_end=is_end)
        elif name in ("ul", "ol"):
            self._owe(1 if self._lists - is_end else 2)
            self._lists += -1 if is_end else 1
        elif name in _PARTED:
            self._owe(2)
            self._is_literal = name == "pre" and not is_end

    def _pass_cell(self, *, is_end: bool) -> None:
        if is_end:
            return
        if self._cells:
            self._gap = 0
            self._pieces.append("\t")
        self._cells += 1

    def _owe(self, gap: int) -> None:
        """Ask for line ends before the next words, but not at the beginning of a cell."""
        if self._pieces and self._pieces[-1] != "\t":
            self._gap = max(self._gap, gap)

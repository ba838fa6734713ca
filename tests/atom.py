"""What makes a feed valid: the grammar of RFC 4287, and what no grammar can say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
THREADS = "{http://purl.org/syndication/thread/1.0}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
GRAMMAR = etree.RelaxNG(etree.parse(str(Path(__file__).with_name("data") / "atom.rng")))
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def parse(body: bytes) -> Any:
    """Return the root of a feed; raises where it is no XML."""
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False))


def entries(body: bytes) -> list[Any]:
    """Return the entries of a feed."""
    return list(parse(body).findall(f"{ATOM}entry"))


def said(element: Any, name: str) -> str:
    """Return the words of a child, nothing where there is none."""
    words: str = element.findtext(ATOM + name) or ""
    return words


def links(element: Any, rel: str) -> list[str]:
    """Return where the links of a kind lead."""
    return [link.get("href") for link in element.findall(f"{ATOM}link") if link.get("rel") == rel]


def problems(body: bytes) -> list[str]:
    """Return what is wrong with a feed, nothing for a valid one."""
    root = parse(body)
    found = [] if GRAMMAR.validate(root) else [str(GRAMMAR.error_log)]
    return found + list(_beyond_the_grammar(root))


def _beyond_the_grammar(root: Any) -> Iterator[str]:
    items = root.findall(f"{ATOM}entry")
    ids = Counter(said(item, "id") for item in items)
    yield from (f"the id {name} stands twice" for name, count in ids.items() if count > 1)
    if len(items) > 50:
        yield "more than fifty entries"
    if len(links(root, "self")) != 1 or links(root, "self") != [said(root, "id")]:
        yield "not one link to itself"
    for element in (root, *items):
        yield from _of_element(element)
    newest = max((said(item, "updated") for item in items), default="")
    if newest > said(root, "updated"):
        yield "an entry is newer than its feed"


def _of_element(element: Any) -> Iterator[str]:
    name = said(element, "id") or "?"
    if not name.startswith(("http://", "https://")):
        yield f"{name} is no absolute address"
    if len(links(element, "alternate")) != 1:
        yield f"{name} has not one page"
    for target in element.iter(f"{ATOM}link"):
        if not target.get("href").startswith(("http://", "https://")):
            yield f"{name} links to {target.get('href')}"
    if element.find(f"{ATOM}author") is None:
        yield f"{name} has no author"
    published, updated = said(element, "published"), said(element, "updated")
    for instant in filter(None, (published, updated)):
        if not INSTANT.fullmatch(instant):
            yield f"{name} has the instant {instant}"
    if published > updated:
        yield f"{name} was changed before it was published"

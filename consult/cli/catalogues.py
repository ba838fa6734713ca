"""Message catalogues: collecting, updating, compiling and checking them.

Files change only when their messages do: no dates, no line numbers, one order.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from consult.cli import typography

LOCALES = ("fr", "es")
"""English needs no catalogue: the sentences in the code are English."""
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SOURCES = (("consult", "*.py", "python"), ("templates", "*", "jinja2"))
TEMPLATES = frozenset({".html", ".txt", ".xml"})
_CHURN = re.compile(
    rb'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Report-Msgid-Bugs-To|Last-Translator'
    rb"|Language-Team):.*\n",
    re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


class Catalogues:
    """The catalogues of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "translations"
        self.pot = self.folder / "messages.pot"

    def po(self, locale: str) -> Path:
        """Return the path of a language's catalogue."""
        return self.folder / locale / "LC_MESSAGES" / "messages.po"

    def collected(self) -> Catalog:
        """Return a template with every marked sentence, in the order of files and lines."""
        catalog = _empty(None)
        for folder, pattern, method in SOURCES:
            for path in sorted((self.root / folder).rglob(pattern)):
                if method == "jinja2" and path.suffix not in TEMPLATES:
                    continue
                name = path.relative_to(self.root).as_posix()
                for line, message, _comments, context in extract_from_file(
                    method, path, keywords=KEYWORDS
                ):
                    catalog.add(message, locations=[(name, line)], context=context)
        return catalog

    def extract(self) -> int:
        """Write `messages.pot`; return the number of sentences."""
        catalog = self.collected()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pot.write_bytes(_written(catalog))
        return len(catalog)

    def update(self) -> None:
        """Bring each language up to date with `messages.pot`; changed sentences are fuzzy."""
        template = self.template()
        for locale in LOCALES:
            path = self.po(locale)
            path.parent.mkdir(parents=True, exist_ok=True)
            catalog = self.read(locale) if path.exists() else _empty(locale)
            catalog.update(template)
            path.write_bytes(_written(catalog))

    def compile(self) -> int:
        """Write the `.mo` files that are read at run time; return how many."""
        done = 0
        for locale in LOCALES:
            if not self.po(locale).exists():
                continue
            target = self.po(locale).with_suffix(".mo")
            aside = target.with_suffix(".mo.new")
            with aside.open("wb") as file:
                write_mo(file, self.read(locale))
            aside.replace(target)
            done += 1
        return done

    def template(self) -> Catalog:
        """Return `messages.pot`."""
        with self.pot.open("rb") as file:
            return read_po(file)

    def read(self, locale: str) -> Catalog:
        """Return a language's catalogue."""
        with self.po(locale).open("rb") as file:
            return read_po(file, locale=locale)

    def check(self) -> Iterator[str]:
        """Yield `file:line: what to change` for everything that is wrong."""
        fresh = self.collected()
        pot = self.pot.relative_to(self.root).as_posix()
        if not self.pot.exists() or self.pot.read_bytes() != _written(fresh):
            yield f"{pot}:1: the code has other sentences; run `flask i18n extract` and `update`"
        for locale in LOCALES:
            path = self.po(locale)
            name = path.relative_to(self.root).as_posix()
            if not path.exists():
                yield f"{name}:1: the catalogue is missing; run `flask i18n update`"
                continue
            for line, problem in _problems(self.read(locale), fresh, locale=locale):
                yield f"{name}:{line}: {problem}"


def _problems(catalog: Catalog, fresh: Catalog, *, locale: str) -> Iterator[tuple[int, str]]:
    for message in fresh:
        if message.id and catalog.get(_first(message), message.context) is None:
            yield 1, f"“{_short(message)}” is missing; run `flask i18n update`"
    for message in catalog:
        if not message.id:
            continue
        line = message.lineno or 1
        if fresh.get(_first(message), message.context) is None:
            yield line, f"“{_short(message)}” is no longer used; run `flask i18n update`"
            continue
        for problem in _of_message(message, locale=locale):
            yield line, problem


def _of_message(message: Message, *, locale: str) -> Iterator[str]:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if not strings or not all(strings):
        yield f"translate “{_short(message)}”"
        return
    if message.fuzzy:
        yield f"check “{_short(message)}” and take the fuzzy mark away"
    for number, string in enumerate(strings):
        yield from _placeholder_problems(message, string, number=number)
        yield from typography.problems(string, locale=locale)


def _placeholder_problems(message: Message, string: str, *, number: int) -> Iterator[str]:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    allowed = set().union(*map(_placeholders, ids))
    found = _placeholders(string)
    # “One reply” may do without its number, in every language.
    needed = _placeholders(ids[-1]) - ({"num"} if len(ids) > 1 and number == 0 else set())
    for name in sorted(found - allowed):
        yield f"“{name}” is no placeholder of the English sentence; remove it"
    for name in sorted(needed - found):
        yield f"the placeholder “{name}” is missing"


def _placeholders(text: str) -> set[str]:
    return {a or b for a, b in _PLACEHOLDER.findall(text)}


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _short(message: Message) -> str:
    text = " ".join(_first(message).split())
    return text if len(text) <= 60 else text[:59] + "…"


def _empty(locale: str | None) -> Catalog:
    return Catalog(locale=locale, project="Consult", version="1", header_comment="", fuzzy=False)


def _written(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    catalog.header_comment = (
        "# The sentences of Consult; `flask i18n extract` and `update` make this file."
    )
    catalog.fuzzy = False
    write_po(
        buffer,
        catalog,
        width=100,
        sort_by_file=True,
        ignore_obsolete=True,
        include_previous=False,
        include_lineno=False,
    )
    return _CHURN.sub(b"", buffer.getvalue())

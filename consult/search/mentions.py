"""Objectives that a text itself names, proposed for the passages where its author put them.

What names an objective inside a passage is proposed for that passage; what stands above others is
proposed for those below it: a heading for its section, a line such as “Objective 16:” until the
next such line or heading, a sentence that ends in a colon for the list after it. Nothing is taken
over here: a person confirms each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from consult.core.passages import Passage
from consult.core.ports import Suggestion
from consult.core.text import truncate
from consult.search.naming import LONGEST_NAMED, Mention, find, plainly

MOST_SUGGESTIONS: Final = 1000
"""Of one text; nobody confirms more."""

NAMED_ITSELF: Final = 1.0
"""Score where a passage names the objective."""
NAMED_ABOVE: Final = 0.8
"""Score where a heading or line above a passage names it."""

_LONGEST_LABEL: Final = 200
"""Characters of a line that heads others; the titles of objectives have up to 150."""
_LONGEST_OPENING: Final = 60
_WORD = re.compile("[a-z]+|[0-9]+")
_TITLE_SIGNS: Final = frozenset(":-.|(")
_SENTENCE_ENDS: Final = frozenset(".!?;,…")
_OPENING_WORDS: Final = frozenset(
    "a about acerca al and answer as asunto ce comentario comentarios comment"
    " commentaire commentaires comments compact con concernant concerne concerning"
    " concierne de del des du el en et for gcm global in la las le les lo los migracion"
    " migration migrations mondial mundial objet of on our pacte pacto para part parte"
    " partie pmm point pour pregunta propos punto que question qui re ref reference"
    " referencia regard regarding regards relacion relatif relation remarks remarques"
    " reponse respecto respeto respuesta seccion section sobre subject sujet sur tema"
    " the theme to topic under with y".split()
)
"""What may stand before the first objective in a line that heads others."""


@dataclass
class _Above:
    """A heading or line, and what it proposes for the passages below it."""

    passage: Passage
    mentions: Sequence[Mention]
    words: str
    is_followed: bool = False
    """Something below it took its proposals."""


class _Proposals:
    """Suggestions by passage and objective; the first one for both stays."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], Suggestion] = {}

    def own(self, passage: Passage, mentions: Sequence[Mention]) -> None:
        """Propose what a passage names itself."""
        self._add(passage, mentions, heading=None)

    def inherit(self, passage: Passage, above: _Above | None) -> None:
        """Propose what something above a passage names."""
        if above is not None:
            above.is_followed = True
            self._add(passage, above.mentions, heading=above.words)

    def _add(self, passage: Passage, mentions: Sequence[Mention], *, heading: str | None) -> None:
        for mention in mentions:
            for number in mention.numbers:
                suggestion = Suggestion(
                    objective=number,
                    passage=passage.index,
                    named=mention.named,
                    heading=heading,
                    score=NAMED_ITSELF if heading is None else NAMED_ABOVE,
                )
                self.found.setdefault((passage.index, number), suggestion)

    def in_order(self) -> list[Suggestion]:
        """Return them as one reads, an objective of a smaller number first."""
        return [self.found[key] for key in sorted(self.found)][:MOST_SUGGESTIONS]


class _Reader:
    """Goes through the passages of one text and keeps what stands above the next one."""

    def __init__(self, passages: Sequence[Passage], numbers: Collection[int]) -> None:
        self._passages = passages
        self._numbers = frozenset(numbers)
        self._proposals = _Proposals()
        self._headings: list[_Above] = []
        self._label: _Above | None = None
        self._lead_in: _Above | None = None
        self._all: list[_Above] = []

    def read(self) -> list[Suggestion]:
        """Return the suggestions for all passages; use an instance once."""
        for position, passage in enumerate(self._passages):
            mentions = find(passage.text, numbers=self._numbers)
            if passage.kind == "heading":
                self._pass_heading(passage, mentions)
            else:
                self._pass_text(passage, mentions, stands_alone=self._stands_alone(position))
            if len(self._proposals.found) >= MOST_SUGGESTIONS:
                break
        for above in self._all:
            if not above.is_followed:
                self._proposals.own(above.passage, above.mentions)
        return self._proposals.in_order()

    def _stands_alone(self, position: int) -> bool:
        """Tell whether a passage is a paragraph, or the only item of its list."""
        around = self._passages[max(position - 1, 0) : position + 2]
        kind = self._passages[position].kind
        return kind == "paragraph" or [one.kind for one in around].count("item") == 1

    def _pass_heading(self, passage: Passage, mentions: Sequence[Mention]) -> None:
        self._label = self._lead_in = None
        while self._headings and self._headings[-1].passage.level >= passage.level:
            self._headings.pop()
        if mentions:
            self._headings.append(self._above(passage, mentions, passage.text))

    def _pass_text(
        self, passage: Passage, mentions: Sequence[Mention], *, stands_alone: bool
    ) -> None:
        line = _last_line(passage.text)
        in_line = [one for one in mentions if one.start >= len(passage.text) - len(line)]
        is_label = stands_alone and _is_label(line, in_line, offset=len(passage.text) - len(line))
        if is_label:
            self._label, self._lead_in = self._above(passage, in_line, line), None
        if is_label and _names_only(passage.text, mentions):
            return
        self._proposals.own(passage, mentions)
        self._inherit(passage, skips_label=is_label)
        if passage.kind == "paragraph":
            leads_in = mentions and not is_label and line.rstrip().endswith(":")
            self._lead_in = self._above(passage, mentions, passage.text) if leads_in else None

    def _inherit(self, passage: Passage, *, skips_label: bool) -> None:
        if passage.kind == "item":
            self._proposals.inherit(passage, self._lead_in)
        if not skips_label:
            self._proposals.inherit(passage, self._label)
        for heading in reversed(self._headings):
            self._proposals.inherit(passage, heading)

    def _above(self, passage: Passage, mentions: Sequence[Mention], words: str) -> _Above:
        above = _Above(passage, mentions, truncate(words.strip(), limit=LONGEST_NAMED))
        self._all.append(above)
        return above


def suggest(passages: Sequence[Passage], *, numbers: Collection[int]) -> list[Suggestion]:
    """Propose the objectives that a text names for its passages.

    In reading order, then by number; at most one for a passage and an objective, and at most
    1,000. What names an objective in the passage itself counts before what stands above it, and
    the nearest above before those further up. A heading, or a line that does nothing but name
    objectives, gets its own proposals only where nothing stands below it.
    """
    return _Reader(passages, numbers).read()


# --- Lines that head others ---------------------------------------------------------------------


def _last_line(text: str) -> str:
    return text[text.rstrip().rfind("\n") + 1 :]


def _is_label(line: str, mentions: Sequence[Mention], *, offset: int) -> bool:
    """Tell whether a line heads what comes: it begins with an objective and is no sentence."""
    if not mentions or len(line) > _LONGEST_LABEL:
        return False
    first = mentions[0]
    opening = line[: first.start - offset]
    if len(opening) > _LONGEST_OPENING or not _is_opening(opening):
        return False
    bare = line.rstrip()
    rest = line[first.end - offset :].lstrip(" \u00a0\u202f)]*'\"’”»")
    if bare.endswith(":") or _says_nothing(line, mentions, offset=offset):
        return True
    if bare[-1] in _SENTENCE_ENDS:
        return False
    return plainly(rest[:1]) in _TITLE_SIGNS or rest[:1].isupper()


def _is_opening(words: str) -> bool:
    return all(
        word in _OPENING_WORDS or len(word) == 1 or (word.isdecimal() and len(word) < 3)
        for word in _WORD.findall(plainly(words))
    )


def _names_only(text: str, mentions: Sequence[Mention]) -> bool:
    return _says_nothing(text, mentions, offset=0)


def _says_nothing(line: str, mentions: Sequence[Mention], *, offset: int) -> bool:
    """Tell whether nothing is left of a line but small words when its mentions are taken out."""
    rest, position = [], 0
    for mention in mentions:
        rest.append(line[position : mention.start - offset])
        position = mention.end - offset
    return _is_opening(" ".join([*rest, line[position:]]))

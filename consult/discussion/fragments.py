"""Rendered HTML of public contributions, kept by what it is made from.

Nothing is ever taken out because it became wrong: whatever changes a text's HTML changes its key
(docs/decisions/0004-fragment-cache.md). Only the bounds take something out, the longest unasked
first.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from markupsafe import Markup

from consult.discussion.queries.row_shapes import Key

MOST_FRAGMENTS = 5_000
MOST_BYTES = 8 * 1024 * 1024
"""For each process; a text takes about two kilobytes."""


class Fragments:
    """A bounded store of one process; threads may share it."""

    def __init__(
        self, *, most_fragments: int = MOST_FRAGMENTS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._most_fragments, self._most_bytes = most_fragments, most_bytes
        self._kept: OrderedDict[Key, Markup] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """Bytes of the HTML that is kept."""
        return self._bytes

    def get(self, key: Key) -> Markup | None:
        """Return the HTML kept under a key, None where there is none."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Key, html: Markup) -> None:
        """Keep the HTML of a key; what is larger than all bytes is not kept."""
        size = sys.getsizeof(html)
        if size > self._most_bytes:
            return
        with self._lock:
            before = self._kept.pop(key, None)
            if before is not None:
                self._bytes -= sys.getsizeof(before)
            self._kept[key] = html
            self._bytes += size
            while self._bytes > self._most_bytes or len(self._kept) > self._most_fragments:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= sys.getsizeof(oldest)


@dataclass(frozen=True)
class PageFragments:
    """The store as one page asks it: with what all of its rows share as a part of each key."""

    store: Fragments
    locale: str
    zone: str
    offers_reply: bool
    """Whether links to reply stand beside each text."""
    offers_report: bool = False
    """Whether links to report it do."""

    def get(self, key: Key) -> Markup | None:
        """Return the HTML of a row on such a page."""
        return self.store.get(self._whole(key))

    def keep(self, key: Key, html: Markup) -> Markup:
        """Keep the HTML of a row for such pages and return it; templates call it."""
        self.store.put(self._whole(key), html)
        return html

    def _whole(self, key: Key) -> Key:
        return (self.locale, self.zone, self.offers_reply, self.offers_report, key)

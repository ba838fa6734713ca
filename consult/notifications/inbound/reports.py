"""Reports that a mail did not arrive (RFC 3464, and the many that follow nothing)."""

from __future__ import annotations

import re
from email.iterators import typed_subpart_iterator
from email.message import Message
from typing import cast

from flufl.bounce import all_failures

MAX_WORDS = 400
"""Characters of what a mail server said."""


def failure(message: Message) -> str | None:
    """Return what a mail server said of a mail that it will never deliver; empty where it said
    nothing, None for a delay and for what is no report.
    """
    try:
        _for_now, for_good = all_failures(message)
    except (AttributeError, IndexError, LookupError, RecursionError, TypeError, ValueError):
        # The library reads what dozens of programs have written; some of it breaks it.
        return None
    return _words(message) if for_good else None


def _words(message: Message) -> str:
    said = ""
    for part in typed_subpart_iterator(message, "message", "delivery-status"):
        blocks = part.get_payload()
        for block in cast(list[Message], blocks) if isinstance(blocks, list) else []:
            words = str(block.get("Diagnostic-Code", "")).partition(";")[2]
            said = said or words or str(block.get("Status", ""))
    return re.sub(r"[^\w.,:;@<>()\[\]'\"/#=+*%-]+", " ", said).strip()[:MAX_WORDS]

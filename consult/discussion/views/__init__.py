"""Pages of the discussion: `reading` for everybody, `writing` for authors, `feeds` for readers
that poll.
"""

from __future__ import annotations

from consult.discussion.views import feeds, reading, writing
from consult.discussion.views.blueprint import blueprint

__all__ = ["blueprint", "feeds", "reading", "writing"]

"""Pages of the discussion: `reading` for everybody, `writing` and `own_texts` for authors, `feeds`
for readers that poll.
"""

from __future__ import annotations

from consult.discussion.views import feeds, own_texts, reading, writing
from consult.discussion.views.blueprint import blueprint

__all__ = ["blueprint", "feeds", "own_texts", "reading", "writing"]

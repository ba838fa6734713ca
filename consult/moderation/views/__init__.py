"""Pages of moderation: `desk` shows the queue and takes decisions, `acts` takes them back and
claims items, `appeals` is the author's page.
"""

from __future__ import annotations

from consult.moderation.views import acts, appeals, desk
from consult.moderation.views.blueprint import blueprint

__all__ = ["acts", "appeals", "blueprint", "desk"]

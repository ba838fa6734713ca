"""The trilingual glossary as the search uses it: the notions that organisers keep. Pure."""

from __future__ import annotations

from consult.spaces.notions import Notion, NotionKind

__all__ = ["Notion", "NotionKind"]

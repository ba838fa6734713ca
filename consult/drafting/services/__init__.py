"""Use cases of drafting; each gets a session and `now`, and none commits."""

from consult.drafting.services.exporting import MadeExport, make_export, note_export
from consult.drafting.services.finding import find_all

__all__ = ["MadeExport", "find_all", "make_export", "note_export"]

"""Use cases of drafting; each gets a session and `now`, and none commits."""

from consult.drafting.services.exporting import MadeExport, make_export, note_export

__all__ = ["MadeExport", "make_export", "note_export"]

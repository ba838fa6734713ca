"""What the forms of the desk send, read into typed values; problems as sentences by field."""

from consult.moderation.forms.appeal import AppealForm, fresh_appeal, read_appeal
from consult.moderation.forms.bulk import (
    BulkForm,
    bulk_reasons,
    fresh_bulk,
    read_bulk,
    read_left_out,
)
from consult.moderation.forms.decision import DecisionForm, fresh, read, reason_options
from consult.moderation.forms.filter import read_filter, read_since
from consult.moderation.forms.note import NoteForm, fresh_note, read_note
from consult.moderation.forms.preview import Preview, preview, previews

__all__ = [
    "AppealForm",
    "BulkForm",
    "DecisionForm",
    "NoteForm",
    "Preview",
    "bulk_reasons",
    "fresh",
    "fresh_appeal",
    "fresh_bulk",
    "fresh_note",
    "preview",
    "previews",
    "read",
    "read_appeal",
    "read_bulk",
    "read_filter",
    "read_left_out",
    "read_note",
    "read_since",
    "reason_options",
]

"""One writer per format; each turns the same rows into one file and knows no database and no web.

Whoever calls them has already chosen the rows and checked who may see them. Every writer streams,
replaces its target in one step and gives the same bytes for the same rows.
"""

from collections.abc import Mapping
from types import MappingProxyType

from consult.drafting.exports import csv, docx, jsonl, markdown, xlsx
from consult.drafting.exports.rows import Writer

FORMATS: Mapping[str, Writer] = MappingProxyType(
    {
        "docx": docx.write,
        "xlsx": xlsx.write,
        "csv": csv.write,
        "jsonl": jsonl.write,
        "md": markdown.write,
    }
)
"""The writer of each format, by the name that ``flask export --format`` takes (also the suffix)."""

__all__ = ["FORMATS"]

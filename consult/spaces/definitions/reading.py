"""From a file to a checked definition, or to the sentence that says what to change."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from consult.core.errors import BrokenInput
from consult.spaces.definitions.agreement import contradictions
from consult.spaces.definitions.instants import instant_of
from consult.spaces.definitions.shapes import Content, OutcomeEntry
from consult.spaces.definitions.yaml_lines import Where, line_of, load_yaml

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Definition:
    """A checked file: what it says, and the line of everything it says."""

    source: str
    content: Content
    lines: dict[Where, int]

    def broken(self, message: str, *where: str | int) -> BrokenInput:
        """Return the error that names the line of a value of this file."""
        return BrokenInput(self.source, line_of(self.lines, where), message)

    def instant(self, day: dt.date | None, *, is_closing: bool) -> dt.datetime | None:
        """Return a date of the file as an instant in UTC; see `instant_of`."""
        return instant_of(day, zone=self.content.forum.time_zone, is_closing=is_closing)


def read(path: Path, *, source: str | None = None) -> Definition:
    """Read and check a definition file; raises `BrokenInput` for the first line to change."""
    name = source or str(path)
    return parse(_bytes_of(path, source=name), source=name)


def read_outcome(path: Path) -> OutcomeEntry:
    """Read a file with what stands under `outcome` in a definition: `text` and `links`.

    The key `outcome` itself may stand above them. Raises `BrokenInput` for the first line to
    change.
    """
    source = str(path)
    value, lines = load_yaml(_bytes_of(path, source=source), source=source)
    if not isinstance(value, dict):
        raise BrokenInput(source, 1, "the file must begin with the key “text:”")
    if set(value) == {"outcome"} and isinstance(value["outcome"], dict):
        value = value["outcome"]
        lines = {where[1:]: line for where, line in lines.items() if where[:1] == ("outcome",)}
    return _checked(OutcomeEntry, value, lines=lines, source=source)


def _bytes_of(path: Path, *, source: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BrokenInput(source, 1, "this file cannot be read; check its name") from error


def parse(raw: bytes, *, source: str) -> Definition:
    """Check the bytes of a definition file; `source` is its name in error sentences."""
    value, lines = load_yaml(raw, source=source)
    if not isinstance(value, dict):
        raise BrokenInput(source, 1, "the file must begin with keys such as “version: 1”")
    content = _checked(Content, value, lines=lines, source=source)
    definition = Definition(source=source, content=content, lines=lines)
    found = [definition.broken(message, *where) for where, message in contradictions(content)]
    if found:
        raise min(found, key=lambda error: error.line)
    return definition


def _checked(shape: type[Shape], value: Any, *, lines: dict[Where, int], source: str) -> Shape:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        problems = [
            (line_of(lines, _where(e["loc"])), _sentence(e, shape=shape)) for e in error.errors()
        ]
        raise BrokenInput(source, *min(problems, key=lambda problem: problem[0])) from None


_PLAIN = {
    "string_type": "must be text; put it in quotes if it looks like a number or a date",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must have keys of its own",
    "model_type": "must have keys of its own",
    "model_attributes_type": "must have keys of its own",
}


def _where(loc: Where) -> Where:
    return tuple(part for part in loc if part != "[key]")


def _sentence(error: ErrorDetails, *, shape: type[BaseModel]) -> str:
    loc, kind, context = _where(error["loc"]), error["type"], error.get("ctx", {})
    key = next((str(part) for part in reversed(loc) if isinstance(part, str)), "file")
    if kind == "missing":
        return f"add the key “{key}” to this entry"
    if kind == "extra_forbidden":
        allowed = ", ".join(_keys(loc[:-1], shape=shape))
        return f"remove or rename “{key}”; the keys allowed here are {allowed}"
    if kind in {"literal_error", "enum"}:
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"“{key}” must be one of: {expected}"
    if kind == "value_error":
        return f"“{key}” {context['error']}"
    if kind == "string_pattern_mismatch":
        return f"“{key}” {_form_of(key)}"
    if kind == "too_short":
        return f"“{key}” needs at least {context['min_length']} entry"
    if kind == "greater_than_equal":
        return f"“{key}” must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"“{key}” must be at most {context['le']}"
    if kind == "string_too_long":
        return f"“{key}” may have at most {context['max_length']} characters"
    return f"“{key}” {_PLAIN.get(kind) or 'is wrong: ' + error['msg']}"


def _form_of(key: str) -> str:
    if key == "code":
        return "must be letters and digits, a space’s as RT3 and a reason’s as off-topic"
    if key == "contact":
        return "must be an e-mail address such as office@example.org"
    if key == "url":
        return "must be an address that begins with https://"
    return "must consist of small letters, digits and single hyphens, as in round-table-3"


def _keys(where: Where, *, shape: type[BaseModel]) -> list[str]:
    """Return the keys that an entry of the file may have."""
    model = shape
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)

"""The line format: JSON Lines, version 1, as strict models, and what to change in a wrong line.

`parse` looks at one line alone; what a line means among rows is for the importer to find out.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from consult.core.errors import BrokenInput
from consult.core.text import has_forbidden

VERSION = 1
MAX_BODY = 50_000
"""Code points of one text."""
MAX_ATTACHMENTS = 10


def _instant(value: object) -> dt.datetime | None:
    if value is None:
        return None
    wrong = ValueError("an instant such as 2026-01-31T09:30:00Z, with its zone")
    if not isinstance(value, str):
        raise wrong
    try:
        instant = dt.datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise wrong
        return instant.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise wrong from None


Instant = Annotated[dt.datetime | None, BeforeValidator(_instant)]
Identifier = Annotated[str, Field(min_length=1, max_length=200)]
Slug = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[int, Field(ge=1, le=100_000)]
Language = Literal["en", "fr", "es"]
State = Literal["published", "pending", "returned", "rejected"]
Removal = Literal["none", "hidden", "withdrawn", "erased"]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HeaderLine(_Strict):
    """The first line of an export: where from, by which filter, as of when."""

    type: Literal["header"]
    version: Literal[1]
    forum: Slug | None = None
    space: Slug | None = None
    as_of: Instant = None
    filter: dict[str, Any] = Field(default_factory=dict)
    counts: dict[str, Any] = Field(default_factory=dict)
    sha256: str | None = None


class AuthorPart(_Strict):
    """Who speaks, as shown to readers."""

    id: Identifier | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    organisation: Annotated[str, Field(max_length=200)] | None = None
    category: Slug | None = None
    country: str | None = None
    region: Slug | None = None
    on_behalf_of: Annotated[str, Field(max_length=500)] | None = None


class TagPart(_Strict):
    """An objective of a span (half-open, in code points of the plain text) or of the whole."""

    objective: Number
    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=1)] | None = None
    by: Literal["author", "moderator"] = "author"

    @model_validator(mode="after")
    def _is_span_or_whole(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError('both "start" and "end", or null for both')
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError('a "start" that is smaller than the "end"')
        return self


class AttachmentPart(_Strict):
    """A file that came with a text; `path` is relative to the folder beside the lines' file."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    type: Annotated[str, Field(min_length=1, max_length=120)]
    path: Annotated[str, Field(min_length=1, max_length=300)]


class _TextLine(_Strict):
    """What comments and questions have in common."""

    id: Identifier
    source: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    """None with the key left out is not None with a null: see `says_source`."""
    space: Slug
    author: AuthorPart | None
    language: Language | None = None
    format: Literal["markdown", "text", "html"] = "markdown"
    body: Annotated[str, Field(max_length=MAX_BODY)] | None
    objectives: list[Number] = Field(default_factory=list)
    tags: list[TagPart] = Field(default_factory=list)
    state: State = "published"
    created_at: Instant = None
    published_at: Instant = None
    edited_at: Instant = None
    reference: Annotated[str, Field(max_length=40)] | None = None
    context: bool = False
    removed: Removal = "none"
    attachments: Annotated[list[AttachmentPart], Field(max_length=MAX_ATTACHMENTS)] = Field(
        default_factory=list
    )

    @property
    def says_source(self) -> bool:
        """Whether the line has the key `source`; a null there stands for a text written here."""
        return "source" in self.model_fields_set

    @property
    def is_tombstone(self) -> bool:
        """Whether only the place in the thread is left."""
        return self.body is None

    def says(self, key: str) -> bool:
        """Whether the line states something for a key; null states nothing."""
        return key in self.model_fields_set and getattr(self, key) is not None

    @model_validator(mode="after")
    def _is_text_or_tombstone(self) -> Self:
        if self.removed == "none":
            if self.author is None or self.body is None or not self.body.strip():
                raise ValueError('an "author" and a "body" with words in it')
        elif self.state != "published":
            raise ValueError('the state "published", because only what was public can be removed')
        elif (self.author is None) != (self.body is None):
            raise ValueError('null for both "author" and "body" of what was removed')
        elif self.removed == "erased" and self.body is not None:
            raise ValueError('null for "author" and "body", because what is erased has no words')
        if self.tags and "objectives" in self.model_fields_set:
            extra = sorted({tag.objective for tag in self.tags} - set(self.objectives))
            if extra:
                raise ValueError(f'each objective of "tags" in "objectives" too, here {extra[0]}')
        return self


class CommentLine(_TextLine):
    """An answer to a question, or a reply."""

    type: Literal["comment"]
    question: Number | Identifier
    """The number of a question, or the id of a question line."""
    parent: Identifier | None = None


class QuestionLine(_TextLine):
    """A question posed by a participant."""

    type: Literal["question"]
    number: Number | None = None
    kind: Literal["participant"] = "participant"


TextLine = CommentLine | QuestionLine
AnyLine = HeaderLine | CommentLine | QuestionLine

_MODELS: Mapping[str, type[HeaderLine | CommentLine | QuestionLine]] = MappingProxyType(
    {"header": HeaderLine, "comment": CommentLine, "question": QuestionLine}
)
_SHAPES = MappingProxyType(
    {
        "string_type": "a text in quotes",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "bool_type": "true or false",
        "list_type": "a list",
        "dict_type": "an object",
        "model_type": "an object",
        "model_attributes_type": "an object",
    }
)

_SENTENCES = MappingProxyType(
    {
        "extra_forbidden": "Take away the key {where}: this format does not know it.",
        "missing": "Add the key {where}.",
        "literal_error": "Write {where} as {expected} instead of {given}.",
        "string_too_long": "Shorten {where} to at most {most:,} characters.",
        "string_too_short": "Fill in {where}: it is empty.",
        "too_long": "Keep at most {most} entries in {where}.",
        "string_pattern_mismatch": "Write {where} as 64 hexadecimal digits in small letters.",
        "value_error": "Give {where} {wanted}.",
        "greater_than_equal": "Write a possible number in {where} instead of {given}.",
        "less_than_equal": "Write a possible number in {where} instead of {given}.",
    }
)


def parse(line_text: str, *, source: str, number: int) -> AnyLine:
    """Return one line as its model.

    `source` is the name of the file and `number` the line in it, from 1. Raises `BrokenInput`
    with a sentence that says what to change.
    """
    try:
        value = _object(line_text)
        return _model_of(value).model_validate(value)
    except ValidationError as error:
        raise BrokenInput(source, number, _sentence(error)) from None
    except _Wrong as error:
        raise BrokenInput(source, number, str(error)) from None


class _Wrong(Exception):
    """A sentence that says what to change."""


def _object(line_text: str) -> dict[str, Any]:
    try:
        value = json.loads(line_text, object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _Wrong(f"Correct the JSON at column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise _Wrong("Take away the deep nesting: no line of this format has it.") from None
    except ValueError as error:
        raise _Wrong(f"Correct the JSON: {error}.") from None
    if not isinstance(value, dict):
        raise _Wrong("Write one JSON object in the line, such as a comment.")
    for key, words in _texts(value):
        if has_forbidden(words):
            raise _Wrong(f"Take NUL characters and lone surrogates out of {key}.")
    return value


def _model_of(value: Mapping[str, Any]) -> type[HeaderLine | CommentLine | QuestionLine]:
    kind = value.get("type")
    if kind is None:
        raise _Wrong('Add the key "type" with "header", "comment" or "question".')
    model = _MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        words = f'Write "header", "comment" or "question" as "type" instead of {shown(kind)}.'
        raise _Wrong(words)
    return model


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {shown(key)} stands there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def shown(value: object) -> str:
    """Return a value for a message: short, on one line, nothing that a terminal would obey."""
    words = json.dumps(value, ensure_ascii=True)
    return words if len(words) <= 60 else f"{words[:60]}…"


def _texts(value: object, key: str = "the line") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield "the keys", name
            yield from _texts(item, shown(name))


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    kind, location = first["type"], first["loc"]
    if location and location[0] == "question" and kind != "missing":
        return 'Write "question" as the number of a question or the id of a question line.'
    template = _SENTENCES.get(kind, "Write {where} as {shape}.")
    context = first.get("ctx") or {}
    return template.format(
        where=_place(location),
        shape=_SHAPES.get(kind, "the format asks for"),
        given=shown(first["input"]),
        most=context.get("max_length"),
        expected=context.get("expected"),
        wanted=context.get("error"),
    )


def _place(location: tuple[int | str, ...]) -> str:
    names = [shown(part) if isinstance(part, str) else f"entry {part + 1}" for part in location]
    return " in ".join(reversed(names)) or "the line"

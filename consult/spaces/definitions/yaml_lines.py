"""YAML with its line numbers; small and flat files only."""

from __future__ import annotations

from typing import Any

import yaml

from consult.core.errors import BrokenInput

MAX_BYTES = 2_000_000
MAX_DEPTH = 20

Where = tuple[str | int, ...]
"""Where a value stands: keys and positions from the top of the file."""


def line_of(lines: dict[Where, int], where: Where) -> int:
    """Return the line of a value, or of the nearest thing around it."""
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same loader in C where PyYAML was built with it; ten times as fast."""


def load_yaml(raw: bytes, *, source: str) -> tuple[Any, dict[Where, int]]:
    """Return the value of a YAML file and the line of each part; raises `BrokenInput`.

    Aliases and deep nesting are refused before anything is built of them.
    """
    if len(raw) > MAX_BYTES:
        raise BrokenInput(source, 1, "make the file smaller; it may have at most 2 MB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BrokenInput(source, line, "save the file as UTF-8; this line is not") from None
    control = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if control is not None:
        line = text[: control.start()].count("\n") + 1
        raise BrokenInput(source, line, "remove the control character from this line")
    lines: dict[Where, int] = {}
    try:
        _refuse_tricks(text, source=source)
        loader = _Loader(text)
        node = loader.get_single_node()
        return (None if node is None else _value(loader, node, (), lines)), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenInput(source, line, f"mend the YAML: {error.problem}") from None


def _refuse_tricks(text: str, *, source: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise BrokenInput(
                source, line, "write the value out again; a *name is not allowed here"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise BrokenInput(source, line, "unfold this; entries nest at most 20 deep")


def _value(loader: Any, node: yaml.Node, where: Where, lines: dict[Where, int]) -> Any:
    lines.setdefault(where, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, where, lines)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(loader, item, (*where, position), lines)
            for position, item in enumerate(node.value)
        ]
    try:
        return loader.construct_object(node)
    except ValueError:
        raise yaml.MarkedYAMLError(
            problem=f"there is no such day or number as “{node.value}”",
            problem_mark=node.start_mark,
        ) from None


def _mapping(
    loader: Any, node: yaml.MappingNode, where: Where, lines: dict[Where, int]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(
                problem="a key must be one word", problem_mark=key_node.start_mark
            )
        if key in result:
            raise yaml.MarkedYAMLError(
                problem=f"the key “{key}” stands here twice; remove one",
                problem_mark=key_node.start_mark,
            )
        lines[(*where, key)] = key_node.start_mark.line + 1
        result[key] = _value(loader, value_node, (*where, key), lines)
    return result

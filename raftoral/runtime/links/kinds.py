"""What travels: the kinds of parameters of an operation, each with its two forms and its schema.

    TIME.from_text("2026-01-01T00:00:00Z") == 1767225600000000          MAP.to_query({"shop": "x"}) == ["shop=x"]

In: texts of a query string, or JSON that was read. Out: what `Service` takes. What does not fit is a `WrongInput` that
names the parameter. Never reads a request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from raftoral import errors as e
from raftoral.runtime.core.execution import EPOCH, MICROSECOND
from raftoral.runtime.service import Source


class Wrong(Exception):
    """What was expected instead; the parameter's name comes before it."""


class Kind(NamedTuple):
    """`from_query` takes all values of one name, in order; `from_json` what stands in a body. Both raise `Wrong`."""

    schema: dict[str, Any]
    from_query: Callable[[Sequence[str]], Any]
    from_json: Callable[[Any], Any]
    to_query: Callable[[Any], list[str]]
    to_json: Callable[[Any], Any]


def given(name: str, read: Callable[[Any], Any], value: Any) -> Any:
    """Reads a value; says which parameter it was for when it does not fit."""
    try:
        return read(value)
    except Wrong as wrong:
        raise e.WrongInput(f"{name}: {wrong}") from None


def _one(read: Callable[[str], Any]) -> Callable[[Sequence[str]], Any]:
    def first(texts: Sequence[str]) -> Any:
        if len(texts) != 1:
            raise Wrong("it is given more than once")
        return read(texts[0])

    return first


def _is(type_: type, words: str) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
            raise Wrong(f"{words} was expected, not {_shown(value)}")
        return value

    return checked


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + "…"


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> list[str]:
    return [str(value)]


def _int(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 19):
        raise Wrong(f"an int was expected, not {text!r}")
    return int(text)


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds < 1e12:
        raise Wrong(f"a number of seconds was expected, not {_shown(value)}")
    return seconds


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", ""):
        raise Wrong(f"true or false was expected, not {text!r}")
    return text.lower() in ("true", "1", "")  # `?force` alone means it


def _time(value: Any) -> int:
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Wrong(f"a time such as 2026-01-31T12:00:00Z was expected, not {_shown(value)}") from None
    if when.tzinfo is None:
        raise Wrong(f"{value} has no time zone: put a Z behind it for UTC")
    return int((when - EPOCH) / MICROSECOND)


def _time_text(us: int) -> str:
    return (EPOCH + MICROSECOND * us).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if bad := [name for name, equals, _ in pairs if not equals or not name]:
        raise Wrong(f"name=value was expected, not {bad[0]!r}")
    return {name: value for name, _, value in pairs}


def _texts_by_name(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise Wrong("an object of texts was expected")
    return value


def _changes(value: Any) -> dict[str, str | None]:
    if not isinstance(value, dict) or not all(each is None or isinstance(each, str) for each in value.values()):
        raise Wrong("an object of texts was expected; null takes a tag away")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Wrong("a text or a list of texts was expected")
    return tuple(found)


def _compared(value: Any) -> dict[str, str]:
    return {name: str(to_json(each), "utf-8") for name, each in _is(dict, "an object")(value).items()}


def _json_text(text: str) -> bytes:
    try:
        from_json(text)
    except ValueError as error:
        raise Wrong(f"this is not JSON: {error}") from None
    return text.encode()


def _json_value(data: bytes) -> Any:
    try:
        return from_json(data)
    except ValueError as error:
        raise e.WrongInput(f"what is sent is not JSON: {error}") from None


def _sources(value: Any) -> list[Source]:
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        texts = [(each.get("path"), each.get("text")) for each in value]
        if all(isinstance(path, str) and isinstance(text, str) for path, text in texts):
            return [Source(str(path), str(text)) for path, text in texts]
    raise Wrong('a list of files was expected, each {"path": ..., "text": ...}')


def _never(texts: Sequence[str]) -> Any:
    raise Wrong("it stands in the body")


_TEXTS = {"type": "array", "items": {"type": "string"}}
_OBJECT = {"type": "object", "additionalProperties": {"type": "string"}}
_MAYBE = {"type": ["string", "null"]}
_SOURCE = {
    "type": "object",
    "required": ["path", "text"],
    "properties": {name: {"type": "string"} for name in ("path", "text")},
}

TEXT = Kind({"type": "string"}, _one(_same), _is(str, "a text"), _text, _same)
INT = Kind({"type": "integer"}, _one(_int), _is(int, "an int"), _text, _same)
BOOL = Kind({"type": "boolean"}, _one(_bool), _is(bool, "true or false"), lambda v: ["true" if v else "false"], _same)
SECONDS = Kind({"type": "number", "minimum": 0}, _one(_seconds), _seconds, lambda v: [repr(float(v))], _same)
TIME = Kind({"type": "string", "format": "date-time"}, _one(_time), _time, lambda us: [_time_text(us)], _time_text)
TEXTS = Kind(_TEXTS, tuple, _texts, list, list)
MAP = Kind(_OBJECT, _pairs, _texts_by_name, lambda v: [f"{name}={text}" for name, text in v.items()], dict)
WHERE = Kind(
    {"type": "object"},
    _pairs,
    _compared,
    lambda v: [f"{name}={text}" for name, text in v.items()],
    lambda v: {name: from_json(text) for name, text in v.items()},
)
CHANGES = Kind({"type": "object", "additionalProperties": _MAYBE}, _never, _changes, list, dict)
ANY = Kind({}, _one(_json_text), to_json, lambda data: [data.decode()], _json_value)
SOURCES = Kind({"type": "array", "items": _SOURCE}, _never, _sources, list, lambda v: [each._asdict() for each in v])

"""Values to bytes and back: the one form in which frames, arguments and results are stored and sent.

    dumps(Decimal("12.50"), Decimal) == b'"12.5"'          loads(b'"12.5"', Decimal) == Decimal("12.5")
    dumps({10: "b", 2: "a"}, dict[int, str]) == b'{"2":"a","10":"b"}'

JSON in UTF-8 without spaces. Equal values have equal bytes, on every version of Python: fields are sorted by their
stored names and maps by their keys, a decimal has one text, there is one zero, no nan and no escape that need not be.
What was written reads as an equal value. Reading is wider than writing: unknown fields are passed over, missing ones
take their defaults, and an int reads as a decimal, so that newer types read what older ones wrote (`T` reads as `T'`).

| type | stored as |
|---|---|
| `str` `int` `float` `bool` `None`, a list, a tuple | JSON's own; an int has 64 bits |
| `Decimal` `UUID`, an enum, `Handle` | text |
| `datetime` | RFC 3339 in UTC |
| `timedelta` | an int: microseconds |
| `bytes` | base64 |
| `dict` | an object; keys that are not text as text |
| `Record` | an object |
| `Variant` | an object with `kind` |
| `Ok` `Failed` | `{"kind":"Ok","value":...}`, `{"detail":...,"error":...,"kind":"Failed"}` |
| `WorkflowError` | `{"fields":{...},"kind":...}` |
| `NamedTuple` | an array of its fields |

A codec for a type is made once, when it is first used (`plans` makes it). What does not fit raises a fault that names
the place. Nothing here imports a class by its name, and no byte that is read can run code.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic_core import CoreConfig, SchemaValidator, ValidationError, core_schema, from_json

from .faults import Misfit, TooLarge
from .plans import Planner
from .writers import Write

T = TypeVar("T")

_CONFIG = CoreConfig(strict=True, allow_inf_nan=False)


class Codec(Generic[T]):
    """Writes and reads the values of one type."""

    __slots__ = ("_nested", "_read", "_write")

    def __init__(self, schema: core_schema.CoreSchema, write: Write, nested: bool) -> None:
        self._read = SchemaValidator(schema, _CONFIG).validate_json
        self._write = write
        self._nested = nested

    def dumps(self, value: T) -> bytes:
        """The canonical bytes of a value; a fault when it does not fit the type."""
        try:
            data = self._write(value).encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            raise Misfit("a text holds what is no character") from None
        if self._nested:
            self._check_depth(data)
        return data

    def loads(self, data: bytes) -> T:
        """The value of which these are the bytes; Misfit when they are not of the type."""
        try:
            value: T = self._read(data)
        except ValidationError as error:
            raise _misfit(error) from None
        return value

    def _check_depth(self, data: bytes) -> None:
        """A type that contains itself can be nested deeper than the reader goes; then it must not be written."""
        try:
            from_json(data)
        except ValueError:
            raise TooLarge("a value is nested too deeply") from None


_codecs: dict[Any, Codec[Any]] = {}
_making = threading.Lock()


def codec_of(as_: Any) -> Codec[Any]:
    """The codec of a type: `codec_of(list[Order])`, `codec_of(A | B)`. TypeError for what the language lacks."""
    codec = _codecs.get(as_)
    if codec is None:
        with _making:
            planner = Planner(codec_of)
            plan = planner.plan(as_)
            codec = _codecs[as_] = Codec(planner.complete(plan), plan.write, planner.recursive)
    return codec


def object_codec(fields: Mapping[str, Any]) -> Codec[dict[str, Any]]:
    """A codec for values with names, `{"status": Status}`: the checkpoints of a workflow. Not kept: keep it."""
    planner = Planner(codec_of)
    plan = planner.named(dict(fields))
    return Codec(planner.complete(plan), plan.write, planner.recursive)


def dumps(value: Any, as_: Any) -> bytes:
    """The canonical bytes of `value`, which must fit the type `as_`."""
    return codec_of(as_).dumps(value)


def loads(data: bytes, as_: Any) -> Any:
    """The value of type `as_` of which `data` are the bytes."""
    return codec_of(as_).loads(data)


_SAYINGS = {
    "missing": "the field is missing",
    "json_invalid": "this is not JSON",
    "union_tag_not_found": "`kind` is missing",
    "union_tag_invalid": "`kind` is not known",
    "enum": "not a member of the enum",
    "recursion_loop": "nested too deeply",
}


def _misfit(error: ValidationError) -> Misfit:
    """pydantic's first complaint in our words: its own may change, and ours are stored."""
    first = error.errors(include_url=False, include_input=False)[0]
    said = first["ctx"]["error"] if first["type"] == "value_error" else None
    misfit = Misfit(str(said) if said is not None else _SAYINGS.get(first["type"], f"not {_named(first['type'])}"))
    for part in reversed(first["loc"]):
        misfit.inside(part)
    return misfit


def _named(complaint: str) -> str:
    """`int_type`, `int_from_float` -> "an int"; for all that is not in the table "of its type"."""
    what = complaint.partition("_")[0]
    names = {"string": "a text", "int": "an int", "float": "a float", "bool": "a bool", "list": "a list"}
    names |= {"dict": "a map", "model": "a record", "uuid": "a uuid", "tuple": "a tuple", "none": "none"}
    return names.get(what, "of its type")

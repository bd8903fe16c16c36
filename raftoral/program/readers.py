"""The reading half of the codec: schemas for pydantic-core, for each plain type and each type of key.

What JSON has is read by pydantic-core, strictly: `1.0` is no int and `1` no text. What it has not is text that our own
functions read, the same on every version of Python. They raise ValueError with words of ours, which `codec` passes on.
"""

from __future__ import annotations

import re
from binascii import Error as NotBase64, a2b_base64
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic_core import core_schema as cs

from .scalars import INT_MAX, INT_MIN, duration_of, read_decimal, read_int, read_timestamp
from .values import Record

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _text(read: Callable[[str], Any], wanted: str) -> cs.CoreSchema:
    """A schema for values that are stored as text."""

    def checked(value: Any) -> Any:
        found = read(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{wanted} was expected")
        return found

    return cs.no_info_plain_validator_function(checked)


def _decimal(value: Any) -> Decimal:
    """From text; from an int too, because an int of an older type reads as a decimal."""
    if value.__class__ is str:
        found = read_decimal(value)
        if found is not None:
            return found
    elif value.__class__ is int and INT_MIN <= value <= INT_MAX:
        return Decimal(value)
    if value.__class__ is float:  # read from JSON as a number, which may have lost digits
        raise ValueError(f'a decimal was expected, as a text: "{value!r}"')
    raise ValueError("a decimal was expected")


def _duration(value: int) -> timedelta:
    return duration_of(value)


def _one_zero(value: float) -> float:
    return value + 0.0


def _bytes(text: str) -> bytes | None:
    try:
        return a2b_base64(text.encode("ascii"), strict_mode=True) if text else b""
    except (NotBase64, UnicodeEncodeError):
        return None


def _uuid(text: str) -> UUID | None:
    return UUID(text) if _UUID.fullmatch(text) else None


def _bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text)


INT = cs.int_schema(ge=INT_MIN, le=INT_MAX)
STR = cs.str_schema()
BOOL = cs.bool_schema()
NONE = cs.none_schema()
FLOAT = cs.no_info_after_validator_function(_one_zero, cs.float_schema(allow_inf_nan=False))
DECIMAL = cs.no_info_plain_validator_function(_decimal)
DURATION = cs.no_info_after_validator_function(_duration, INT)
TIMESTAMP = _text(read_timestamp, "a timestamp")
UUID_TEXT = _text(_uuid, "a uuid")
BYTES = _text(_bytes, "base64")

KEY_INT = _text(read_int, "an int")
KEY_BOOL = _text(_bool, "true or false")
KEY_UUID = UUID_TEXT
KEY_TIMESTAMP = TIMESTAMP


def enum_schema(cls: type[Enum]) -> cs.CoreSchema:
    return cs.enum_schema(cls, list(cls.__members__.values()), sub_type="str")


def record_maker(cls: type[Record]) -> Callable[[tuple[dict[str, Any], object, set[str]]], Record]:
    """Makes a record of fields that were read.

    Not by a schema for models: in its place pydantic-core may take the class's own, which reads more than we do, and it
    does so only once the class was used. And not by calling the class, which would look at every field again.
    """
    new, put = cls.__new__, object.__setattr__

    def made(read: tuple[dict[str, Any], object, set[str]]) -> Record:
        record = new(cls)
        put(record, "__dict__", read[0])
        put(record, "__pydantic_fields_set__", read[2])
        put(record, "__pydantic_extra__", None)
        put(record, "__pydantic_private__", None)
        return record

    return made

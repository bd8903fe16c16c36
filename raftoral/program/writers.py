"""The writing half of the codec: functions from a value to its JSON text, one for each kind of type.

    record_writer(Item, [("price", "price", write_decimal), ("qty", "qty", write_int)])  writes  {"price":"9.5","qty":2}

A writer checks what it writes. What does not fit raises a fault with the path to it, so that whoever made a wrong value
is told where. The text is ours down to the last character, because equal values must have equal bytes.
"""

from __future__ import annotations

import threading
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from .faults import Fault, Misfit, NotFinite, Overflow, TooLarge
from .scalars import (
    DECIMAL_DIGITS_MAX,
    INT_MAX,
    INT_MIN,
    NESTING_MAX,
    SIZE_MAX,
    checked_decimal,
    decimal_text,
    microseconds,
    timestamp_text,
)
from .values import WorkflowError

Write = Callable[[Any], str]
Key = Callable[[Any], str]


def misfit(wanted: str, value: object) -> Misfit:
    got = "none" if value is None else f"a value of Python's type {type(value).__name__}"
    return Misfit(f"{wanted} was expected, not {got}")


# --- plain values -----------------------------------------------------------------------------------------------


def write_none(value: Any) -> str:
    if value is not None:
        raise misfit("none", value)
    return "null"


def write_bool(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise misfit("a bool", value)


def write_int(value: Any) -> str:
    if value.__class__ is not int:
        raise misfit("an int", value)
    if INT_MIN <= value <= INT_MAX:
        return repr(value)
    raise Overflow()


def write_float(value: Any) -> str:
    if value.__class__ is not float:
        if value.__class__ is not int:
            raise misfit("a float", value)
        value = _as_float(value)  # type checkers take an int for a float
    if value - value != 0.0:
        raise NotFinite()
    return repr(value + 0.0)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise NotFinite() from None


def write_str(value: Any) -> str:
    if isinstance(value, str):
        if len(value) > SIZE_MAX:
            raise TooLarge(f"a text or list is longer than {SIZE_MAX}")
        return encode_basestring(value)
    raise misfit("a text", value)


def write_decimal(value: Any) -> str:
    if value.__class__ is not Decimal:
        if value.__class__ is not int:
            raise misfit("a decimal", value)
        value = Decimal(value)
    text = str(value)
    if len(text) > DECIMAL_DIGITS_MAX or "E" in text or "e" in text or not value.is_finite():
        return f'"{decimal_text(checked_decimal(value))}"'  # checked first: its text could have any length
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f'"{text}"' if text != "-0" else '"0"'


def write_bytes(value: Any) -> str:
    if value.__class__ is not bytes:
        raise misfit("bytes", value)
    return f'"{b2a_base64(value, newline=False).decode()}"'


def write_duration(value: Any) -> str:
    if not isinstance(value, timedelta):
        raise misfit("a duration", value)
    count = microseconds(value)
    if INT_MIN <= count <= INT_MAX:
        return repr(count)
    raise Overflow("a duration left its 64 bits of microseconds")


def write_timestamp(value: Any) -> str:
    if not isinstance(value, datetime):
        raise misfit("a timestamp", value)
    if value.tzinfo is None or value.utcoffset() is None:
        raise Misfit("a timestamp needs a time zone")
    try:
        return f'"{timestamp_text(value)}"'
    except OverflowError:
        raise Overflow("a timestamp left its range") from None


def write_uuid(value: Any) -> str:
    if not isinstance(value, UUID):
        raise misfit("a uuid", value)
    return f'"{value}"'


def enum_writer(cls: type[Enum]) -> Write:
    texts = {member: encode_basestring(str(member.value)) for member in cls}

    def write(value: Any) -> str:
        if value.__class__ is not cls:
            raise misfit(f"a member of {cls.__name__}", value)
        return texts[value]

    return write


def literal_writer(allowed: Sequence[str]) -> Write:
    texts = {value: encode_basestring(value) for value in allowed}

    def write(value: Any) -> str:
        if value.__class__ is not str or value not in texts:
            raise misfit(f"the text {allowed[0]}", value)
        return texts[value]

    return write


# --- keys of maps: the value's own text, as JSON has no other keys ------------------------------------------------


def key_str(value: Any) -> str:
    return write_str(value)


def key_int(value: Any) -> str:
    return f'"{write_int(value)}"'


def key_bool(value: Any) -> str:
    return f'"{write_bool(value)}"'


# --- collections ------------------------------------------------------------------------------------------------


def list_writer(write: Write, cls: type = list) -> Write:
    wanted = "a list" if cls is list else "a tuple"

    def write_list(value: Any) -> str:
        if not isinstance(value, cls):
            raise misfit(wanted, value)
        out: list[str] = []
        try:
            for item in value:  # type: ignore[attr-defined]
                out.append(write(item))
        except Fault as fault:
            raise fault.inside(len(out)) from None
        return "[" + ",".join(out) + "]"

    return write_list


def map_writer(key: Key, write: Write) -> Write:
    def write_map(value: Any) -> str:
        if not isinstance(value, dict):
            raise misfit("a map", value)
        parts = []
        for name in _in_order(value):
            shown = key(name)
            try:
                parts.append(f"{shown}:{write(value[name])}")
            except Fault as fault:
                raise fault.inside(shown.strip('"')) from None
        return "{" + ",".join(parts) + "}"

    return write_map


def _in_order(value: dict[Any, Any]) -> list[Any]:
    try:
        return sorted(value)
    except TypeError:
        raise Misfit("the keys of a map have different types") from None


def tuple_writer(cls: type[tuple[Any, ...]], items: Sequence[tuple[str, Write]]) -> Write:
    """An array of fixed length: a tuple, or the fields of a `NamedTuple`."""
    wanted = "a tuple" if cls is tuple else f"a {cls.__name__}"
    writes, count = [write for _, write in items], len(items)
    inside = _short_tuple(*writes) if 1 <= count <= 3 else None

    def write_tuple(value: Any) -> str:
        if not isinstance(value, cls):
            raise misfit(wanted, value)
        if len(value) != count:
            raise Misfit(f"{wanted} of {count} was expected")
        if inside is not None:
            try:
                return inside(value)
            except Fault:  # which item it was is found below
                pass
        out: list[str] = []
        try:
            for write, item in zip(writes, value):  # noqa: B905 - the lengths were compared
                out.append(write(item))
        except Fault as fault:
            at = len(out)
            raise fault.inside(at if cls is tuple else items[at][0]) from None
        return "[" + ",".join(out) + "]"

    return write_tuple


def _short_tuple(first: Write, second: Write | None = None, third: Write | None = None) -> Write:
    """The text of one to three items. Most frames and arguments are that short, and without a loop it takes half the
    time: a microsecond of each step."""
    if second is None:
        return lambda value: f"[{first(value[0])}]"
    if third is None:
        return lambda value: f"[{first(value[0])},{second(value[1])}]"
    return lambda value: f"[{first(value[0])},{second(value[1])},{third(value[2])}]"


def record_writer(cls: type, fields: Sequence[tuple[str, str, Write]], kind: str = "") -> Write:
    """An object of the fields (stored name, name in Python, writer), by their stored names; `kind` is one more."""
    inside, end = _places(fields, kind)

    def write_record(value: Any) -> str:
        if not isinstance(value, cls):
            raise misfit(f"a {cls.__name__}", value)
        have = value.__dict__
        name = ""
        try:
            out = ""
            for start, name, write in inside:
                out += start + write(have[name])
            return out + end
        except Fault as fault:
            raise fault.inside(name) from None
        except KeyError:
            raise Misfit(f"a {cls.__name__} has no {name}") from None

    return write_record


def dict_writer(fields: Sequence[tuple[str, Write]]) -> Write:
    """The same for a dict with these keys."""
    inside, end = _places([(name, name, write) for name, write in fields], "")

    def write_dict(value: Any) -> str:
        out = ""
        for start, name, write in inside:
            if name not in value:
                raise Misfit(f"{name} is missing")
            try:
                out += start + write(value[name])
            except Fault as fault:
                raise fault.inside(name) from None
        return out + end

    return write_dict


def _places(fields: Sequence[tuple[str, str, Write]], kind: str) -> tuple[list[tuple[str, str, Write]], str]:
    """What stands before each value, and what comes after the last: all that is the same for every value."""
    shown = [(stored, name, write) for stored, name, write in fields]
    if kind:
        shown.append(("kind", "", lambda value: ""))
    before = "{"
    inside: list[tuple[str, str, Write]] = []
    for stored, name, write in sorted(shown, key=lambda field: field[0]):
        before += encode_basestring(stored) + ":"
        if name:
            inside.append((before, name, write))
            before = ","
        else:
            before += encode_basestring(kind) + ","
    return inside, before.rstrip(",") + "}"


# --- choices ----------------------------------------------------------------------------------------------------


def optional_writer(write: Write) -> Write:
    def write_optional(value: Any) -> str:
        return "null" if value is None else write(value)

    return write_optional


def union_writer(writes: dict[type, Write]) -> Write:
    def write_union(value: Any) -> str:
        write = writes.get(value.__class__)
        if write is None:
            raise misfit(" or ".join(cls.__name__ for cls in writes), value)
        return write(value)

    return write_union


def error_writer(kind: str, write: Write) -> Write:
    """`{"fields":{...},"kind":"CardDeclined"}`: fields of their own, since one may be called `kind`."""
    end = f',"kind":{encode_basestring(kind)}}}'

    def write_error(value: Any) -> str:
        return '{"fields":' + write(value) + end

    return write_error


def any_error_writer(dumps: Callable[[WorkflowError], bytes]) -> Write:
    def write_any_error(value: Any) -> str:
        if not isinstance(value, WorkflowError):
            raise misfit("an error", value)
        return dumps(value).decode()

    return write_any_error


# --- types that contain themselves --------------------------------------------------------------------------------


def later_writer(found: list[Write]) -> Write:
    """The writer of a class inside of itself: `found` holds it by the time that something is written."""

    def write_later(value: Any) -> str:
        return found[0](value)

    return write_later


class _Level(threading.local):
    count = 0


def bounded_writer(write: Write) -> Write:
    """Refuses what is nested too deeply. Counted by us: where Python's stack ends differs between its versions."""
    level = _Level()

    def write_bounded(value: Any) -> str:
        if level.count >= NESTING_MAX:
            raise TooLarge(f"more than {NESTING_MAX} records inside of each other")
        level.count += 1
        try:
            return write(value)
        finally:
            level.count -= 1

    return write_bounded

"""Arithmetic, text and the functions of the language, against Python's own: one small room, to be swapped.

`raftoral.program.std` is what the product uses; that this one is another is the point of the comparison.
"""

from __future__ import annotations

import base64
import hashlib
import math
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Any
from uuid import UUID

from raftoral.dsl.facts.types import DECIMAL, DURATION, FLOAT, Type

from .values import Fault, Handle, Member, Rec

RFT = Context(
    prec=34,
    rounding="ROUND_HALF_EVEN",
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
SIZE_MAX = 2**20
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def computed(compute: Callable[..., Any], *args: Any) -> Any:
    """A result in the decimal context of the language. An int or duration may be too large: `fitting` looks at it."""
    try:
        with localcontext(RFT):
            return compute(*args)
    except (ArithmeticError, DecimalException) as why:
        raise Fault(type(why).__name__) from why


def guarded(compute: Callable[..., Any], *args: Any) -> Any:
    """A result that the language has, or a fault."""
    return fitting(computed(compute, *args))


def fitting(value: Any) -> Any:
    """The value itself, if the language has it."""
    if isinstance(value, str | bytes | list) and len(value) > SIZE_MAX:
        raise Fault("TooLarge")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Fault("Overflow")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Fault("Overflow")
        return value + 0.0  # there is no -0.0
    if isinstance(value, timedelta) and not -(2**63) <= micros(value) < 2**63:
        raise Fault("Overflow")
    return value


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod,
}  # fmt: skip


def arithmetic(op: str, left: Any, right: Any) -> Any:
    """One operation. Ints and durations are exact in it: only what an expression gives has to fit (`fitting`)."""
    value = computed(OPERATORS[op], left, right)
    return value if isinstance(value, int | timedelta) else fitting(value)


def micros(value: timedelta) -> int:
    return value // MICROSECOND


def key_order(key: Any) -> Any:
    """Maps are walked in the order of their keys; members of an enum in the order of their names."""
    return key.name if isinstance(key, Member) else str(key) if isinstance(key, UUID) else key


# --- text --------------------------------------------------------------------------------------------------------


def decimal_text(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def duration_text(value: timedelta) -> str:
    left = abs(micros(value))
    parts = []
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1000)):
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    parts += [f"{left}us"] if left else []
    return ("-" if micros(value) < 0 else "") + ("".join(parts) or "0s")


def timestamp_text(value: datetime) -> str:
    text = value.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return text + (f".{value.microsecond:06}" if value.microsecond else "") + "Z"


def text(value: Any) -> str:
    """What `"${value}"` prints."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Member):
        return value.name
    if isinstance(value, Handle):
        return value.id or f"child {value.number}"
    return _whole(value)


def _whole(value: Any) -> str:
    if isinstance(value, Rec):
        fields = ", ".join(f"{name}: {text(part)}" for name, part in value.fields.items())
        return f"{value.name}({fields})" if value.fields else value.name
    if isinstance(value, list):
        return "[" + ", ".join(text(part) for part in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(text(part) for part in value) + ")"
    if isinstance(value, dict):
        keys = sorted(value, key=key_order)
        return "{" + ", ".join(f"{text(key)}: {text(value[key])}" for key in keys) + "}"
    return str(value)


# --- functions ---------------------------------------------------------------------------------------------------


def as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _sum(values: list[Any], type: Type) -> Any:
    """Only the sum itself must fit."""
    start: Any = {DECIMAL: Decimal(0), DURATION: timedelta(0)}.get(type, 0)
    return math.fsum(values) if type is FLOAT else sum(values, start)


def _range(*args: Any) -> list[int]:
    found = range(*args[:-1])
    if len(found) > SIZE_MAX:
        raise Fault("TooLarge")
    return list(found)


def _unique(values: list[Any], type: Type) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _extreme(pick: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        *values, _ = args
        return pick(values[0], default=None) if len(values) == 1 else pick(values)

    return call


def _ascii(shift: int, first: str, last: str) -> Callable[..., str]:
    return lambda t, _: "".join(chr(ord(c) + shift) if first <= c <= last else c for c in t)


def _parse(pattern: str, make: Callable[[str], Any]) -> Callable[..., Any]:
    def call(value: str, type: Type) -> Any:
        if not re.fullmatch(pattern, value, re.ASCII):
            return None
        try:
            return guarded(make, value)
        except (Fault, ValueError):
            return None

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": lambda x, _: len(x),
    "sum": _sum,
    "min": _extreme(min),
    "max": _extreme(max),
    "abs": lambda x, _: abs(x),
    "sorted": lambda xs, _: sorted(xs),
    "reversed": lambda xs, _: xs[::-1],
    "unique": _unique,
    "zip": lambda xs, ys, _: list(zip(xs, ys, strict=False)),
    "range": _range,
    "enumerate": lambda xs, _: list(enumerate(xs)),
    "join": lambda between, parts, _: between.join(parts),
    "split": lambda t, at, _: t.split(at) if at else list(t),
    "trim": lambda t, _: t.strip(" \t\n\r\f\v"),
    "starts_with": lambda t, x, _: t.startswith(x),
    "ends_with": lambda t, x, _: t.endswith(x),
    "contains": lambda x, y, _: y in x,
    "replace": lambda t, old, new, _: t.replace(old, new) if old else t,
    "matches": lambda t, pattern, _: re.fullmatch(pattern, t, re.ASCII) is not None,
    "upper_ascii": _ascii(-32, "a", "z"),
    "lower_ascii": _ascii(32, "A", "Z"),
    "hex": lambda x, _: format(x, "x") if isinstance(x, int) else as_bytes(x).hex(),
    "base64": lambda x, _: base64.b64encode(as_bytes(x)).decode(),
    "sha256": lambda x, _: hashlib.sha256(as_bytes(x)).hexdigest(),
    "decimal": lambda x, _: Decimal(repr(x) if isinstance(x, float) else x),
    "float": lambda x, _: float(x),
    "int": lambda x, _: int(x),
    "str": lambda x, _: text(x),
    "parse_int": _parse(r"[+-]?\d+", int),
    "parse_decimal": _parse(r"[+-]?\d+(\.\d+)?", lambda t: +Decimal(t)),
    "parse_timestamp": _parse(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", lambda t: datetime.fromisoformat(t[:-1] + "+00:00")
    ),
}


def _rounded(value: Any, places: int) -> Decimal:
    if not 0 <= places <= 34:
        raise Fault("OutOfRange")
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    return exact.quantize(Decimal(1).scaleb(-places), context=Context(prec=20_000, rounding="ROUND_HALF_EVEN"))


def _round(value: Any, places: int) -> Any:
    rounded = _rounded(value, places)
    if isinstance(value, float):
        return float(rounded)
    if len(rounded.normalize(Context(prec=20_000)).as_tuple().digits) > 34:
        raise Fault("Overflow")
    return rounded if rounded else Decimal(0)  # there is one zero


def _fixed(value: Any, places: int) -> str:
    shown = format(_rounded(value, places), "f")
    return shown.removeprefix("-") if not shown.strip("-0.") else shown


def _chunks(values: list[Any], count: int) -> list[list[Any]]:
    if count < 1:
        raise Fault("OutOfRange")
    return [values[at : at + count] for at in range(0, len(values), count)]


def _keys(m: dict[Any, Any]) -> list[Any]:
    return sorted(m, key=key_order)


METHODS: dict[str, Callable[..., Any]] = {
    "first": lambda xs: xs[0] if xs else None,
    "last": lambda xs: xs[-1] if xs else None,
    "take": lambda xs, n: xs[: max(n, 0)],
    "drop": lambda xs, n: xs[max(n, 0) :],
    "chunks": _chunks,
    "keys": _keys,
    "values": lambda m: [m[k] for k in _keys(m)],
    "items": lambda m: [(k, m[k]) for k in _keys(m)],
    "get": lambda m, key, other=None: m.get(key, other),
    "with_key": lambda m, key, value: {**m, key: value},
    "without": lambda m, key: {k: v for k, v in m.items() if k != key},
    "fixed": _fixed,
    "round": _round,
    "date": lambda t, zone: t.strftime("%Y-%m-%d").rjust(10, "0"),
}


def index(value: Any, key: Any) -> Any:
    """`value[key]` never fails: `none` where there is nothing, and nothing is before the start."""
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if 0 <= key < len(value) else None

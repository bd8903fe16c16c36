"""Arithmetic that can fail, sums, roundings and conversions of numbers.

    times(a, b): a product of ints that fits 64 bits      divide(a, b): `/`      floor_divide(a, b): `//`

Decimals are computed in the context RFT, whatever the thread's is. A float becomes a decimal by its shortest text, so
that `decimal(0.1e0)` is `0.1`: what it prints is what it becomes.
"""

from __future__ import annotations

import decimal as host
import math
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar, overload

from ..faults import DivisionByZero, NotFinite, Overflow
from ..scalars import CONTEXT, checked_decimal, decimal_text, duration_of, finite, int64, microseconds, rounded

Measure = TypeVar("Measure", int, float, Decimal, timedelta)
Fraction = TypeVar("Fraction", float, Decimal)


# --- operators --------------------------------------------------------------------------------------------------


def times(left: int, right: int) -> int:
    """`a * b` of ints."""
    return int64(left * right)


@overload
def divide(left: float, right: float) -> float: ...
@overload
def divide(left: Decimal, right: Decimal) -> Decimal: ...
def divide(left: float | Decimal, right: float | Decimal) -> float | Decimal:
    """`a / b` of decimals or floats."""
    if not right:
        raise DivisionByZero()
    if isinstance(left, Decimal):
        assert isinstance(right, Decimal)
        try:
            return CONTEXT.divide(left, right)
        except host.DecimalException:
            raise Overflow("a decimal is outside of its range") from None
    assert isinstance(right, float)
    return finite(left / right)


@overload
def floor_divide(left: int, right: int) -> int: ...
@overload
def floor_divide(left: timedelta, right: int) -> timedelta: ...
@overload
def floor_divide(left: timedelta, right: timedelta) -> int: ...
def floor_divide(left: int | timedelta, right: int | timedelta) -> int | timedelta:
    """`a // b`, rounding down, of ints and durations."""
    if not right:
        raise DivisionByZero()
    if isinstance(left, timedelta):
        if isinstance(right, timedelta):
            return int64(microseconds(left) // microseconds(right))
        return duration_of(microseconds(left) // right)
    assert isinstance(right, int)
    return int64(left // right)


@overload
def remainder(left: int, right: int) -> int: ...
@overload
def remainder(left: timedelta, right: timedelta) -> timedelta: ...
def remainder(left: int | timedelta, right: int | timedelta) -> int | timedelta:
    """`a % b`: what `//` leaves; it has the sign of `b`."""
    if not right:
        raise DivisionByZero()
    if isinstance(left, timedelta):
        assert isinstance(right, timedelta)
        return duration_of(microseconds(left) % microseconds(right))
    assert isinstance(right, int)
    return left % right


# --- functions --------------------------------------------------------------------------------------------------


def sum_int(values: Iterable[int]) -> int:
    """`sum(xs)`; only the sum itself must fit."""
    return int64(sum(values))


def sum_decimal(values: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    add = CONTEXT.add
    try:
        for value in values:
            total = add(total, value)
    except host.DecimalException:
        raise Overflow("a decimal is outside of its range") from None
    return total


def sum_float(values: Iterable[float]) -> float:
    """Rounded once, at the end: `sum` of Python rounds otherwise since 3.12."""
    try:
        return finite(math.fsum(values))
    except (OverflowError, ValueError):
        raise NotFinite() from None


def sum_duration(values: Iterable[timedelta]) -> timedelta:
    return duration_of(sum([microseconds(value) for value in values]))


def abs_(value: Measure) -> Measure:
    """`abs(x)`; the lowest int and the lowest duration have none."""
    if isinstance(value, Decimal):
        return value.copy_abs()
    if isinstance(value, timedelta):
        return duration_of(abs(microseconds(value)))
    return int64(abs(value)) if isinstance(value, int) else abs(value)


def fixed(value: float | Decimal, places: int) -> str:
    """`x.fixed(2)`: so many digits behind the point, half to even."""
    text = format(rounded(decimal(value), places), "f")
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def round_(value: Fraction, places: int) -> Fraction:
    """`x.round(2)`: half to even; the type stays."""
    if isinstance(value, Decimal):
        return checked_decimal(rounded(value, places))
    return float_(rounded(decimal(value), places))


# --- conversions ------------------------------------------------------------------------------------------------


def decimal(value: float | Decimal) -> Decimal:
    """`decimal(x)`: exact for ints, by the shortest text for floats."""
    if isinstance(value, Decimal):
        return value
    return Decimal(repr(finite(value)) if isinstance(value, float) else value)


def int_(value: float | Decimal) -> int:
    """`int(x)`: drops what follows the point."""
    if isinstance(value, Decimal):
        if value.adjusted() > 19:  # before it becomes an int of thousands of digits
            raise Overflow()
        return int64(int(value))
    return int64(int(finite(value))) if isinstance(value, float) else value


def float_(value: float | Decimal) -> float:
    """`float(x)`: the nearest float."""
    if isinstance(value, Decimal):
        return finite(float(decimal_text(value)))
    return float(value)

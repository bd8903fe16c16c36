"""The plain values of the language: their bounds, their one text, and how text is read.

`${...}`, `str()` and stored values share these texts, so that what is printed is what is kept:

    decimal_text(Decimal("1E+2")) == "100"       float_text(0.1) == "0.1"
    duration_text(timedelta(minutes=90)) == "1h30m"
    timestamp_text(...) == "2026-11-21T08:00:00Z", with six digits behind the point if there is a fraction

Equal decimals have equal texts: neither an exponent nor zeros at the end. Nothing here depends on the decimal context
of the thread, on a locale, on a time zone of the machine, or on how a version of Python reads text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero as DecimalDivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow as DecimalOverflow,
    localcontext,
)
from typing import TYPE_CHECKING, TypeVar

from .faults import NotFinite, OutOfRange, Overflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
DECIMAL_DIGITS_MAX = 34
SIZE_MAX = 2**20  # characters, bytes or items of one value while a transition works on it
NESTING_MAX = 64  # records inside of records

# RFT: the decimals of IEEE 754 decimal128. FloatOperation is trapped because floats and decimals never mix.
CONTEXT = Context(
    prec=DECIMAL_DIGITS_MAX,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=0,
    traps=[InvalidOperation, DecimalDivisionByZero, DecimalOverflow, FloatOperation],
)
# Room for any decimal of CONTEXT written out in full: for texts, never for results.
_WIDE = Context(13_000, ROUND_HALF_EVEN, Emin=-20_000, Emax=20_000, capitals=1, clamp=0, traps=[InvalidOperation])

_is_decimal = re.compile(r"[+-]?[0-9]{1,7000}(?:\.[0-9]{1,7000})?").fullmatch
_is_int = re.compile(r"[+-]?[0-9]{1,7000}").fullmatch
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))"
)
_LOWEST = CONTEXT.Etiny()
_ZERO = Decimal(0)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1000), ("us", 1))


def transition_context() -> AbstractContextManager[Context]:
    """The decimal context RFT, for the length of one transition: `with transition_context(): ...`."""
    return localcontext(CONTEXT)


def constant(compute: Callable[[], T]) -> T:
    """The value of a constant or default: computed as in a transition, whatever the thread's context is."""
    with transition_context():
        return compute()


# --- numbers --------------------------------------------------------------------------------------------------


def int64(value: int) -> int:
    """The int itself, or a fault: `rt.int64(a + b)`. Inside of the expression it was exact."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise Overflow()


def finite(value: float) -> float:
    """The float itself, with one zero only, or a fault: `rt.finite(a * b)`."""
    if value - value != 0.0:
        raise NotFinite()
    return value + 0.0


def checked_decimal(value: Decimal) -> Decimal:
    """The decimal itself if CONTEXT could have made it: finite, at most 34 digits, exponent in range. Or a fault."""
    if not value.is_finite():
        raise NotFinite("a decimal is infinite or not a number")
    if not value:
        return _ZERO  # its exponent may be any
    if not _LOWEST <= value.adjusted() <= CONTEXT.Emax:
        raise Overflow("a decimal is outside of its range")
    _, digits, lowest = value.as_tuple()
    assert isinstance(lowest, int)  # it is finite
    if len(digits) > DECIMAL_DIGITS_MAX or lowest < _LOWEST:
        _, digits, lowest = value.normalize(_WIDE).as_tuple()
        assert isinstance(lowest, int)
        if len(digits) > DECIMAL_DIGITS_MAX or lowest < _LOWEST:
            raise Overflow(f"a decimal has more than {DECIMAL_DIGITS_MAX} digits")
    return value


def decimal_text(value: Decimal) -> str:
    """The one text of a decimal: no exponent, no zeros at the end of a fraction, no `-0`."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text or "e" in text:  # the context of the thread may say that exponents are small
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def float_text(value: float) -> str:
    """The shortest text that reads as the same float."""
    return repr(value + 0.0)


def read_int(text: str) -> int | None:
    """`-12`, `+7`, `007`; ASCII digits only. None for anything else, and for what has no place in 64 bits."""
    if not _is_int(text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 19:  # before `int` sees it, which refuses thousands of digits in a text of its own
        return None
    value = -int(digits) if text[0] == "-" else int(digits)
    return value if INT_MIN <= value <= INT_MAX else None


def read_decimal(text: str) -> Decimal | None:
    """`-12.50`; ASCII digits, no exponent. None for anything else, and for more than 34 digits."""
    if not _is_decimal(text):
        return None
    if len(text) <= DECIMAL_DIGITS_MAX:
        return Decimal(text)
    try:
        return checked_decimal(Decimal(text))
    except Overflow:
        return None


def rounded(value: Decimal, places: int) -> Decimal:
    """Half to even; as many digits behind the point, also when they are zeros. Exact: not limited to 34 digits."""
    if not 0 <= places <= DECIMAL_DIGITS_MAX:
        raise OutOfRange(f"a number of places is from 0 to {DECIMAL_DIGITS_MAX}")
    return value.quantize(Decimal((0, (1,), -places)), context=_WIDE)


# --- times ----------------------------------------------------------------------------------------------------


def microseconds(value: timedelta) -> int:
    """A duration as stored."""
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds


def span(value: timedelta) -> timedelta:
    """The duration itself, or a fault: it has 64 bits of microseconds. `rt.span(a + b)`."""
    if INT_MIN <= microseconds(value) <= INT_MAX:
        return value
    raise Overflow("a duration left its 64 bits of microseconds")


def duration_of(count: int) -> timedelta:
    """A duration of so many microseconds, or a fault."""
    if INT_MIN <= count <= INT_MAX:
        return count * _MICROSECOND
    raise Overflow("a duration left its 64 bits of microseconds")


def duration_text(value: timedelta) -> str:
    """`1d12h`, `1h30m`, `250ms`, `0s`, `-5m`: the units of the language, and `us` for what is left."""
    left = microseconds(value)
    if left == 0:
        return "0s"
    parts = ["-"] if left < 0 else []
    left = abs(left)
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def timestamp_text(value: datetime) -> str:
    """RFC 3339 in UTC: `2026-11-21T08:00:00Z`."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def read_timestamp(text: str) -> datetime | None:
    """RFC 3339, in any offset; digits behind the microseconds are dropped. None for anything else."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = found.groups()
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, UTC)
        if utc:
            return moment
        if int(hours) > 23 or int(minutes) > 59:
            return None
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):  # the 30th of February, or before the year 1
        return None

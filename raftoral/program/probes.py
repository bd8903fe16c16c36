"""The determinism digest: what this process answers to some ninety questions that versions could answer otherwise.

    determinism_digest() == determinism_digest() on another node, or the two must not be members of one cluster

Each probe is a question with one right answer, which the hazards of the language reference made us ask: sums of floats,
decimals at their bounds, texts, orders, patterns, time, chance, stored bytes, and the words of faults. The digest says
that two processes agree, not that they are right; `tests/program` says that.

In: nothing but the Python, the pydantic and the raftoral that run. Out: 64 hex digits, or the answers one by one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from uuid import UUID

from . import std
from .codec import codec_of
from .faults import Fault, fault_of
from .scalars import INT_MAX, INT_MIN, NESTING_MAX, transition_context
from .values import ActivityFailed, Failed, Ok, Outcome, Record, Variant, WorkflowError, changed, text


class _Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class _Line(Record):
    sku: str
    price: Decimal = Decimal("1.50")
    level: _Level = _Level.LOW


class _Tree(Record):
    name: str
    parts: list[_Tree] = []


class _Card(Variant):
    kind: Literal["_Card"] = "_Card"
    last4: str


class _Cash(Variant):
    kind: Literal["_Cash"] = "_Cash"


class _Refused(WorkflowError):
    code: str
    line: _Line | None = None


class _Frame(NamedTuple):
    lines: list[_Line]
    total: Decimal
    paid: _Card | _Cash | None
    problem: _Refused | ActivityFailed
    results: list[Outcome[float]]
    due: datetime
    counts: dict[int, timedelta]


_TENTHS = [0.1] * 10
_MOMENT = datetime(2024, 2, 29, 23, 59, 59, 999999, UTC)
_LINE = _Line(sku="é-1", price=Decimal("10.00"))
_FRAME = _Frame(
    [_LINE, changed(_LINE, sku='\x00\x1f\x7f\u2028"\\/😀', level=_Level.HIGH)],
    Decimal("1E+3"),
    _Card(last4="0007"),
    _Refused(code="51", line=_LINE),
    [Ok(1e16), Ok(5e-324), Ok(-0.0), Failed("Refused", "why\n")],
    _MOMENT,
    {10: timedelta(days=-1), 9: timedelta(microseconds=1), -1: timedelta(weeks=5000)},
)


def _stored(value: object, as_: Any) -> bytes:
    codec = codec_of(as_)
    data = codec.dumps(value)
    assert codec.dumps(codec.loads(data)) == data
    return data


def _tree(depth: int) -> _Tree:
    tree = _Tree(name="leaf")
    for _ in range(depth - 1):
        tree = _Tree(name="", parts=[tree])
    return tree


def _stream() -> std.Stream:
    return std.Stream.of("run-é", 7, 3)


def _thrice(number: Decimal) -> Decimal:
    return number / 3 * 3


Probe = Callable[[], object]

NUMBERS: dict[str, Probe] = {
    "float sum": lambda: std.sum_float(_TENTHS),
    "float sum of far numbers": lambda: std.sum_float([1e100, 1.0, -1e100, 1e-9]),
    "float sum too large": lambda: std.sum_float([1.7e308, 1.7e308]),
    "float arithmetic": lambda: [x + y for x in _TENTHS[:1] for y in (0.2, -0.3, 1e16, 5e-324)],
    "float texts": lambda: [1e16, 1e15, 1e-5, 0.0001, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123456789],
    "float division by zero": lambda: std.divide(1.0, 0.0),
    "float to decimal": lambda: std.decimal(0.1),
    "float to int": lambda: std.int_(-2.9),
    "float too large for an int": lambda: std.int_(1e19),
    "float fixed": lambda: [std.fixed(2.675, 2), std.fixed(0.125, 2), std.fixed(-0.001, 2), std.fixed(1e22, 1)],
    "float round": lambda: [std.round_(2.675, 2), std.round_(0.125, 2), std.round_(1e300, 4)],
    "int bounds": lambda: [std.times(INT_MAX, 1), std.times(INT_MIN, 1)],
    "int overflow": lambda: std.times(INT_MAX, 2),
    "int lowest divided": lambda: std.floor_divide(INT_MIN, -1),
    "int floor": lambda: [std.floor_divide(-7, 2), std.remainder(-7, 2), std.floor_divide(7, -2), std.remainder(7, -2)],
    "int sum passes its bounds": lambda: std.sum_int([INT_MAX, INT_MAX, INT_MIN, INT_MIN]),
    "int remainder of zero": lambda: std.remainder(1, 0),
    "decimal third": lambda: std.divide(Decimal(1), Decimal(3)),
    "decimal operators": lambda: [_thrice(Decimal(1)), Decimal("1.10") + Decimal("2.2"), Decimal(2) * Decimal("0.5")],
    "decimal half to even": lambda: [std.fixed(Decimal(x), 0) for x in ("0.5", "1.5", "2.5", "-0.5", "-1.5")],
    "decimal of 34 digits": lambda: Decimal("9" * 34) + Decimal("0.5"),
    "decimal zero by zero": lambda: std.divide(Decimal(0), Decimal(0)),
    "decimal native zero by zero": lambda: Decimal(0) / Decimal(0),
    "decimal overflow": lambda: Decimal("9E+6144") * 10,
    "decimal underflow": lambda: (Decimal("1E-6176") / 2).is_zero(),
    "decimal texts": lambda: [Decimal(x) for x in ("1E+2", "1.50", "-0", "-0.00", "1E-7", "100", "0E-3", "12345.6789")],
    "decimal sum": lambda: std.sum_decimal([Decimal("0.1")] * 10),
    "decimal with float": lambda: Decimal(1) < 0.5,
    "decimal to float": lambda: [std.float_(Decimal("0.1")), std.float_(Decimal("1E-400"))],
    "decimal too large for a float": lambda: std.float_(Decimal("1E+400")),
    "parse_int": lambda: [std.parse_int(x) for x in ("007", "-1", "+1", "٣", "1_0", " 1", "", "9" * 19, "9" * 5000)],
    "parse_decimal": lambda: [std.parse_decimal(x) for x in ("1.50", ".5", "5.", "1e3", "NaN", "٣", "1_0", "9" * 35)],
}  # fmt: skip

TEXTS: dict[str, Probe] = {
    "case": lambda: [std.upper_ascii("straße ŉ ǆ az"), std.lower_ascii("İSTANBUL ΑΒΣ AZ")],
    "trim": lambda: std.trim(" \t\u00a0a\u2003\n\x1c"),
    "split": lambda: [std.split("a,,b", ","), std.split("né😀", ""), std.split("", ",")],
    "replace": lambda: [std.replace("aaa", "aa", "b"), std.replace("abc", "", "-")],
    "replace too long": lambda: std.replace("a" * 2000, "a", "b" * 2000),
    "patterns": lambda: [std.matches(*x) for x in (("٣", r"\d"), ("é", r"\w"), ("\u2003", r"\s"), ("a\n", "a$"),
                                                   ("AB12", "[A-Z]{2}[0-9]+"), ("xAB12", "[A-Z]{2}[0-9]+"))],
    "digests": lambda: [std.sha256("é"), std.base64("é?>"), std.hex_("é"), std.hex_(-255), std.base64(b"\xfb\xff")],
    "length": lambda: [len("né😀"), len("e\u0301"), std.at("né😀", 2), std.at("abc", -1)],
    "order of texts": lambda: std.sorted_(["b", "a", "Z", "é", "z", "😀", "\uffff", ""]),
    "texts of values": lambda: [text(x) for x in (True, None, b"\x00\xff", _Level.HIGH, UUID(int=5), _LINE, _Cash(),
                                                  _Refused(code="1"), Ok([1]), (1, "a"), {2: "b", 1: "a"})],
}  # fmt: skip

COLLECTIONS: dict[str, Probe] = {
    "keys of texts": lambda: std.keys({"b": 1, "é": 2, "a": 3, "B": 4}),
    "keys of bools": lambda: std.items({True: 1, False: 2}),
    "keys of enums": lambda: std.keys({_Level.LOW: 1, _Level.HIGH: 2}),
    "keys of uuids": lambda: std.keys({UUID(int=2**127): 1, UUID(int=1): 2}),
    "with and without": lambda: std.without(std.with_key({"b": 1, "c": 2}, "a", 3), "b"),
    "unique": lambda: std.unique([_LINE, changed(_LINE, price=Decimal(10)), changed(_LINE, sku="b")]),
    "unique decimals": lambda: std.unique([Decimal("1.0"), Decimal(1), Decimal("1.00")]),
    "sorted is stable": lambda: std.sorted_([Decimal("1.0"), Decimal("0.9"), Decimal("1.00")]),
    "extremes": lambda: [std.min_(3, 1, 2), std.max_([Decimal("1.0"), Decimal(1)]), std.min_(["b", "a"])],
    "pieces": lambda: [std.take([1, 2, 3], 2), std.drop([1, 2, 3], 2), std.drop([1, 2, 3], -1), std.range_(2, 5)],
    "chunks": lambda: std.chunks([1, 2, 3], 2),
    "chunks of nothing": lambda: std.chunks([1], 0),
    "range too long": lambda: std.range_(INT_MIN, INT_MAX),
    "nothing there": lambda: std.there(None),
    "equality": lambda: [changed(_LINE, price=Decimal("1E+1")) == _LINE, _Cash() == _Cash(), Ok(1) == Ok(2)],
    "depth of equality": lambda: _tree(NESTING_MAX) == _tree(NESTING_MAX),
    "too deep for equality": lambda: _tree(NESTING_MAX + 1) == _tree(NESTING_MAX + 1),
    "too deep for a text": lambda: text(_tree(NESTING_MAX + 1)),
}

TIMES: dict[str, Probe] = {
    "timestamps": lambda: [_MOMENT, std.later(_MOMENT, timedelta(microseconds=1)), datetime(1, 1, 1, tzinfo=UTC)],
    "timestamp out of range": lambda: std.later(_MOMENT, timedelta(days=3_000_000)),
    "native timestamp out of range": lambda: datetime(1, 1, 1, tzinfo=UTC) - timedelta(days=1),
    "difference": lambda: _MOMENT - datetime(1, 1, 1, tzinfo=UTC),
    "parse_timestamp": lambda: [std.parse_timestamp(x) for x in (
        "2024-02-29T12:00:00Z", "2023-02-29T12:00:00Z", "2024-01-01t00:00:00.1234567+05:30", "2024-01-01T24:00:00Z",
        "2024-01-01", "20240101T000000Z", "2024-01-01T00:00:00", "2024-W01-1T00:00:00Z", "2024-12-31T23:59:60Z")],
    "date": lambda: [std.date(_MOMENT, "UTC"), std.date(datetime(33, 4, 3, tzinfo=UTC), "UTC")],
    "durations": lambda: [timedelta(0), timedelta(days=-1, seconds=1), timedelta(weeks=2, microseconds=1001)],
    "duration arithmetic": lambda: [std.scaled(timedelta(minutes=90), -3),
                                    std.floor_divide(timedelta(seconds=-7), timedelta(seconds=2)),
                                    std.remainder(timedelta(seconds=-7), timedelta(seconds=2)),
                                    std.floor_divide(timedelta(microseconds=-7), 2)],
    "duration out of range": lambda: std.scaled(timedelta(days=106_751_991), 2),
    "uuid": lambda: _stream().uuid(),
    "random": lambda: [_stream().random(), std.Stream.of("run", 0, 0).random()],
    "random_int": lambda: [_stream().random_int(1, 6), _stream().random_int(INT_MIN, INT_MAX)],
    "random_int of nothing": lambda: _stream().random_int(2, 1),
    "shuffle": lambda: _stream().shuffle(list(range(20))),
}  # fmt: skip

STORED: dict[str, Probe] = {
    "frame": lambda: _stored(_FRAME, _Frame),
    "any error": lambda: _stored(_Refused(code="9"), WorkflowError),
    "maps": lambda: _stored({"é": [1.0, 2.5e-7], "a": []}, dict[str, list[float]]),
    "float that is not finite": lambda: _stored(1e308 * 10, float),
    "int above its bounds": lambda: _stored({"a": [INT_MAX + 1]}, dict[str, list[int]]),
    "value of another type": lambda: _stored([_LINE, 1], list[_Line]),
    "half a character": lambda: _stored("\ud800", str),
    "deep": lambda: len(_stored(_tree(NESTING_MAX), _Tree)),
    "too deep": lambda: _stored(_tree(NESTING_MAX + 1), _Tree),
    "older bytes": lambda: codec_of(list[_Line]).loads(b'[{"sku": "a", "price": 2, "gone": 1.5}]'),
    "bytes of another type": lambda: codec_of(list[_Line]).loads(b'[{"sku":"a"},{"sku":1}]'),
    "bytes without a field": lambda: codec_of(list[_Line]).loads(b'[{"price":"1"}]'),
    "bytes that are not JSON": lambda: codec_of(int).loads(b"NaN"),
}

PROBES: dict[str, Probe] = {**NUMBERS, **TEXTS, **COLLECTIONS, **TIMES, **STORED}


def answer(probe: Probe) -> str:
    """What a probe computes, or the fault that it ends with, as one text."""
    try:
        with transition_context():
            found = probe()
    except Exception as error:
        fault: Fault = fault_of(error)
        return f"{fault.code}: {fault.message}"
    return f"{type(found).__name__} {text(found)}"


@cache
def determinism_digest() -> str:
    """SHA-256 over all answers. Members of a cluster compare it when they join."""
    digest = sha256(f"{sys.float_info.mant_dig} {sys.float_info.max_exp} {sys.maxunicode}\n".encode())
    for name, probe in PROBES.items():
        digest.update(f"{name}\0{answer(probe)}\n".encode())
    return digest.hexdigest()

"""Two libraries of the language agree: the one of the specification, and the one of the product."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from raftoral.dsl.facts import types as t
from raftoral.program import std as product
from raftoral.program.faults import Fault as ProductFault
from raftoral.program.values import text as product_text
from tests.reference import std
from tests.reference.interpreter import START
from tests.reference.values import Fault

INTS = [0, 1, -1, 7, -7, 2**63 - 1, -(2**63)]
DECIMALS = [Decimal(text) for text in ("0", "-0.00", "1.50", "-2.5", "0.125", "1e30", "9" * 34, "1e6144", "1e-6143")]
FLOATS = [0.0, 0.5, -2.5, 2.675, 1e300, 1e-300, 0.1]
DURATIONS = [timedelta(0), timedelta(minutes=90), timedelta(microseconds=-1500), timedelta(days=106_751_990)]
TEXTS = [
    "",
    "a",
    "ab,c",
    " \tx\u00a0",
    "ÄaZ",
    "12",
    "-7",
    "007",
    "1.50",
    "1e3",
    "99999999999999999999",
    "2026-01-01T10:00:00Z",
]
LISTS = [[], [1], [3, 1, 2, 3]]
MAPS: list[dict[str, int]] = [{}, {"b": 1, "a": 2}]


def said(compute: Callable[..., Any], *args: Any) -> Any:
    try:
        value = compute(*args)
        return repr(sorted(value.items()) if isinstance(value, dict) else value)
    except (Fault, ProductFault):
        return "fault"


def agree(name: str, mine: Callable[..., Any], other: Callable[..., Any], *choices: list[Any]) -> None:
    for args in itertools.product(*choices):
        one, two = said(lambda *a: std.guarded(mine, *a), *args), said(other, *args)
        assert one == two, (name, args, one, two)


PLAIN: dict[str, tuple[str, list[list[Any]]]] = {
    "abs": ("abs_", [[*INTS, *FLOATS, *DURATIONS]]),
    "sorted": ("sorted_", [LISTS]),
    "reversed": ("reversed_", [LISTS]),
    "unique": ("unique", [LISTS]),
    "min": ("min_", [LISTS]),
    "max": ("max_", [LISTS]),
    "zip": ("zip_", [LISTS, LISTS]),
    "range": ("range_", [[0, 3, -2, 2**21], [5, 1, 2**22]]),
    "enumerate": ("enumerate_", [LISTS]),
    "join": ("join", [["", ", "], [[], ["a"], ["a", "b"]]]),
    "split": ("split", [TEXTS, ["", ",", "a"]]),
    "trim": ("trim", [TEXTS]),
    "starts_with": ("starts_with", [TEXTS, TEXTS]),
    "ends_with": ("ends_with", [TEXTS, TEXTS]),
    "contains": ("contains", [TEXTS, TEXTS]),
    "replace": ("replace", [TEXTS, ["", "a", ","], ["", "xy"]]),
    "matches": ("matches", [TEXTS, ["[a-z]", "[0-9]+", "a|b,", ".*"]]),
    "upper_ascii": ("upper_ascii", [TEXTS]),
    "lower_ascii": ("lower_ascii", [TEXTS]),
    "hex": ("hex_", [[*INTS, *TEXTS, b"\x00\xff"]]),
    "base64": ("base64", [[*TEXTS, b"\x00\xff"]]),
    "sha256": ("sha256", [[*TEXTS, b"\x00\xff"]]),
    "decimal": ("decimal", [[*INTS, *FLOATS]]),
    "float": ("float_", [[*INTS, *DECIMALS]]),
    "int": ("int_", [[*INTS, *DECIMALS, *FLOATS]]),
    "parse_int": ("parse_int", [TEXTS]),
    "parse_decimal": ("parse_decimal", [TEXTS]),
    "parse_timestamp": ("parse_timestamp", [TEXTS]),
}
METHODS: dict[str, tuple[str, list[list[Any]]]] = {
    "first": ("first", [LISTS]),
    "last": ("last", [LISTS]),
    "take": ("take", [LISTS, [-1, 0, 2, 9]]),
    "drop": ("drop", [LISTS, [-1, 0, 2, 9]]),
    "chunks": ("chunks", [LISTS, [-1, 0, 1, 2, 9]]),
    "keys": ("keys", [MAPS]),
    "values": ("values", [MAPS]),
    "items": ("items", [MAPS]),
    "get": ("get", [MAPS, ["a", "c"], [0]]),
    "with_key": ("with_key", [MAPS, ["a", "c"], [5]]),
    "without": ("without", [MAPS, ["a", "c"]]),
    "date": ("date", [[START], ["UTC"]]),
    "fixed": ("fixed", [[*DECIMALS, *FLOATS], [-1, 0, 2, 34, 35]]),
    "round": ("round_", [[*DECIMALS, *FLOATS], [-1, 0, 2, 34, 35]]),
}


@pytest.mark.parametrize("name", PLAIN)
def test_function(name: str) -> None:
    other, choices = PLAIN[name]
    agree(name, lambda *args: std.FUNCTIONS[name](*args, t.INT), getattr(product, other), *choices)


@pytest.mark.parametrize("name", METHODS)
def test_method(name: str) -> None:
    other, choices = METHODS[name]
    agree(name, std.METHODS[name], getattr(product, other), *choices)


SUMS: list[tuple[t.Type, Callable[..., Any], list[Any]]] = [
    (t.INT, product.sum_int, INTS),
    (t.DECIMAL, product.sum_decimal, DECIMALS),
    (t.FLOAT, product.sum_float, FLOATS),
    (t.DURATION, product.sum_duration, DURATIONS),
]
OPERATORS: list[tuple[str, Callable[..., Any], list[Any], list[Any]]] = [
    ("*", product.times, INTS, INTS),
    ("//", product.floor_divide, INTS, INTS),
    ("%", product.remainder, INTS, INTS),
    ("/", product.divide, DECIMALS, DECIMALS),
    ("/", product.divide, FLOATS, FLOATS),
    ("//", product.floor_divide, DURATIONS, [*DURATIONS, 2, -3, 0]),
    ("%", product.remainder, DURATIONS, DURATIONS),
]


@pytest.mark.parametrize(("type", "other", "values"), SUMS)
def test_sum(type: t.Type, other: Callable[..., Any], values: list[Any]) -> None:
    lists = [list(some) for count in range(4) for some in itertools.permutations(values, count)]
    agree("sum", lambda xs: std.FUNCTIONS["sum"](xs, type), other, lists)


@pytest.mark.parametrize(("op", "other", "left", "right"), OPERATORS)
def test_operator(op: str, other: Callable[..., Any], left: list[Any], right: list[Any]) -> None:
    agree(op, std.OPERATORS[op], other, left, right)


def test_texts() -> None:
    values = [*INTS, *DECIMALS, *FLOATS, *DURATIONS, *TEXTS, *LISTS, *MAPS, None, True, START, b"\x00\xff", (1, "a")]
    for value in values:
        assert std.text(value) == product_text(value)

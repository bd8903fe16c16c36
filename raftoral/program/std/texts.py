"""Functions of text. ASCII only where letters or spaces have a kind, since Unicode's tables differ between Pythons.

    trim("  a\\n") == "a"      upper_ascii("é1a") == "é1A"      matches("AB12", "[A-Z]{2}[0-9]+")

`matches` asks whether the pattern takes the whole text. No text becomes longer than SIZE_MAX.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64, b2a_hex
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from ..faults import TooLarge
from ..scalars import SIZE_MAX, read_decimal, read_int
from ..values import text as str_

Sized = TypeVar("Sized", str, bytes, list[Any])

__all__ = [
    "base64",
    "bounded",
    "ends_with",
    "hex_",
    "join",
    "lower_ascii",
    "matches",
    "parse_decimal",
    "parse_int",
    "replace",
    "sha256",
    "split",
    "starts_with",
    "str_",
    "trim",
    "upper_ascii",
]

_SPACE = " \t\n\r\f\v"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_TO_UPPER = str.maketrans(_LOWER, _LOWER.upper())
_TO_LOWER = str.maketrans(_LOWER.upper(), _LOWER)


def bounded(value: Sized) -> Sized:
    """The text or list itself, or a fault when it is too long: `rt.std.bounded(a + b)`."""
    _check_size(len(value))
    return value


def _check_size(size: int) -> None:
    if size > SIZE_MAX:
        raise TooLarge(f"a text or list is longer than {SIZE_MAX}")


def join(between: str, parts: list[str]) -> str:
    """`join(", ", parts)`."""
    _check_size(sum([len(part) for part in parts]) + len(between) * max(len(parts) - 1, 0))
    return between.join(parts)


def split(text: str, at: str) -> list[str]:
    """`split(text, ",")`: always one piece more than there are separators; by characters when `at` is empty."""
    return text.split(at) if at else list(text)


def trim(text: str) -> str:
    """Without spaces, tabs and line ends at both ends; ASCII's only."""
    return text.strip(_SPACE)


def starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


def ends_with(text: str, end: str) -> bool:
    return text.endswith(end)


def replace(text: str, old: str, new: str) -> str:
    """All occurrences, from the left, not overlapping. An empty `old` occurs nowhere."""
    if not old:
        return text
    if len(new) > len(old):
        _check_size(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def matches(text: str, pattern: str) -> bool:
    """Whether `pattern` takes the whole text. The compiler checked it: a subset that means the same everywhere."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def upper_ascii(text: str) -> str:
    """`a` to `z` in capitals; all other letters stay."""
    return text.translate(_TO_UPPER)


def lower_ascii(text: str) -> str:
    """`A` to `Z` in small letters; all other letters stay."""
    return text.translate(_TO_LOWER)


def hex_(value: bytes | str | int) -> str:
    """`hex(x)`: two digits for each byte, of a text in UTF-8; an int as a number, `-ff` below zero."""
    if isinstance(value, int):
        return format(value, "x")
    return bounded(b2a_hex(_bytes(value)).decode())


def base64(value: bytes | str) -> str:
    """`base64(x)`: the usual alphabet, padded, in one line."""
    return bounded(b2a_base64(_bytes(value), newline=False).decode())


def sha256(value: bytes | str) -> str:
    """`sha256(x)`, in hex."""
    return hashlib.sha256(_bytes(value)).hexdigest()


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def parse_int(text: str) -> int | None:
    """`-12`, `+7`, `007`, in 64 bits; none for all other texts."""
    return read_int(text)


def parse_decimal(text: str) -> Decimal | None:
    """`-12.50`, without an exponent, of at most 34 digits; none for all other texts."""
    return read_decimal(text)

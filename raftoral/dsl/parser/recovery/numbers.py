"""What a malformed number was meant to be: `90sec` -> `90s`, `1.5h` -> `1h30m`, `16KB` -> `16kb`, `0x1F` -> `31`.

Pure functions over the text of one number. An unknown meaning is `("NAME", "")`, which becomes a hole.
"""

from __future__ import annotations

import re
from itertools import pairwise

MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
UNITS = {
    "ms": "ms", "msec": "ms", "msecs": "ms", "milli": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "d": "d", "day": "d", "days": "d", "w": "w", "wk": "w", "week": "w", "weeks": "w",
}  # fmt: skip
SIZES = {"kb": "kb", "k": "kb", "kib": "kb", "mb": "mb", "mib": "mb", "byte": "", "bytes": "", "b": ""}
TOO_SMALL = frozenset(("us", "µs", "ns", "usec", "micros", "nanos", "microseconds", "nanoseconds"))
NOT_FIXED = frozenset(("mo", "month", "months", "y", "yr", "year", "years"))

PART = re.compile(r"(\d[\d_]*(?:\.\d+)?)([A-Za-z]+)")
PREFIXED = re.compile(r"0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+")


def meant(text: str) -> tuple[str, str]:
    """The type and the text of the token that was meant."""
    if PREFIXED.fullmatch(text):
        return "INT", str(int(text.replace("_", ""), 0))
    parts = _parts(text)
    if parts:
        if all(unit in UNITS for _, unit in parts):
            return "DURATION", _duration(parts)
        number, unit = parts[0]
        if len(parts) == 1 and unit in SIZES and "." not in number:
            return ("SIZE", number + SIZES[unit]) if SIZES[unit] else ("INT", number)
        if len(parts) == 1 and unit in ("gb", "gib", "g") and "." not in number:
            return "SIZE", f"{int(number.replace('_', '')) * 1024}mb"
    trailing = re.fullmatch(r"(\d+)([dhm])(\d+)", text)
    if trailing:
        below = {"d": "h", "h": "m", "m": "s"}[trailing.group(2)]
        return "DURATION", text + below
    if re.fullmatch(r"\d[\d_]*[eE]", text):
        return "FLOAT", text + "0"
    return "NAME", ""


def is_duration(text: str) -> bool:
    """Whether a length of time was meant, even one that there is no unit for."""
    parts = _parts(text)
    known = UNITS.keys() | TOO_SMALL | NOT_FIXED
    return (bool(parts) and all(unit in known for _, unit in parts)) or bool(re.fullmatch(r"\d+[dhm]\d+", text))


def _parts(text: str) -> list[tuple[str, str]]:
    """`1hr30min` -> [("1", "hr"), ("30", "min")]; empty if the text is something else."""
    parts = [(found.group(1), found.group(2).lower()) for found in PART.finditer(text)]
    return parts if sum(len(number) + len(unit) for number, unit in parts) == len(text) else []


def _duration(parts: list[tuple[str, str]]) -> str:
    if all("." not in number for number, _ in parts) and _falls([UNITS[unit] for _, unit in parts]):
        return "".join(number + UNITS[unit] for number, unit in parts)
    total = 0
    for number, unit in parts:
        whole, _, fraction = number.replace("_", "").partition(".")
        step = MILLISECONDS[UNITS[unit]]
        total += int(whole) * step
        if fraction:
            total += int(fraction) * step // 10 ** len(fraction)
    out = ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, total = divmod(total, MILLISECONDS[unit])
        if count:
            out += f"{count}{unit}"
    return out or "0s"


def _falls(units: list[str]) -> bool:
    """Whether the lexer takes these units in a row: from large to small, weeks and days only first."""
    if any(unit in ("d", "w") for unit in units[1:]):
        return False
    sizes = [MILLISECONDS[unit] for unit in units]
    return all(a > b for a, b in pairwise(sizes))

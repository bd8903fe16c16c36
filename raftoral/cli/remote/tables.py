"""Tables and times for people. JSON has the same with nothing rounded.

    table([("RUN", "STATUS"), ("order-17", "running")]) == ["RUN       STATUS", "order-17  running"]
    ago(moment, now) == "3 min ago"

In: texts and times. Out: lines. Never cuts what a person may want to copy: the last column takes what it needs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
RIGHT = "0123456789,"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, each column as wide as it must be; numbers stand on the right. The first row is the head."""
    if not rows:
        return []
    count = len(rows[0])
    widths = [max(_width(row[at]) for row in rows) for at in range(count)]
    numbers = [all(_is_number(row[at]) for row in rows[1:]) and len(rows) > 1 for at in range(count)]
    return ["  ".join(_cells(row, widths, numbers)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> Iterable[str]:
    for text, width, number in zip(row, widths, numbers, strict=True):
        room = " " * (width - _width(text))
        yield room + text if number else text + room


def _is_number(text: str) -> bool:
    return text in ("", "-") or all(each in RIGHT for each in text)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def one_line(text: str, most: int = 80) -> str:
    """A text as one line, and not for ever."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def span(time: timedelta) -> str:
    """`3 min`, `2 h`, `0.4 s`: the greatest unit that fits."""
    seconds = time.total_seconds()
    if seconds < 0:
        return "0 s"
    if seconds < 1:
        return f"{seconds:.1f} s"
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size):,} {unit}"
    return "0 s"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago that was, or how long it will take."""
    if moment is None:
        return "-"
    passed = now - moment
    if abs(passed) < timedelta(seconds=1):
        return "just now"
    return f"{span(passed)} ago" if passed > timedelta() else f"in {span(-passed)}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 run`, `2 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"

"""Timestamps and durations: UTC and microseconds, with a fault where either leaves its range.

    later(due, timedelta(days=3)): `due + 3d`      date(due, "UTC") == "2026-11-21"

A difference of two timestamps always fits a duration, so `a - b` is Python's own in generated modules.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..faults import OutOfRange, Overflow
from ..scalars import duration_of, microseconds, read_timestamp, span


def later(moment: datetime, by: timedelta) -> datetime:
    """`t + d`."""
    try:
        return moment + by
    except OverflowError:
        raise Overflow("a timestamp left the years 1 to 9999") from None


def earlier(moment: datetime, by: timedelta) -> datetime:
    """`t - d`."""
    try:
        return moment - by
    except OverflowError:
        raise Overflow("a timestamp left the years 1 to 9999") from None


def longer(duration: timedelta, by: timedelta) -> timedelta:
    """`d + e`."""
    return span(duration + by)


def scaled(duration: timedelta, count: int) -> timedelta:
    """`d * n`, and `-d` as `scaled(d, -1)`."""
    return duration_of(microseconds(duration) * count)


def date(moment: datetime, zone: str) -> str:
    """`t.date("UTC")`: `2026-11-21`."""
    if zone != "UTC":
        raise OutOfRange("only the zone UTC is known")
    return f"{moment.year:04}-{moment.month:02}-{moment.day:02}"


def parse_timestamp(text: str) -> datetime | None:
    """RFC 3339, in any offset: `2026-11-21T09:30:00.5+01:00`; none for all other texts."""
    return read_timestamp(text)

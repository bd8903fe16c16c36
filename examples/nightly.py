"""A warehouse for data, in memory: a day has three parts, and a part has a row for each of its megabytes.

The bucket decides how good they are:

    a bucket called dirty    one row in four is bad: TooManyBadRows
    any other bucket         no row is bad, and the day is published
"""

from datetime import date, timedelta
from decimal import Decimal

import raftoral
from nightly import Column, Loaded, Part, Rates, Schema, Source

PARTS = {"north": 400, "south": 250, "west": 350}


async def fetch_schema(source: Source) -> Schema:
    return Schema(table=source.name, columns=[Column(name="sku", kind="str"), Column(name="price", kind="decimal")])


async def list_parts(source: Source, day: str) -> list[Part]:
    return [Part(name=f"{source.bucket}-{name}", size_mb=size) for name, size in PARTS.items()]


async def fx_rates(day: str) -> Rates:
    return Rates(day=day, to_eur={"USD": Decimal("0.92"), "GBP": Decimal("1.17")})


def transform(part: Part, schema: Schema, rates: Rates) -> str:
    """Heavy work in a thread. Nobody can stop a thread, so it looks for itself whether it is still wanted."""
    call = raftoral.activity()
    rows = 0
    for megabyte in range(part.size_mb):
        if call.cancelled:
            raise InterruptedError(f"stopped after {megabyte} MB")
        call.heartbeat()  # within `heartbeat: 20s`, or the attempt is given up
        rows += 1
    return f"{schema.table}/{part.name}: {rows} rows"


async def load(day: str, part: Part, staged: str) -> Loaded:
    """With its key a database can refuse the second of two loads, with `ON CONFLICT DO NOTHING` for example."""
    bad = part.size_mb // 4 if part.name.startswith("dirty-") else 0
    return Loaded(part=part.name, rows=part.size_mb, bad=bad)


async def publish(day: str, rows: int) -> None:
    raftoral.activity().log.info("%s: %s rows for everybody", day, rows)


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()

"""Which runs are meant: from the words of `list(...)` to what travels, and from there to what a store understands.

    filters_of(status="running", where={"stage": "paid"}) == Filters(status=("running",), where={"stage": '"paid"'})

In: filters as people write them, or as they came over a wire. Out: `Filters`, and the store's `Query`. Never reads a
run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from raftoral import errors as e
from raftoral.program.steps import Definition
from raftoral.runtime.core.execution import EPOCH, MICROSECOND
from raftoral.runtime.ports import LIVE, Query
from raftoral.runtime.service import Filters

PAGE_MAX = 1_000
STATUSES = (*sorted(LIVE), "completed", "failed", "cancelled", "terminated")


def filters_of(
    *,
    workflow: str | Definition | None = None,
    version: int | None = None,
    status: str | Sequence[str] | None = None,
    parent: str | None = None,
    prefix: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    where: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    limit: int = 100,
    before: int | str | None = None,
) -> Filters:
    """The filters of `list`."""
    return Filters(
        workflow=workflow.name if isinstance(workflow, Definition) else workflow,
        version=version,
        status=checked_statuses(status),
        parent=parent,
        prefix=prefix,
        since=_us(since),
        until=_us(until),
        where={name: str(to_json(value), "utf-8") for name, value in (where or {}).items()},
        tags=dict(tags or {}),
        limit=limit,
        before="" if before is None else str(before),
    )


def store_query(filters: Filters) -> Query:
    """The filters as a store understands them."""
    return Query(
        workflow=filters.workflow,
        version=filters.version,
        statuses=checked_statuses(filters.status),
        parent=filters.parent,
        prefix=filters.prefix,
        since=filters.since,
        until=filters.until,
        where={name: _checked(name, text) for name, text in filters.where.items()},
        tags=dict(filters.tags),
        before=_seq(filters.before),
        limit=min(filters.limit, PAGE_MAX),
    )


def checked_statuses(status: str | Sequence[str] | None) -> tuple[str, ...]:
    found = (status,) if isinstance(status, str) else tuple(status or ())
    for each in found:
        if each not in STATUSES:
            raise e.UsageError(f"there is no status {each!r}; there are: {', '.join(STATUSES)}")
    return found


def _checked(name: str, text: str) -> str:
    try:
        from_json(text)
    except ValueError:
        raise e.WrongInput(f"where: {name} is compared with {text!r}, which is not JSON; a text has quotes") from None
    return text


def _seq(before: str) -> int | None:
    if not before:
        return None
    digits = before.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii() and len(digits) < 19):
        raise e.WrongInput(f"before: {before!r} is nothing that a page gave for the next one")
    return int(before)


def _us(when: datetime | None) -> int | None:
    if when is None:
        return None
    aware = when if when.tzinfo is not None else when.astimezone(UTC)
    return int((aware - EPOCH) / MICROSECOND)

"""How an activity is called: what its declaration says, with what one call says otherwise.

    policy_of(CHARGE_CARD, {"timeout": timedelta(seconds=5)}).timeout == 5_000_000
    pause_before(Retry(5, first=1s, most=1m), attempt=3, draw=0.0) == 2_000_000     1 s, 2 s, 4 s, at most a minute

Times are microseconds. `with { ... }` is stored with its op, because a run may be read again before the call ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from raftoral.program.scalars import microseconds
from raftoral.program.steps import Activity, Retry

PAUSE_MAX = 30 * 24 * 3600 * 1_000_000  # however a policy grows, nobody waits for a year by accident
JITTER = 0.1  # part of a pause that is left to chance, so that many runs do not come back at one moment
_FACTOR_STEPS_MAX = 200  # exponents above it are far beyond any `most`


class Policy(NamedTuple):
    timeout: int
    deadline: int | None
    heartbeat: int | None
    grace: int
    retry: Retry
    queue: str
    key: str | None


def policy_of(activity: Activity[Any], overrides: Mapping[str, Any] | None) -> Policy:
    """What holds for one call."""
    if not overrides:
        found = _declared.get(id(activity))
        if found is not None and found[0] is activity:
            return found[1]
    over = overrides or {}
    policy = Policy(
        microseconds(over.get("timeout", activity.timeout)),
        _optional(over.get("deadline", activity.deadline)),
        _optional(over.get("heartbeat", activity.heartbeat)),
        _optional(over.get("grace", activity.grace)) or 0,
        over.get("retry", activity.retry),
        over.get("queue", activity.queue),
        over.get("key"),
    )
    if not overrides:
        _declared[id(activity)] = activity, policy
    return policy


_declared: dict[int, tuple[Activity[Any], Policy]] = {}


def _optional(value: timedelta | None) -> int | None:
    return None if value is None else microseconds(value)


def pause_before(retry: Retry, attempt: int, draw: float) -> int:
    """The pause before an attempt (the second is the first that has one). `draw` is from 0 to below 1."""
    first, most = microseconds(retry.first), microseconds(retry.most)
    before = attempt - 2
    if retry.step is not None:
        pause = first + microseconds(retry.step) * before
    else:
        pause = _grown(first, retry.factor, min(before, _FACTOR_STEPS_MAX))
    pause = min(pause, most, PAUSE_MAX)
    return max(0, int(pause * (1 - JITTER * draw)))


@cache
def _grown(first: int, factor: Decimal, times: int) -> int:
    pause = Decimal(first)
    for _ in range(times):
        pause *= factor
        if pause > PAUSE_MAX:
            return PAUSE_MAX
    return int(pause)


# --- as bytes ----------------------------------------------------------------------------------------------------


def overrides_bytes(overrides: Mapping[str, Any] | None) -> bytes:
    """`with { ... }` of one call, as JSON; nothing for none."""
    if not overrides:
        return b""
    return to_json({name: _plain(value) for name, value in sorted(overrides.items())})


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return microseconds(value)
    if isinstance(value, Retry):
        step = None if value.step is None else microseconds(value.step)
        never = [error.KIND for error in value.never_on]
        return [value.times, microseconds(value.first), microseconds(value.most), str(value.factor), step, never]
    return value


def overrides_from(data: bytes, activity: Activity[Any]) -> dict[str, Any] | None:
    """The overrides of which these are the bytes. Errors that are not retried are among those that it declares."""
    if not data:
        return None
    return {name: _value(name, value, activity) for name, value in from_json(data).items()}


def _value(name: str, value: Any, activity: Activity[Any]) -> Any:
    if name == "retry":
        times, first, most, factor, step, never = value
        pause = None if step is None else timedelta(microseconds=step)
        errors = tuple(error for error in activity.raises if error.KIND in never)
        return Retry(times, timedelta(microseconds=first), timedelta(microseconds=most), Decimal(factor), pause, errors)
    return timedelta(microseconds=value) if name not in ("queue", "key") else value

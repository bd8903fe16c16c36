"""Policies that cannot work: no timeout (RFT0701), retries that never happen (0703), endless retries without a key
(0707)."""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Activity
from ..scope import Scope
from ..syntax import number_value
from ..syntax.literals import policy_ms


def check_activity(scope: Scope, decl: s.Activity) -> None:
    """All three, for one activity."""
    policies = {policy.name.text: policy for policy in decl.policies}
    activity = scope.names.get(decl.name.text)
    if scope.parsed.damaged(decl) or not isinstance(activity, Activity):
        return
    if "timeout" not in policies:
        _no_timeout(scope, decl)
    retry = policies["retry"].value if "retry" in policies else None
    if isinstance(retry, s.Retry) and not retry.never:
        if retry.count is None and "key" not in policies and "once" not in policies:
            _no_key(scope, decl, retry)
        elif retry.count is not None:
            _too_late(scope, decl, policies, retry)


def _no_timeout(scope: Scope, decl: s.Activity) -> None:
    from ..diagnostics import Fix

    text = scope.problems.source.text
    fix = None
    if decl.policies:
        first = decl.policies[0]
        fix = Fix([(first.lo, first.lo, "timeout: 30s, ")])
    elif not text[decl.lo : decl.hi].endswith("}"):
        fix = Fix([(decl.hi, decl.hi, " { timeout: 30s }")])
    scope.problems.add(
        "RFT0701",
        "this activity has no timeout",
        decl.name,
        "if the worker that runs it dies, nobody would notice",
        helps=[
            "say how long one attempt may take: `timeout: 30s`",
            "for work that reports progress, add `heartbeat: 10s` and allow a long timeout",
        ],
        fix=fix,
    )


def _no_key(scope: Scope, decl: s.Activity, retry: s.Retry) -> None:
    param = next((p.name.text for p in decl.params), "workflow.id")
    scope.problems.add(
        "RFT0707",
        f"`{decl.name.text}` may run many times for one call, and has no idempotency key",
        retry,
        "again and again",
        helps=[
            f'add `key: "{decl.name.text}-${{{param}}}"`, so that the service behind it can tell a repeat\n'
            "from a new request"
        ],
    )


def _too_late(scope: Scope, decl: s.Activity, policies: dict[str, s.Policy], retry: s.Retry) -> None:
    """RFT0703: the pauses alone are longer than the deadline."""
    deadline = policy_ms(policies, "deadline")
    count = int(retry.count.text.replace("_", "")[:9]) if retry.count is not None else 0
    pauses = _pauses(retry, count)
    if deadline is None or not pauses:
        return
    elapsed = 0.0
    for attempt, pause in enumerate(pauses, 2):
        elapsed += pause
        if elapsed >= deadline:
            _report_late(scope, policies, retry, pauses, attempt, count, elapsed)
            return


def _pauses(retry: s.Retry, count: int) -> list[float]:
    """The pauses between `count` attempts in ms, without jitter; at most a thousand of them."""
    first = number_value(retry.first) if retry.first is not None else None
    if retry.first is not None and first is None:
        return []
    pause = float(first) if first is not None else 1000.0
    most_value = number_value(retry.most) if retry.most is not None else None
    most = 60_000.0 if retry.first is None else float(most_value) if most_value is not None else pause
    factor = float(number_value(retry.factor) or 2) if retry.factor is not None else 2.0
    step = float(number_value(retry.step) or 0) if retry.step is not None else None
    pauses: list[float] = []
    for _ in range(min(count - 1, 1000)):
        pauses.append(min(pause, most))
        pause = min(pause + step if step is not None else pause * factor, most)
    return pauses


def _report_late(
    scope: Scope,
    policies: dict[str, s.Policy],
    retry: s.Retry,
    pauses: list[float],
    attempt: int,
    count: int,
    elapsed: float,
) -> None:
    text = scope.problems.source.text
    limit = policies["deadline"]
    shown = text[limit.value.lo : limit.value.hi]
    listed = " + ".join(show_ms(p) for p in pauses[: min(attempt - 1, 6)]) + (" + ..." if attempt > 7 else "")
    which = f"attempts {attempt} to {count}" if attempt < count else f"attempt {count}"
    assert retry.count is not None
    scope.problems.at(
        "RFT0703",
        f"{which} can never happen",
        retry.count.lo,
        retry.hi,
        f"the pauses {listed} put attempt {attempt} at {show_ms(elapsed)}, even if each one fails at once",
        also=[(limit.value, f"but all attempts must end within {shown}")],
        helps=[f"ask for {attempt - 1} attempts, or allow at least {show_ms(sum(pauses))} for all {count}"],
    )


def show_ms(ms: float) -> str:
    """90000 -> "1m30s"."""
    rest = round(ms)
    out = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        if rest >= size:
            out += f"{rest // size}{unit}"
            rest %= size
    return out or "0s"

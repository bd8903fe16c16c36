"""One attempt of an effect: what an activity is called with, and whether another follows when it failed.

attempt_of(run, op, now)                     what the runner gets
next_attempt(op, failed, now, draw)          (the error that the run sees, 0), or (None, when the next one is due)
"""

from __future__ import annotations

from contextlib import suppress

from raftoral.program.codec import codec_of
from raftoral.program.context import Cx
from raftoral.program.faults import Misfit
from raftoral.program.std import Stream
from raftoral.program.values import ActivityFailed, Cancelled, WorkflowError

from ..ports import Attempt
from .commands import AttemptFailed, words
from .execution import EPOCH, MICROSECOND
from .policies import pause_before, policy_of
from .programs import Program
from .state import Op, Run

SECOND = 1_000_000


def attempt_of(run: Run, op: Op, now: int) -> Attempt:
    """What the runner gets. The key is the same for every attempt, owner and restart."""
    activity = op.activity
    assert activity is not None
    policy = policy_of(activity, op.overrides)
    left = None if policy.deadline is None else max(0.0, (op.asked + policy.deadline - now) / SECOND)
    return Attempt(
        run.id,
        run.run,
        run.program.name,
        run.program.version,
        op.step,
        op.number,
        op.attempt,
        activity,
        op.args,
        policy.key if policy.key is not None else _key(run, op),
        run.fence,
        policy.timeout / SECOND,
        left,
        None if policy.heartbeat is None else policy.heartbeat / SECOND,
        policy.grace / SECOND,
        policy.queue,
        op.details,
    )


def _key(run: Run, op: Op) -> str:
    """The idempotency key: the activity's own, or one made of the run, the step and the number of the effect."""
    own = None
    if op.activity is not None and op.activity.key is not None:
        with suppress(Exception):  # only after the program was mended: when it was asked for, the key could be made
            own = own_key(run, op)
    return own if own is not None else f"{run.run}/{op.step}/{op.number}"


def own_key(run: Run, op: Op) -> str | None:
    """The key as the activity's author wrote it: an expression like another, which may fault."""
    if op.activity is None or op.activity.key is None or (op.overrides and "key" in op.overrides):
        return None
    when = EPOCH + MICROSECOND * op.asked
    cx = Cx(run.id, run.run, run.program.version, 1, when, Stream.of(run.run, op.number, 0))
    return op.activity.key(cx, *op.args)


def next_attempt(op: Op, failed: AttemptFailed, now: int, draw: float) -> tuple[WorkflowError | None, int]:
    """What the run sees of a failure; or when the next attempt is due."""
    assert op.activity is not None
    policy = policy_of(op.activity, op.overrides)
    retry = policy.retry
    declared = _declared(op, failed)
    if failed.kind == "Stopped" or op.stopping:
        return declared or Cancelled(reason=words(failed.detail) or "it was told to stop"), 0
    never = declared is not None and isinstance(declared, retry.never_on)
    tried = op.failures + 1
    if failed.retryable and not never and (retry.times is None or tried < retry.times):
        due = now + pause_before(retry, tried + 1, draw)
        if policy.deadline is None or due < op.asked + policy.deadline:
            return None, due
    if declared is not None:
        return declared, 0
    kind = failed.kind.rpartition(".")[2]
    detail = failed.detail if kind in ("", "Error") else f"{kind}: {failed.detail}"
    return ActivityFailed(activity=op.name, detail=words(detail), attempts=op.attempt), 0


def _declared(op: Op, failed: AttemptFailed) -> WorkflowError | None:
    """The declared error that an activity raised, if it was one."""
    if failed.error is None or op.activity is None:
        return None
    for cls in op.activity.raises:
        if failed.kind == cls.KIND:
            try:
                error: WorkflowError = codec_of(cls).loads(failed.error)
            except Misfit:  # of a worker whose error is another one: the run sees that the activity failed
                return None
            return error
    return None


__all__ = ["Program", "attempt_of", "next_attempt"]

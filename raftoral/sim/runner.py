"""Who performs activities on a simulated node: by chance, or with the user's own functions.

    runner.start(attempts)      calls: each is written down in `world.calls`, at the moment at which it begins
    runner.stop(run, op, why)   nobody wants it any more

What becomes of an attempt follows from the seed, the run, the op and the attempt alone: it gives a value, fails, hangs
until its time is over, answers late, or answers twice. A crash of its node takes all with it, and none of what was
called is undone by that. Never reads a clock.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Never

from raftoral.errors import UsageError
from raftoral.program.codec import codec_of
from raftoral.program.values import WorkflowError
from raftoral.runtime import activity
from raftoral.runtime.activity import CALL, Resources
from raftoral.runtime.alarms import Clock
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.programs import error_bytes
from raftoral.runtime.ports import Attempt

from .values import drawn

if TYPE_CHECKING:
    from .node import Node
    from .world import World

HANGS_MAX = 3.0  # seconds until an attempt that hangs is given up; its own timeout may be longer than the whole world


class Call(NamedTuple):
    """One call of an activity. It was made, whatever became of it."""

    at: float
    node: str
    id: str  # of the run, as its starter calls it
    run: str
    workflow: str
    activity: str  # without its module
    args: tuple[Any, ...]
    op: int
    attempt: int
    key: str
    fence: int
    at_most_once: bool


class Runner:
    """Of one process of a node."""

    def __init__(self, world: World, node: Node) -> None:
        self._world = world
        self._node = node
        self._life = node.life
        self.flying: dict[tuple[str, int, int], Attempt] = {}

    def start(self, attempts: Iterable[Attempt]) -> None:
        """Begins attempts."""
        for attempt in attempts:
            world = self._world
            if not world.can(self._node.name, attempt.activity.full_name):
                self._node.report(attempt.id, _stalled(attempt))
                continue
            self.flying[attempt.run, attempt.op, attempt.number] = attempt
            call = Call(
                world.now,
                self._node.name,
                attempt.id,
                attempt.run,
                attempt.workflow,
                attempt.activity.name,
                attempt.args,
                attempt.op,
                attempt.number,
                attempt.key,
                attempt.fence,
                attempt.activity.at_most_once,
            )
            world.called(call)
            chance = world.chance_of(f"{attempt.run} {attempt.op} {attempt.number}")
            command, seconds, twice = self._outcome(attempt, chance)
            world.after(seconds, self._report, attempt, command)
            if twice:
                world.after(seconds + chance.uniform(0.0, 1.0), self._say, attempt, command)

    def stop(self, run: str, op: int, reason: str) -> None:
        """Tells attempts to stop: most do, some go on to their end."""
        for key, attempt in list(self.flying.items()):
            chance = self._world.chance_of(f"stop {run} {op} {attempt.number}")
            if key[:2] == (run, op) and chance.random() < 0.7:
                failed = _failed(attempt, "Stopped", reason, None, True)
                self._world.after(chance.uniform(0.0, 0.2), self._report, attempt, failed)

    def _report(self, attempt: Attempt, command: c.Command) -> None:
        """An attempt ended: the first end counts, as a runner reports each of them once."""
        if self.flying.pop((attempt.run, attempt.op, attempt.number), None) is not None:
            self._say(attempt, command)

    def _say(self, attempt: Attempt, command: c.Command) -> None:
        if self._node.up and self._node.life == self._life:
            self._world.checkers.reported(command)
            self._node.report(attempt.id, command)

    # --- what becomes of it ------------------------------------------------------------------------------------

    def _outcome(self, attempt: Attempt, chance: random.Random) -> tuple[c.Command, float, bool]:
        """What is reported, after how long, and whether twice."""
        world = self._world
        calm = world.healed
        function = world.function_of(attempt.activity)
        seconds = chance.uniform(0.0, 0.05) if calm else chance.expovariate(4)
        draw = 1.0 if calm else chance.random()
        if function is not None:
            lasts = world.lasts
            return self._of_user(attempt, function), seconds if lasts is None else lasts(attempt), draw < 0.02
        if draw < 0.06 * world.mode.trouble:
            late = min(attempt.timeout, HANGS_MAX)
            return _failed(attempt, "Timeout", "it took too long", None, True), late, False
        if draw < 0.20 * world.mode.trouble:
            return self._fails(attempt, chance), seconds, False
        if draw < 0.28 * world.mode.trouble:
            seconds += chance.uniform(1.0, 4.0)  # long enough for others to take the run over meanwhile
        value = drawn(chance, attempt.activity.result)
        result = codec_of(attempt.activity.result).dumps(value)
        return c.Finished(attempt.id, attempt.run, attempt.op, result, 0.1), seconds, 0.85 < draw < 0.95

    def _fails(self, attempt: Attempt, chance: random.Random) -> c.Command:
        retryable = chance.random() < 0.7
        if attempt.activity.raises and chance.random() < 0.6:
            cls = chance.choice(attempt.activity.raises)
            return _failed(attempt, cls.KIND, "no", codec_of(cls).dumps(drawn(chance, cls)), retryable)
        return _failed(attempt, "OSError", "refused", None, retryable)

    def _of_user(self, attempt: Attempt, function: Callable[..., Any]) -> c.Command:
        """Called now: what it does has happened, whatever becomes of the report."""
        token = CALL.set(activity.Call(attempt, _Home(self._world)))
        try:
            value = function(*attempt.args)
            if inspect.iscoroutine(value):
                value = _driven(value, attempt.activity.name)
            result = codec_of(attempt.activity.result).dumps(value)
        except WorkflowError as error:
            return _failed(attempt, type(error).KIND, str(error), error_bytes(error), True)
        except UsageError:
            raise
        except Exception as error:
            return _failed(attempt, type(error).__name__, str(error), None, True)
        finally:
            CALL.reset(token)
        return c.Finished(attempt.id, attempt.run, attempt.op, result, 0.1)


class _Home:
    """What `raftoral.activity()` needs around a call."""

    def __init__(self, world: World) -> None:
        self.clock: Clock = self
        self.resources: Resources | None = None
        self._world = world

    def time(self) -> float:
        return self._world.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Never:
        raise UsageError("in a simulation an activity is over at once: nothing rings while it runs")

    def heard(self, call: object, /) -> None:
        """Heartbeats of what is over at once say nothing."""


def _driven(coroutine: Any, name: str) -> Any:
    """What a coroutine gives that never really waits: there is no loop in here, and no real time."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except RuntimeError as error:
        if "event loop" not in str(error):
            raise
    coroutine.close()
    raise UsageError(f"the activity {name} waits for something real: in a simulation it may not sleep, read or connect")


def _failed(attempt: Attempt, kind: str, detail: str, error: bytes | None, retryable: bool) -> c.Command:
    return c.AttemptFailed(attempt.id, attempt.run, attempt.op, attempt.number, kind, detail, error, "", retryable, 0.1)


def _stalled(attempt: Attempt) -> c.Command:
    why = f"nobody here implements {attempt.activity.name}"
    return c.Stalled(attempt.id, attempt.op, why, attempt.run, attempt.fence)

"""Runs of a simulated world, played a second time by the reference interpreter: the outcomes that occurred, one by one.

    check = Reference(both, world)      before the world runs
    check.differences()                 behind it: runs that ended otherwise than the language says

What the machine of the oracle delivers to a run, the reference gets too, in the same order; ends, calls and checkpoints
must be the same. A run is let go where the reference stops: at a fault, at an undo that gave up, when it is terminated.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from raftoral.program.codec import codec_of
from raftoral.runtime.core.commands import Event, What
from raftoral.runtime.core.execution import EPOCH
from raftoral.runtime.core.lifecycle import all_ops
from raftoral.runtime.core.state import Kind, Run
from raftoral.sim.world import World
from tests.reference import interpreter as ref
from tests.reference.values import Arrive, Broke, Cancel, Done, Ended, Fire
from tests.runtime.compiled import Both, seen


class Reference:
    """See the module."""

    def __init__(self, both: Both, world: World, module: str = "m") -> None:
        self.both = both
        self.world = world
        self.module = module
        self.runs: dict[str, ref.Run] = {}  # by the name of the run
        self.dropped: set[str] = set()  # what the reference does not follow
        # An effect in a pause between two attempts is nobody's: it ends at once when it is told to. The reference knows
        # no attempts, and waits for its end.
        self.loose: set[str] = set()
        self.names: dict[str, str] = {}  # id -> the name of its latest link
        self.compared = 0
        self.oracle = world.checkers.oracle(1)
        self.oracle.watchers.append(self.delivered)

    def delivered(self, run: Run, event: Event, time: int) -> None:
        """The machine is about to deliver something."""
        now = EPOCH + timedelta(microseconds=time)
        if event.what is What.BEGIN:
            self._begin(run, now)
            return
        twin = self.runs.get(run.run)
        if twin is None or run.run in self.dropped:
            return
        if twin.outcome is not None:
            self.dropped.add(run.run)  # it is faulted, stuck, or about to be continued
            return
        if any(op.kind is Kind.EFFECT and op.due for op in all_ops(run)):
            self.loose.add(run.run)
        mapped = self._event(run, event)
        if mapped is not None:
            twin.now = now
            twin.deliver(mapped)

    def _begin(self, run: Run, now: Any) -> None:
        args = [seen(value) for value in run.args]
        mail = {name: [seen(value) for _, value in box] for name, box in run.mail.items() if box}
        workflow = run.program.name.rpartition(".")[2]
        before = ref.START
        ref.START = now
        try:
            version = run.program.version
            self.runs[run.run] = ref.Run(self.both.reference, self.module, workflow, args, version, run.id, mail)
        finally:
            ref.START = before
        self.names[run.id] = run.run

    def _event(self, run: Run, event: Event) -> Any:
        """The same in the words of the reference; None: it is for nobody."""
        if event.what is What.CANCELLED:
            return Cancel(event.name)
        if event.what is What.ARRIVED:
            hint = run.program.definition.signals[event.name]
            return Arrive(event.name, seen(codec_of(hint).loads(event.value)))
        if event.what is What.AGAIN:
            self.dropped.add(run.run)
            return None
        if event.what is What.ENDED:
            return self._ended(run, event)
        op = run.op(event.op)
        if op is None:
            return None
        if event.what is What.FIRED:
            return Fire(event.op)
        if event.what is What.BROKE:
            return Broke(event.op, seen(run.program.error(event.error)))
        of = op.activity if op.kind is Kind.EFFECT else op.workflow
        assert of is not None
        return Done(event.op, seen(codec_of(of.result).loads(event.value)))

    def _ended(self, run: Run, event: Event) -> Any:
        child = run.children.get(event.name)
        if child is None or child.ended:
            return None
        number = list(run.children).index(event.name) + 1
        if len(self.runs[run.run]._spawned) != len(run.children):
            self.dropped.add(run.run)  # it found a child again that it had spawned before
            return None
        if event.error:
            return Ended(number, seen(run.program.error(event.error)), failed=True)
        return Ended(number, seen(codec_of(child.definition.result).loads(event.value)))

    def _calls(self) -> list[str]:
        """Effects that were asked for, and are not those of the reference."""
        found = []
        for (name, op), attempt in self.oracle.asked.items():
            twin = self.runs.get(name)
            if twin is None or name in self.dropped or name in self.loose:
                continue
            mine = attempt.activity.name, seen(tuple(attempt.args))
            theirs = next(((e[2], tuple(e[3])) for e in twin.trace if e[0] in ("do", "undo") and e[1] == op), None)
            if mine != theirs and (twin.outcome is None or twin.outcome.status not in ("faulted", "stuck")):
                found.append(f"{name} asks for {mine} as its op {op}, and should for {theirs}")
        return found

    # --- at the end --------------------------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """Runs that are not what the reference says."""
        found = self._calls()
        for row in self.oracle.rows():
            name = self.names.get(row.id, "")
            twin = self.runs.get(name)
            if twin is None or name in self.dropped or row.status not in ("completed", "failed", "cancelled"):
                continue
            program = self.both.programs.get(row.workflow, row.version)
            assert program is not None
            value = program.result.loads(row.result) if row.result is not None else program.error(row.failure or b"")
            checkpoints = program.checkpoints.loads(row.checkpoints.encode()) if program.kept else {}
            mine = (row.status, seen(value), {key: seen(each) for key, each in checkpoints.items()})
            outcome = twin.outcome
            theirs = (outcome.status, outcome.value, twin.state()) if outcome else ("running", None, None)
            if outcome is None and name in self.loose:
                continue
            self.compared += 1
            if mine != theirs:
                found.append(f"{row.id} ({row.workflow}) is {mine}, and should be {theirs}")
        return found

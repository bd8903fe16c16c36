"""What must be: each group once more, on a node that never fails, fed with what was committed.

    oracle.feed(applied)       the next entry of the log, seen first on some node
    oracle.digests[7]          what the state of every node must be at entry 7

It never crashes, reads nothing again from a disk and takes no snapshot: a node that does must come to the same. It also
writes down what the machine did: what was delivered to each run, what was asked for, who owned it. Production classes
only, watched from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from raftoral.program.steps import Definition
from raftoral.program.values import Cancelled
from raftoral.runtime.cluster.replica import Replica
from raftoral.runtime.consensus.log import Applied
from raftoral.runtime.core.commands import Event, Refused, What
from raftoral.runtime.core.lifecycle import Perform
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.core.state import Kind, Run
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.ports import Attempt, Query, Row

ROWS_MAX = 1 << 40
ENDS_OF_OPS = (What.DONE, What.BROKE, What.FIRED)


class Oracle:
    """See the module."""

    def __init__(
        self,
        group: int,
        install: Callable[[bytes], list[Definition]],
        bad: Callable[[str, str], None],
        reported: Mapping[tuple[str, int], set[bytes]],
    ) -> None:
        self.group = group
        self.bad = bad
        self.storage = MemoryStorage()
        self.replica = Replica(group, self.storage, Programs(), install)
        self.digests: dict[int, bytes] = {}
        self.answers: dict[bytes, list[Refused | None]] = {}
        self.watchers: list[Callable[[Run, Event, int], None]] = []  # told of whatever a run is about to get, and when
        self.asked: dict[tuple[str, int], Attempt] = {}  # (run, op) -> its first attempt
        self._reported = reported  # (run, op) -> results that runners gave
        self._index = 0
        self._ended: set[tuple[str, int]] = set()
        self._fences: dict[str, tuple[int, str]] = {}  # run -> fence, owner
        self._asked: dict[tuple[str, int], tuple[int, int, int]] = {}  # (run, op) -> attempt, failures, fence
        self._machine = self.replica.machine
        self._deliver = self._machine._deliver
        setattr(self._machine, "_deliver", self._delivered)  # noqa: B010 - mypy knows that it is a method

    @property
    def applied(self) -> int:
        """The last entry that it has."""
        return self.replica.applied

    @property
    def runs(self) -> dict[str, Run]:
        """The runs that live."""
        return self._machine.runs

    def due(self) -> tuple[int, str] | None:
        """What happens next by itself, and when. The heap also holds what is not waited for any more."""
        found = []
        for due, id, number in self._machine.deadlines._heap:
            of = self._machine.due_op(due, id, number)
            if of is not None and (of[1].kind is Kind.TIMER or of[0].status not in ("paused", "faulted")):
                found.append((due, f"{of[1]} of {id}"))
        return min(found, default=None)

    def rows(self) -> list[Row]:
        """All runs, ended or not, in the order of their starts."""
        return self.storage.rows(Query(limit=ROWS_MAX))[::-1]

    def feed(self, entry: Applied) -> None:
        """The next entry of the log."""
        self._index = entry.index
        came = self.replica.apply(entry)
        self.digests[entry.index] = self.replica.digest
        for request_id, answer in came.answers:
            self.answers.setdefault(request_id, []).append(answer)
        for action in came.actions:
            if isinstance(action, Perform):
                self._performed(action)
        self._not_retired()

    def _not_retired(self) -> None:
        """A version is retired when no run of it lives, and nobody starts one then; but a run that lives goes on to
        start its children, whatever becomes of their versions."""
        for run in self.runs.values() if self._machine.retired else ():
            version = run.program.name, run.program.version
            if version in self._machine.retired and not run.parent:
                self.bad("RETIRED", f"{run.id} of {version} lives at entry {self._index}")

    def _delivered(self, run: Run, event: Event) -> None:
        """Stands in the place of the machine's own method, which it calls. What a run that stands still keeps is
        delivered to it a second time when it goes on: only then it counts."""
        if run.status not in ("paused", "faulted"):
            for watcher in self.watchers:
                watcher(run, event, self._machine.now)
        key = run.run, event.op
        counts = event.what in ENDS_OF_OPS and run.op(event.op) is not None
        if counts and (key in self._ended or event.op in run.arrived):
            self.bad("TWICE", f"op {event.op} of {run.run} ended a second time, at entry {self._index}")
        op = run.op(event.op) if event.what is What.DONE else None
        if op is not None and op.kind is Kind.EFFECT and event.value not in self._reported.get(key, ()):
            self.bad("RESULT", f"op {event.op} of {run.run} got {event.value!r}, which nobody gave for it")
        self._unwanted(run, event)
        self._deliver(run, event)
        now = self._machine.runs.get(run.id)
        if counts and not (now is not None and now.run == run.run and event.op in now.arrived):
            self._ended.add(key)

    def _unwanted(self, run: Run, event: Event) -> None:
        """An activity stops because it was told to, and it was told to because its run wants it no longer."""
        op = run.op(event.op) if event.what is What.BROKE else None
        if op is None or op.kind is not Kind.EFFECT or op.stopping:
            return
        if isinstance(run.program.error(event.error), Cancelled):
            self.bad("UNWANTED", f"{op} of {run.run} was stopped at entry {self._index}, and its run waits for it")

    def _performed(self, action: Perform) -> None:
        """A fence grows with each change of owner, and when an owner is asked again for what it may have begun."""
        attempt, owner = action.attempt, action.owner
        key = attempt.run, attempt.op
        self.asked.setdefault(key, attempt)
        run = self._machine.runs.get(attempt.id)
        op = run.op(attempt.op) if run is not None and run.run == attempt.run else None
        tried = attempt.number, op.failures if op is not None else attempt.number, attempt.fence
        before, self._asked[key] = self._asked.get(key), tried
        again = before is not None and before[0] < tried[0] and before[1:] == tried[1:]
        fence, by = self._fences.get(attempt.run, (-1, owner))
        self._fences[attempt.run] = attempt.fence, owner
        if attempt.fence < fence:
            self.bad("FENCE", f"{attempt.run} has fence {attempt.fence} at {owner}, after {fence} at {by}")
        elif again or (attempt.fence == fence and owner != by):
            self.bad("FENCE", f"{owner} has fence {fence} of {attempt.run}, which {by} had before")

"""Which node performs the effects of a run, and what becomes of them when that node is gone.

    NodeUp("b", life=7, activities)     "b" has begun a life: what it was at in its last one is called again
    NodeDown("a", life=3)               the runs of "a" go to nodes that can do what they wait for, evenly

In one process there are no nodes: the owner is the empty name, and `Recover` says that a process took over. A fence
grows with each change of owner, so that a store can refuse who was one before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from raftoral.program.values import Cancelled, Interrupted

from ..ports import Row
from ..proto import log_pb2 as log
from . import commands as c
from .attempts import attempt_of
from .commands import Event, Refused, What
from .lifecycle import Halt, Lifecycle, Perform, all_ops, still_stalls
from .programs import Programs, error_bytes
from .state import Kind, Op, Run

NODES = "nodes"  # the fact under which a store keeps them


class Member(NamedTuple):
    """A node as the group knows it. `activities`: full names of those that it performs."""

    life: int
    up: bool
    activities: frozenset[str]


class Owners(Lifecycle):
    """See the module."""

    def __init__(
        self, programs: Programs, ended: Callable[[str], Row | None], *, seq: int = 0, trails: bool = True
    ) -> None:
        super().__init__(programs, ended, seq=seq, trails=trails)
        self._nodes: dict[str, Member] = {}

    @property
    def nodes(self) -> dict[str, Member]:
        """The nodes of the cluster that this group knows of, by name."""
        return self._nodes

    def read_nodes(self, data: bytes) -> None:
        """Those that were stored."""
        for node in log.Nodes.FromString(data).nodes:
            self._nodes[node.node] = Member(node.life, node.up, frozenset(node.activities))

    def _write_nodes(self) -> None:
        nodes = [
            log.Node(node=name, life=each.life, up=each.up, activities=sorted(each.activities))
            for name, each in sorted(self._nodes.items())
        ]
        self._changes.meta[NODES] = log.Nodes(nodes=nodes).SerializeToString()

    def _node_up(self, command: c.NodeUp) -> Refused | None:
        known = self._nodes.get(command.node)
        if known is not None and command.life < known.life:
            return None  # of a life that is over: it came late
        self._nodes[command.node] = Member(command.life, True, command.activities)
        self._write_nodes()
        if known is None or known.life != command.life:
            for run in self._in_order(run for run in self.runs.values() if run.owner == command.node):
                self._call_flying_again(run)
        # Those of nodes that went when nobody was there to take over.
        for run in self._in_order(run for run in self.runs.values() if not self._is_up(run.owner)):
            self._hand_over(run, command.node)
        for run in self._in_order(run for run in self.runs.values() if run.status == "stalled"):
            able = [op for op in all_ops(run) if op.stalled and _name(op) in command.activities]
            if able and run.owner != command.node:
                self._hand_over(run, command.node)
            elif able:
                for op in able:
                    self._perform_again(run, op)
        return None

    def _node_down(self, command: c.NodeDown) -> Refused | None:
        known = self._nodes.get(command.node)
        if known is None or not known.up or known.life != command.life:
            return None
        self._nodes[command.node] = known._replace(up=False)
        self._write_nodes()
        if any(each.up for each in self._nodes.values()):
            load = Counter(run.owner for run in self.runs.values())
            for run in self._in_order(run for run in self.runs.values() if run.owner == command.node):
                target = self._best(run, load)
                load[target] += 1
                self._hand_over(run, target)
        return None

    def _owner_of_start(self, wished: str) -> str:
        """Who performs the effects of a run that starts: the node that was asked to, unless it is gone by the time at
        which the start comes out of the log. Nobody would take the run over from it: its end was told before."""
        if not any(each.up for each in self._nodes.values()) or self._is_up(wished):
            return wished
        load = Counter(run.owner for run in self.runs.values())
        return min((name for name, each in sorted(self._nodes.items()) if each.up), key=lambda name: load[name])

    def _is_up(self, node: str) -> bool:
        known = self._nodes.get(node)
        return known is not None and known.up

    def _in_order(self, runs: Iterable[Run]) -> list[Run]:
        """In the order of their starts: that of the map is another one on a node that has read them from its disk."""
        return sorted(runs, key=lambda run: run.seq)

    def _best(self, run: Run, load: Counter[str]) -> str:
        """Who can do most of what a run waits for; of these, who has the fewest runs; of these, the first by name."""
        needs = [_name(op) for op in all_ops(run) if op.kind is Kind.EFFECT]
        up = [(name, each) for name, each in sorted(self._nodes.items()) if each.up]
        return min(up, key=lambda node: (sum(need not in node[1].activities for need in needs), load[node[0]]))[0]

    def _hand_over(self, run: Run, node: str) -> None:
        """Another node performs the effects of a run from now on. The old one may live, and be at some."""
        for op in all_ops(run):
            if op.kind is Kind.EFFECT:
                self._actions.append(Halt(run.run, op.number, f"the run went to the node {node}"))
        run.owner = node
        self._rewrite(run)
        if not self._call_flying_again(run):
            run.fence += 1
            self._rewrite(run)

    # --- effects that are asked for again ------------------------------------------------------------------------

    def _recover(self, command: c.Recover) -> Refused | None:
        """What was in flight when the process died is called again: the next attempt, with the same key."""
        for run in self._in_order(self.runs.values()):
            self._call_flying_again(run)
        return None

    def _call_flying_again(self, run: Run) -> bool:
        waits = [op for op in all_ops(run) if op.kind is Kind.EFFECT and op.number not in run.arrived]
        flying = [op for op in waits if not op.due]
        if flying:
            run.fence += 1
            self._rewrite(run)
        for op in flying:
            self._call_again(run, op.number)
        return bool(flying)

    def _call_again(self, run: Run, number: int) -> None:
        current = self.runs.get(run.id)
        op = current.op(number) if current is not None and current.run == run.run else None
        if current is None or op is None:
            return  # an earlier one's end changed the run
        if op.stalled:  # it was never begun; whether anybody can do it now is found when it is asked for
            pass
        elif op.activity is not None and op.activity.at_most_once:
            error = error_bytes(Interrupted(activity=op.name))
            self._deliver(current, Event(What.BROKE, op=number, error=error))
            self._follow()
            return
        else:
            op.attempt += 1
        self._perform_again(current, op)

    def _waiting(self, id: str, name: str, number: int) -> tuple[Run, Op] | None:
        """The run and effect that a report is for, if its end is still waited for."""
        run = self.runs.get(id)
        if run is None or run.run != name or number in run.arrived:
            return None
        op = run.op(number)
        return None if op is None or op.activity is None else (run, op)

    def _stalled(self, command: c.Stalled) -> Refused | None:
        run = self.runs.get(command.id)
        found = self._waiting(command.id, command.run or run.run, command.op) if run is not None else None
        if run is None or found is None or bool(command.reason) is found[1].stalled:
            return None
        if command.fence not in (-1, run.fence):
            return None
        op, why = found[1], c.words(command.reason)
        op.stalled = bool(why)
        other = self._other_for(run, op) if why else None
        if other is not None:
            self._hand_over(run, other)
            return None
        if why and op.stopping and op.never_ran:  # it was told to stop, and there is nobody who could say so
            stopped = error_bytes(Cancelled(reason=why))
            self._deliver(run, Event(What.BROKE, op=op.number, error=stopped))
            return None
        if why and run.status in ("running", "stalled"):
            run.status, run.code, run.reason = "stalled", "stalled", why
            self._tell(run, "warn", f"stalled: {why}", "run_stalled", op.step)
            self._rewrite(run)
        self._rewrite(run, op)
        if not why:
            self._perform_again(run, op)
        return None

    def _perform_again(self, run: Run, op: Op) -> None:
        """Asks for an attempt that nobody is at. A run that stands still asks for it when it goes on."""
        op.stalled = False
        if run.status in ("paused", "faulted"):
            op.due = self.now
        else:
            op.due = 0
            self._actions.append(Perform(attempt_of(run, op, self.now), run.owner))
        self._rewrite(run, op)
        if run.status == "stalled" and not still_stalls(run):
            run.status, run.code, run.reason = "running", "", ""
            self._rewrite(run)

    def _other_for(self, run: Run, op: Op) -> str | None:
        """A node that could perform it in place of the run's owner."""
        others = [name for name, each in sorted(self._nodes.items()) if each.up and _name(op) in each.activities]
        others = [name for name in others if name != run.owner]
        if not others:
            return None
        load = Counter(each.owner for each in self.runs.values())
        return min(others, key=lambda name: load[name])


def _name(op: Op) -> str:
    return op.activity.full_name if op.activity is not None else ""
